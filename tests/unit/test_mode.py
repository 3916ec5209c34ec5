"""What an area is set to: the highest counts, the smallest area for the weather, the clock starts and ends it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.errors import InvalidRequestError, WrongStateError
from dispatch.domain.mode import MODE_FIELDS, Mode, Modes, rank, response_at
from dispatch.domain.mode_setting import ModeSetting, mode_of, mode_view, require_effect, require_meaning
from dispatch.domain.rule import Requirement
from dispatch.domain.unit import UnitState, is_on_duty, unit_status
from tests.support.world import CITY, COUNTY, ELSEWHERE, NOW, TOWNSHIP, VILLAGE, directory, planned, unit

CHAIN = directory().chain(VILLAGE)
HOUR = timedelta(hours=1)


def mode(value: str, code: str = COUNTY, name: str = "response_mode", **changes: Any) -> Mode:
    made = Mode(f"{name}-{value}-{code}", code, name, value, NOW - HOUR, None, "疫情", "值班长", NOW - HOUR)  # type: ignore[arg-type]
    return replace(made, **changes)


def facts(*modes: Mode, at: timedelta = timedelta()) -> dict[str, str | None]:
    return Modes.of(modes).facts(CHAIN, NOW + at)


def test_without_a_setting_the_mode_is_normal_and_the_rest_is_unknown() -> None:
    assert facts() == {"response_mode": "normal", "warning_colour": None, "weather": None}


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ([mode("III")], "III"),
        ([mode("III"), mode("I", CITY)], "I"),
        ([mode("I", VILLAGE), mode("III", CITY)], "I"),
        ([mode("normal", VILLAGE), mode("IV", CITY)], "IV"),
        ([mode("I", ELSEWHERE)], "normal"),
    ],
)
def test_the_highest_response_mode_of_all_areas_around_counts(modes: list[Mode], expected: str) -> None:
    assert facts(*modes)["response_mode"] == expected


def test_the_highest_warning_counts_but_the_weather_of_the_smallest_area() -> None:
    found = facts(
        mode("blue", VILLAGE, "warning_colour"),
        mode("orange", CITY, "warning_colour"),
        mode("rain", CITY, "weather"),
        mode("fog", TOWNSHIP, "weather"),
    )
    assert (found["warning_colour"], found["weather"]) == ("orange", "fog")


def test_a_mode_begins_and_ends_by_the_clock_alone() -> None:
    short = mode("I", starts_at=NOW, ends_at=NOW + HOUR)
    instants = [-timedelta(seconds=1), timedelta(), HOUR - timedelta(seconds=1), HOUR]
    assert [facts(short, at=at)["response_mode"] for at in instants] == ["normal", "I", "I", "normal"]


def test_what_was_ended_counts_no_more_and_the_lower_mode_below_it_does() -> None:
    high, low = mode("I"), mode("III", CITY)
    known = Modes.of([high, low], stamp=7)
    after = known.learn(replace(high, ended_at=NOW))
    assert after.facts(CHAIN, NOW)["response_mode"] == "III"
    assert after.stamp is None  # read anew: what was learnt may have come late
    assert known.facts(CHAIN, NOW)["response_mode"] == "I"


def test_a_mode_learnt_twice_counts_once() -> None:
    known = Modes().learn(mode("I")).learn(mode("I"))
    assert [len(group) for group in known.by_division.values()] == [1]


ANY = st.builds(
    mode,
    st.sampled_from(["I", "II", "III", "IV", "normal"]),
    st.sampled_from([VILLAGE, TOWNSHIP, COUNTY, CITY, ELSEWHERE]),
    starts_at=st.integers(-3, 3).map(lambda hours: NOW + hours * HOUR),
    ends_at=st.none() | st.integers(4, 6).map(lambda hours: NOW + hours * HOUR),
    id=st.uuids().map(str),
)


@given(st.lists(ANY, max_size=6), st.integers(-4, 7))
def test_the_order_of_settings_means_nothing_and_more_never_lower_the_mode(modes: list[Mode], hours: int) -> None:
    now = NOW + hours * HOUR
    ranks = [rank("response_mode", str(Modes.of(modes[:n]).facts(CHAIN, now)["response_mode"])) for n in range(7)]
    assert ranks == sorted(ranks, reverse=True)
    turned = Modes.of(modes[::-1])
    assert turned.facts(CHAIN, now) == Modes.of(modes).facts(CHAIN, now)
    assert response_at(CHAIN, turned.responses(now)) == turned.facts(CHAIN, now)["response_mode"]


@given(ANY)
def test_a_mode_survives_being_shown_and_read_back(given_mode: Mode) -> None:
    assert mode_of(mode_view(given_mode, directory())) == given_mode


# ── Setting ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def setting(**changes: Any) -> ModeSetting:
    return replace(ModeSetting(COUNTY, "response_mode", "I", NOW, None, "疫情"), **changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"division_code": "430399"}, "unknown_division"),
        ({"value": "V"}, "unknown_value"),
        ({"field": "warning_colour", "value": "pink"}, "unknown_value"),
        ({"ends_at": NOW}, "ends_before_start"),
        ({"starts_at": NOW - 2 * HOUR, "ends_at": NOW - HOUR}, "ends_before_start"),
    ],
)
def test_what_means_nothing_is_refused_by_name(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        require_meaning(setting(**changes), directory(), NOW)
    assert [fault.code for fault in refused.value.faults] == [code]


def test_an_unknown_division_is_answered_with_the_nearest_known() -> None:
    with pytest.raises(InvalidRequestError, match="did you mean") as refused:
        require_meaning(setting(division_code="43030"), directory(), NOW)
    assert COUNTY in refused.value.facts["nearest"]  # type: ignore[operator]


def test_normal_beside_a_higher_mode_would_do_nothing_and_is_refused() -> None:
    normal = setting(value="normal")
    with pytest.raises(WrongStateError, match="end it"):
        require_effect(normal, [mode("III")], directory())
    require_effect(normal, [mode("III", CITY), mode("red", COUNTY, "warning_colour"), mode("normal")], directory())
    require_effect(replace(normal, starts_at=NOW + HOUR), [mode("III", ends_at=NOW + HOUR)], directory())
    require_effect(setting(value="IV"), [mode("III")], directory())


# ── Reminders ────────────────────────────────────────────────────────────────────────────────────────────────────────


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@pytest.mark.parametrize(
    ("lasts", "recalled_after"), [(minutes(600), minutes(570)), (minutes(60), minutes(30)), (minutes(20), minutes(10))]
)
def test_the_desk_is_reminded_half_an_hour_before_the_end_once(lasts: timedelta, recalled_after: timedelta) -> None:
    ending = mode("II", starts_at=NOW, ends_at=NOW + lasts)
    assert not ending.is_to_be_recalled(NOW + recalled_after - minutes(0.1))
    assert ending.is_to_be_recalled(NOW + recalled_after)
    assert not replace(ending, reminded_at=NOW + recalled_after).is_to_be_recalled(NOW + lasts - minutes(0.1))
    assert not ending.is_to_be_recalled(NOW + lasts)


def test_a_response_mode_without_an_end_comes_back_every_day() -> None:
    endless = mode("II", starts_at=NOW)
    day = timedelta(days=1)
    assert not endless.is_to_be_recalled(NOW + day - minutes(1))
    assert endless.is_to_be_recalled(NOW + day)
    assert not replace(endless, reminded_at=NOW + day).is_to_be_recalled(NOW + 2 * day - minutes(1))
    assert replace(endless, reminded_at=NOW + day).is_to_be_recalled(NOW + 2 * day)
    assert not replace(endless, ended_at=NOW).is_to_be_recalled(NOW + day)
    assert not mode("fog", name="weather").is_to_be_recalled(NOW + 3 * day)
    assert {mode("x", name=name).recall_at() is None for name in MODE_FIELDS if name != "response_mode"} == {True}


# ── Posts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

POST = unit("post", "crew", [VILLAGE], modes=frozenset({"I", "II"}))
WANTED = (Requirement("police", "lead"), Requirement("crew", "support", mandatory=False))


@pytest.mark.parametrize(
    ("responses", "goes"),
    [({}, False), ({COUNTY: "I"}, True), ({CITY: "II"}, True), ({COUNTY: "III"}, False), ({ELSEWHERE: "I"}, False)],
)
def test_a_post_goes_only_in_its_modes_and_only_where_it_stands(responses: dict[str, str], goes: bool) -> None:
    plan = planned([unit("police"), POST], *WANTED, responses=responses)
    assert ("post" in plan.taken()) is goes
    if not goes:
        assert [(entry.unit_kind, entry.reason) for entry in plan.shortfalls] == [("crew", "off_duty")]
        assert [entry.reason for entry in plan.considered if entry.candidate.unit.code == "post"] == ["not_posted"]


def test_the_status_that_is_shown_says_what_routing_does() -> None:
    assert unit_status(POST, UnitState(), NOW) == "off_duty"
    assert unit_status(POST, UnitState(), NOW, response="II") == "available"
    assert not is_on_duty(POST, UnitState(duty="off_duty"), NOW, response="I")
    assert unit_status(unit("police"), UnitState(), NOW, response="I") == "available"
