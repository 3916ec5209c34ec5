"""A unit goes on or off duty, or reports where it is."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFoundError
from dispatch.domain.events import Event, EventName
from dispatch.domain.geo import Point
from dispatch.domain.unit import Unit, UnitState, is_on_duty
from dispatch.domain.wire import Json, unit_state_view
from dispatch.operations.context import Context, Once
from dispatch.operations.news import Act, News, act_once
from dispatch.operations.replay import Kept
from dispatch.storage.changes import Audience
from dispatch.storage.database import Connection
from dispatch.storage.units import PositionReport, set_duty, set_position


def find_unit(context: Context, unit_id: str) -> Unit:
    """Find a unit in the directory.

    Raises:
        NotFoundError: no such unit.
    """
    unit = context.knowledge.directory.units.get(unit_id)
    if unit is None:
        raise NotFoundError("no such unit", facts={"unit_id": unit_id})
    return unit


@dataclass(frozen=True, slots=True)
class DutyChange:
    """Which unit, its new duty, why."""

    unit_id: str
    duty: str
    reason: str | None
    once: Once | None = None


async def set_unit_duty(context: Context, wanted: DutyChange, *, actor: Actor) -> Kept:
    """Switch a unit available, off duty or out of service; every desk and the unit's consoles hear of it.

    Answers the unit as it now stands.
    """
    unit = find_unit(context, wanted.unit_id)

    async def change(connection: Connection) -> tuple[Json, News]:
        stored = await set_duty(connection, unit.id, duty=wanted.duty, reason=wanted.reason)
        view = _view(context, unit, stored)
        return view, _news(context, view, "unit.status_changed", actor)

    return await act_once(context, wanted.once, Act("set_unit_duty", change))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A position report, in WGS-84; `reported_at` is the reporter's clock, never believed into the future."""

    unit_id: str
    point: Point
    reported_at: datetime | None
    once: Once | None = None


async def report_position(context: Context, sighting: Sighting, *, actor: Actor) -> Kept:
    """Note where a unit is; answers whether it was accepted: not when a newer report is known already."""
    unit = find_unit(context, sighting.unit_id)
    now = context.now()
    report = PositionReport(
        sighting.unit_id, sighting.point.longitude, sighting.point.latitude, min(sighting.reported_at or now, now)
    )

    async def change(connection: Connection) -> tuple[Json, News | None]:
        stored = await set_position(connection, report)
        if stored is None:
            return {"accepted": False}, None
        return {"accepted": True}, _news(context, _view(context, unit, stored), "unit.position", actor)

    return await act_once(context, sighting.once, Act("report_position", change))


def _view(context: Context, unit: Unit, stored: UnitState) -> Json:
    state = replace(stored, load=context.knowledge.states.of(unit.id).load)
    local = context.now().astimezone(context.timezone)
    on_duty = is_on_duty(unit, state, local, response=context.response_at(unit))
    return unit_state_view(unit, state, context.knowledge.directory, on_duty=on_duty)


def _news(context: Context, view: Json, event: EventName, actor: Actor) -> News:
    audience = Audience(unit_ids=(str(view["id"]),), division_code=str(view["division_code"]))
    return News(context.now(), [Event(str(context.new_id()), event)], actor, audience, unit=view)
