from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.condition import All, AnyOf, Compare, Not, compile_condition
from dispatch.domain.ruleset import CompiledRuleset, Requirement, Rule, Ruleset
from tests.unit.rule_strategies import CATCH_ALL, LEAD, conditions, facts, incidents_near, rulesets

FIRE = Compare("incident_type", "eq", "fire.building")
ANY_FIRE = Compare("incident_type", "under", "fire")
HOSPITAL = Compare("place_kind", "eq", "hospital")
NIGHT = Compare("hour", "ge", 22)
INCIDENT = {
    "incident_type": "fire.building",
    "place_kind": "hospital",
    "division_code": "430304005",
    "hour": 23,
    "tags": frozenset[str](),
}
# What the index files by, and one field that it does not.
FILED = ("incident_type", "place_kind", "division_code", "urgency")


def rule(rule_id, when, *, priority=0, final=True):
    return Rule(rule_id, rule_id, rule_id, priority, final, when, LEAD if final else (Requirement("cdc", "notify"),))


def compiled(*rules):
    return CompiledRuleset(Ruleset(1, "默认", "Default", (*rules, CATCH_ALL)))


def ids(rules):
    return [found.id for found in rules]


def read_in_order(ruleset, incident):
    """What matches when every rule is read: the index must not be seen in the answer."""
    matched = []
    for found in sorted(ruleset.rules, key=lambda found: (-found.priority, found.id)):
        if not found.catch_all and (found.when is None or compile_condition(found.when)(incident)):
            matched.append(found)
            if found.final:
                return tuple(matched)
    return (*matched, CATCH_ALL)


def test_reading_stops_at_the_first_final_rule():
    rules = (rule("a", FIRE, priority=3, final=False), rule("b", ANY_FIRE, priority=2), rule("c", FIRE, priority=1))
    assert ids(compiled(*rules).matching(INCIDENT)) == ["a", "b"]


def test_equal_priorities_are_read_by_id():
    rules = [rule(name, FIRE, final=name == "c") for name in "dabc"]
    for order in permutations(rules):
        assert ids(compiled(*order).matching(INCIDENT)) == ["a", "b", "c"]


def test_the_catch_all_applies_when_nothing_else_does():
    assert ids(compiled(rule("a", FIRE)).matching({**INCIDENT, "incident_type": "gas.leak"})) == ["catch-all"]
    assert ids(compiled().matching({})) == ["catch-all"]


def test_an_incident_that_only_rules_to_be_read_on_match_still_gets_the_catch_all():
    assert ids(compiled(rule("a", FIRE, final=False)).matching(INCIDENT)) == ["a", "catch-all"]


def test_the_catch_all_gives_way_whatever_its_priority():
    early = Rule("first", "兜底", "Catch-all", 1_000, final=True, when=None, require=LEAD, catch_all=True)
    ruleset = CompiledRuleset(Ruleset(1, "默认", "Default", (early, rule("a", FIRE))))
    assert ids(ruleset.matching(INCIDENT)) == ["a"]


def test_a_rule_of_several_alternatives_matches_once():
    divisions = AnyOf(tuple(Compare("division_code", "under", code) for code in ("4303", "430304", "430304005")))
    places = Compare("place_kind", "in", ("hospital", "school", "hospital"))
    ruleset = compiled(rule("a", All((divisions, places, AnyOf((FIRE, FIRE)))), final=False))
    assert ids(ruleset.matching(INCIDENT)) == ["a", "catch-all"]


def test_a_rule_of_very_many_alternatives_is_found_like_any_other():
    types = Compare("incident_type", "in", tuple(f"type{number}" for number in range(300)))
    kinds = Compare("place_kind", "in", ("hospital", *(f"kind{number}" for number in range(150))))
    ruleset = compiled(rule("a", All((types, kinds))))
    assert ids(ruleset.matching({**INCIDENT, "incident_type": "type299"})) == ["a"]


def test_a_missing_type_and_place_still_find_the_rules_that_ask_for_neither():
    ruleset = compiled(rule("a", FIRE), rule("b", HOSPITAL), rule("c", Not(HOSPITAL), final=False), rule("d", NIGHT))
    assert ids(ruleset.matching({"hour": 23})) == ["c", "d"]
    assert ids(ruleset.matching({"hour": 23, "incident_type": None, "place_kind": None})) == ["c", "d"]


@settings(max_examples=150)
@given(rulesets(conditions(FILED, most=4)), facts())
def test_the_index_answers_as_reading_every_rule_would(ruleset, incident):
    index = CompiledRuleset(ruleset)
    near = [other for found in ruleset.rules if found.when for other in incidents_near(found.when, 5)]
    for other in (incident, *near):
        assert index.matching(other) == read_in_order(ruleset, other)


@settings(max_examples=60)
@given(rulesets(), facts(), st.randoms(use_true_random=False))
def test_the_order_in_which_rules_were_written_means_nothing(ruleset, incident, chance):
    mixed = list(ruleset.rules)
    chance.shuffle(mixed)
    index, other = CompiledRuleset(ruleset), CompiledRuleset(Ruleset(7, "默认", "Default", tuple(mixed)))
    assert index.matching(incident) == other.matching(incident)
    assert index.near_misses(incident) == other.near_misses(incident)


@settings(max_examples=60)
@given(rulesets(), facts(), conditions(most=3), st.integers(0, 3))
def test_an_unrelated_rule_changes_nothing(ruleset, incident, when, priority):
    unrelated = rule("unrelated", All((Compare("incident_type", "eq", "flood"), when)), priority=priority)
    grown = CompiledRuleset(Ruleset(7, "默认", "Default", (*ruleset.rules, unrelated)))
    assert grown.matching(incident) == CompiledRuleset(ruleset).matching(incident)


@settings(max_examples=60)
@given(rulesets(), facts())
def test_reading_always_ends_with_a_rule_that_names_a_lead(ruleset, incident):
    last = CompiledRuleset(ruleset).matching(incident)[-1]
    assert [requirement.role for requirement in last.require].count("lead") == 1


def near(ruleset, incident, **options):
    return [(found.id, [r.text for r in unmet]) for found, unmet in ruleset.near_misses(incident, **options)]


def test_a_rule_that_one_comparison_kept_from_matching_is_a_near_miss():
    school = Compare("place_kind", "eq", "school")
    ruleset = compiled(
        rule("day", All((FIRE, HOSPITAL, Compare("hour", "lt", 22)))),
        rule("far", All((FIRE, school, Compare("hour", "lt", 22)))),
        rule("matches", All((FIRE, HOSPITAL))),
        rule("other-type", Compare("incident_type", "eq", "gas.leak")),
        rule("school", All((FIRE, AnyOf((school, Compare("place_kind", "eq", "bank")))))),
    )
    assert near(ruleset, INCIDENT) == [
        ("day", ["hour < 22"]),
        ("school", ['place_kind == "school"', 'place_kind == "bank"']),
    ]
    assert near(ruleset, INCIDENT, limit=1) == [("day", ["hour < 22"])]


@pytest.mark.parametrize("incident", [{}, {"incident_type": None}, {"incident_type": "unheard.of"}])
def test_near_misses_of_an_unknown_type_look_at_the_rules_for_any(incident):
    ruleset = compiled(rule("a", All((ANY_FIRE, NIGHT))), rule("b", NIGHT), rule("c", FIRE))
    assert near(ruleset, incident) == [("b", ["hour >= 22"])]
