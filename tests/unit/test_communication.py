"""When a scheduled test of communication is due, whom it calls, what its report adds up to."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.communication import (
    MOST_LATE,
    MOVED_BY,
    STATES,
    Asked,
    CallState,
    Course,
    RollCall,
    Schedule,
    call_view,
    count_states,
    units_of,
)
from tests.support.world import COUNTY, NOW, TOWNSHIP, VILLAGE, directory, unit

MORNING = time(8, 30)
DAILY = Schedule("s", Asked("x", VILLAGE), (1, 2, 3, 4, 5, 6, 7), MORNING, enabled=True, last_run_on=None, set_by="x",
                 set_at=NOW)  # fmt: skip
MONDAY = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "local", "due"),
    [
        (DAILY, MONDAY, True),
        (DAILY, MONDAY - timedelta(seconds=1), False),
        (DAILY, MONDAY + MOST_LATE, False),
        (replace(DAILY, last_run_on=date(2026, 11, 23)), MONDAY, False),
        (replace(DAILY, last_run_on=date(2026, 11, 22)), MONDAY, True),
        (replace(DAILY, enabled=False), MONDAY, False),
        (replace(DAILY, weekdays=(2,)), MONDAY, False),
        (replace(DAILY, at=time(23, 30)), MONDAY.replace(hour=23, minute=45), True),
    ],
)
def test_a_scheduled_test_is_due_once_at_its_time(schedule: Schedule, local: datetime, due: bool) -> None:
    assert schedule.is_due(local) is due


@given(st.lists(st.integers(0, 60 * 24 * 3), min_size=1))
def test_however_often_it_is_looked_at_it_runs_once_a_date(minutes: list[int]) -> None:
    schedule, ran = DAILY, []
    for minute in sorted(minutes):
        local = MONDAY.replace(hour=0, minute=0) + timedelta(minutes=minute)
        if schedule.is_due(local):
            schedule = replace(schedule, last_run_on=local.date())
            ran.append(local.date())
    assert len(ran) == len(set(ran)) <= 3


def test_a_test_calls_the_units_of_its_division_and_below() -> None:
    units = (unit("b"), unit("a"), unit("county", areas=(COUNTY,)))
    assert units_of(TOWNSHIP, directory(units)) == ["a", "b"]
    assert units_of(COUNTY, directory(units)) == ["a", "b", "county"]


@given(st.lists(st.tuples(st.sampled_from(["console", "sms"]), st.sampled_from(STATES))))
def test_totals_count_every_call_once(calls: list[tuple[str, CallState]]) -> None:
    roll = [RollCall("unit", "a", channel, state, NOW) for channel, state in calls]
    counted = count_states(roll)
    assert sum(sum(states.values()) for states in counted.values()) == len(calls)


def test_a_line_says_after_how_many_seconds() -> None:
    later = NOW + timedelta(seconds=2.5)
    line = call_view(RollCall("device", "gone", "button", "delivered", NOW, delivered_at=later), directory())
    assert (line["delivered_after_s"], line["answered_after_s"]) == (2.5, None)
    assert line["device"] == {"id": "gone", "code": None, "name": None, "name_en": None, "place": None}


TWO_WEEKS = 60 * 24 * 14


@given(
    st.lists(st.integers(1, 7), min_size=1).map(tuple),
    st.times(timezones=st.none()).map(lambda at: at.replace(second=0, microsecond=0)),
    st.one_of(st.none(), st.integers(-7, 0)),
    st.integers(0, TWO_WEEKS),
)
def test_what_is_announced_as_next_is_what_is_started(
    weekdays: tuple[int, ...], at: time, ran: int | None, minutes: int
) -> None:
    local = MONDAY + timedelta(minutes=minutes)
    last = None if ran is None else local.date() + timedelta(days=ran)
    schedule = replace(DAILY, weekdays=weekdays, at=at, last_run_on=last)
    coming = schedule.next_run_at(local)
    assert coming is not None
    assert schedule.is_due(max(local, coming)), "whoever waits for it sees it start"
    assert schedule.is_due(local) is (coming <= local), "and nothing starts before it"


def test_a_schedule_that_is_switched_off_announces_nothing() -> None:
    assert replace(DAILY, enabled=False).next_run_at(MONDAY) is None


HOW_FAR: dict[CallState, int] = {"called": 0, "failed": 0, "silent": 0, "sent": 1, "delivered": 2, "seen": 3}


@given(st.sampled_from(["called", "failed", "silent"]), st.lists(st.sampled_from(["sent", "delivered", "seen"])))
def test_in_whatever_order_receipts_come_the_furthest_stands(begin: CallState, courses: list[Course]) -> None:
    state = begin
    for course in courses:
        state = course if state in MOVED_BY[course] else state
    assert HOW_FAR[state] == max([HOW_FAR[begin], *(HOW_FAR[course] for course in courses)])


def test_a_failure_takes_nothing_back_that_a_person_or_a_machine_has_proven() -> None:
    assert not {"delivered", "seen", "answered", "silent"} & set(MOVED_BY["failed"])
