"""The audit trail is compared with its seals: every row, every seal, and what is not sealed yet. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dispatch.domain.seal import SHORT, Fault, Kept, Span, check_link, check_rows
from dispatch.storage.database import Connection, Database
from dispatch.storage.sealing import count_seals, find_seal, read_era, stream_entries, stream_seals


@dataclass(frozen=True, slots=True)
class Noted:
    """A seal as somebody noted it outside the database: its number and the first digits of its value."""

    number: int
    digits: str


@dataclass(slots=True)
class Verified:
    """What was found. `unsealed` rows are younger than the last seal; `since` the oldest of them was recorded."""

    seals: int
    rows: int = 0
    last: Kept | None = None
    unsealed: int = 0
    since: str | None = None
    faults: list[Fault] = field(default_factory=list)

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
    """Compare all of it inside a transaction that sees one instant; of rows and seals few are in memory at a time."""
    era, (total, known) = await read_era(connection), await count_seals(connection)
    found = Verified(total)
    if noted is not None:
        found.faults += _check_noted(await find_seal(connection, noted.number), noted)
    floors = sorted({0, era.floor} | known)
    for era_rows in zip(floors, [*floors[1:], None], strict=True):
        await _compare(connection, era_rows, found, progress)
    found.faults.sort(key=lambda fault: fault.number)
    return found


def _check_noted(kept: Kept | None, noted: Noted) -> list[Fault]:
    agrees = kept is not None and len(noted.digits) >= SHORT and kept.value.hex().startswith(noted.digits)
    return [] if agrees else [Fault("noted_otherwise", noted.number)]


async def _compare(
    connection: Connection, era_rows: tuple[int, int | None], found: Verified, progress: Progress
) -> None:
    """Go through the rows above a floor, up to the next, seal by seal; what comes behind the last is not sealed yet."""
    floor, ceiling = era_rows
    entries = stream_entries(connection, Span(floor, 0, None), ceiling)
    ahead = await anext(entries, None)
    async for one in stream_seals(connection, floor):
        rows: list[tuple[int, bytes]] = []
        end = one.seal.span.up_to_xid
        while ahead is not None and (end is None or ahead[0] < end):
            rows.append((ahead[1].seq, ahead[1].leaf()))
            ahead = await anext(entries, None)
        found.faults += [*check_link(one, found.last), *check_rows(one.seal, sorted(rows))]
        found.rows, found.last = found.rows + len(rows), one
        progress(one.seal.number, found.seals)
    while ahead is not None:
        found.unsealed += 1
        found.since = min(found.since or ahead[1].recorded_at, ahead[1].recorded_at)
        ahead = await anext(entries, None)
