"""Schedules of communication tests: set, switched on and off. `operations/try_communication` starts what is due."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from dispatch.domain.actor import Actor
from dispatch.domain.communication import Asked, Schedule, require_known, schedule_view
from dispatch.domain.errors import NotFoundError
from dispatch.domain.events import Event
from dispatch.domain.wire import Json
from dispatch.operations.context import Context, Once, commit_seen
from dispatch.operations.news import Act, News, act_once, append_news
from dispatch.operations.replay import Kept
from dispatch.storage.changes import Audience
from dispatch.storage.communication import insert_schedule, lock_schedule, switch_schedule
from dispatch.storage.database import Connection


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

    async def change(connection: Connection) -> tuple[Json, News]:
        schedule = Schedule(
            id=str(context.new_id()),
            asked=wanted.asked,
            weekdays=tuple(sorted(set(wanted.weekdays))),
            at=wanted.at,
            enabled=True,
            last_run_on=_already(_local(context), wanted.at),
            set_by=actor.name,
            set_at=now,
        )
        await insert_schedule(connection, schedule)
        return schedule_view(schedule, _local(context)), _news(context, schedule, "set", actor)

    return await act_once(context, once, Act("schedule_communication", change))


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
        passed = _already(_local(context), known.at) if switching.enabled else None
        schedule = replace(known, enabled=switching.enabled, last_run_on=passed or known.last_run_on)
        await switch_schedule(connection, schedule)
        news = _news(context, schedule, "enabled" if switching.enabled else "disabled", actor)
        written = await append_news(connection, str(context.new_id()), news)
    commit_seen(context, written)
    return schedule


def _news(context: Context, schedule: Schedule, act: str, actor: Actor) -> News:
    division = schedule.asked.division_code
    facts: dict[str, object] = {
        "act": act,
        "division_code": division,
        "schedule": schedule_view(schedule, _local(context)),
    }
    event = Event(str(context.new_id()), "test.scheduled", facts=facts)
    return News(context.now(), [event], actor, Audience(division_code=division))


def _local(context: Context) -> datetime:
    return context.now().astimezone(context.timezone)


def _already(local: datetime, at: time) -> date | None:
    return local.date() if at <= local.time() else None
