import pytest
from hypothesis import given, settings

from dispatch.domain.condition import (
    All,
    AnyOf,
    Compare,
    ConditionError,
    Not,
    compile_condition,
    condition_data,
    parse_condition,
)
from dispatch.domain.condition_contradiction import find_contradictions
from tests.unit.rule_strategies import conditions, incidents_near

URGENT = Compare("urgency", "eq", "urgent")
HOSPITAL = Compare("place_kind", "eq", "hospital")
INJURED = Compare("tags", "has", "injured")


@pytest.mark.parametrize(
    "parts",
    [
        (URGENT, Compare("urgency", "eq", "critical")),
        (URGENT, Compare("urgency", "ne", "urgent")),
        (URGENT, Not(URGENT)),
        (HOSPITAL, Compare("place_kind", "eq", "school")),
        (HOSPITAL, Compare("place_kind", "in", ("school", "bank"))),
        (HOSPITAL, Compare("place_kind", "not_in", ("hospital", "bank"))),
        (Compare("place_kind", "in", ("bank", "school")), Compare("place_kind", "in", ("clinic", "hospital"))),
        (Compare("incident_type", "eq", "fire"), Compare("incident_type", "under", "gas")),
        (Compare("incident_type", "under", "fire"), Compare("incident_type", "under", "gas")),
        (Compare("incident_type", "under", "fire"), Compare("incident_type", "eq", "fires")),
        (Compare("division_code", "under", "430302"), Compare("division_code", "under", "430304")),
        (Compare("hour", "lt", 3), Compare("hour", "gt", 20)),
        (Compare("hour", "ge", 3), Compare("hour", "lt", 3)),
        (Compare("hour", "lt", 0),),
        (Compare("weekday", "gt", 7),),
        (Compare("severity", "gt", "I"),),
        (Compare("severity", "ge", "II"), Compare("severity", "lt", "II")),
        (INJURED, Not(INJURED)),
        (Compare("tags", "has_all", ("injured", "minor")), Not(Compare("tags", "has_any", ("minor", "x")))),
        (URGENT, All((HOSPITAL, Compare("urgency", "eq", "critical")))),
    ],
)
def test_parts_that_shut_each_other_out_are_found(parts):
    with pytest.raises(ConditionError) as caught:
        parse_condition(condition_data(All(parts)), pointer="/when")
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [("/when", "never_true")]


@pytest.mark.parametrize(
    "condition",
    [
        All((URGENT, Compare("severity", "eq", "I"))),
        All((URGENT, Compare("urgency", "in", ("urgent", "critical")))),
        All((Compare("incident_type", "under", "fire"), Compare("incident_type", "ne", "fire"))),
        All((Compare("incident_type", "under", "fire"), Compare("incident_type", "under", "fire.building"))),
        All((Compare("division_code", "under", "4303"), Compare("division_code", "eq", "430304"))),
        All((Compare("hour", "ge", 3), Compare("hour", "le", 3))),
        All((INJURED, Not(Compare("tags", "has_all", ("injured", "minor"))))),
        # Without a value both are met: a negated comparison does not ask for one.
        All((Not(HOSPITAL), Not(Compare("place_kind", "ne", "hospital")))),
        AnyOf((URGENT, Compare("urgency", "eq", "critical"))),
        AnyOf((Compare("hour", "lt", 3), Compare("hour", "gt", 20))),
        Not(All((URGENT, HOSPITAL))),
    ],
)
def test_parts_that_can_meet_are_left_alone(condition):
    assert list(find_contradictions(condition)) == []


def test_a_contradiction_is_reported_where_it_stands_and_once():
    inner = All((HOSPITAL, All((Compare("hour", "lt", 3), Compare("hour", "gt", 20)))))
    ((pointer, detail),) = find_contradictions(All((URGENT, AnyOf((INJURED, inner)))))
    assert pointer == "/all/1/any/1"
    assert detail == "this can never be true: hour < 3 && hour > 20"


def test_a_search_that_would_take_long_is_not_begun():
    parts = [Compare("place_kind", "in", tuple(f"kind{number}" for number in range(400)))]
    parts += [Compare("place_kind", "ne", f"kind{number}") for number in range(400)]
    assert list(find_contradictions(All(tuple(parts)))) == []


@settings(max_examples=200)
@given(conditions(("urgency", "severity", "hour", "tags", "division_code", "place_kind")))
def test_what_is_reported_as_never_true_never_is(condition):
    test = compile_condition(condition)
    if any(pointer == "" for pointer, _ in find_contradictions(condition)):
        assert not any(map(test, incidents_near(condition, 20)))
