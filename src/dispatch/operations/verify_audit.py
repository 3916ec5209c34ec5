"""The audit trail is compared with its seals: every row, every seal, and what is not sealed yet. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass

from dispatch.domain.seal import SHORT, Entry, Fault, Kept, Span, check_link, check_rows
from dispatch.storage.database import Connection, Database
from dispatch.storage.sealing import list_seals, read_era, stream_entries


@dataclass(frozen=True, slots=True)
class Noted:
    """A seal as somebody noted it outside the database: its number and the first digits of its value."""

    number: int
    digits: str


@dataclass(slots=True)
class Verified:
    """What was found. `unsealed` rows are younger than the last seal; `since` the oldest of them was recorded."""

    seals: int = 0
    rows: int = 0
    last: Kept | None = None
    unsealed: int = 0
    since: str | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Say whether everything agrees."""
        return not self.faults


Progress = Callable[[int, int], None]
"""Hears how many of how many seals are done."""


def _quiet(_done: int, _all: int) -> None:
    pass


async def verify_audit(database: Database, *, noted: Noted | None = None, progress: Progress = _quiet) -> Verified:
    """Compare all of it as of one instant.

    Raises:
        DatabaseUnavailableError: not everything could be read.
    """
    async with database.snapshot() as connection:
        return await compare_trail(connection, noted=noted, progress=progress)


async def compare_trail(connection: Connection, *, noted: Noted | None = None, progress: Progress = _quiet) -> Verified:
    """Compare all of it inside a transaction that sees one instant."""
    kept, era = await list_seals(connection), await read_era(connection)
    found = Verified(seals=len(kept), last=kept[-1] if kept else None)
    faults = _check_chain(kept, noted)
    floors = sorted({0, era.floor} | {one.seal.span.floor for one in kept})
    for floor, ceiling in zip(floors, [*floors[1:], None], strict=True):
        part = _Part(floor, ceiling, [one for one in kept if one.seal.span.floor == floor])
        faults += await _check(connection, part, found, progress)
    found.faults = tuple(sorted(faults, key=lambda fault: fault.number))
    return found


def _check_chain(kept: list[Kept], noted: Noted | None) -> list[Fault]:
    before = [None, *kept]
    faults = [fault for one, previous in zip(kept, before, strict=False) for fault in check_link(one, previous)]
    if noted is not None:
        there = next((one.value.hex() for one in kept if one.seal.number == noted.number), "")
        if not there.startswith(noted.digits) or len(noted.digits) < SHORT:
            faults.append(Fault("noted_otherwise", noted.number))
    return faults


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows behind one floor, up to the next one, and the seals that should cover them."""

    floor: int
    ceiling: int | None
    kept: list[Kept]


async def _check(connection: Connection, part: _Part, found: Verified, progress: Progress) -> list[Fault]:
    """Go through the rows once, seal by seal; whatever comes behind the last seal is not sealed yet."""
    faults: list[Fault] = []
    entries = stream_entries(connection, Span(part.floor, 0, None), part.ceiling)
    ahead = await anext(entries, None)
    for one in part.kept:
        rows: list[Entry] = []
        end = one.seal.span.up_to_xid
        while ahead is not None and (end is None or ahead[0] < end):
            rows.append(ahead[1])
            ahead = await anext(entries, None)
        found.rows += len(rows)
        faults += check_rows(one.seal, sorted((row.seq, row.leaf()) for row in rows))
        progress(one.seal.number, found.seals)
    while ahead is not None:
        found.unsealed += 1
        found.since = min(found.since or ahead[1].recorded_at, ahead[1].recorded_at)
        ahead = await anext(entries, None)
    return faults
