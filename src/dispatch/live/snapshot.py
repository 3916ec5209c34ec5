"""What a console is given when it connects: the snapshot of its scope, or the events that it missed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import orjson

from dispatch.domain.audit_findings import alarm_view
from dispatch.domain.drill import drill_view
from dispatch.domain.mode_setting import mode_view
from dispatch.domain.unit import is_on_duty
from dispatch.domain.wire import Json, assignment_view, incident_view, unit_state_view
from dispatch.live.hub import texts_for
from dispatch.live.reading import Arrival, Found, Missed, Seen, read_for, scope
from dispatch.live.relay import Relay
from dispatch.operations.context import Context
from dispatch.security import Principal
from dispatch.storage.together import Together
from dispatch.storage.work import Work


@dataclass(frozen=True, slots=True)
class Start:
    """The first frames of a socket; `is_known` tells which held changes they already contain."""

    resume: str
    frames: list[str]
    is_known: Callable[[int, int], bool]


class Starts:
    """Gives consoles their first frames."""

    def __init__(self, context: Context, relay: Relay) -> None:
        """Start with nobody waiting."""
        self._context = context
        self._relay = relay
        self._readings: Together[Arrival, Found] = Together(partial(read_for, context, relay))

    async def begin(self, principal: Principal, cursor: str | None) -> Start:
        """Resume from the cursor if nothing can be missed, else give a snapshot."""
        found = await self._readings.ask(Arrival(principal, cursor))
        if isinstance(found, Missed):
            texts = [text for _, _, frames in found.changes for text in texts_for(principal, frames)]
            told = {seq for _, seq, _ in found.changes}
            return Start("replayed", texts, lambda _xid, seq: seq in told)
        frame = orjson.dumps(self._snapshot(principal, found)).decode()
        resume = "snapshot" if cursor is None else "reset"
        return Start(resume, [frame], lambda xid, _seq: found.visible.holds(xid))

    def _snapshot(self, principal: Principal, seen: Seen) -> Json:
        context, relay = self._context, self._relay
        return {
            "type": "snapshot",
            "cursor": f"{relay.epoch}.{min(seen.visible.xmin, relay.watermark)}",
            "incidents": [see(context, principal, work) for work in seen.works[scope(principal)]],
            "units": _units(context, principal),
            "modes": _modes(context, principal, seen),
            "drills": _drills(context, principal, seen),
            "alarms": [alarm_view(alarm) for alarm in seen.alarms] if principal.is_desk else [],
        }


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


def _modes(context: Context, principal: Principal, seen: Seen) -> list[Json]:
    """List the modes that stand or will in the area of a desk or a unit."""
    if not (principal.is_desk or principal.unit_id is not None):
        return []
    directory = context.knowledge.directory
    return [mode_view(mode, directory) for mode in seen.modes if principal.is_touched_by(mode.division_code, directory)]


def _drills(context: Context, principal: Principal, seen: Seen) -> list[Json]:
    """List for a desk the drills that are held or announced in its area."""
    if not principal.is_desk:
        return []
    directory, coming = context.knowledge.directory, seen.drills
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
