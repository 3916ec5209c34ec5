"""A colleague who compares two rulesets sees what they do differently, and nothing that only looks different."""

import copy
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.rule import rule_data
from dispatch.domain.ruleset import ruleset_data
from dispatch.domain.ruleset_diff import diff_rulesets
from dispatch.domain.ruleset_plain import brief
from tests.unit.rule_strategies import CATCH_ALL, rulesets

NAME = {"zh": "规则", "en": "Rule"}
LEAD = {"unit_kind": "police_station", "role": "lead"}
HEALTH = {"unit_kind": "health_office", "role": "support"}
BOAT = {"capability": "boat", "role": "support"}
URGENT = {"field": "urgency", "op": "eq", "value": "urgent"}
HURT = {"field": "tags", "op": "has_any", "value": ["injured", "minor"]}
EXCLUDE = {"unit_kind": "volunteer_team", "reason": NAME}


def ruleset(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": NAME, "rules": [*rules, rule_data(CATCH_ALL)], **more}


def rule(**changes: Any) -> dict[str, Any]:
    return {"id": "urgent", "name": NAME, "priority": 10, "when": URGENT, "require": [LEAD, HEALTH], **changes}


def changes_of(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """Give field → English words of the one rule that changed."""
    found = diff_rulesets(ruleset(before), ruleset(after))
    (changed,) = found.changed
    assert (found.added, found.removed, found.fields) == ((), (), ())
    return {change["field"]: change["text"]["en"] for change in changed.data()["fields"]}  # type: ignore[index,union-attr]


@settings(max_examples=40)
@given(rulesets(whole=True), st.integers())
def test_order_and_what_goes_without_saying_are_no_difference(made, seed):
    data: Any = ruleset_data(made)
    assert diff_rulesets(data, brief(data)).is_empty
    shuffled = copy.deepcopy(data)
    Random(seed).shuffle(shuffled["rules"])
    assert diff_rulesets(data, shuffled).is_empty


@settings(max_examples=40)
@given(rulesets(whole=True), rulesets(whole=True))
def test_two_rulesets_differ_exactly_where_they_are_not_the_same(first, second):
    one, other = diff_rulesets(ruleset_data(first), ruleset_data(second)), first == second
    back = diff_rulesets(ruleset_data(second), ruleset_data(first))
    assert not other or one.is_empty
    assert [entry.rule for entry in one.added] == [entry.rule for entry in back.removed]
    assert {entry.rule for entry in one.changed} == {entry.rule for entry in back.changed}


def test_the_parts_of_all_and_any_have_no_order():
    swapped = {**HURT, "value": ["minor", "injured"]}
    before, after = rule(when={"all": [URGENT, HURT]}), rule(when={"all": [swapped, URGENT]})
    assert diff_rulesets(ruleset(before), ruleset(after)).is_empty


def test_rules_that_come_and_go_are_named_in_both_languages():
    found = diff_rulesets(ruleset(rule()), ruleset(rule(id="new"))).data()
    assert found["added"] == [{"rule": "new", "name": NAME}]
    assert found["removed"] == [{"rule": "urgent", "name": NAME}]


def test_every_changed_field_is_told_with_before_and_after():
    told = changes_of(
        rule(),
        rule(
            priority=20,
            name={"zh": "规则", "en": "Urgent"},
            when={"all": [URGENT, HURT]},
            require=[{**LEAD, "count": 2}, HEALTH, {**BOAT, "release": {"after_s": 60}}],
            exclude=[EXCLUDE],
        ),
    )
    assert told == {
        "priority": "priority: 10 → 20",
        "name.en": "name, English: Rule → Urgent",
        "when": 'condition: urgency == "urgent" → urgency == "urgent" && ("injured" in tags || "minor" in tags)',
        "require[police_station lead].count": "requirement police_station lead, count: 1 → 2",
        "require[boat support]": "requirement boat support: added "
        "(capability boat, role support, release (after_s 60))",
        "exclude[volunteer_team]": "exclusion volunteer_team: added "
        "(unit_kind volunteer_team, reason (zh 规则, en Rule))",
    }


def test_the_words_are_chinese_too():
    (changed,) = diff_rulesets(ruleset(rule()), ruleset(rule(priority=20, require=[LEAD]))).changed
    assert [change.data()["text"]["zh"] for change in changed.changes] == [  # type: ignore[index]
        "优先级：10 → 20",
        "删除派警要求 health_office support：(unit_kind health_office, role support)",
    ]


def test_who_is_asked_first_is_a_difference():
    assert changes_of(rule(), rule(require=[HEALTH, LEAD])) == {
        "require.order": "requirement, order: police_station lead, health_office support → "
        "health_office support, police_station lead"
    }
    choose = [{**LEAD, "choose": ["load", "nearest"]}, HEALTH]
    assert list(changes_of(rule(), rule(require=choose))) == ["require[police_station lead].choose"]


def test_two_requirements_of_one_kind_are_told_apart():
    twice = rule(require=[LEAD, HEALTH, {**HEALTH, "mandatory": False}])
    assert list(changes_of(rule(), twice)) == ["require[health_office support #2]"]


def test_what_concerns_the_whole_ruleset_is_told_beside_the_rules():
    correlations = [{"incident_types": ["fire", "gas.leak"], "within_m": 200}]
    found = diff_rulesets(ruleset(), ruleset(correlations=correlations) | {"name": {"zh": "规则", "en": "New"}})
    assert [change.field for change in found.fields] == ["name.en", "correlations[fire,gas.leak]"]
    turned = [{"within_m": 200, "incident_types": ["gas.leak", "fire"], "join": "suggest"}]
    assert diff_rulesets(ruleset(correlations=correlations), ruleset(correlations=turned)).is_empty


def test_a_body_that_was_spoilt_by_hand_is_compared_all_the_same():
    for spoilt in (None, [], {"rules": 3}, {"rules": [None, {"id": [], "require": 5, "when": "x"}]}, {"name": 7}):
        assert not diff_rulesets(ruleset(rule()), spoilt).is_empty
        diff_rulesets(spoilt, ruleset(rule())).data()


def test_the_history_keeps_the_ids_and_not_more_than_anybody_reads():
    many = [rule(id=f"r{number}") for number in range(80)]
    assert diff_rulesets(ruleset(), ruleset(*many)).names()["added"] == 80
    assert diff_rulesets(ruleset(), ruleset(rule())).names()["added"] == ["urgent"]
