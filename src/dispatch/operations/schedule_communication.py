"""Schedules of communication tests: set, switched on and off. `operations/try_communication` starts what is due."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from dispatch.domain.actor import Actor
from dispatch.domain.communication import Asked, Schedule, require_known, schedule_view
from dispatch.domain.errors import NotFoundError
from dispatch.domain.events import Event
from dispatch.domain.rows import ChangeRow, instant
from dispatch.operations.context import Context, Once, commit_seen, dumps
from dispatch.operations.replay import Kept, answer_once
from dispatch.storage.changes import Audience, Plain, append_change
from dispatch.storage.communication import insert_schedule, lock_schedule, switch_schedule
from dispatch.storage.database import Connection
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.written import Written


@dataclass(frozen=True, slots=True)
class Wanted:
    """A test that is to come again, on which weekdays (1 is Monday) and at which local time."""

    asked: Asked
    weekdays: tuple[int, ...]
    at: time


async def schedule_communication(context: Context, wanted: Wanted, *, actor: Actor, once: Once | None) -> Kept:
    """Set a schedule; answers it. What would have been due earlier today is not made up for.

    Raises:
        InvalidRequestError: an unknown division or channel.
    """
    require_known(wanted.asked, context.knowledge.directory, context.paging_channels)
    now = context.now()

    async def act() -> str:
        schedule = Schedule(
            id=str(context.new_id()),
            asked=wanted.asked,
            weekdays=tuple(sorted(set(wanted.weekdays))),
            at=wanted.at,
            enabled=True,
            last_run_on=_already(now.astimezone(context.timezone), wanted.at),
            set_by=actor.name,
            set_at=now,
        )
        async with context.database.transaction("schedule_communication") as connection:
            await insert_schedule(connection, schedule)
            written = await _tell(context, connection, _Act("set", actor, schedule))
            answer = dumps(schedule_view(schedule))
            await keep_answer(connection, once, answer)
        commit_seen(context, written)
        return answer

    return await answer_once(context, once, act)


@dataclass(frozen=True, slots=True)
class Switching:
    """Which schedule is switched on or off. `may_switch` refuses one that is not the caller's to switch."""

    schedule_id: str
    enabled: bool
    may_switch: Callable[[Schedule], None]


async def switch_communication(context: Context, switching: Switching, *, actor: Actor) -> Schedule:
    """Switch a schedule on or off; twice is harmless. Gives it as it now stands.

    Raises:
        NotFoundError: no such schedule.
    """
    async with context.database.transaction("switch_communication") as connection:
        known = await lock_schedule(connection, switching.schedule_id)
        if known is None:
            raise NotFoundError("no such schedule", facts={"schedule_id": switching.schedule_id})
        switching.may_switch(known)
        if known.enabled == switching.enabled:
            return known
        passed = _already(context.now().astimezone(context.timezone), known.at) if switching.enabled else None
        schedule = replace(known, enabled=switching.enabled, last_run_on=passed or known.last_run_on)
        await switch_schedule(connection, schedule)
        act = _Act("enabled" if switching.enabled else "disabled", actor, schedule)
        written = await _tell(context, connection, act)
    commit_seen(context, written)
    return schedule


@dataclass(frozen=True, slots=True)
class _Act:
    name: str
    actor: Actor
    schedule: Schedule


async def _tell(context: Context, connection: Connection, act: _Act) -> Written:
    now, division = instant(context.now()), act.schedule.asked.division_code
    facts: dict[str, object] = {"act": act.name, "division_code": division, "schedule": schedule_view(act.schedule)}
    change: ChangeRow = {
        "incident": None,
        "assignments": [],
        "events": [Event(str(context.new_id()), "test.scheduled", facts=facts).data()],
        "unit": None,
        "occurred_at": now,
        "recorded_at": now,
    }
    row = Plain(str(context.new_id()), dumps(change), dumps(act.actor.data()))
    return await append_change(connection, row, audience=Audience(division_code=division))


def _already(local: datetime, at: time) -> date | None:
    return local.date() if at <= local.time() else None
