"""A test of communication: consoles and buttons are called by one change, channels by messages; who answered is kept.

Invariants: nothing here is an incident, takes a crew or counts as an alarm; who is off duty is not disturbed, and a
telephone rings only where its channel is named. Race: of two processes that see a due test or schedule one acts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.communication import (
    BUTTON,
    CONSOLE,
    USUAL,
    Asked,
    CommunicationTest,
    RollCall,
    call_view,
    communication_view,
    count_states,
    devices_of,
    require_known,
    units_of,
)
from dispatch.domain.errors import NotFoundError, WrongStateError
from dispatch.domain.events import Event, EventName
from dispatch.domain.rows import instant
from dispatch.domain.unit import Unit
from dispatch.domain.wire import Json
from dispatch.operations.context import Context, Once, commit_seen, dumps
from dispatch.operations.news import Act, News, act_once, append_news
from dispatch.operations.reach import WEB_PUSH, contact_of, is_manned
from dispatch.operations.replay import Kept
from dispatch.storage.changes import Audience
from dispatch.storage.communication import (
    Reply,
    claim_run,
    close_test,
    count_roll,
    find_test,
    insert_test,
    insert_test_attempts,
    list_overdue_tests,
    list_schedules,
    note_reply,
)
from dispatch.storage.database import Connection
from dispatch.storage.enrolment import list_device_states
from dispatch.storage.push import list_subscriptions_of

LEAST_URGENT: Final = 3
"""A test's messages wait for every other."""


async def start_communication_test(context: Context, asked: Asked, *, actor: Actor, once: Once | None) -> Kept:
    """Start a test; answers it.

    Raises:
        InvalidRequestError: an unknown division or channel.
    """
    require_known(asked, context.knowledge.directory, context.paging_channels)

    async def change(connection: Connection) -> tuple[Json, News]:
        return await _begin(context, connection, asked, actor)

    return await act_once(context, once, Act("start_communication_test", change))


async def start_due_tests(context: Context) -> int:
    """Start what is scheduled for now; gives how many. Each is claimed by one process, once a local date."""
    now = context.now()
    local = now.astimezone(context.timezone)
    async with context.database.connection() as connection:
        due = [schedule for schedule in await list_schedules(connection) if schedule.is_due(local)]
    started = 0
    for schedule in due:
        async with context.database.transaction("start_due_test") as connection:
            if not await claim_run(connection, schedule.id, local.date()):
                continue
            _, news = await _begin(context, connection, schedule.asked, SYSTEM)
            written = await append_news(connection, str(context.new_id()), news)
        commit_seen(context, written)
        started += 1
    return started


async def end_due_tests(context: Context) -> int:
    """End the tests whose window is over; gives how many. Whoever has said nothing is silent."""
    now, ended = context.now(), 0
    async with context.database.connection() as connection:
        overdue = await list_overdue_tests(connection, now)
    for test_id in overdue:
        async with context.database.transaction("end_communication_test") as connection:
            test = await close_test(connection, test_id, now)
            if test is None:
                continue
            totals = (await count_roll(connection, [test_id]))[test_id]
            view = communication_view(test, totals, context.knowledge.directory)
            news = _news(context, test, "test.ended", SYSTEM, totals=view["totals"])
            written = await append_news(connection, str(context.new_id()), news)
        commit_seen(context, written)
        ended += 1
    return ended


async def answer_communication_test(context: Context, reply: Reply, *, once: Once | None) -> Kept:
    """Note that a console or device has shown a test, or that somebody has confirmed it; answers its line.

    Raises:
        NotFoundError: no such test, or it does not call this unit or device.
        WrongStateError: it is over.
    """

    async def change(connection: Connection) -> tuple[Json, None]:
        call = await note_reply(connection, reply)
        if call is None:
            test = await find_test(connection, reply.test_id)
            if test is not None and (test.ended_at is not None or test.ends_at <= reply.at):
                raise WrongStateError("the test is over", facts={"ends_at": instant(test.ends_at)})
            raise NotFoundError("no such test calls you", facts={"test_id": reply.test_id})
        return call_view(call, context.knowledge.directory), None

    return await act_once(context, once, Act("answer_communication_test", change))


async def _begin(context: Context, connection: Connection, asked: Asked, actor: Actor) -> tuple[Json, News]:
    now = context.now()
    test = CommunicationTest(
        id=str(context.new_id()),
        name=asked.name,
        division_code=asked.division_code,
        channels=tuple(dict.fromkeys(asked.channels)),
        window_s=asked.window_s,
        started_at=now,
        ends_at=now + timedelta(seconds=asked.window_s),
        started_by=actor.name,
        schedule_id=asked.schedule_id,
    )
    roll = await _roll(context, connection, test)
    await insert_test(connection, test, roll.calls)
    await insert_test_attempts(connection, roll.attempts)
    news = _news(context, test, "test.called", actor, channels=list(test.channels))
    return communication_view(test, count_states(roll.calls), context.knowledge.directory), news


@dataclass(slots=True)
class _Roll:
    """Who is called, and the messages that go out for that."""

    calls: list[RollCall] = field(default_factory=list)
    attempts: list[dict[str, object]] = field(default_factory=list)


async def _roll(context: Context, connection: Connection, test: CommunicationTest) -> _Roll:
    directory, roll, at = context.knowledge.directory, _Roll(), test.started_at
    units = units_of(test.division_code, directory)
    if CONSOLE in test.channels:
        roll.calls += [RollCall("unit", one, CONSOLE, "called", at, error=_if_gone(context, one)) for one in units]
    if BUTTON in test.channels:
        states = await list_device_states(connection)
        withdrawn = {device_id for device_id, state in states.items() if state.state == "revoked"}
        hanging = [one for one in devices_of(test.division_code, directory) if one not in withdrawn]
        roll.calls += [RollCall("device", one, BUTTON, "called", at) for one in hanging]
    if messaging := [channel for channel in test.channels if channel not in USUAL]:
        browsers = await list_subscriptions_of(connection, units) if WEB_PUSH in messaging else {}
        for unit in (directory.units[unit_id] for unit_id in units):
            for channel in messaging:
                to, why = _recipients(context, unit, channel, browsers)
                roll.calls.append(RollCall("unit", unit.id, channel, "called" if to else "failed", at, error=why))
                roll.attempts += [_attempt(context, test, unit, (channel, *one)) for one in to]
    return roll


def _if_gone(context: Context, unit_id: str) -> str | None:
    return None if context.is_there(unit_id) else "no_console"


def _recipients(
    context: Context, unit: Unit, channel: str, browsers: Mapping[str, Sequence[str]]
) -> tuple[list[tuple[str, str]], str | None]:
    """Give whom a unit's message goes to, or why nobody: the numbers of a real dispatch, of people on duty only."""
    if not is_manned(context, unit):
        return [], "off_duty"
    if channel == WEB_PUSH:
        found = [(target, "subscription") for target in browsers.get(unit.id, ())]
        return found, None if found else "no_subscription"
    contact = contact_of(context, unit, on_call=False)
    return ([], "no_number") if contact is None else ([contact], None)


def _attempt(context: Context, test: CommunicationTest, unit: Unit, to: tuple[str, str, str]) -> dict[str, object]:
    channel, address, kind = to
    said = {"number": "", "urgency": "routine", "role": "", "reason": "test", "exercise": "test"}
    return {
        "id": str(context.new_id()),
        "test_id": test.id,
        "unit_id": unit.id,
        "channel": channel,
        "recipient": address,
        "recipient_kind": kind,
        "urgency": LEAST_URGENT,
        "source": test.id,
        "body": dumps(said),
    }


def _news(context: Context, test: CommunicationTest, event: EventName, actor: Actor, **more: object) -> News:
    """Tell of a test in one change, whoever it calls: the hub knows whom by division and channels."""
    facts: dict[str, object] = {
        "test_id": test.id,
        "name": test.name,
        "division_code": test.division_code,
        "ends_at": instant(test.ends_at),
        **more,
    }
    told = Event(str(context.new_id()), event, facts=facts)
    return News(context.now(), [told], actor, Audience(division_code=test.division_code))
