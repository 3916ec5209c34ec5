"""Seals of the audit trail: rows are hashed in batches, every seal over the one before.

Whoever has noted one seal outside the database can prove later that nothing before it was changed, added or taken away.
Leaves and nodes as in RFC 6962, section 2.1: SHA-256, a 0x00 before a leaf, a 0x01 before a node.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final, Literal

NOTHING: Final = bytes(32)
"""What stands before the first seal."""
_LEAF, _NODE, _SEAL = b"\x00", b"\x01", b"\x02"
SHORT: Final = 16
"""So many hexadecimal digits are enough on paper: 64 bits."""

FaultCode = Literal["rows_changed", "seal_changed", "seal_missing", "noted_otherwise"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An audit row as it is hashed: instants in UTC with microseconds, `actor` and `events` as the stored JSON text."""

    seq: int
    change_id: str | None
    recorded_at: str
    occurred_at: str | None
    incident_id: str | None
    actor: str
    events: str

    def leaf(self) -> bytes:
        """Hash the row: the JSON array of its fields in their order, without blanks, in UTF-8."""
        text = json.dumps(astuple(self), ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(_LEAF + text.encode()).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Give the root of one or more leaves in their order (RFC 6962: an odd one goes up as it is)."""
    level = list(leaves)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(_NODE + left + right).digest() for left, right in pairs] + odd
    return level[0]


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows a seal covers: of those that came after row `floor` the ones whose transaction is in [from, up to).

    `floor` is the last row that came with a restored archive: transactions are counted anew behind it. `up_to_xid` is
    None where a seal closes what came with an archive: all that is left up to the next floor.
    """

    floor: int
    from_xid: int
    up_to_xid: int | None


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal: `root` of its rows in the order of their numbers, `previous` the seal before, `sealed_at` as text."""

    number: int
    span: Span
    rows: int
    root: bytes
    previous: bytes
    sealed_at: str

    def value(self) -> bytes:
        """Hash the seal over the one before."""
        span = self.span
        header = [self.number, self.rows, span.floor, span.from_xid, span.up_to_xid, self.sealed_at]
        return hashlib.sha256(_SEAL + self.previous + self.root + json.dumps(header).encode()).digest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A seal as it is stored, with the value that was stored with it."""

    seal: Seal
    value: bytes


def noted(kept: Kept | None) -> str:
    """Give a seal as it is noted on paper: its number and the first digits of its value; nothing when there is none."""
    return "" if kept is None else f"{kept.seal.number}:{kept.value.hex()[:SHORT]}"


@dataclass(frozen=True, slots=True)
class Era:
    """Since when transactions are counted as they are: row `floor` was the last before; `began_xid` came after it."""

    floor: int
    began_xid: int


def next_spans(last: Seal | None, era: Era) -> list[Span]:
    """List what is to be sealed next, in order: first what an earlier era has left."""
    left = Span(0, 0, None) if last is None else Span(last.span.floor, last.span.up_to_xid or 0, None)
    closed = last is not None and last.span.up_to_xid is None
    if left.floor < era.floor:
        return [*([] if closed else [left]), Span(era.floor, 0, None)]
    return [left]


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not agree, at which seal, and the numbers of the rows that it concerns (from, to) if there are any."""

    code: FaultCode
    number: int
    rows: tuple[int, int] | None = None


def check_link(kept: Kept, before: Kept | None) -> list[Fault]:
    """Say whether a seal is what was stored, and stands upon the one before."""
    seal, previous = kept.seal, NOTHING if before is None else before.value
    expected = 1 if before is None else before.seal.number + 1
    if seal.number != expected:
        return [Fault("seal_missing", expected)]
    honest = seal.value() == kept.value and seal.previous == previous
    return [] if honest and _follows(seal, before) else [Fault("seal_changed", seal.number)]


def _follows(seal: Seal, before: Kept | None) -> bool:
    """Say whether no transaction is left out between two seals of one era."""
    if before is None or before.seal.span.floor != seal.span.floor:
        return seal.span.from_xid == 0
    return before.seal.span.up_to_xid == seal.span.from_xid


def check_rows(seal: Seal, found: Sequence[tuple[int, bytes]]) -> list[Fault]:
    """Compare the rows that are there, as (number, leaf) in their order, with what was sealed."""
    if len(found) == seal.rows and found and merkle_root([leaf for _, leaf in found]) == seal.root:
        return []
    return [Fault("rows_changed", seal.number, (found[0][0], found[-1][0]) if found else None)]
