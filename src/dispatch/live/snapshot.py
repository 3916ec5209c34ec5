"""What a console is given when it connects: the snapshot of its scope, or the events that it missed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from dispatch.domain.audit_findings import alarm_view
from dispatch.domain.drill import drill_view
from dispatch.domain.mode_setting import mode_view
from dispatch.domain.unit import is_on_duty
from dispatch.domain.wire import Json, assignment_view, incident_view, unit_state_view
from dispatch.live.frames import Frames
from dispatch.live.hub import texts_for
from dispatch.live.relay import Relay
from dispatch.operations.context import Context, read_change
from dispatch.security import Principal
from dispatch.storage.auditing import list_standing
from dispatch.storage.changes import pruned_below, read_changes
from dispatch.storage.database import Connection
from dispatch.storage.drills import list_coming
from dispatch.storage.modes import list_unfinished
from dispatch.storage.work import Filter, Work, list_work

MOST_INCIDENTS = 5_000
MOST_MISSED = 2_000


@dataclass(frozen=True, slots=True)
class Start:
    """The first frames of a socket; `is_known` tells which held changes they already contain."""

    resume: str
    frames: list[str]
    is_known: Callable[[int, int], bool]


async def begin(context: Context, relay: Relay, principal: Principal, cursor: str | None) -> Start:
    """Resume from the cursor if nothing can be missed, else give a snapshot."""
    if cursor is None:
        return await _snapshot(context, relay, principal, resume="snapshot")
    since = relay.read_cursor(cursor)
    missed = None if since is None else await _missed(context, relay, principal, since)
    return missed or await _snapshot(context, relay, principal, resume="reset")


async def _missed(context: Context, relay: Relay, principal: Principal, since: int) -> Start | None:
    # Before the read: what commits during it is held and sent after; a cursor must not claim it earlier.
    directory, at = context.knowledge.directory, relay.cursor
    async with context.database.snapshot() as connection:
        if since <= await pruned_below(connection):
            return None
        found = await read_changes(connection, since, delivered=(), limit=MOST_MISSED)
    if not found.complete:
        return None
    texts = [
        text for row in found.rows for text in texts_for(principal, Frames(read_change(row["change"]), directory, at))
    ]
    told = {row["seq"] for row in found.rows}
    return Start("replayed", texts, lambda _xid, seq: seq in told)


async def _snapshot(context: Context, relay: Relay, principal: Principal, *, resume: str) -> Start:
    async with context.database.snapshot() as connection:
        visible: str = await connection.fetchval("SELECT pg_current_snapshot()::text")
        works = await _open_work(connection, principal)
        modes = await _modes(context, connection, principal)
        drills = await _drills(context, connection, principal)
        alarms = [alarm_view(alarm) for alarm in await list_standing(connection)] if principal.is_desk else []
    xmin, xmax, in_progress = _read_snapshot(visible)
    frame = {
        "type": "snapshot",
        "cursor": f"{relay.epoch}.{min(xmin, relay.watermark)}",
        "incidents": [see(context, principal, work) for work in works],
        "units": _units(context, principal),
        "modes": modes,
        "drills": drills,
        "alarms": alarms,
    }
    return Start(
        resume,
        [orjson.dumps(frame).decode()],
        lambda xid, _seq: xid < xmin or (xid < xmax and xid not in in_progress),
    )


def _read_snapshot(text: str) -> tuple[int, int, frozenset[int]]:
    match = re.fullmatch(r"(\d+):(\d+):([\d,]*)", text)
    if match is None:
        message = f"not a snapshot: {text}"
        raise ValueError(message)
    running = frozenset(int(xid) for xid in match[3].split(",") if xid)
    return int(match[1]), int(match[2]), running


async def _open_work(connection: Connection, principal: Principal) -> list[Work]:
    wanted = Filter(open_only=True, limit=MOST_INCIDENTS)
    if principal.is_desk or principal.is_wall:
        wanted = Filter(open_only=True, division_codes=principal.division_codes, limit=MOST_INCIDENTS)
    elif principal.unit_id is not None:
        wanted = Filter(open_only=True, unit_id=principal.unit_id, limit=MOST_INCIDENTS)
    elif principal.device_id is not None:
        wanted = Filter(open_only=True, device_id=principal.device_id, limit=MOST_INCIDENTS)
    else:
        wanted = Filter(open_only=True, source_id=principal.id, limit=MOST_INCIDENTS)
    return await list_work(connection, wanted)


def see(context: Context, principal: Principal, work: Work) -> Json:
    """Shape an incident as a principal may see it."""
    directory = context.knowledge.directory
    unit = directory.units.get(principal.unit_id or "")
    words = principal.reads_words(work.incident, unit)
    views = [
        assignment_view(row, directory, words=words or row["unit_id"] == principal.unit_id) for row in work.assignments
    ]
    details = principal.reads_details(work.incident, unit)
    return incident_view(
        work.incident, views, details=details, links=filter(principal.sees_link, work.incident["links"])
    )


async def _modes(context: Context, connection: Connection, principal: Principal) -> list[Json]:
    """List the modes that stand or will in the principal's area, read as of the same instant as the incidents."""
    if not (principal.is_desk or principal.unit_id is not None):
        return []
    directory = context.knowledge.directory
    known = await list_unfinished(connection, context.now())
    return [mode_view(mode, directory) for mode in known if principal.is_touched_by(mode.division_code, directory)]


async def _drills(context: Context, connection: Connection, principal: Principal) -> list[Json]:
    """List for a desk the drills that are held or announced in its area, as of the same instant as the incidents."""
    if not principal.is_desk:
        return []
    directory = context.knowledge.directory
    coming = await list_coming(connection, context.now())
    return [drill_view(drill, directory) for drill in coming if principal.is_touched_by(drill.division_code, directory)]


def _units(context: Context, principal: Principal) -> list[Json]:
    """List the own unit for its console; for a desk the units of its area that are switched off."""
    directory, states = context.knowledge.directory, context.knowledge.states
    local = context.now().astimezone(context.timezone)
    if principal.unit_id is not None:
        shown = [unit for unit in (directory.units.get(principal.unit_id),) if unit is not None]
    elif principal.is_desk:
        shown = [
            u
            for u in directory.units.values()
            if states.of(u.id).duty != "available" and principal.covers(u.division_code)
        ]
    else:
        shown = []
    return [
        unit_state_view(
            unit,
            states.of(unit.id),
            directory,
            on_duty=is_on_duty(unit, states.of(unit.id), local, response=context.response_at(unit)),
        )
        for unit in shown
    ]
