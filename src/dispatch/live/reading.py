"""What consoles that connect must read: all who come at about the same time read it once, as of one instant.

Invariant: a reading begins after its consoles are in the hub, which holds what is committed from then on.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeAlias

from dispatch.domain.audit_findings import Alarm
from dispatch.domain.drill import Drill
from dispatch.domain.mode import Mode
from dispatch.live.frames import Frames
from dispatch.live.relay import Relay
from dispatch.operations.context import Context, read_change
from dispatch.security import Principal
from dispatch.storage.auditing import list_standing
from dispatch.storage.changes import pruned_below, read_changes
from dispatch.storage.database import Connection
from dispatch.storage.drills import list_coming
from dispatch.storage.modes import list_unfinished
from dispatch.storage.work import Filter, Work, list_own_work, list_work

MOST_INCIDENTS = 5_000
MOST_MISSED = 2_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who connects, and the cursor up to which it has heard everything, if it was here before."""

    principal: Principal
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Missed:
    """The changes since a cursor in commit order, each with its transaction id and its place."""

    changes: list[tuple[int, int, Frames]]


@dataclass(frozen=True, slots=True)
class Visible:
    """What a transaction sees, as PostgreSQL says it."""

    xmin: int
    xmax: int
    in_progress: frozenset[int]

    @classmethod
    def of(cls, text: str) -> "Visible":
        """Read `pg_current_snapshot()`."""
        match = re.fullmatch(r"(\d+):(\d+):([\d,]*)", text)
        if match is None:
            message = f"not a snapshot: {text}"
            raise ValueError(message)
        return cls(int(match[1]), int(match[2]), frozenset(int(xid) for xid in match[3].split(",") if xid))

    def holds(self, xid: int) -> bool:
        """Say whether a transaction's changes are seen."""
        return xid < self.xmin or (xid < self.xmax and xid not in self.in_progress)


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that stands at one instant, as far as those who asked may be told of it."""

    visible: Visible
    works: dict[Filter, list[Work]] = field(default_factory=dict)
    modes: list[Mode] = field(default_factory=list)
    drills: list[Drill] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)


Found: TypeAlias = Missed | Seen


def scope(principal: Principal) -> Filter:
    """Say which incidents a console shows."""
    if principal.is_desk or principal.is_wall:
        return Filter(open_only=True, division_codes=principal.division_codes, limit=MOST_INCIDENTS)
    if principal.unit_id is not None:
        return Filter(open_only=True, unit_id=principal.unit_id, limit=MOST_INCIDENTS)
    if principal.device_id is not None:
        return Filter(open_only=True, device_id=principal.device_id, limit=MOST_INCIDENTS)
    return Filter(open_only=True, source_id=principal.id, limit=MOST_INCIDENTS)


async def read_for(context: Context, relay: Relay, arrivals: Collection[Arrival]) -> list[Found]:
    """Read for everybody what it missed, or all that stands where nobody can say what that was."""
    # Before the read: what commits during it is held and sent after; a cursor must not claim it earlier.
    directory, at = context.knowledge.directory, relay.cursor
    cursors = {one.cursor: relay.read_cursor(one.cursor) for one in arrivals if one.cursor is not None}
    async with context.database.snapshot() as connection:
        places = {since for since in cursors.values() if since is not None}
        missed = await _missed(connection, places, lambda text: Frames(read_change(text), directory, at))
        resumed = {cursor: missed[since] for cursor, since in cursors.items() if since in missed}
        rest = [one.principal for one in arrivals if one.cursor not in resumed]
        seen = await _seen(context, connection, rest) if rest else None
    return [found for one in arrivals if (found := resumed.get(one.cursor or "", seen)) is not None]


async def _missed(connection: Connection, places: set[int], frames: Callable[[str], Frames]) -> dict[int, Missed]:
    """Read what was missed since each place; left out is whoever missed too much, or what is no longer kept."""
    pruned = await pruned_below(connection) if places else 0
    for since in sorted(place for place in places if place > pruned):
        found = await read_changes(connection, since, delivered=(), limit=MOST_MISSED)
        if found.complete:  # and so for everybody who was here longer
            changes = [(int(row["xid"]), int(row["seq"]), frames(row["change"])) for row in found.rows]
            return {
                place: Missed([change for change in changes if change[0] >= place])
                for place in places
                if place >= since
            }
    return {}


async def _seen(context: Context, connection: Connection, principals: list[Principal]) -> Seen:
    seen = Seen(Visible.of(await connection.fetchval("SELECT pg_current_snapshot()::text")))
    wanted = {scope(principal) for principal in principals}
    units = {one.unit_id: one for one in wanted if one.unit_id is not None}
    own = await list_own_work(connection, units, MOST_INCIDENTS) if units else {}
    seen.works.update((units[unit_id], works) for unit_id, works in own.items())
    for one in wanted - seen.works.keys():
        seen.works[one] = await list_work(connection, one)
    if any(principal.is_desk or principal.unit_id is not None for principal in principals):
        seen.modes.extend(await list_unfinished(connection, context.now()))
    if any(principal.is_desk for principal in principals):
        seen.drills.extend(await list_coming(connection, context.now()))
        seen.alarms.extend(await list_standing(connection))
    return seen
