"""Every unit of the city gets an answer, and only those who are sent are told that they are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.decided import Decided
from dispatch.domain.directory import States
from dispatch.domain.explanation import UnitAnswer
from dispatch.domain.intake import decision_data, open_incident
from dispatch.domain.routing import Plan, decide
from dispatch.domain.ruleset import Exclusion, Requirement
from dispatch.domain.trigger import Trigger
from dispatch.domain.unit import Unit, UnitState
from dispatch.domain.why_not import Question, why_not, why_not_stored
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
    request,
    rule,
    ruleset,
    unit,
)
from tests.unit.test_routing_properties import NIGHT, REQUIREMENTS, STATES, UNITS, Given, at

LEAD = Requirement("police", "lead")
MORE = st.fixed_dictionaries(
    {},
    optional={
        "tier": st.sampled_from(["township", "county", "parent"]),
        "spread": st.sampled_from(["county", "township"]),
        "within_m": st.integers(1, 40_000),
        "rest_s": st.just(3600),
        "language": st.just("en"),
        "units": st.just(("u1", "u2")),
        "ask": st.integers(3, 5),
        "claim": st.booleans(),
        "release": st.sampled_from([None, Trigger(tag="weapon"), Trigger(300)]),
    },
)
RULES = st.builds(
    lambda extra, last, excluded, more: (
        [extra[0], *(replace(entry, **more) if entry.role == "support" else entry for entry in extra[1:])],
        [replace(last[0], **{key: value for key, value in more.items() if key != "release"}), *last[1:]],
        excluded,
    ),
    REQUIREMENTS,
    REQUIREMENTS,
    st.sets(st.sampled_from(["police", "justice", "health", "crew"]), max_size=1),
    MORE,
)


def question(units: Sequence[Unit], given_rules: Given, known: dict[str, UnitState], **changes: object) -> Question:
    states = States()
    states.replace_all(known)
    rules = ruleset(rule(*given_rules[0], name="extra", final=False), rule(*given_rules[1], exclude=given_rules[2]))  # type: ignore[arg-type]
    return Question(request(**changes), rules, directory(units), states)


def plan_of(asked: Question) -> Plan:
    return decide(asked.request, asked.ruleset, asked.directory, asked.states)


def ask(units: Sequence[Unit], *require: Requirement, code: str, **changes: object) -> UnitAnswer:
    known = changes.pop("known", {})
    asked = question(units, ([], list(require), set()), known, **changes)  # type: ignore[arg-type]
    rules = ruleset(rule(*require, exclude=changes.get("exclude", ())))  # type: ignore[arg-type]
    return why_not(replace(asked, ruleset=rules), code)


@given(UNITS, STATES, RULES)
def test_every_unit_gets_an_answer_and_chosen_are_exactly_those_who_go(
    units: list[Unit], known: dict[str, UnitState], given_rules: Given
) -> None:
    asked = question(units, given_rules, known, lost=frozenset({"u3"}))
    plan = plan_of(asked)
    answers = {unit_id: why_not(asked, unit_id) for unit_id in asked.directory.units}
    chosen = {unit_id for unit_id, answer in answers.items() if answer.outcome == "chosen"}
    assert chosen == {entry.unit.id for entry in plan.planned}
    for answer in answers.values():
        assert answer.code
        assert answer.sentence.zh
        assert answer.sentence.en
        assert len(answer.requirements) == len(plan.requirements)
        assert all(entry.sentence.zh and entry.sentence.en for entry in answer.requirements)


@given(UNITS, STATES, RULES)
def test_whoever_was_looked_at_stands_as_the_decision_says(
    units: list[Unit], known: dict[str, UnitState], given_rules: Given
) -> None:
    asked = question(units, given_rules, known)
    for seen in plan_of(asked).considered:
        answer = why_not(asked, seen.candidate.unit.id)
        standing = answer.requirements[seen.candidate.requirement]
        assert (standing.outcome, standing.rank) == (seen.outcome, seen.rank)
        assert standing.code in (seen.reason, "same_side")


@given(UNITS, STATES, RULES)
def test_a_stored_decision_gives_every_unit_the_answer_of_that_day(
    units: list[Unit], known: dict[str, UnitState], given_rules: Given
) -> None:
    asked = question(units, given_rules, known)
    plan = plan_of(asked)
    change = open_incident(opening(), plan, new_id=ids(), directory=asked.directory)
    kept = Decided.of_stored(decision_data(plan, [row["id"] for row in change["assignments"]], change["occurred_at"]))
    for unit_id in asked.directory.units:
        told = why_not_stored(kept, asked, unit_id, directory=asked.directory)
        assert (told.outcome == "chosen") == (unit_id in plan.taken())
        bare = why_not_stored(kept, None, unit_id, directory=asked.directory)
        assert (bare.outcome == "chosen") == (unit_id in plan.taken())
        assert bare.sentence.zh
        assert bare.sentence.en


def test_who_ranks_fifth_where_two_are_needed_is_told_so() -> None:
    units = [unit(f"p{n}", point=at(112.9 + n / 100)) for n in range(6)]
    answer = ask(units, replace(LEAD, count=2), code="p4")
    assert (answer.outcome, answer.code, answer.requirements[0].rank) == ("reserve", "not_needed", 5)
    assert answer.sentence.en == "ranked 5th of 6; 2 needed"
    assert answer.sentence.zh == "排第5，共 6 个，需要 2 个"


def test_who_is_too_far_is_told_how_far() -> None:
    answer = ask([unit("near"), unit("far", point=at(112.94))], replace(LEAD, within_m=2000), code="far")
    assert answer.code == "too_far"
    assert answer.sentence.en == "too far: 3.9 km of 2.0 km"


def test_who_is_of_another_kind_is_told_what_was_asked_for() -> None:
    answer = ask([unit("p"), unit("h", "health")], LEAD, Requirement("justice", "support"), code="h")
    assert answer.code == "other_kind"
    assert answer.sentence.en == "is of the kind 'health'; asked for: police or justice"


def test_who_answers_for_another_area_is_told_so() -> None:
    answer = ask([unit("p"), unit("x", areas=[ELSEWHERE])], LEAD, code="x")
    assert answer.code == "outside_jurisdiction"
    assert "another area" in answer.sentence.en


def test_where_only_distance_counts_nobody_is_told_of_another_area() -> None:
    far = unit("x", areas=[ELSEWHERE], point=at(113.0))
    answer = ask([unit("p"), far], replace(LEAD, choose=("nearest",)), code="x")
    assert answer.sentence.en == "ranked 2nd of 2; 1 needed"


def test_who_is_forbidden_hears_by_which_rule_and_why() -> None:
    rules = rule(LEAD, Requirement("justice", "support"))
    rules = replace(rules, name_en="Armed", exclude=(Exclusion("health", "有人持械", "somebody is armed"),))
    units = directory([unit("p"), unit("h", "health")])
    answer = why_not(Question(request(), ruleset(rules), units, States()), "h")
    assert (answer.outcome, answer.code) == ("rejected", "excluded_by_rule")
    assert answer.sentence.en == "excluded by the rule 'Armed': somebody is armed"
    assert "有人持械" in answer.sentence.zh


def test_who_is_busy_asleep_or_resting_hears_which() -> None:
    units = [
        unit("a", "crew"),
        unit("b", "crew"),
        unit("c", "crew", schedule=NIGHT),
        unit("d", "crew"),
        unit("e", "crew"),
    ]
    known = {
        "a": UnitState(committed_to="other"),
        "b": UnitState(duty="off_duty"),
        "d": UnitState(released_at=NOW - timedelta(minutes=10)),
    }
    told = {code: ask(units, Requirement("crew", "lead", rest_s=3600), code=code, known=known) for code in "abcde"}
    assert {code: answer.code for code, answer in told.items()} == {
        "a": "committed",
        "b": "off_duty",
        "c": "off_duty",
        "d": "resting",
        "e": "jurisdiction",
    }
    assert [told[code].sentence.en for code in "abcd"] == [
        "committed to another incident (other)",
        "off duty: switched off",
        "off duty: outside its hours",
        "rested 10 min of 1 h",
    ]


def test_a_post_that_is_not_called_out_says_in_which_modes_it_is() -> None:
    gate = unit("g", "gate", modes=frozenset({"I", "II"}))
    answer = ask([unit("p"), gate], LEAD, Requirement("gate", "support"), code="g")
    assert (answer.code, answer.sentence.en) == ("not_posted", "a post in response mode I, II only")


def test_who_waits_for_a_word_hears_what_it_is() -> None:
    held = Requirement("health", "support", release=Trigger(tag="weapon"))
    answer = ask([unit("p"), unit("h", "health")], LEAD, held, code="h")
    assert answer.code == "held_back"
    assert answer.sentence.en == "'health' is held back until 'weapon' is reported"


def test_who_stands_in_is_told_that_nobody_had_to() -> None:
    require = replace(LEAD, substitutes=("justice",))
    assert ask([unit("p"), unit("j", "justice")], require, code="j").code == "substitute_not_needed"
    assert ask([unit("j", "justice")], require, code="j").code == "substitute"


def test_of_one_bank_a_second_unit_hears_that_the_other_bank_comes_first() -> None:
    near = [unit("a", "fire", [COUNTY], point=HERE), unit("b", "fire", [COUNTY], point=at(112.901))]
    across = unit("c", "fire", [ELSEWHERE, COUNTY], point=at(113.2))
    require = Requirement("fire", "lead", count=2, spread="county")
    assert ask([*near, across], require, code="b").code == "same_side"
    assert ask([*near, across], require, code="c").outcome == "chosen"


def test_at_another_level_than_was_asked_a_unit_is_told_at_which() -> None:
    units = [unit("v", areas=[VILLAGE]), unit("t", areas=[TOWNSHIP]), unit("city", areas=[CITY])]
    answer = ask(units, replace(LEAD, tier="township"), code="city")
    assert (answer.code, answer.sentence.en) == ("other_tier", "asked for at township level")


def test_a_unit_that_nobody_knows_is_said_to_be_unknown() -> None:
    assert ask([unit("p")], LEAD, code="nobody").code == "unknown_unit"


def test_who_would_go_by_the_directory_of_today_is_not_said_to_have_gone() -> None:
    asked = question([unit("p")], ([], [LEAD], set()), {})
    plan = plan_of(asked)
    change = open_incident(opening(), plan, new_id=ids(), directory=asked.directory)
    kept = Decided.of_stored(decision_data(plan, [row["id"] for row in change["assignments"]], change["occurred_at"]))
    grown = replace(asked, directory=directory([unit("p"), unit("a-new-one", point=HERE, rank=1)]))
    told = why_not_stored(kept, grown, "a-new-one", directory=grown.directory)
    assert (told.outcome, told.code) == ("aside", "directory_changed")
    gone = directory([unit("other")])
    assert why_not_stored(kept, None, "p", directory=gone).outcome == "chosen"
