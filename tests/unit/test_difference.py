"""What another version of the rules would change: counted where it is felt, nowhere else."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given

from dispatch.domain import backtest
from dispatch.domain.backtest import COLUMNS, Book, Past
from dispatch.domain.difference import Difference, compare, difference_data
from dispatch.domain.directory import States
from dispatch.domain.routing import Plan, decide
from dispatch.domain.ruleset import Requirement
from dispatch.domain.trigger import Trigger
from dispatch.domain.unit import Unit, UnitState
from tests.support.world import directory, request, rule, ruleset, unit
from tests.unit.test_routing_properties import STATES, UNITS, Given
from tests.unit.test_why_not import RULES, plan_of, question

LEAD, JUSTICE = Requirement("police", "lead"), Requirement("justice", "support")
UNITS_HERE = (unit("p"), unit("q"), unit("j", "justice"), unit("h", "health"))
PAST = Past("id", "430304-20261123-000001", "x", "430304", "2026-11-23T02:17:00+00:00")


def plan(*require: Requirement, units: Sequence[Unit] = UNITS_HERE, name: str = "r") -> Plan:
    return decide(request(), ruleset(rule(*require, name=name)), directory(units), States())


def codes(found: Difference) -> tuple[list[str], list[str]]:
    return [sent.unit.code for sent in found.joins], [sent.unit.code for sent in found.leaves]


def test_who_comes_and_who_no_longer_does_is_named() -> None:
    found = compare(plan(LEAD, JUSTICE), plan(LEAD, Requirement("health", "notify")))
    assert codes(found) == (["h"], ["j"])
    assert found.joins[0].role == "notify"
    assert found


def test_a_rule_of_another_name_that_sends_the_same_makes_no_difference() -> None:
    assert not compare(plan(LEAD, JUSTICE), plan(LEAD, JUSTICE, name="other"))


def test_another_lead_is_a_change_even_when_nobody_else_comes() -> None:
    found = compare(plan(LEAD, JUSTICE), plan(replace(JUSTICE, role="lead"), replace(LEAD, role="support")))
    assert codes(found) == ([], [])
    assert found.lead_changes
    assert (found.lead_before and found.lead_before.code, found.lead_after and found.lead_after.code) == ("p", "j")
    assert {(turn.unit.code, turn.what, turn.after) for turn in found.turns} == {
        ("p", "role", "support"),
        ("j", "role", "lead"),
    }


def test_a_new_gap_is_counted_and_one_that_was_there_is_not() -> None:
    crew = Requirement("crew", "support", count=2)
    found = compare(plan(LEAD, replace(crew, count=1)), plan(LEAD, crew))
    assert [(lack.unit_kind, lack.reason, lack.count) for lack in found.new_shortfalls] == [
        ("crew", "no_candidates", 1)
    ]
    assert found.ended_shortfalls == ()
    assert compare(plan(LEAD, crew), plan(LEAD)).ended_shortfalls[0].count == 2


def test_who_waits_now_is_held_back_and_not_lost() -> None:
    held = replace(JUSTICE, release=Trigger(tag="weapon"))
    found = compare(plan(LEAD, JUSTICE), plan(LEAD, held))
    assert [(entry.action, entry.unit_kind, entry.count) for entry in found.newly_held_back] == [("send", "justice", 1)]
    assert codes(found) == ([], ["j"])
    assert compare(plan(LEAD, held), plan(LEAD, JUSTICE)).no_longer_held_back


@pytest.mark.parametrize("change", [{"clocks": "slow"}, {"mandatory": False}])
def test_other_clocks_or_a_place_that_may_stay_empty_are_felt_too(change: dict[str, object]) -> None:
    found = compare(plan(LEAD, JUSTICE), plan(LEAD, replace(JUSTICE, **change)))  # type: ignore[arg-type]
    assert [turn.what for turn in found.turns] == list(change)


@given(UNITS, STATES, RULES, RULES)
def test_a_difference_read_backwards_is_the_other_way_round(
    units: list[Unit], known: dict[str, UnitState], one: Given, other: Given
) -> None:
    first, second = plan_of(question(units, one, known)), plan_of(question(units, other, known))
    there, back = compare(first, second), compare(second, first)
    assert bool(there) == bool(back)
    assert set(there.joins) == set(back.leaves)
    assert there.new_shortfalls == back.ended_shortfalls
    assert there.newly_held_back == back.no_longer_held_back
    assert not compare(first, first)
    difference_data(there, directory(units))


def test_the_book_counts_what_the_rows_say() -> None:
    book = Book()
    before, after = plan(LEAD, JUSTICE), plan(LEAD, Requirement("crew", "support"), name="other")
    book.enter(PAST, before, after, recorded=frozenset({"p", "j"}))
    book.enter(PAST, before, before, recorded=frozenset({"p"}))
    book.skip("no_input")
    told = book.summary({"r": {"zh": "规则", "en": "rule"}})
    assert told["incidents"] == 2
    assert (told["differing"], told["units_joining"], told["units_leaving"]) == (1, 0, 1)
    assert (told["new_shortfalls"], told["drifted"], told["skipped"]) == (1, 1, {"no_input": 1})
    assert told["rules"] == [
        {"rule": "other", "name": None, "before": 0, "after": 1},
        {"rule": "r", "name": {"zh": "规则", "en": "rule"}, "before": 2, "after": 1},
    ]
    row = book.rows[0]
    assert (row.joins, row.leaves, row.new_shortfalls) == ((), ("j support",), ("crew support no_candidates ×1",))
    assert tuple(row.data()) == COLUMNS
    assert row.cell("before") == "p lead; j support"


def test_rows_beyond_the_limit_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "MOST_ROWS", 3)
    book = Book()
    for _ in range(5):
        book.enter(PAST, plan(LEAD), plan(LEAD, JUSTICE), recorded=frozenset({"p"}))
    assert (len(book.rows), book.done, book.differing, book.summary({})["rows"]) == (3, 5, 5, 3)
