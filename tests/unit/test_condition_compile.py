import pytest
from hypothesis import given, settings

from dispatch.domain.condition import (
    FIELDS,
    All,
    AnyOf,
    Compare,
    ConditionResult,
    Not,
    compile_condition,
    explain_condition,
    is_explained_met,
    required_prefixes,
    required_values,
    unmet_conditions,
)
from tests.unit.rule_strategies import compares, conditions, facts

INCIDENT = {
    "incident_type": "fire.building",
    "place_kind": "hospital",
    "urgency": "urgent",
    "severity": "II",
    "tags": frozenset({"injured", "minor"}),
    "division_code": "430304005",
    "hour": 2,
    "weekday": 7,
    "channel": "phone_110",
}
FIRE = Compare("incident_type", "eq", "fire")
HOSPITAL = Compare("place_kind", "eq", "hospital")
SCHOOL = Compare("place_kind", "eq", "school")
URGENT = Compare("urgency", "eq", "urgent")


@pytest.mark.parametrize(
    ("compare", "expected"),
    [
        (Compare("urgency", "eq", "urgent"), True),
        (Compare("urgency", "eq", "normal"), False),
        (Compare("urgency", "ne", "normal"), True),
        (Compare("urgency", "in", ("normal", "urgent")), True),
        (Compare("urgency", "not_in", ("normal", "urgent")), False),
        (Compare("incident_type", "under", "fire"), True),
        (Compare("incident_type", "under", "fire.building"), True),
        (Compare("incident_type", "under", "fire.build"), False),
        (Compare("division_code", "under", "4303"), True),
        (Compare("division_code", "under", "430305"), False),
        (Compare("tags", "has", "injured"), True),
        (Compare("tags", "has_any", ("weapon", "minor")), True),
        (Compare("tags", "has_all", ("weapon", "minor")), False),
        (Compare("tags", "has_all", ("injured", "minor")), True),
        (Compare("hour", "lt", 3), True),
        (Compare("hour", "le", 1), False),
        (Compare("hour", "gt", 1), True),
        (Compare("hour", "ge", 3), False),
        (Compare("weekday", "in", (6, 7)), True),
        # Level I is the highest: II is above III and below I.
        (Compare("severity", "gt", "III"), True),
        (Compare("severity", "ge", "II"), True),
        (Compare("severity", "ge", "I"), False),
        (Compare("severity", "lt", "I"), True),
        (Compare("severity", "le", "III"), False),
    ],
)
def test_each_operator_decides_by_the_actual_value(compare, expected):
    assert compile_condition(compare)(INCIDENT) is expected


@given(compares())
def test_a_comparison_without_a_value_is_false_whatever_the_operator(compare):
    assert compile_condition(compare)({}) is False
    assert compile_condition(compare)({compare.field: None}) is False


@pytest.mark.parametrize("field", [field for field in FIELDS.values() if field.kind not in {"whole", "set"}])
def test_an_empty_text_counts_as_no_value(field):
    known = field.values[0] if field.values else "x"
    for compare in (Compare(field.name, "ne", known), Compare(field.name, "not_in", (known,))):
        assert compile_condition(compare)({field.name: ""}) is False


def test_the_opposite_of_a_comparison_without_a_value_is_true():
    assert compile_condition(Not(HOSPITAL))({}) is True


def test_a_missing_type_is_not_a_type_called_none():
    assert compile_condition(Compare("incident_type", "under", "None"))({"incident_type": None}) is False


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_groups_of_any_size_decide_alike(count):
    holds, fails = Compare("hour", "eq", 2), Compare("hour", "eq", 3)
    for place in range(count):
        one_fails = tuple(fails if place == index else holds for index in range(count))
        one_holds = tuple(holds if place == index else fails for index in range(count))
        assert compile_condition(All(one_fails))(INCIDENT) is False
        assert compile_condition(AnyOf(one_holds))(INCIDENT) is True
    assert compile_condition(All((holds,) * count))(INCIDENT) is True
    assert compile_condition(AnyOf((fails,) * count))(INCIDENT) is False


@settings(max_examples=200)
@given(conditions(), facts())
def test_the_explanation_adds_up_to_the_decision(condition, incident):
    results = explain_condition(condition, incident)
    assert is_explained_met(condition, results) is compile_condition(condition)(incident)


@settings(max_examples=200)
@given(conditions(), facts())
def test_nothing_is_unmet_exactly_when_the_condition_holds(condition, incident):
    count, unmet = unmet_conditions(condition, incident)
    assert (count == 0) is compile_condition(condition)(incident)
    assert len(unmet) >= count
    assert not any(result.met for result in unmet)


def test_every_comparison_is_explained_with_its_actual_value():
    condition = All(
        (FIRE, AnyOf((HOSPITAL, SCHOOL)), Compare("tags", "has", "weapon"), Compare("area_class", "ne", "rural"))
    )
    assert explain_condition(condition, INCIDENT) == (
        ConditionResult('incident_type == "fire"', "fire.building", met=False, field="incident_type"),
        ConditionResult('place_kind == "hospital"', "hospital", met=True, field="place_kind"),
        ConditionResult('place_kind == "school"', "hospital", met=False, field="place_kind"),
        ConditionResult('"weapon" in tags', ("injured", "minor"), met=False, field="tags"),
        ConditionResult('(area_class != "" && area_class != "rural")', None, met=False, field="area_class"),
    )


def test_a_negated_comparison_is_explained_as_its_opposite():
    (result,) = explain_condition(Not(SCHOOL), INCIDENT)
    assert (result.text, result.met) == ('!(place_kind == "school")', True)
    (result,) = explain_condition(Not(Not(SCHOOL)), INCIDENT)
    assert (result.text, result.met) == ('place_kind == "school"', False)


def test_the_cheapest_alternatives_are_what_is_missing():
    far = All((FIRE, SCHOOL))
    count, unmet = unmet_conditions(All((URGENT, AnyOf((far, SCHOOL, Not(HOSPITAL))))), INCIDENT)
    assert count == 1
    assert [result.text for result in unmet] == ['place_kind == "school"', '!(place_kind == "hospital")']


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (HOSPITAL, {"hospital"}),
        (Compare("place_kind", "in", ("hospital", "school")), {"hospital", "school"}),
        (Compare("place_kind", "ne", "hospital"), None),
        (Not(HOSPITAL), None),
        (FIRE, None),
        (All((FIRE, HOSPITAL)), {"hospital"}),
        (All((HOSPITAL, Compare("place_kind", "in", ("hospital", "school")))), {"hospital"}),
        (All((HOSPITAL, SCHOOL)), set()),
        (AnyOf((HOSPITAL, SCHOOL)), {"hospital", "school"}),
        (AnyOf((HOSPITAL, FIRE)), None),
        (All((FIRE, AnyOf((HOSPITAL, All((SCHOOL, FIRE)))))), {"hospital", "school"}),
    ],
)
def test_the_values_that_a_field_must_have_are_known(condition, expected):
    assert required_values(condition, "place_kind") == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Compare("division_code", "under", "4303"), {"4303"}),
        (Compare("division_code", "eq", "430304005"), {"430304005"}),
        (
            All((Compare("division_code", "in", ("430304", "430302")), Compare("division_code", "under", "4303"))),
            {"4303"},
        ),
        (AnyOf((Compare("division_code", "under", "4303"), Compare("division_code", "eq", "43"))), {"4303", "43"}),
        (AnyOf((Compare("division_code", "under", "4303"), FIRE)), None),
        (Not(Compare("division_code", "under", "4303")), None),
    ],
)
def test_the_prefixes_that_a_code_must_have_are_known(condition, expected):
    assert required_prefixes(condition, "division_code") == expected


@settings(max_examples=200)
@given(conditions(("incident_type", "place_kind", "division_code")), facts())
def test_a_condition_holds_only_with_its_required_values(condition, incident):
    if not compile_condition(condition)(incident):
        return
    for field in ("incident_type", "place_kind"):
        required = required_values(condition, field)
        assert required is None or incident.get(field) in required
    prefixes = required_prefixes(condition, "division_code")
    assert prefixes is None or str(incident["division_code"]).startswith(tuple(prefixes))
