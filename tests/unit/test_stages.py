"""Who waits, for what, and who is asked beside whom."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from dispatch.domain.candidate import Search
from dispatch.domain.directory import States
from dispatch.domain.intake import open_incident, pending_slots
from dispatch.domain.routing import decide, merge_requirements
from dispatch.domain.ruleset import Requirement
from dispatch.domain.trigger import EVENTS, Trigger, next_stage_at, trigger_data, trigger_of
from tests.support.world import (
    CITY,
    COUNTY,
    ELSEWHERE,
    HERE,
    NOW,
    TOWNSHIP,
    VILLAGE,
    assignment_of,
    directory,
    ids,
    incident_of,
    moved,
    opening,
    planned,
    request,
    rule,
    ruleset,
    unit,
)

LEAD = Requirement("police", "lead")
HELD = Requirement("health", "support", release=Trigger(event="lead_arrived"))
UNITS = (unit("police"), unit("health", "health"))


def change_of(*require: Requirement) -> Any:
    plan = planned(UNITS, *require)
    return open_incident(opening(), plan, new_id=ids(), directory=directory(UNITS))


def test_who_is_held_back_has_its_place_and_is_owed_when_what_it_waits_for_always_comes() -> None:
    for trigger, owed in (
        (Trigger(event="lead_arrived"), True),
        (Trigger(tag="fire"), False),
        (Trigger(after_s=9), False),
    ):
        plan = planned(UNITS, LEAD, replace(HELD, release=trigger))
        assert [entry.unit.code for entry in plan.planned] == ["police"]
        assert [stage.slots for stage in plan.stages] == [(1,)]
        assert pending_slots(plan) == ([0, 1] if owed else [0])


def test_what_was_reported_with_the_call_is_not_waited_for() -> None:
    held = replace(HELD, release=Trigger(tag="fire"))
    asked = request(facts={"incident_type": "x", "tags": frozenset({"fire"})})
    plan = decide(asked, ruleset(rule(LEAD, held)), directory(UNITS), States())
    assert [entry.unit.code for entry in plan.planned] == ["police", "health"]
    assert plan.stages == []


def test_a_rule_that_wants_somebody_at_once_is_not_made_to_wait_by_another() -> None:
    now = replace(HELD, release=None)
    for first, second in ((HELD, now), (now, HELD)):
        rules = (rule(first, name="a", final=False), rule(LEAD, second))
        assert [r.release for r in merge_requirements(rules)] == [None, None]


def test_a_second_circle_of_the_same_kind_stays_a_second_one() -> None:
    near, wide = replace(LEAD, role="support", within_m=2000), replace(LEAD, role="support", release=Trigger(after_s=9))
    assert len(merge_requirements((rule(near, wide),))) == 2


def test_each_event_of_the_lead_holds_from_its_step_on() -> None:
    opened = change_of(LEAD, HELD)
    incident, lead = incident_of(opened), assignment_of(opened, "police")
    held = {event: Trigger(event=event).holds(incident, [lead], NOW) for event in EVENTS}
    assert [event for event, holds in held.items() if holds] == ["lead_silent"]
    at = "2026-11-23T02:20:00+00:00"
    lead = moved(lead, "on_scene", acknowledged_at=at, on_scene_at=at)
    held = {event: Trigger(event=event).holds(incident, [lead], NOW) for event in EVENTS}
    assert [event for event, holds in held.items() if holds] == ["lead_acknowledged", "lead_arrived"]


def test_time_alone_is_known_ahead_and_nothing_is_armed_for_what_may_never_come() -> None:
    for trigger, due in ((Trigger(after_s=60), NOW + timedelta(seconds=60)), (Trigger(tag="fire"), None)):
        opened = change_of(LEAD, replace(HELD, release=trigger))
        assert next_stage_at(incident_of(opened), opened["assignments"], NOW) == due
    closed = incident_of(change_of(LEAD, replace(HELD, release=Trigger(after_s=60))))
    closed["closed_at"] = "2026-11-23T02:17:00+00:00"
    assert next_stage_at(closed, [], NOW + timedelta(days=1)) is None


@pytest.mark.parametrize("trigger", [Trigger(5), Trigger(event="shortfall"), Trigger(5, "lead_silent", "fire")])
def test_a_trigger_survives_its_plain_data(trigger: Trigger) -> None:
    assert trigger_of(trigger_data(trigger) or {}) == trigger


def test_several_are_asked_and_only_as_many_places_are_there_as_are_needed() -> None:
    units = [unit(f"p{number}") for number in range(5)]
    plan = planned(units, replace(LEAD, count=2, ask=4, claim=True))
    assert [(entry.slot, entry.role, entry.offer) for entry in plan.planned] == [
        (0, "lead", "claim"),
        (1, "support", "claim"),
        (0, "support", "claim"),
        (1, "support", "claim"),
    ]
    assert [entry.offer for entry in planned(units, replace(LEAD, ask=2)).planned] == ["enough", "enough"]
    assert [entry.offer for entry in planned(units, LEAD).planned] == [None]


def test_a_station_from_each_side_goes_even_when_two_of_one_side_are_nearer() -> None:
    units = [unit("a1", areas=[COUNTY]), unit("a2", areas=[COUNTY]), unit("b1", areas=[ELSEWHERE])]
    both = replace(LEAD, count=2, spread="county", choose=("nearest",))
    assert [entry.unit.code for entry in planned(units, both).planned] == ["a1", "b1"]
    alone = [entry.unit.code for entry in planned(units[:2], both).planned]
    assert alone == ["a1", "a2"], "better two from one bank than one in all"


def test_the_tier_above_is_asked_and_not_ones_own() -> None:
    units = [unit("village"), unit("town", areas=[TOWNSHIP]), unit("city", areas=[CITY])]
    for tier, code in (("parent", "town"), ("township", "town"), ("city", "city"), ("village", "village")):
        assert [entry.unit.code for entry in planned(units, replace(LEAD, tier=tier)).planned] == [code]
    assert planned(units[:1], replace(LEAD, tier="county")).shortfalls[0].reason == "no_candidates"


def test_any_kind_that_can_do_it_is_asked_where_only_the_skill_is_named() -> None:
    boat = unit("maritime", "maritime", capabilities=frozenset({"boat"}), areas=[VILLAGE])
    plan = planned([unit("police"), boat], LEAD, Requirement(None, "support", capability="boat"))
    assert [entry.unit.code for entry in plan.planned] == ["police", "maritime"]
    assert planned([unit("police")], LEAD, Requirement(None, "support", capability="boat")).shortfalls[0].unit_kind == (
        "capability:boat"
    )


def test_who_does_not_speak_the_language_is_not_the_expert_that_was_asked_for() -> None:
    speaks = unit("b", "expert", capabilities=frozenset({"lang.en"}))
    plan = planned([unit("a", "expert"), speaks], Requirement("expert", "lead", language="en"))
    assert [entry.unit.code for entry in plan.planned] == ["b"]
    assert [seen.reason for seen in plan.considered if seen.candidate.unit.code == "a"] == ["language"]


def test_the_nearest_on_the_road_are_looked_at_first_however_many_report_where_they_are() -> None:
    from dispatch.domain.geo import Point
    from dispatch.domain.unit import UnitState

    units = [unit(f"u{number}", areas=[ELSEWHERE], point=Point(113.9, 27.8)) for number in range(12)]
    states = States()
    for number in range(12):
        at = Point(113.0 - number / 100, 27.8)
        states.put(f"u{number}", UnitState(position=at, position_at=NOW))
    search = Search(request(point=HERE), directory(units), states, frozenset())
    plan = planned(units, replace(LEAD, choose=("nearest",)), states=states)
    assert search.request.point == HERE
    assert plan.planned[0].unit.code == "u10", "at 112.9, where it happened"


def test_a_radius_a_name_and_a_rest_bind_also_who_is_only_on_call() -> None:
    from dispatch.domain.geo import Point
    from dispatch.domain.unit import Contact, ShiftWindow

    never = (ShiftWindow(frozenset(), time(0), time(0)),)
    away = unit("away", point=Point(113.9, 27.8), schedule=never, on_call=Contact("x", "1"))
    for limit in ({"within_m": 100}, {"units": ("other",)}, {"language": "en"}):
        assert planned([away], replace(LEAD, **limit)).planned == []  # type: ignore[arg-type]
    assert [entry.on_call for entry in planned([away], LEAD).planned] == [True]


def test_a_station_next_door_goes_before_seven_crews_on_the_road_far_away() -> None:
    from dispatch.domain.geo import Point
    from dispatch.domain.unit import UnitState

    crews = [unit(f"c{number}", areas=[ELSEWHERE], point=Point(113.9, 27.8)) for number in range(7)]
    states = States()
    for crew in crews:
        states.put(crew.id, UnitState(position=Point(113.2, 27.8), position_at=NOW))
    home = unit("station", areas=[ELSEWHERE], point=Point(112.9005, 27.8))
    plan = planned([*crews, home], replace(LEAD, choose=("nearest",)), states=states)
    assert [entry.unit.code for entry in plan.planned] == ["station"]


def test_rules_that_name_different_units_or_tiers_ask_for_both() -> None:
    one, other = replace(LEAD, role="support", units=("a",)), replace(LEAD, role="support", units=("b",))
    merged = merge_requirements((rule(one, name="x", final=False), rule(other)))
    assert [requirement.units for requirement in merged] == [("a",), ("b",)]
    near, far = replace(LEAD, within_m=500, substitutes=("x",)), replace(LEAD, within_m=900, substitutes=("y",))
    (joined,) = merge_requirements((rule(far, name="x", final=False), rule(near)))
    assert (joined.within_m, joined.substitutes) == (500, ("y", "x"))


def test_the_duty_officer_of_the_township_stands_in_whatever_the_tier_or_name_that_was_meant() -> None:
    officer = unit("duty", "desk", areas=[TOWNSHIP])
    for limit in ({"tier": "village"}, {"units": ("nobody",)}):
        plan = planned([officer], replace(LEAD, substitutes=("desk",), **limit))  # type: ignore[arg-type]
        assert [entry.substitute_for for entry in plan.planned] == ["police"]


def test_when_nobody_of_the_first_kind_can_lead_the_next_that_a_rule_wanted_to_lead_does() -> None:
    fire = unit("fire", "fire")
    rules = (rule(Requirement("police", "lead"), name="a", final=False), rule(Requirement("fire", "lead")))
    plan = decide(request(), ruleset(*rules), directory([fire]), States())
    assert [(entry.unit.code, entry.role) for entry in plan.planned] == [("fire", "lead")]
    assert [gap.role for gap in plan.shortfalls] == ["support"]


def test_the_lead_waits_for_its_unit_as_long_as_that_is_held_back_itself() -> None:
    both = replace(HELD, release=Trigger(event="confirmed"), leads=Trigger(tag="fire"))
    incident = incident_of(change_of(LEAD, both))
    incident["tags"] = ["fire"]
    assert next_stage_at(incident, [], NOW) is None
