"""Whether a call and an open incident may be one event: by type, device, place, distance, age; never across drills."""

import tracemalloc
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.call import LOCATION_DOUBTFUL, CallReport, Where
from dispatch.domain.correlation import Correlations, Gauge, Match, OpenIncident, Traits, match, traits_of_call
from dispatch.domain.geo import Point
from dispatch.domain.open_incidents import MOST_KEPT, MOST_LOOKED_AT, OpenIncidents
from dispatch.domain.rows import instant
from dispatch.domain.rule import Correlation
from tests.support.world import HERE, HOSPITAL, NOW, VILLAGE, directory, incident_of, later, opened

FIRE, GAS, CRASH, HOLD_UP, NOISE = "fire.structure", "gas.leak", "traffic.accident", "bank.robbery", "noise"
TYPES = (FIRE, "fire", "fire.structure.roof", GAS, CRASH, HOLD_UP, NOISE, "service")
RULES = Correlations(
    (
        Correlation(("fire", "gas.leak"), "auto", 80, 600),
        Correlation((HOLD_UP,), "auto", 80, 600),  # a careless ruleset
        Correlation(("noise",), "suggest", 2_000, 3_600),
        Correlation(("service",), "never"),
    ),
    {HOLD_UP},
)
METRE = 1 / 111_195


def call(incident_type: str = FIRE, *, north_m: float = 0.0, **changes: Any) -> Traits:
    point = Point(HERE.longitude, HERE.latitude + north_m * METRE)
    return replace(Traits(incident_type, "actual", None, None, point, None), **changes)


def incident(traits: Traits, *, name: str = "a", age_s: float = 60, status: str = "dispatched") -> OpenIncident:
    return OpenIncident(name, f"430304-20261123-{name}", traits, VILLAGE, NOW - timedelta(seconds=age_s), status, 1)


def found(one: Traits, other: OpenIncident) -> tuple[str, str] | None:
    made = match(one, other, RULES, NOW)
    return None if made is None else (made.join, made.reason)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (call(), incident(call(north_m=45)), ("auto", "near")),
        (call(), incident(call(north_m=85)), None),
        (call(), incident(call(), age_s=601), None),
        (call(), incident(call(exercise="exercise")), None),
        (call(exercise="test"), incident(call()), None),
        (call(exercise="exercise"), incident(call(exercise="exercise")), ("auto", "near")),
        (call(), incident(call(GAS)), ("auto", "near")),
        (call("fire"), incident(call("fire.structure.roof")), ("auto", "near")),
        (call(), incident(call(CRASH)), None),
        (call(CRASH), incident(call(CRASH)), ("suggest", "near")),
        (call(CRASH), incident(call(CRASH, north_m=81)), None),
        (call("service"), incident(call("service")), None),
        (call(NOISE), incident(call(NOISE, north_m=1_900), age_s=3_500), ("suggest", "near")),
        (call(point=None), incident(call()), None),
        (call(point=None, place_id="p"), incident(call(place_id="p")), ("auto", "same_place")),
        (call(place_id="p"), incident(call(place_id="q", north_m=200)), None),
        (call(CRASH, device_id="d", point=None), incident(call(CRASH, device_id="d")), ("suggest", "same_device")),
    ],
)
def test_what_may_be_one_event(one: Traits, other: OpenIncident, expected: tuple[str, str] | None) -> None:
    assert found(one, other) == expected


def test_two_people_held_up_in_one_bank_are_linked_and_never_joined() -> None:
    assert found(call(HOLD_UP, place_id="bank"), incident(call(HOLD_UP, place_id="bank"))) == ("suggest", "same_place")
    assert not RULES.joins_by_itself(HOLD_UP)
    assert RULES.joins_by_itself(FIRE)


@pytest.mark.parametrize("status", ["resolved", "suspended"])
def test_a_call_joins_nothing_that_nobody_works_on_any_more(status: str) -> None:
    assert found(call(), incident(call(), status=status)) == ("suggest", "near")


def test_two_phones_at_one_mast_are_not_taken_for_one_fire() -> None:
    vague = call(accuracy_m=900.0)
    assert found(vague, incident(vague)) == ("suggest", "near")
    assert found(call(accuracy_m=30.0), incident(call())) == ("auto", "near")


def test_a_whole_village_does_not_burn_because_two_calls_name_it() -> None:
    seat = Where(None, VILLAGE, HERE)
    assert traits_of_call(CallReport(FIRE, "api", division_code=VILLAGE), seat).point is None
    there = {"longitude": 112.9, "latitude": 27.8, "crs": "WGS84", "accuracy_m": None}
    location: Any = {**there, "wgs84": {"longitude": 112.9, "latitude": 27.8}}
    report = CallReport(FIRE, "api", location=location)
    assert traits_of_call(report, seat).point == HERE
    assert traits_of_call(report, Where(HOSPITAL, VILLAGE, HERE, (LOCATION_DOUBTFUL,))).point == HOSPITAL.point


def test_the_more_careful_of_two_entries_counts() -> None:
    rules = Correlations((Correlation(("fire.wood",), "suggest"), Correlation(("fire",), "auto")), ())
    assert rules.join("fire.structure", "fire.wood") == rules.join("fire.wood", "fire") == "suggest"
    assert rules.join("fire.structure", "fire") == "auto"


def test_the_strongest_reason_comes_first_then_the_nearest_then_the_youngest() -> None:
    known = OpenIncidents()
    for one in (
        incident(call(CRASH, north_m=70), name="far"),
        incident(call(CRASH, north_m=10), name="old", age_s=500),
        incident(call(CRASH, north_m=10), name="new", age_s=5),
        incident(call(CRASH, north_m=60, place_id="p"), name="place"),
        incident(call(CRASH, north_m=60, device_id="d"), name="device"),
        incident(call(CRASH, north_m=79), name="sixth"),
    ):
        known.put(one)
    listed = known.matches(call(CRASH, place_id="p", device_id="d"), RULES, NOW)
    assert [one.incident.id for one in listed] == ["device", "place", "new", "old", "far"]
    assert listed[2].link() == {
        "incident_id": "new",
        "number": "430304-20261123-new",
        "division_code": VILLAGE,
        "reason": "near",
        "distance_m": 10.0,
        "age_s": 5.0,
    }


some_traits = st.builds(
    Traits,
    st.sampled_from(TYPES),
    st.sampled_from(["actual", "actual", "exercise"]),
    st.sampled_from([None, None, "d1", "d2"]),
    st.sampled_from([None, None, "p1", "p2"]),
    st.none() | st.builds(Point, st.floats(112.9, 112.93, allow_nan=False), st.floats(27.8, 27.83, allow_nan=False)),
    st.sampled_from([None, 20.0, 500.0]),
)
some_incidents = st.lists(
    st.tuples(some_traits, st.floats(0, 5_000), st.sampled_from(["dispatched", "resolved"])), max_size=MOST_LOOKED_AT
)


@settings(max_examples=300)
@given(some_incidents, st.lists(st.integers(0, 50)), some_traits)
def test_the_index_finds_what_looking_at_every_incident_finds(
    given_: list[tuple[Traits, float, str]], gone: list[int], one: Traits
) -> None:
    known, kept = OpenIncidents(), {}
    for number, (traits, age_s, status) in enumerate(given_):
        kept[number] = incident(traits, name=str(number), age_s=age_s, status=status)
        known.put(kept[number])
    for number in gone:
        if number in kept:
            row: Any = incident_of(opened()) | {"id": str(number), "version": 9, "status": "closed"}
            known.learn(row, directory(), recorded_at=instant(NOW), keep_for_s=600)
            del kept[number]
    everything = [made for other in kept.values() if (made := match(one, other, RULES, NOW))]
    assert known.matches(one, RULES, NOW) == sorted(everything, key=lambda made: made.order)[:5]


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["dispatched", "in_progress", "closed"]))))
def test_changes_in_any_order_leave_what_the_newest_says(changes: list[tuple[int, str]]) -> None:
    known, row = OpenIncidents(), incident_of(opened())
    says = {}
    for version, status in changes:
        told: Any = row | {"version": version, "status": says.setdefault(version, status)}
        known.learn(told, directory(), recorded_at=instant(NOW), keep_for_s=600)
    newest = says[max(says)] if says else "closed"
    one = known.find(row["id"])
    assert (one is None) == (newest == "closed")
    assert one is None or one.status == newest


def test_what_is_too_old_to_be_matched_is_not_kept() -> None:
    known = OpenIncidents()
    change = later(opened(), "incident.noted", seconds=601)
    known.learn(incident_of(change), directory(), recorded_at=change["recorded_at"], keep_for_s=600)
    assert len(known) == 0


def test_ten_thousand_open_incidents_cost_a_bounded_memory_and_are_forgotten_when_there_are_too_many() -> None:
    known = OpenIncidents()
    tracemalloc.start()
    for number in range(10_000):
        known.put(incident(call(north_m=number), name=str(number)))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 20_000_000
    for number in range(10_000, MOST_KEPT + 10):
        known.put(incident(call(north_m=number / 10), name=str(number)))
    assert len(known) == MOST_KEPT
    assert known.find("9") is None
    assert known.find("10") is not None
    known.replace_all([])
    assert known.matches(call(), RULES, NOW) == []


def test_a_thousand_calls_about_one_explosion_are_not_all_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    known, looked = OpenIncidents(), 0
    for number in range(5_000):
        known.put(incident(call(CRASH), name=f"{number:04}"))

    def counting(*given_: Any) -> Match | None:
        nonlocal looked
        looked += 1
        return match(*given_)

    monkeypatch.setattr("dispatch.domain.open_incidents.match", counting)
    assert len(known.matches(call(CRASH), RULES, NOW)) == 5
    assert looked <= 100


@given(st.sampled_from(TYPES), st.sampled_from(TYPES), st.floats(0, 2_500), st.floats(-5, 4_000), st.booleans())
def test_what_is_gauged_in_passing_agrees_with_the_match_that_is_made(
    one: str, other: str, north_m: float, age_s: float, same: bool
) -> None:
    asked = call(one, place_id="p" if same else None)
    known = incident(call(other, north_m=north_m, place_id="p"), age_s=age_s)
    made = match(asked, known, RULES, NOW)
    assert Gauge(asked, RULES, NOW).closeness(known) == (None if made is None else made.order)
