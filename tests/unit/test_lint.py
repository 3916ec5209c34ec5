"""What lint finds in a ruleset, and the near miss of each that is no finding: rules among themselves."""

from dataclasses import replace

import pytest

from dispatch.domain.condition import All, AnyOf, Compare, Not
from dispatch.domain.lint import LEVELS, lint
from dispatch.domain.rule import Correlation, Requirement
from dispatch.domain.ruleset import ruleset_data
from dispatch.domain.trigger import Trigger
from tests.support.town import (
    ARMED,
    CATCH_ALL,
    FIRE,
    GAS,
    HOSPITAL,
    HURT,
    LEAD,
    NIGHT,
    OTHER_TOWNSHIP,
    findings,
    rule,
    ruleset,
    told,
    town,
)
from tests.support.world import CITY, ELSEWHERE, TOWNSHIP, unit

VOLUNTEERS = Requirement("volunteers", "support")
EVERYBODY = town([unit("v", "volunteers", [CITY]), unit("h", "health", [CITY])])


def test_a_rule_below_a_wider_final_rule_never_acts() -> None:
    rules = rule("wide", FIRE, priority=500), rule("hospital", [FIRE, HOSPITAL])
    found = findings("shadowed", *rules)
    assert [(entry.level, entry.rule, entry.pointer) for entry in found] == [("error", "hospital", "/rules/1")]
    assert "wide" in found[0].detail_zh
    assert "wide" in found[0].detail_en


def test_a_rule_above_a_wider_one_or_below_one_that_is_read_on_from_acts() -> None:
    narrow = rule("hospital", [FIRE, HOSPITAL], priority=300)
    assert told("shadowed", narrow, rule("wide", FIRE, priority=100)) == []
    assert told("shadowed", narrow, rule("wide", FIRE, VOLUNTEERS, priority=500, final=False)) == []


def test_two_rules_that_only_together_leave_nothing_are_both_named() -> None:
    day, night = rule("day", [FIRE, Not(NIGHT)], priority=500), rule("night", [FIRE, NIGHT], priority=500)
    found = findings("shadowed", day, night, rule("fire", FIRE))
    assert [entry.rule for entry in found] == ["fire"]
    assert "day" in found[0].detail_en
    assert "night" in found[0].detail_en
    assert told("shadowed", day, rule("fire", FIRE)) == []


def test_a_rule_for_all_areas_is_shadowed_by_rules_for_every_class_of_area() -> None:
    classes = [rule(name, [FIRE, Compare("area_class", "eq", name)], priority=500) for name in ("urban", "suburb")]
    assert told("shadowed", *classes, rule("fire", FIRE)) == [("error", "fire")]
    assert told("shadowed", classes[0], rule("fire", FIRE)) == []


def test_a_rule_for_a_response_mode_below_the_ordinary_one_is_told_to_go_above() -> None:
    mode = rule("flood", [FIRE, Compare("response_mode", "in", ("II", "I"))], priority=100)
    found = findings("shadowed", rule("fire", FIRE), mode)
    assert "响应模式" in found[0].detail_zh
    assert "response mode" in found[0].detail_en
    assert told("shadowed", rule("fire", FIRE), replace(mode, priority=500)) == []


def test_a_condition_on_a_division_that_is_nowhere_can_never_be_true() -> None:
    lost = rule("lost", [FIRE, Compare("division_code", "under", "4399")])
    assert told("never_true", lost) == [("error", "lost")]
    assert told("unknown_division", lost) == [("warning", "lost")]
    here = rule("here", [FIRE, Compare("division_code", "under", TOWNSHIP)])
    assert told("never_true", here) == told("unknown_division", here) == []


def test_a_class_of_area_that_a_county_does_not_have_makes_a_rule_dead() -> None:
    suburb = Compare("area_class", "eq", "suburb")
    assert told("never_true", rule("x", [Compare("division_code", "under", OTHER_TOWNSHIP), suburb])) == [
        ("error", "x")
    ]
    assert told("never_true", rule("x", [Compare("division_code", "under", TOWNSHIP), suburb])) == []


def test_an_incident_type_that_was_abolished_is_named_at_its_place() -> None:
    when = All((HOSPITAL, Compare("incident_type", "in", ("fire.building", "flood"))))
    found = findings("unknown_incident_type", rule("a", when), rule("b", Compare("incident_type", "under", "flood")))
    assert [(entry.rule, entry.pointer) for entry in found] == [
        ("a", "/rules/0/when/all/1/value"),
        ("b", "/rules/1/when/value"),
    ]
    assert told("unknown_incident_type", rule("a", Compare("incident_type", "under", "fire"))) == []


def test_a_rule_that_holds_for_every_call_leaves_the_catch_all_nothing() -> None:
    always = AnyOf((NIGHT, Compare("hour", "lt", 22)))
    assert told("idle_catch_all", rule("always", always)) == [("warning", "catch-all")]
    assert told("idle_catch_all", rule("always", always, VOLUNTEERS, final=False)) == []
    assert told("idle_catch_all", rule("night", NIGHT), rule("fire", FIRE)) == []


def test_a_type_that_no_rule_names_is_told_and_the_one_for_the_rest_is_only_noted() -> None:
    found = findings("type_without_rule", rule("fire", Compare("incident_type", "under", "fire")))
    assert [(entry.level, entry.detail_en.split("(")[1].split(")")[0]) for entry in found] == [
        ("warning", "gas.leak"),
        ("note", "other"),
    ]
    assert told("type_without_rule", rule("fire", FIRE), rule("gas", GAS)) == [("note", None)]


def test_two_final_rules_of_one_priority_that_send_others_are_refused() -> None:
    night = rule("night", [FIRE, NIGHT], Requirement("health", "lead"))
    found = findings("order_by_id", night, rule("hospital", [FIRE, HOSPITAL]))
    assert [(entry.level, entry.rule, entry.pointer) for entry in found] == [("error", "night", "/rules/1/priority")]
    assert "place_kind = hospital" in found[0].detail_en


@pytest.mark.parametrize(
    "other",
    [
        rule("b", [FIRE, NIGHT]),
        rule("b", [FIRE, Not(HOSPITAL)], Requirement("health", "lead")),
        rule("b", [GAS, HOSPITAL], Requirement("health", "lead")),
        rule("b", FIRE, Requirement("health", "lead"), priority=301),
    ],
    ids=["requires the same", "other places", "other types", "another priority"],
)
def test_final_rules_that_never_meet_or_require_the_same_may_share_a_priority(other) -> None:
    assert told("order_by_id", rule("a", [FIRE, HOSPITAL]), other) == []


def test_two_rules_of_one_priority_that_a_third_one_always_goes_before_do_not_clash() -> None:
    a, b = rule("a", [FIRE, HOSPITAL]), rule("b", [FIRE, NIGHT], Requirement("health", "lead"))
    both = rule("both", [FIRE, HOSPITAL, NIGHT], priority=500)
    assert told("order_by_id", a, b, both) == []


def test_an_addition_of_the_same_priority_as_a_final_rule_may_not_be_read() -> None:
    addition = rule("b", HURT, VOLUNTEERS, final=False)
    assert told("order_by_id", rule("a", FIRE), addition) == [("warning", "b")]
    assert told("order_by_id", rule("c", FIRE), addition) == [("warning", "c")]
    assert told("order_by_id", rule("a", FIRE), replace(addition, priority=900)) == []


def test_two_additions_of_one_priority_clash_only_where_both_give_the_lead() -> None:
    lead, support = Requirement("health", "lead"), Requirement("health", "support")
    first = rule("a", FIRE, LEAD, final=False, priority=900)
    second = rule("b", HURT, lead, final=False, priority=900)
    assert told("order_by_id", first, second) == [("warning", "b")]
    assert told("order_by_id", first, replace(second, require=(support,))) == []
    above = rule("c", FIRE, Requirement("volunteers", "lead"), final=False, priority=950)
    assert told("order_by_id", above, first, second) == []


def test_a_rule_that_requires_what_it_excludes_is_refused() -> None:
    contradiction = rule("x", FIRE, LEAD, VOLUNTEERS, exclude=["volunteers"])
    found = findings("excluded_requirement", contradiction, where=EVERYBODY)
    assert [(entry.level, entry.pointer) for entry in found] == [("error", "/rules/0/require/1")]
    assert told("excluded_requirement", rule("x", FIRE, LEAD, exclude=["volunteers"]), where=EVERYBODY) == []


def test_an_exclusion_that_empties_a_rule_below_it_is_found() -> None:
    armed = rule("armed", ARMED, final=False, exclude=["volunteers"], priority=900)
    search = rule("search", FIRE, LEAD, VOLUNTEERS)
    found = findings("excluded_requirement", armed, search, where=EVERYBODY)
    assert [(entry.level, entry.rule) for entry in found] == [("error", "search")]
    assert "armed" in found[0].detail_zh
    instead = replace(VOLUNTEERS, substitutes=("police",))
    assert told("excluded_requirement", armed, rule("search", FIRE, LEAD, instead)) == [("warning", "search")]


def test_an_exclusion_where_the_kind_is_not_sent_harms_nothing() -> None:
    search = rule("search", [FIRE, Not(ARMED)], LEAD, VOLUNTEERS)
    armed = rule("armed", ARMED, final=False, exclude=["volunteers"], priority=900)
    assert told("excluded_requirement", armed, search, where=EVERYBODY) == []
    final = rule("armed", [FIRE, ARMED], exclude=["volunteers"], priority=900)
    assert told("excluded_requirement", final, rule("search", FIRE, LEAD, VOLUNTEERS), where=EVERYBODY) == []
    below = replace(armed, priority=100)
    assert told("excluded_requirement", below, rule("search", FIRE, LEAD, VOLUNTEERS), where=EVERYBODY) == []


def test_an_exclusion_of_everybody_with_a_capability_empties_the_requirement() -> None:
    boats = town([unit("b", "volunteers", [CITY], capabilities=frozenset({"boat"}))])
    boat = Requirement(None, "support", capability="boat")
    assert told("excluded_requirement", rule("x", FIRE, LEAD, boat, exclude=["volunteers"]), where=boats) == [
        ("error", "x")
    ]
    more = town([unit(kind, kind, [CITY], capabilities=frozenset({"boat"})) for kind in ("volunteers", "crew")])
    assert told("excluded_requirement", rule("x", FIRE, LEAD, boat, exclude=["volunteers"]), where=more) == []


def test_an_excluded_substitute_is_told() -> None:
    asked = Requirement("health", "support", substitutes=("volunteers",))
    assert told("excluded_substitute", rule("x", FIRE, LEAD, asked, exclude=["volunteers"]), where=EVERYBODY) == [
        ("warning", "x")
    ]
    assert told("excluded_substitute", rule("x", FIRE, LEAD, asked), where=EVERYBODY) == []


def test_two_units_that_would_take_the_lead_from_each_other_are_told() -> None:
    silent, hurt = Trigger(after_s=600, event="lead_silent"), Trigger(tag="injured")
    police = Requirement("police", "support", leads=silent)
    health = Requirement("health", "support", leads=hurt)
    base = rule("base", FIRE, Requirement("volunteers", "lead"), police, health)
    assert told("lead_contested", base, where=EVERYBODY) == [("warning", "base")]
    answered = replace(health, leads=Trigger(event="lead_acknowledged"))
    assert told("lead_contested", replace(base, require=(base.require[0], police, answered)), where=EVERYBODY) == []
    one, other = replace(base, require=base.require[:2]), rule("more", NIGHT, health, final=False, priority=900)
    assert told("lead_contested", one, other, where=EVERYBODY) == [("warning", "base")]
    apart = replace(one, when=All((FIRE, Not(NIGHT))))
    assert told("lead_contested", apart, other, where=EVERYBODY) == []


def test_correlations_of_types_that_were_named_before_never_apply() -> None:
    given = [
        Correlation(("fire",)),
        Correlation(("fire.building", "gas.leak")),
        Correlation(("fire",), join="never"),
        Correlation(("gas.leak", "other")),
        Correlation(("flood",)),
    ]
    found = lint(ruleset(rule("fire", FIRE), correlations=given), town())
    assert [(entry.code, entry.pointer) for entry in found if entry.pointer.startswith("/correlations")] == [
        ("unknown_incident_type", "/correlations/4/incident_types/0"),
        ("idle_correlation", "/correlations/2"),
        ("repeated_correlation", "/correlations/3/incident_types/0"),
    ]


def test_errors_come_first_and_everything_points_into_the_ruleset() -> None:
    rules = (
        rule("wide", FIRE, LEAD, Requirement("nobody", "support"), priority=500),
        rule("hospital", [FIRE, HOSPITAL]),
        rule("elsewhere", [GAS, Compare("division_code", "under", ELSEWHERE)], Requirement("x", "lead")),
    )
    made = ruleset(*rules)
    found = lint(made, town())
    assert [LEVELS.index(entry.level) for entry in found] == sorted(LEVELS.index(entry.level) for entry in found)
    for entry in found:
        value: object = ruleset_data(made)
        for step in entry.pointer.split("/")[1:]:
            value = value[int(step)] if isinstance(value, list) else value[step]  # type: ignore[index]
        assert entry.detail_zh
        assert entry.detail_en


def test_what_is_too_much_to_look_at_is_said_and_nothing_is_claimed_of_it() -> None:
    tags = AnyOf(tuple(Compare("tags", "has", f"tag{number}") for number in range(100)))
    found = lint(ruleset(rule("many", All((FIRE, tags)))), town())
    assert {entry.level for entry in found if entry.rule == "many"} == set()
    given_up = [entry for entry in found if entry.code == "gave_up"]
    assert {entry.level for entry in given_up} == {"note"}
    assert any("many" in entry.detail_en for entry in given_up)


def test_progress_ends_with_everything_done_and_may_stop_the_work() -> None:
    made = ruleset(rule("fire", FIRE), rule("gas", GAS))
    told_of: list[tuple[int, int]] = []
    lint(made, town(), lambda done, total: told_of.append((done, total)))
    assert told_of == sorted(told_of)
    assert told_of[-1][0] == told_of[-1][1]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lint(made, town(), stop)


def test_a_catch_all_alone_is_a_ruleset_without_errors() -> None:
    assert {entry.level for entry in lint(ruleset(), town())} == {"warning", "note"}
    assert CATCH_ALL.catch_all
