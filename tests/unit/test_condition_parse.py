import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dispatch.domain.condition import (
    All,
    AnyOf,
    Compare,
    ConditionError,
    Not,
    condition_data,
    condition_size,
    leaves,
    parse_condition,
)
from dispatch.domain.condition_contradiction import find_contradictions
from dispatch.domain.condition_parse import MAX_DEPTH, MAX_NODES
from dispatch.domain.rule_document import MAX_PROBLEMS
from tests.unit.rule_strategies import conditions

URGENT = {"field": "urgency", "op": "eq", "value": "urgent"}


def problems_of(data, *, pointer=""):
    with pytest.raises(ConditionError) as caught:
        parse_condition(data, pointer=pointer)
    return [(problem.pointer, problem.code) for problem in caught.value.problems]


def detail_of(data):
    with pytest.raises(ConditionError) as caught:
        parse_condition(data)
    (problem,) = caught.value.problems
    return problem.detail


def compare(field, op, value):
    return {"field": field, "op": op, "value": value}


def test_a_tree_of_every_shape_is_read():
    data = {"all": [URGENT, {"any": [compare("tags", "has_any", ["injured", "minor"]), {"not": URGENT}]}]}
    assert parse_condition(data) == All(
        (
            Compare("urgency", "eq", "urgent"),
            AnyOf((Compare("tags", "has_any", ("injured", "minor")), Not(Compare("urgency", "eq", "urgent")))),
        )
    )


@given(conditions())
def test_what_is_written_reads_back_the_same(condition):
    assume(not list(find_contradictions(condition)))
    assert parse_condition(condition_data(condition)) == condition


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, [("", "wrong_type")]),
        ([], [("", "wrong_type")]),
        ("urgency == 'urgent'", [("", "wrong_type")]),
        ({}, [("", "missing"), ("", "missing"), ("", "missing")]),
        ({"all": [URGENT], "any": [URGENT]}, [("", "unknown_key")]),
        ({"not": URGENT, "value": 1}, [("", "unknown_key")]),
        ({**URGENT, "comment": "x"}, [("", "unknown_key")]),
        ({1: 2, **URGENT}, [("", "unknown_key")]),
        ({"all": []}, [("/all", "empty")]),
        ({"any": {}}, [("/any", "wrong_type")]),
        ({"not": None}, [("/not", "wrong_type")]),
        ({"all": [URGENT, 3, {"not": "x"}]}, [("/all/1", "wrong_type"), ("/all/2/not", "wrong_type")]),
        (compare("urgensy", "eq", "urgent"), [("/field", "unknown_field")]),
        (compare(["urgency"], "eq", "urgent"), [("/field", "wrong_type")]),
        (compare("urgency", "equals", "urgent"), [("/op", "unknown_operator")]),
        (compare("urgency", "lt", "urgent"), [("/op", "wrong_operator")]),
        (compare("tags", "eq", "injured"), [("/op", "wrong_operator")]),
        (compare("place_kind", "under", "hospital"), [("/op", "wrong_operator")]),
        (compare("urgency", "eq", "URGENT"), [("/value", "unknown_urgency")]),
        (compare("urgency", "eq", 1), [("/value", "wrong_type")]),
        (compare("urgency", "eq", ["urgent"]), [("/value", "wrong_type")]),
        (compare("urgency", "in", "urgent"), [("/value", "wrong_type")]),
        (compare("urgency", "in", []), [("/value", "empty")]),
        (compare("urgency", "in", ["urgent", None]), [("/value/1", "wrong_type")]),
        (compare("hour", "eq", True), [("/value", "wrong_type")]),
        (compare("hour", "eq", 3.0), [("/value", "wrong_type")]),
        (compare("hour", "eq", "3"), [("/value", "wrong_type")]),
        (compare("hour", "eq", 24), [("/value", "out_of_range")]),
        (compare("weekday", "in", [1, 0, 8]), [("/value/1", "out_of_range"), ("/value/2", "out_of_range")]),
        (compare("hour", "lt", -(10**5000)), [("/value", "out_of_range")]),
        (compare("incident_type", "under", "fire."), [("/value", "bad_value")]),
        (compare("incident_type", "eq", ""), [("/value", "empty")]),
        (compare("division_code", "under", "4303%"), [("/value", "bad_value")]),
        (compare("division_code", "under", "4" * 21), [("/value", "too_long")]),
        (compare("channel", "eq", "x" * 201), [("/value", "too_long")]),
        (compare("channel", "eq", "a\0b"), [("/value", "bad_text")]),
        (compare("tags", "has", "\ud800"), [("/value", "bad_text")]),
    ],
)
def test_a_wrong_condition_is_refused_at_its_place(data, expected):
    assert problems_of(data) == expected


def test_a_refusal_names_what_was_probably_meant():
    assert detail_of(compare("place_knd", "eq", "x")) == "unknown field 'place_knd'; did you mean place_kind, day_kind?"
    assert detail_of(compare("urgency", "eq", "urgnt")) == "unknown urgency 'urgnt'; did you mean urgent?"
    assert detail_of(compare("tags", "eq", "x")) == "tags knows has, has_any, has_all, not eq"


def test_pointers_start_where_the_condition_stands():
    assert problems_of({"all": [3]}, pointer="/rules/4/when") == [("/rules/4/when/all/0", "wrong_type")]


def test_leaves_carry_the_pointers_of_their_data():
    condition = parse_condition({"all": [URGENT, {"not": {"any": [URGENT, URGENT]}}]})
    assert [pointer for pointer, _ in leaves(condition)] == ["/all/0", "/all/1/not/any/0", "/all/1/not/any/1"]
    assert condition_size(condition) == 6


def nested(depth):
    data = URGENT
    for _ in range(depth - 1):
        data = {"not": data}
    return data


def test_nesting_ends_at_the_limit():
    parse_condition(nested(MAX_DEPTH))
    assert problems_of(nested(MAX_DEPTH + 1)) == [("/not" * MAX_DEPTH, "too_deep")]


def test_ten_thousand_levels_are_refused_without_recursion():
    assert problems_of(nested(10_000)) == [("/not" * MAX_DEPTH, "too_deep")]


def test_a_condition_that_holds_itself_is_refused():
    data = {"all": []}
    data["all"].append(data)
    assert problems_of(data) == [("/all/0" * MAX_DEPTH, "too_deep")]


def test_as_many_parts_as_allowed_are_read():
    parse_condition({"any": [URGENT] * (MAX_NODES - 1)})
    assert problems_of({"any": [URGENT] * MAX_NODES}) == [("", "too_many")]


def test_a_million_parts_or_values_are_refused_by_their_number():
    assert problems_of({"all": [0] * 1_000_000}) == [("/all", "too_many")]
    assert problems_of(compare("tags", "has_any", [0] * 1_000_000)) == [("/value", "too_many")]


def test_values_are_counted_over_the_whole_condition():
    tags = compare("tags", "has_any", [f"tag{number}" for number in range(300)])
    assert problems_of({"any": [tags, tags]}) == [("/any/1/value", "too_many")]


def test_doubling_references_are_refused_before_they_unfold():
    data = URGENT
    for _ in range(15):
        data = {"any": [data] * 10}
    codes = {code for _, code in problems_of(data)}
    assert codes == {"too_many"}


def test_no_more_problems_are_collected_than_anybody_reads():
    assert len(problems_of({"all": [3] * 400})) == MAX_PROBLEMS
    assert len(problems_of(dict.fromkeys(range(100_000)))) == MAX_PROBLEMS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["urgency", "eq", "hour"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["all", "any", "not", "field", "op", "value", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=50)
@given(JSON)
def test_any_document_is_read_or_refused_with_printable_details(data):
    try:
        parse_condition(data)
    except ConditionError as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(problem.detail.isprintable() for problem in problems)
