"""What lint promises for any rules: what it claims holds for every call, and what it does not claim is no surprise."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.candidate import Request
from dispatch.domain.condition import Facts
from dispatch.domain.directory import Directory, Division, States
from dispatch.domain.geo import Point
from dispatch.domain.lint import lint
from dispatch.domain.lint_subject import Subject
from dispatch.domain.routing import decide
from dispatch.domain.rule import Requirement, Rule, Ruleset
from dispatch.domain.ruleset import CompiledRuleset, ruleset_data
from dispatch.domain.unit import Unit
from tests.support.town import OTHER_TOWNSHIP, incident_type, ruleset, town
from tests.support.world import CITY, COUNTY, ELSEWHERE, HERE, NOW, TOWNSHIP, VILLAGE, Space, unit
from tests.unit.rule_strategies import INCIDENT_TYPES, POOLS, facts, incidents_near, rulesets

CLASSES = ("urban", "suburb", "rural")


def _directory() -> Directory:
    """A directory in which every type and division of the random rules exists."""
    content = town().content
    divisions = {
        code: Division(code, code, code, None, "township", CLASSES[place % 3], HERE)
        for place, code in enumerate(POOLS["division_code"])
    }
    types = {code: incident_type(code) for code in INCIDENT_TYPES}
    return Directory(replace(content, divisions=divisions, incident_types=types), Space([]))


DIRECTORY = _directory()


def as_they_come(given_facts: Facts) -> Facts:
    """Facts as intake makes them: there is always a division, and the class of area is that of the division."""
    division = given_facts.get("division_code") or POOLS["division_code"][0]
    assert isinstance(division, str)
    return {**given_facts, "division_code": division, "area_class": DIRECTORY.area_class(division)}


def calls(made: Ruleset, given_facts: Facts) -> list[Facts]:
    near = [other for rule in made.rules if rule.when for other in incidents_near(rule.when, 8)]
    return [as_they_come(other) for other in (given_facts, *near)]


@settings(max_examples=40)
@given(rulesets(), facts())
def test_a_rule_that_is_said_to_be_unreachable_matches_no_call(made: Ruleset, given_facts: Facts) -> None:
    found = lint(made, DIRECTORY)
    dead = {entry.rule for entry in found if entry.code in {"shadowed", "never_true"}}
    compiled = CompiledRuleset(made)
    for call in calls(made, given_facts):
        assert dead.isdisjoint(rule.id for rule in compiled.matching(call))


@settings(max_examples=40)
@given(rulesets())
def test_a_rule_that_is_not_said_to_be_unreachable_has_a_call_that_reaches_it(made: Ruleset) -> None:
    found = lint(made, DIRECTORY)
    told = {entry.rule for entry in found if entry.code in {"shadowed", "never_true"}}
    subject = Subject(made, DIRECTORY)
    subject.begin("test", 60)
    compiled = CompiledRuleset(made)
    for placed in subject.rules:
        if placed.rule.catch_all or placed.rule.id in told:
            continue
        sought = subject.seek(placed.regions or (), placed.rule)
        assert sought.facts is not None or sought.gave_up
        if sought.facts is not None:
            assert as_they_come(sought.facts) == sought.facts
            assert placed.rule in compiled.matching(sought.facts)


@settings(max_examples=40)
@given(rulesets(), facts())
def test_a_type_said_to_have_no_rule_is_taken_by_none_that_names_it(made: Ruleset, given_facts: Facts) -> None:
    found = lint(made, DIRECTORY)
    alone = [entry.detail_en for entry in found if entry.code == "type_without_rule"]
    bare = Subject(made, DIRECTORY)
    compiled = CompiledRuleset(made)
    for call in calls(made, given_facts):
        last = compiled.matching(call)[-1]
        if any(f"({call['incident_type']})" in text for text in alone) and not last.catch_all:
            assert next(placed for placed in bare.rules if placed.rule is last).types is None


@settings(max_examples=40)
@given(rulesets(), facts())
def test_without_an_error_the_order_of_equal_final_rules_does_not_matter(made: Ruleset, given_facts: Facts) -> None:
    if any(entry.code == "order_by_id" and entry.level == "error" for entry in lint(made, DIRECTORY)):
        return
    turned = [replace(rule, id=f"z-{99 - number:02d}") for number, rule in enumerate(made.rules)]
    one, other = CompiledRuleset(made), CompiledRuleset(replace(made, rules=tuple(turned)))
    for call in calls(made, given_facts):
        first, second = one.matching(call)[-1], other.matching(call)[-1]
        assert (first.require, first.exclude) == (second.require, second.exclude)


@settings(max_examples=40)
@given(rulesets(), facts())
def test_without_a_finding_no_rule_requires_what_it_or_another_excludes(made: Ruleset, given_facts: Facts) -> None:
    if any(entry.code == "excluded_requirement" for entry in lint(made, DIRECTORY)):
        return
    compiled = CompiledRuleset(made)
    for call in calls(made, given_facts):
        matched = compiled.matching(call)
        excluded = {exclusion.unit_kind for rule in matched for exclusion in rule.exclude}
        assert excluded.isdisjoint(requirement.unit_kind for rule in matched for requirement in rule.require)


@settings(max_examples=40)
@given(rulesets())
def test_every_finding_points_at_something_and_speaks_both_languages(made: Ruleset) -> None:
    for entry in lint(made, DIRECTORY):
        value: object = ruleset_data(made)
        for step in entry.pointer.split("/")[1:]:
            value = value[int(step)] if isinstance(value, list) else value[step]  # type: ignore[index]
        assert entry.detail_zh.isprintable()
        assert entry.detail_en.isprintable()
    assert lint(made, DIRECTORY) == lint(made, DIRECTORY)


CODES = (CITY, COUNTY, ELSEWHERE, TOWNSHIP, OTHER_TOWNSHIP, VILLAGE)
KINDS = ("health", "crew")


@st.composite
def crowds(draw: st.DrawFn) -> list[Unit]:
    def made(number: int) -> Unit:
        return unit(
            f"u{number}",
            draw(st.sampled_from(KINDS)),
            draw(st.lists(st.sampled_from(CODES), max_size=2)),
            point=Point(draw(st.sampled_from((112.3, 112.5, 112.7, 112.9, 113.1))), 27.8),
            capabilities=frozenset(draw(st.sets(st.just("boat")))),
        )

    return [made(number) for number in range(draw(st.integers(0, 4)))]


@st.composite
def leads(draw: st.DrawFn) -> Requirement:
    return Requirement(
        draw(st.sampled_from(KINDS)),
        "lead",
        mandatory=draw(st.booleans()),
        choose=draw(st.sampled_from([("jurisdiction", "nearest"), ("nearest",)])),
        substitutes=draw(st.lists(st.sampled_from(KINDS), max_size=1).map(tuple)),
        capability=draw(st.sampled_from([None, "boat"])),
        within_m=draw(st.sampled_from([None, 10_000, 25_000])),
        units=draw(st.sampled_from([(), ("u0", "u1")])),
    )


@settings(max_examples=40)
@given(crowds(), leads())
def test_a_township_is_said_to_be_uncovered_only_where_routing_finds_nobody(
    crowd: list[Unit], lead: Requirement
) -> None:
    where = town(crowd)
    catch_all = Rule("catch-all", "兜底", "Catch-all", 0, final=True, when=None, require=(lead,), catch_all=True)
    made = ruleset(catch_all=catch_all)
    subject, compiled = Subject(made, where), CompiledRuleset(made)
    reached = subject.areas.reached(lead, subject.pools, subject.areas.everywhere)
    for place, parts in enumerate(subject.areas.parts):
        calls = [Request({}, part.code, part.point, NOW, NOW) for part in parts]
        sent = any(decide(call, compiled, where, States()).planned for call in calls)
        assert sent <= bool(reached >> place & 1)
        if lead.within_m is None:
            assert sent == bool(reached >> place & 1)


def test_a_township_is_not_said_to_be_uncovered_because_a_substitute_is_not_named() -> None:
    named = unit("u0", "crew", [COUNTY], point=Point(112.9, 27.8))
    other = unit("u1", "health", [COUNTY], point=Point(112.9, 27.8))
    lead = Requirement("crew", "lead", units=("u0",), language="fr", substitutes=("health",))
    pools = Subject(ruleset(), town([named, other])).pools
    assert pools.able(lead, "crew") == ()
    assert [unit.id for unit in pools.able(lead, "health")] == ["u1"]
