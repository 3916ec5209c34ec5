"""A unit goes on or off duty, or reports where it is."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFoundError
from dispatch.domain.events import Event, EventName
from dispatch.domain.geo import Point
from dispatch.domain.rows import ChangeRow, instant
from dispatch.domain.unit import Unit, UnitState, is_on_duty
from dispatch.domain.wire import unit_state_view
from dispatch.operations.context import Context, Once, commit_seen, dumps, read_change
from dispatch.operations.replay import Kept, answer_once
from dispatch.storage.changes import Audience, Plain, append_change
from dispatch.storage.database import Connection
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.units import PositionReport, set_duty, set_position
from dispatch.storage.written import Written


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

    async def act() -> str:
        async with context.database.transaction("set_unit_duty") as connection:
            stored = await set_duty(connection, unit.id, duty=wanted.duty, reason=wanted.reason)
            written = await _tell(context, connection, _News(unit, stored, "unit.status_changed", actor))
            answer = dumps(read_change(written.change)["unit"])
            await keep_answer(connection, wanted.once, answer)
        commit_seen(context, written)
        return answer

    return await answer_once(context, wanted.once, act)


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

    async def act() -> str:
        async with context.database.transaction("report_position") as connection:
            stored = await set_position(connection, report)
            answer = dumps({"accepted": stored is not None})
            await keep_answer(connection, sighting.once, answer)
            if stored is None:
                return answer
            written = await _tell(context, connection, _News(unit, stored, "unit.position", actor))
        commit_seen(context, written)
        return answer

    return await answer_once(context, sighting.once, act)


@dataclass(frozen=True, slots=True)
class _News:
    unit: Unit
    stored: UnitState
    event: EventName
    actor: Actor


async def _tell(context: Context, connection: Connection, news: _News) -> Written:
    state = replace(news.stored, load=context.knowledge.states.of(news.unit.id).load)
    now = context.now()
    on_duty = is_on_duty(news.unit, state, now.astimezone(context.timezone), response=context.response_at(news.unit))
    unit = unit_state_view(news.unit, state, context.knowledge.directory, on_duty=on_duty)
    change: ChangeRow = {
        "incident": None,
        "assignments": [],
        "events": [Event(str(context.new_id()), news.event).data()],
        "unit": unit,
        "occurred_at": instant(now),
        "recorded_at": instant(now),
    }
    audience = Audience(unit_ids=(news.unit.id,), division_code=news.unit.division_code)
    news_row = Plain(str(context.new_id()), dumps(change), dumps(news.actor.data()))
    return await append_change(connection, news_row, audience=audience)
