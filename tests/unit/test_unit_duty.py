"""When somebody is at a unit, and what its console shows."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.geo import Point
from dispatch.domain.unit import DUTIES, ShiftWindow, UnitState, is_on_duty, unit_status
from tests.support.world import NOW, unit

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
EVERY_DAY = frozenset(range(1, 8))
TIMES = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


def test_office_hours_begin_with_their_first_minute_and_end_before_their_last() -> None:
    office = ShiftWindow(frozenset({1}), time(9), time(17))
    for hour, minute, manned in ((8, 59, False), (9, 0, True), (16, 59, True), (17, 0, False)):
        assert office.covers(MONDAY.replace(hour=hour, minute=minute)) is manned
    assert not office.covers(MONDAY.replace(hour=10) + timedelta(days=1))


@pytest.mark.parametrize(
    ("day", "hour", "manned"),
    [(0, 21, False), (0, 22, True), (1, 5, True), (1, 6, False), (1, 22, False), (6, 23, False)],
)
def test_a_night_shift_belongs_to_the_day_on_which_it_begins(day: int, hour: int, manned: bool) -> None:
    night = ShiftWindow(frozenset({1}), time(22), time(6))
    assert night.covers(MONDAY.replace(hour=hour) + timedelta(days=day)) is manned


def test_the_night_of_sunday_lasts_into_monday() -> None:
    night = ShiftWindow(frozenset({7}), time(22), time(6))
    assert night.covers(MONDAY.replace(hour=3))
    assert not night.covers(MONDAY.replace(hour=3) + timedelta(days=1))


def test_a_window_that_ends_where_it_begins_is_empty() -> None:
    assert not ShiftWindow(EVERY_DAY, time(8), time(8)).covers(MONDAY.replace(hour=8))


@given(TIMES, TIMES, st.datetimes(timezones=st.just(UTC)))
def test_day_shift_and_night_shift_share_every_instant_between_them(starts: time, ends: time, local: datetime) -> None:
    if starts != ends:
        one, other = ShiftWindow(EVERY_DAY, starts, ends), ShiftWindow(EVERY_DAY, ends, starts)
        assert one.covers(local) is not other.covers(local)


def test_a_unit_without_a_schedule_is_manned_day_and_night() -> None:
    assert is_on_duty(unit("p"), UnitState(), MONDAY)
    assert not is_on_duty(unit("p", schedule=()), UnitState(), MONDAY)


@pytest.mark.parametrize("duty", [duty for duty in DUTIES if duty != "available"])
def test_a_unit_that_is_switched_off_is_off_whatever_its_schedule_says(duty: str) -> None:
    assert not is_on_duty(unit("p"), UnitState(duty=duty), MONDAY)  # type: ignore[arg-type]
    assert unit_status(unit("p"), UnitState(duty=duty, load=3), MONDAY) == duty  # type: ignore[arg-type]


def test_committed_follows_from_assignments_alone() -> None:
    assert unit_status(unit("p"), UnitState(), MONDAY) == "available"
    assert unit_status(unit("p"), UnitState(load=1), MONDAY) == "committed"
    assert unit_status(unit("p"), UnitState(committed_to="i"), MONDAY) == "committed"
    closed = unit("p", schedule=(ShiftWindow(frozenset({2}), time(8), time(9)),))
    assert unit_status(closed, UnitState(), MONDAY) == "off_duty"


def test_a_position_counts_for_two_minutes() -> None:
    def state(age: float) -> UnitState:
        return UnitState(position=Point(112.9, 27.8), position_at=NOW - timedelta(seconds=age))

    assert state(120).fresh_position(NOW) == Point(112.9, 27.8)
    assert state(120.1).fresh_position(NOW) is None
    assert state(300).position_age_s(NOW) == 300
    assert state(-5).position_age_s(NOW) == 0
    assert UnitState().fresh_position(NOW) is None
    assert UnitState().position_age_s(NOW) is None
