"""What routing promises for any city, any hour and any rules."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.candidate import OUTSIDE, Search
from dispatch.domain.decision_input import RecordedStates, facts_data, input_data, read_facts, read_input
from dispatch.domain.directory import States
from dispatch.domain.geo import Point
from dispatch.domain.intake import decision_data, open_incident, pending_slots
from dispatch.domain.routing import Plan, decide, merge_requirements, next_unit, why_nobody
from dispatch.domain.ruleset import Requirement
from dispatch.domain.trigger import Trigger
from dispatch.domain.unit import Contact, ShiftWindow, Unit, UnitState
from tests.support.world import (
    CITY,
    COUNTY,
    ELSEWHERE,
    HERE,
    NOW,
    TOWNSHIP,
    VILLAGE,
    directory,
    ids,
    opening,
    planned,
    request,
    rule,
    ruleset,
    unit,
)

KINDS = ("police", "justice", "health", "crew")
NIGHT = (ShiftWindow(frozenset(range(1, 8)), time(8), time(17)),)
LEAD = Requirement("police", "lead")


def codes(plan: Plan) -> list[str]:
    return [entry.unit.code for entry in plan.planned]


def reasons(plan: Plan) -> list[str]:
    return [gap.reason for gap in plan.shortfalls]


def at(longitude: float) -> Point:
    return Point(longitude, 27.8)


def test_who_answers_for_the_area_goes_before_whoever_is_nearer() -> None:
    home, near = unit("home", areas=[COUNTY], point=at(113.5)), unit("near", areas=[ELSEWHERE], point=HERE)
    plan = planned([near, home], LEAD)
    assert codes(plan) == ["home"]
    assert plan.planned[0].code == "jurisdiction"


def test_without_jurisdiction_among_the_criteria_the_nearest_goes() -> None:
    home, near = unit("home", areas=[COUNTY], point=at(113.5)), unit("near", areas=[ELSEWHERE], point=HERE)
    plan = planned([near, home], replace(LEAD, choose=("nearest",)))
    assert codes(plan) == ["near"]


def test_equal_distance_is_decided_by_load_then_rank_then_code() -> None:
    units = [unit("a", rank=3), unit("b", rank=1), unit("c", rank=1), unit("d", rank=1)]
    states = States()
    states.put("b", UnitState(load=1))
    assert codes(planned(units, replace(LEAD, count=4), states=states)) == ["c", "d", "a", "b"]


def test_nobody_of_the_kind_is_no_candidates() -> None:
    assert reasons(planned([unit("h", "health")], LEAD)) == ["no_candidates"]


def test_everybody_switched_off_or_broken_down_is_off_duty() -> None:
    for duty in ("off_duty", "out_of_service"):
        states = States()
        states.put("p", UnitState(duty=duty))  # type: ignore[arg-type]
        assert reasons(planned([unit("p")], LEAD, states=states)) == ["off_duty"]


def test_every_crew_busy_or_lost_is_all_committed() -> None:
    states = States()
    states.put("c1", UnitState(committed_to="other"))
    crews = [unit("c1", "crew"), unit("c2", "crew")]
    plan = planned(crews, Requirement("crew", "lead"), states=states, lost=frozenset({"c2"}))
    assert reasons(plan) == ["all_committed"]


def test_an_excluded_kind_is_never_sent_not_even_as_a_substitute() -> None:
    require = (replace(LEAD, substitutes=("health",)), Requirement("justice", "support"))
    rules = ruleset(rule(*require, exclude=["health", "justice"]))
    plan = decide(request(), rules, directory([unit("h", "health"), unit("j", "justice")]), States())
    assert codes(plan) == []
    assert reasons(plan) == ["no_candidates", "excluded_by_rule"]


def test_nobody_of_an_excluded_kind_is_added_later() -> None:
    units = directory([unit("h", "health"), unit("j", "justice")])
    require = replace(LEAD, substitutes=("health", "justice"))
    asked = request(excluded=frozenset({"health"}))
    found = next_unit(require, Search(asked, units, States(), asked.excluded))
    assert found is not None
    assert found.unit.code == "j"


def test_the_only_unit_of_its_kind_is_not_said_to_be_missing_while_it_leads() -> None:
    assert reasons(planned([unit("p")], replace(LEAD, count=2))) == ["already_sent"]


def test_who_is_on_it_already_is_not_said_to_be_missing_when_another_is_wanted() -> None:
    asked = request(taken=frozenset({"p"}))
    units = directory([unit("p"), unit("h", "health")])
    assert why_nobody(LEAD, Search(asked, units, States(), asked.excluded)) == "already_sent"
    assert why_nobody(Requirement("crew", "lead"), Search(asked, units, States(), asked.excluded)) == "no_candidates"


def test_a_neighbour_comes_for_a_mandatory_place_and_not_for_an_optional_one() -> None:
    police, stranger = unit("p"), unit("j", "justice", [ELSEWHERE])
    must = planned([police, stranger], LEAD, Requirement("justice", "support"))
    may = planned([police, stranger], LEAD, Requirement("justice", "support", mandatory=False))
    assert [(entry.unit.code, entry.code, entry.candidate.tier) for entry in must.planned[1:]] == [
        ("j", "nearest", OUTSIDE)
    ]
    assert reasons(may) == ["outside_jurisdiction"]
    assert [(seen.outcome, seen.reason) for seen in may.considered[1:]] == [("reserve", "outside_jurisdiction")]


def test_without_any_point_the_area_still_decides() -> None:
    units = [unit("v", areas=[VILLAGE]), unit("t", areas=[TOWNSHIP])]
    plan = planned(units, replace(LEAD, count=2), point=None)
    assert codes(plan) == ["v", "t"]
    assert plan.planned[0].candidate.distance_m is None


def test_a_capability_that_is_asked_for_is_needed() -> None:
    boats = frozenset({"water_rescue"})
    units = [unit("a"), unit("b", capabilities=boats)]
    assert codes(planned(units, replace(LEAD, capability="water_rescue"))) == ["b"]


def test_a_place_filled_once_of_three_leaves_two_gaps_with_their_slots() -> None:
    plan = planned([unit("p"), unit("j", "justice")], LEAD, Requirement("justice", "support", count=3))
    assert [(entry.unit.code, entry.slot) for entry in plan.planned] == [("p", 0), ("j", 1)]
    assert [gap.slot for gap in plan.shortfalls] == [2, 3]
    assert pending_slots(plan) == [0, 1, 2, 3]


def test_a_substitute_says_for_whom_it_stands_in() -> None:
    plan = planned([unit("h", "health")], replace(LEAD, substitutes=("justice", "health")))
    assert [(entry.code, entry.substitute_for) for entry in plan.planned] == [("substitute", "police")]
    assert [(seen.outcome, seen.reason) for seen in plan.considered] == [("chosen", "substitute")]


def test_somebody_on_call_is_paged_rather_than_replaced() -> None:
    asleep = unit("p", schedule=NIGHT, on_call=Contact("duty", "1"))
    plan = planned([asleep, unit("h", "health")], replace(LEAD, substitutes=("health",)))
    assert [(entry.unit.code, entry.code, entry.on_call) for entry in plan.planned] == [("p", "on_call", True)]


def test_a_busy_crew_may_still_be_told() -> None:
    states = States()
    states.put("c", UnitState(committed_to="other"))
    plan = planned([unit("p"), unit("c", "crew")], LEAD, Requirement("crew", "notify"), states=states)
    assert [(entry.unit.code, entry.role, entry.mandatory) for entry in plan.planned] == [
        ("p", "lead", True),
        ("c", "notify", False),
    ]
    assert pending_slots(plan) == [0]


def test_rules_that_agree_on_a_kind_ask_for_it_once() -> None:
    extra = rule(Requirement("health", "support"), name="extra", final=False)
    merged = merge_requirements((extra, rule(LEAD, Requirement("health", "support", count=2))))
    assert [(require.unit_kind, require.role) for require in merged] == [("police", "lead"), ("health", "support")]


def test_of_two_leads_the_first_rule_s_stands_and_the_other_supports() -> None:
    merged = merge_requirements((rule(LEAD, name="a", final=False), rule(Requirement("health", "lead"))))
    assert [(require.unit_kind, require.role) for require in merged] == [("police", "lead"), ("health", "support")]


def test_a_kind_with_a_capability_is_another_place_than_the_kind_alone() -> None:
    boats = Requirement("police", "support", capability="water_rescue")
    assert len(merge_requirements((rule(LEAD, boats),))) == 2


@pytest.mark.parametrize("first", ["support", "notify"])
def test_an_addition_of_the_lead_s_own_kind_does_not_lose_the_lead(first: str) -> None:
    addition = rule(Requirement("police", first), name="addition", final=False)
    merged = merge_requirements((addition, rule(LEAD)))
    assert [require.role for require in merged if require.unit_kind == "police"].count("lead") == 1


def test_the_larger_number_and_the_stricter_demand_win() -> None:
    addition = rule(Requirement("health", "support", mandatory=False), name="addition", final=False)
    merged = merge_requirements((addition, rule(LEAD, Requirement("health", "support", count=3))))
    health = next(require for require in merged if require.unit_kind == "health")
    assert (health.count, health.mandatory) == (3, True)


UNITS = st.lists(
    st.builds(
        lambda n, kind, area, east, more: unit(f"u{n}", kind, [area], point=at(112.5 + east / 100), **more),
        st.integers(0, 40),
        st.sampled_from(KINDS),
        st.sampled_from([VILLAGE, TOWNSHIP, COUNTY, CITY, ELSEWHERE]),
        st.integers(0, 80),
        st.fixed_dictionaries(
            {
                "rank": st.integers(1, 3),
                "schedule": st.sampled_from([None, NIGHT]),
                "on_call": st.sampled_from([None, Contact("duty", "1")]),
                "capabilities": st.sampled_from([frozenset(), frozenset({"boat"})]),
            }
        ),
    ),
    max_size=16,
    unique_by=lambda u: u.id,
)
STATES = st.dictionaries(
    st.integers(0, 40).map(lambda n: f"u{n}"),
    st.builds(
        UnitState,
        duty=st.sampled_from(["available", "off_duty", "out_of_service"]),
        committed_to=st.sampled_from([None, "other"]),
        position=st.sampled_from([None, HERE]),
        position_at=st.sampled_from([NOW, NOW - timedelta(minutes=5)]),
        load=st.integers(0, 3),
    ),
)
REQUIREMENTS = st.lists(
    st.builds(
        Requirement,
        unit_kind=st.sampled_from(KINDS),
        role=st.sampled_from(["lead", "support", "notify"]),
        count=st.integers(1, 3),
        mandatory=st.booleans(),
        choose=st.sampled_from([("jurisdiction", "nearest", "load"), ("nearest",), ("load", "rank")]),
        substitutes=st.lists(st.sampled_from(KINDS), max_size=2).map(tuple),
        capability=st.sampled_from([None, None, "boat"]),
        tier=st.sampled_from([None, None, None, "parent", "county"]),
        spread=st.sampled_from([None, None, "county"]),
        ask=st.sampled_from([None, None, 5]),
        claim=st.booleans(),
        release=st.sampled_from([None, None, Trigger(tag="fire"), Trigger(event="lead_arrived"), Trigger(after_s=9)]),
    ),
    min_size=1,
    max_size=4,
)
RULES = st.builds(
    lambda extra, last, excluded: (extra, last, excluded),
    REQUIREMENTS,
    REQUIREMENTS,
    st.sets(st.sampled_from(KINDS), max_size=1),
)
Given = tuple[list[Requirement], list[Requirement], set[str]]


def decided(units: Sequence[Unit], known: dict[str, UnitState], given_rules: Given) -> Plan:
    extra, last, excluded = given_rules
    states = States()
    states.replace_all(known)
    rules = ruleset(rule(*extra, name="extra", final=False), rule(*last, exclude=sorted(excluded)))
    return decide(request(lost=frozenset({"u3"})), rules, directory(units), states)


@given(UNITS, STATES, RULES)
def test_never_two_leads_nobody_twice_nobody_excluded(
    units: list[Unit], known: dict[str, UnitState], given_rules: Given
) -> None:
    plan = decided(units, known, given_rules)
    assert sum(entry.role == "lead" for entry in plan.planned) <= 1
    assert len(set(codes(plan))) == len(plan.planned)
    assert not {entry.unit.kind for entry in plan.planned} & given_rules[2]
    for entry in plan.planned:
        state = known.get(entry.unit.id, UnitState())
        assert state.duty != "out_of_service"
        if entry.unit.exclusive and entry.role != "notify":
            assert state.committed_to is None
            assert entry.unit.id != "u3"


@given(UNITS, STATES, RULES)
def test_every_place_is_filled_or_says_why_not(
    units: list[Unit], known: dict[str, UnitState], given_rules: Given
) -> None:
    plan = decided(units, known, given_rules)
    filled, missing = {entry.slot for entry in plan.planned}, {gap.slot for gap in plan.shortfalls}
    waiting = {slot for stage in plan.stages for slot in stage.slots}
    assert not filled & missing | filled & waiting | missing & waiting
    assert filled | missing | waiting == set(range(sum(require.count for require in plan.requirements)))
    for number, require in enumerate(plan.requirements):
        mine = [entry for entry in plan.planned if entry.requirement == number]
        gaps = [gap for gap in plan.shortfalls if gap.requirement == number]
        held = [stage for stage in plan.stages if stage.requirement == number]
        assert len({entry.slot for entry in mine}) + len(gaps) == (0 if held else require.count)
        assert len(mine) <= require.asked
        assert not (held and require.role == "lead"), "whoever leads is never held back"


@given(UNITS, STATES, RULES)
def test_a_decision_read_back_from_its_input_is_the_same_byte_for_byte(
    units: list[Unit], known: dict[str, UnitState], given_rules: Given
) -> None:
    extra, last, excluded = given_rules
    states = States()
    states.replace_all(known)
    rules = ruleset(rule(*extra, name="extra", final=False), rule(*last, exclude=sorted(excluded)))
    city, recorded, asked = directory(units), RecordedStates(states), request(lost=frozenset({"u3"}))
    plan = decide(asked, rules, city, recorded)
    names = [f"a{number}" for number in range(len(plan.planned))]
    stored = json.dumps(decision_data(plan, names, "t"))
    kept = json.loads(json.dumps({"input": input_data(asked, recorded.seen), "facts": facts_data(asked.facts)}))
    read, then = read_input(kept["input"], read_facts(kept["facts"]))
    again = decide(read, rules, city, then)
    assert json.dumps(decision_data(again, names[: len(again.planned)], "t")) == stored


@given(UNITS, STATES, RULES, st.randoms(use_true_random=False))
def test_the_same_city_in_another_order_gives_the_same_decision(
    units: list[Unit], known: dict[str, UnitState], given_rules: Given, chance: Random
) -> None:
    shuffled = list(units)
    chance.shuffle(shuffled)
    first, again = decided(units, known, given_rules), decided(shuffled, dict(reversed(known.items())), given_rules)
    assert first.planned == again.planned
    assert first.shortfalls == again.shortfalls
    assert first.considered == again.considered


@given(UNITS, STATES, RULES)
def test_every_chosen_unit_stands_once_among_the_considered(
    units: list[Unit], known: dict[str, UnitState], given_rules: Given
) -> None:
    plan = decided(units, known, given_rules)
    chosen = [seen.candidate.unit.code for seen in plan.considered if seen.outcome == "chosen"]
    assert sorted(chosen) == sorted(codes(plan))
    change = open_incident(opening(), plan, new_id=ids(), directory=directory(units))
    kept = decision_data(plan, [row["id"] for row in change["assignments"]], change["occurred_at"])
    filled = [row for require in kept["requirements"] for row in require["filled"]]  # type: ignore[attr-defined]
    assert filled == [row["id"] for row in sorted(change["assignments"], key=lambda r: r["selection"]["requirement"])]


@given(UNITS, STATES, REQUIREMENTS, st.sets(st.integers(0, 40).map(lambda n: f"u{n}")))
def test_the_next_unit_is_never_one_that_is_there_already(
    units: list[Unit], known: dict[str, UnitState], requires: list[Requirement], taken: set[str]
) -> None:
    states = States()
    states.replace_all(known)
    found = next_unit(requires[0], Search(request(taken=frozenset(taken)), directory(units), states, frozenset()))
    assert found is None or found.unit.id not in taken


@given(UNITS, STATES, REQUIREMENTS)
def test_asking_for_the_next_unit_again_and_again_ends(
    units: list[Unit], known: dict[str, UnitState], requires: list[Requirement]
) -> None:
    states = States()
    states.replace_all(known)
    taken: frozenset[str] = frozenset()
    for _ in range(len(units) + 1):
        found = next_unit(requires[0], Search(request(taken=taken), directory(units), states, frozenset()))
        if found is None:
            break
        taken |= {found.unit.id}
    else:
        pytest.fail("more units than there are")
