"""One explanation for every reader: the same from a fresh plan and from what is stored of it."""

from dataclasses import replace

import orjson
from hypothesis import given

from dispatch.domain.condition import All, Compare
from dispatch.domain.decided import Decided
from dispatch.domain.directory import States
from dispatch.domain.explanation import explain
from dispatch.domain.intake import decision_data, open_incident
from dispatch.domain.routing import decide
from dispatch.domain.ruleset import CompiledRuleset, Exclusion, Requirement
from dispatch.domain.trigger import Trigger
from dispatch.domain.unit import Unit, UnitState
from tests.support.world import directory, ids, opening, request, rule, ruleset, unit
from tests.unit.test_routing_properties import STATES, UNITS, Given
from tests.unit.test_why_not import RULES, plan_of, question

LEAD = Requirement("police", "lead")
HOSPITAL = replace(
    rule(Requirement("guard", "notify"), name="hospital", final=False),
    name_zh="医院",
    name_en="Hospital",
    when=All((Compare("incident_type", "eq", ("x",)), Compare("place_kind", "eq", ("hospital",)))),
    exclude=(Exclusion("crew", "人多", "crowded"),),
)


def stored(units: list[Unit], rules: CompiledRuleset, **facts: object) -> dict[str, object]:
    asked = request(facts={"incident_type": "x"} | facts)
    known = directory(units)
    plan = decide(asked, rules, known, States())
    change = open_incident(opening(), plan, new_id=ids(), directory=known)
    kept: dict[str, object] = orjson.loads(
        orjson.dumps(decision_data(plan, [row["id"] for row in change["assignments"]], change["occurred_at"]))
    )
    return kept


@given(UNITS, STATES, RULES)
def test_what_is_stored_explains_as_what_was_decided(
    units: list[Unit], known: dict[str, UnitState], given_rules: Given
) -> None:
    asked = question(units, given_rules, known)
    plan = plan_of(asked)
    change = open_incident(opening(), plan, new_id=ids(), directory=asked.directory)
    kept = Decided.of_stored(
        orjson.loads(
            orjson.dumps(decision_data(plan, [row["id"] for row in change["assignments"]], change["occurred_at"]))
        )
    )
    assert kept == Decided.of_plan(plan)
    explained = explain(kept, asked.ruleset, asked.directory)
    assert orjson.loads(orjson.dumps(explained)) == orjson.loads(
        orjson.dumps(explain(Decided.of_plan(plan), asked.ruleset, asked.directory))
    )
    for asking, requirement in zip(explained.requirements, plan.requirements, strict=True):
        going = [entry for entry in plan.planned if entry.requirement == asking.number]
        assert {ranked.unit["id"] for ranked in asking.chosen} == {entry.unit.id for entry in going}
        gaps = [gap for gap in plan.shortfalls if gap.requirement == asking.number]
        assert (asking.shortfall.count if asking.shortfall else 0) == len(gaps)
        held = any(stage.action == "send" and stage.requirement == asking.number for stage in plan.stages)
        assert (asking.held_back is not None) == held
        assert asking.sentence.zh
        assert str(requirement.count) in asking.sentence.en


def test_a_rule_that_missed_by_the_place_says_so_with_what_was_there() -> None:
    rules = ruleset(HOSPITAL, rule(LEAD))
    explained = explain(Decided.of_stored(stored([unit("police")], rules, place_kind="school")), rules, directory())
    (missed,) = explained.near_misses
    assert (missed.rule, missed.fields) == ("hospital", ("place_kind",))
    assert missed.sentence.en == (
        'would have matched but for the place kind: it is school, the rule wants place_kind == "hospital"'
    )
    assert missed.sentence.zh == '仅差场所类别：实际为school，须满足 place_kind == "hospital"'


def test_an_excluded_kind_names_the_rule_and_its_reason() -> None:
    rules = ruleset(HOSPITAL, rule(LEAD, Requirement("crew", "support")))
    units = [unit("police"), unit("c", "crew")]
    known = directory(units)
    explained = explain(Decided.of_stored(stored(units, rules, place_kind="hospital")), rules, known)
    (excluded,) = explained.excluded
    assert (excluded.unit_kind, excluded.rule) == ("crew", "hospital")
    assert excluded.reason is not None
    assert (excluded.reason.zh, excluded.reason.en) == ("人多", "crowded")
    asked = next(entry for entry in explained.requirements if entry.pool == "crew")
    assert asked.shortfall is not None
    assert asked.shortfall.sentence.en == "a rule forbids this kind of unit"
    assert asked.rejected[0].sentence.en == "excluded by the rule 'Hospital': crowded"


def test_without_its_ruleset_a_decision_is_explained_as_far_as_it_was_kept() -> None:
    rules = ruleset(HOSPITAL, rule(LEAD, Requirement("crew", "support")))
    explained = explain(
        Decided.of_stored(stored([unit("police")], rules, place_kind="hospital")), None, directory([unit("police")])
    )
    assert not explained.is_complete
    assert explained.near_misses == ()
    assert explained.excluded[0].rule is None
    assert [entry.unit["code"] for entry in explained.requirements[0].chosen] == ["police"]


def test_who_is_held_back_and_who_takes_the_lead_later_stands_there_in_words() -> None:
    held = Requirement("health", "support", release=Trigger(tag="weapon"))
    leads = Requirement("fire", "support", leads=Trigger(tag="fire"))
    rules = ruleset(rule(LEAD, held, leads))
    units = [unit("police"), unit("h", "health"), unit("f", "fire")]
    explained = explain(Decided.of_stored(stored(units, rules)), rules, directory(units))
    waiting, later = explained.requirements[1], explained.requirements[2]
    assert waiting.held_back is not None
    assert waiting.held_back.sentence.en == "'weapon' is reported"
    assert waiting.chosen == ()
    assert later.takes_lead is not None
    assert later.takes_lead.sentence.zh == "报告“fire”"


def test_a_decision_of_the_first_version_is_still_explained() -> None:
    kept = stored([unit("police")], ruleset(rule(LEAD)))
    for entry in kept["requirements"]:  # type: ignore[attr-defined]
        for key in ("language", "tier", "spread", "ask", "claim", "release", "leads"):
            del entry[key]
    explained = explain(Decided.of_stored(kept), None, directory([unit("police")]))
    assert explained.requirements[0].requirement["ask"] is None
