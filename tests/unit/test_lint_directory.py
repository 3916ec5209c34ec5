"""What lint finds between a ruleset and a directory: who is missing where, which clocks contradict."""

from dataclasses import replace

import pytest

from dispatch.domain.condition import Compare, Not
from dispatch.domain.lint import lint
from dispatch.domain.rule import Requirement
from dispatch.domain.trigger import Trigger
from tests.support.demo_city import RULES, demo_directory
from tests.support.town import (
    CATCH_ALL,
    CLOCKS,
    FAR,
    FIRE,
    GAS,
    LEAD,
    OTHER_TOWNSHIP,
    findings,
    incident_type,
    rule,
    ruleset,
    told,
    town,
)
from tests.support.world import CITY, COUNTY, ELSEWHERE, HERE, TOWNSHIP, VILLAGE, unit

HEALTH = Requirement("health", "support")
IN_ONE = town([unit("h", "health", [VILLAGE], point=HERE)])


def test_the_demo_city_has_no_errors_and_no_warnings() -> None:
    found = lint(RULES.ruleset, demo_directory())
    assert [entry for entry in found if entry.level != "note"] == []


def test_a_kind_that_no_unit_has_is_an_error_where_it_is_needed() -> None:
    assert told("no_unit", rule("x", FIRE, LEAD, HEALTH)) == [("error", "x")]
    assert told("no_unit", rule("x", FIRE, LEAD, replace(HEALTH, role="notify"))) == [("warning", "x")]
    assert told("no_unit", rule("x", FIRE, LEAD, replace(HEALTH, substitutes=("police",)))) == [("warning", "x")]
    assert told("no_unit", rule("x", FIRE, LEAD, HEALTH), where=IN_ONE) == []


@pytest.mark.parametrize(
    ("wanted", "capabilities"),
    [
        (replace(HEALTH, capability="psychiatry"), {"psychiatry"}),
        (Requirement(None, "support", capability="psychiatry"), {"psychiatry"}),
        (replace(HEALTH, language="en"), {"lang.en"}),
        (replace(HEALTH, units=("h",)), set()),
    ],
    ids=["capability", "any kind", "language", "named"],
)
def test_nobody_with_a_capability_a_language_or_the_name_is_found(wanted, capabilities) -> None:
    without = town([unit("other", "health", [CITY])])
    assert told("no_unit", rule("x", FIRE, LEAD, wanted), where=without) == [("error", "x")]
    able = town([unit("h", "health", [CITY], capabilities=frozenset(capabilities))])
    assert told("no_unit", rule("x", FIRE, LEAD, wanted), where=able) == []


def test_units_that_are_named_but_do_not_exist_are_told() -> None:
    wanted = replace(LEAD, units=("police", "police-2"))
    found = findings("unknown_unit", rule("x", FIRE, wanted))
    assert [(entry.level, entry.pointer) for entry in found] == [("warning", "/rules/0/require/0/units")]
    assert told("unknown_unit", rule("x", FIRE, replace(LEAD, units=("police",)))) == []


def test_a_catch_all_whose_kind_has_no_unit_is_dead() -> None:
    lost = replace(CATCH_ALL, require=(Requirement("command", "lead"),))
    assert told("dead_catch_all", catch_all=lost) == [("error", "catch-all")]
    assert told("dead_catch_all") == []


def test_substitutes_that_lead_nowhere_or_to_the_same_kind_are_told() -> None:
    asked = replace(HEALTH, substitutes=("nobody", "police", "health", "police"))
    made = rule("x", FIRE, LEAD, asked)
    assert [entry.pointer[-1] for entry in findings("substitute_without_units", made, where=IN_ONE)] == ["0"]
    assert [entry.pointer[-1] for entry in findings("repeated_substitute", made, where=IN_ONE)] == ["2", "3"]


def test_more_units_than_there_are_is_told() -> None:
    two = town([unit("h1", "health", [CITY]), unit("h2", "health", [CITY])])
    for asked, told_of in (
        (replace(HEALTH, count=3), True),
        (replace(HEALTH, ask=3), True),
        (replace(HEALTH, count=2), False),
        (replace(HEALTH, count=3, substitutes=("police",)), False),
    ):
        assert bool(told("too_few_units", rule("x", FIRE, LEAD, asked), where=two)) is told_of


def test_units_from_more_sides_than_there_are_is_told() -> None:
    both = town([unit("h1", "health", [COUNTY]), unit("h2", "health", [COUNTY])])
    apart = town([unit("h1", "health", [COUNTY]), unit("h2", "health", [ELSEWHERE])])
    made = rule("x", FIRE, LEAD, replace(HEALTH, count=2, spread="county"))
    assert told("too_few_areas", made, where=both) == [("warning", "x")]
    assert told("too_few_areas", made, where=apart) == []


def test_a_township_too_far_from_everybody_is_counted_and_named() -> None:
    made = rule("x", FIRE, LEAD, replace(HEALTH, within_m=20_000))
    found = findings("uncovered_townships", made, where=IN_ONE)
    assert [(entry.level, entry.pointer) for entry in found] == [("warning", "/rules/0/require/1")]
    assert "1个乡镇街道" in found[0].detail_zh
    assert "河东街道" in found[0].detail_zh
    assert "Hedong" in found[0].detail_en
    assert told("uncovered_townships", rule("x", FIRE, LEAD, replace(HEALTH, within_m=60_000)), where=IN_ONE) == []


def test_a_lead_that_is_too_far_away_is_an_error() -> None:
    where = town([unit("h", "health", [CITY], point=FAR)])
    lead = Requirement("health", "lead", within_m=20_000)
    assert told("uncovered_townships", rule("x", FIRE, lead), where=where) == [("error", "x")]


def test_a_township_that_the_condition_or_another_rule_takes_away_is_not_uncovered() -> None:
    near = replace(HEALTH, within_m=20_000)
    here = Compare("division_code", "under", TOWNSHIP)
    there = Compare("division_code", "under", OTHER_TOWNSHIP)
    assert told("uncovered_townships", rule("x", [FIRE, here], LEAD, near), where=IN_ONE) == []
    assert told("uncovered_townships", rule("x", [FIRE, Not(here)], LEAD, near), where=IN_ONE) == [("warning", "x")]
    base = rule("x", FIRE, LEAD, near)
    assert told("uncovered_townships", base, rule("y", [FIRE, there], priority=500), where=IN_ONE) == []
    assert told("uncovered_townships", base, rule("y", [GAS, there], priority=500), where=IN_ONE) == [("warning", "x")]


def test_neighbours_cover_a_township_and_that_is_noted() -> None:
    made = rule("x", FIRE, LEAD, HEALTH)
    assert told("uncovered_townships", made, where=IN_ONE) == []
    assert told("unanswered_townships", made, where=IN_ONE) == [("note", "x")]
    assert told("unanswered_townships", rule("x", FIRE, LEAD, replace(HEALTH, choose=("nearest",))), where=IN_ONE) == []
    everywhere = town([unit("h", "health", [CITY])])
    assert told("unanswered_townships", made, where=everywhere) == []


def test_where_a_tier_is_asked_neighbours_do_not_count() -> None:
    made = rule("x", FIRE, LEAD, replace(HEALTH, tier="township"))
    townships = [unit("h1", "health", [TOWNSHIP]), unit("h2", "health", [OTHER_TOWNSHIP])]
    assert told("uncovered_townships", made, where=town(townships)) == []
    assert told("uncovered_townships", made, where=town(townships[:1])) == [("warning", "x")]
    assert told("uncovered_townships", made, where=town([unit("h", "health", [COUNTY, ELSEWHERE])])) == [
        ("warning", "x")
    ]


def test_a_substitute_helps_only_where_it_answers() -> None:
    asked = Requirement("health", "support", within_m=20_000, substitutes=("crew",))
    hospital, crew = unit("h", "health", [TOWNSHIP]), unit("c", "crew", [OTHER_TOWNSHIP], point=FAR)
    made = rule("x", FIRE, LEAD, asked)
    assert told("uncovered_townships", made, where=town([hospital, crew])) == []
    away = replace(crew, jurisdiction=(TOWNSHIP,))
    assert told("uncovered_townships", made, where=town([hospital, away])) == [("warning", "x")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"urge_s": 60.0}, "urge"),
        ({"urge_s": 90.0}, "urge"),
        ({"deliver_s": 90.0}, "delivery"),
        ({"acknowledge_s": 200.0}, "departure"),
        ({"depart_s": 400.0}, "arrival (urban)"),
        ({"feedback_s": 90_000.0}, "closing"),
        ({"close_s": 1_000.0}, "closing"),
        ({"arrive_s": {"urban": 90_000.0, "suburb": 600.0}}, "closing"),
    ],
)
def test_limits_out_of_order_are_found_in_what_rules_name(change, words) -> None:
    where = town(clocks={"odd": replace(CLOCKS, **change)})
    made = rule("x", FIRE, replace(LEAD, clocks="odd"))
    found = findings("clocks_contradict", made, where=where)
    assert {(entry.level, entry.pointer, entry.rule) for entry in found} == {
        ("error", "/rules/0/require/0/clocks", "x")
    }
    assert any(words in entry.detail_en for entry in found)
    assert told("clocks_contradict", rule("x", FIRE), where=where) == []


def test_clocks_that_only_a_type_names_are_a_warning() -> None:
    where = town(clocks={"odd": replace(CLOCKS, urge_s=90.0)})
    where.content.incident_types["gas.leak"] = incident_type("gas.leak", "odd")  # type: ignore[index]
    assert told("clocks_contradict", rule("x", FIRE), where=where) == [("warning", None)]


def test_a_class_of_area_without_an_arrival_is_told() -> None:
    lame, half = replace(CLOCKS, arrive_s={"suburb": 600.0}), replace(CLOCKS, arrive_s={"urban": 300.0})
    where = town(clocks={"lame": lame, "half": half, "none": replace(CLOCKS, arrive_s=None)})
    for clocks, level in (("lame", "warning"), ("half", "note"), ("none", None)):
        found = told("arrival_missing", rule("x", FIRE, clocks=clocks), where=where)
        assert found == ([] if level is None else [(level, "x")])


def test_clocks_that_do_not_exist_any_more_are_an_error() -> None:
    assert told("unknown_clock_profile", rule("x", FIRE, clocks="gone")) == [("error", "x")]
    assert told("unknown_clock_profile", rule("x", FIRE, clocks="p")) == []


def test_a_stage_after_the_end_is_told() -> None:
    late = replace(HEALTH, release=Trigger(after_s=86_401))
    found = findings("trigger_after_close", rule("x", FIRE, LEAD, late), where=IN_ONE)
    assert [(entry.level, entry.pointer) for entry in found] == [("warning", "/rules/0/require/1/release")]
    in_time = replace(HEALTH, release=Trigger(after_s=86_400))
    assert told("trigger_after_close", rule("x", FIRE, LEAD, in_time), where=IN_ONE) == []
    longer = town([unit("h", "health", [CITY])], clocks={"week": replace(CLOCKS, close_s=604_800.0)})
    assert told("trigger_after_close", rule("x", FIRE, LEAD, late, clocks="week"), where=longer) == []


def test_a_silence_that_no_lead_could_have_broken_yet_is_told() -> None:
    for after_s, told_of in ((None, True), (59, True), (60, False)):
        silent = replace(HEALTH, leads=Trigger(after_s=after_s, event="lead_silent"))
        found = told("silence_too_early", rule("x", FIRE, LEAD, silent), where=IN_ONE)
        assert found == ([("warning", "x")] if told_of else [])


def test_superiors_in_a_circle_are_found_once() -> None:
    units = [
        unit("a", superior_id="b"),
        unit("b", superior_id="c"),
        unit("c", superior_id="b"),
        unit("d", superior_id="d"),
    ]
    found = [entry for entry in lint(ruleset(), town(units)) if entry.code == "superior_cycle"]
    assert [entry.level for entry in found] == ["error", "error"]
    assert "b → c → b" in found[0].detail_en
    chain = [unit("a", superior_id="b"), unit("b", superior_id="c"), unit("c")]
    assert [entry for entry in lint(ruleset(), town(chain)) if entry.code == "superior_cycle"] == []
