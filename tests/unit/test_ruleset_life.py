"""Who may bring which rules into force, decided without a database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain import lint as lints
from dispatch.domain import ruleset_check
from dispatch.domain.actor import Actor
from dispatch.domain.errors import (
    InvalidRequestError,
    NotFoundError,
    RulesetMovedOnError,
    SecondPersonRequiredError,
    VersionConflictError,
    WrongStateError,
)
from dispatch.domain.lint import Finding
from dispatch.domain.rule import rule_data
from dispatch.domain.ruleset_life import (
    Standing,
    choose_effective_at,
    choose_restored,
    require_place,
    require_revision,
    require_second_person,
    require_verb,
)
from dispatch.domain.unit import UnitKind
from tests.support.world import NOW, directory
from tests.unit.rule_strategies import CATCH_ALL

DAY = timedelta(days=1)
ANNA, BERT = Actor("admin", "1", "Anna"), Actor("admin", "2", "Bert")
DRAFT: dict[str, Any] = {"status": "draft", "revision": 2, "changed_by": "Anna"}


def standing(*entries: tuple[int, int] | tuple[int, int, int]) -> list[Standing]:
    """Make a history, newest first, out of (version, days after now, restored version)."""
    made = [Standing(entry[0], NOW + entry[1] * DAY, "Anna", *entry[2:]) for entry in entries]
    return sorted(made, key=lambda entry: (entry.effective_at, entry.version), reverse=True)


@pytest.mark.parametrize("verb", ["edit", "publish", "discard"])
def test_only_a_draft_can_be_changed_published_or_discarded(verb):
    assert require_verb(DRAFT, 3, verb) is DRAFT
    for status in ("published", "discarded"):
        with pytest.raises(WrongStateError, match="never changes"):
            require_verb(DRAFT | {"status": status}, 3, verb)
    with pytest.raises(NotFoundError):
        require_verb(None, 3, verb)


def test_what_is_published_and_not_yet_due_can_be_withdrawn_but_not_edited():
    waiting = DRAFT | {"status": "published"}
    require_verb(waiting, 3, "discard", waiting=True)
    with pytest.raises(WrongStateError):
        require_verb(waiting, 3, "edit", waiting=True)


def test_who_saw_an_older_draft_is_told_who_changed_it():
    require_revision(DRAFT, None)
    require_revision(DRAFT, 2)
    with pytest.raises(VersionConflictError) as caught:
        require_revision(DRAFT, 1)
    assert caught.value.facts == {"current": DRAFT, "changed_by": "Anna"}


def test_nobody_publishes_what_they_wrote_themselves():
    authors = [ANNA.data(), BERT.data()]
    for author in (ANNA, replace(ANNA, kind="operator", name="Another name")):
        with pytest.raises(SecondPersonRequiredError) as caught:
            require_second_person(authors, author)
    assert caught.value.facts == {"written_by": ["Anna", "Bert"]}
    require_second_person(authors, Actor("admin", "3", "Cara"))


def test_an_unnamed_author_keeps_nobody_from_publishing():
    require_second_person([Actor("command_line", None, "x").data()], ANNA)
    require_second_person([Actor("command_line", None, "x").data()], Actor("command_line", None, "x"))


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (None, timedelta()),
        (timedelta(), timedelta()),
        (timedelta(seconds=-59), timedelta()),
        (timedelta(seconds=1), timedelta(seconds=1)),
        (90 * DAY, 90 * DAY),
    ],
)
def test_rules_count_from_now_or_from_a_later_instant(wanted, chosen):
    assert choose_effective_at(None if wanted is None else NOW + wanted, NOW) == NOW + chosen


@pytest.mark.parametrize(
    ("wanted", "code"), [(timedelta(seconds=-61), "in_the_past"), (90 * DAY + timedelta(seconds=1), "too_far_ahead")]
)
def test_nobody_rewrites_the_past_or_decides_for_the_far_future(wanted, code):
    with pytest.raises(InvalidRequestError) as caught:
        choose_effective_at(NOW + wanted, NOW)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("/effective_at", code)]


def test_a_draft_of_the_rules_in_force_is_published_without_ado():
    require_place(standing((4, -2), (5, -1)), NOW, 5, None)
    require_place([], NOW, None, None)


def test_a_draft_of_older_rules_needs_a_publisher_who_has_seen_those_in_force():
    history = standing((4, -2), (5, -1))
    for base, expected in ((4, None), (None, None), (5, 4), (4, 3)):
        with pytest.raises(RulesetMovedOnError) as caught:
            require_place(history, NOW, base, expected)
        assert caught.value.facts["changed_by"] == "Anna"
        assert caught.value.facts["current"]["version"] == 5  # type: ignore[index]
    require_place(history, NOW, 4, 5)
    with pytest.raises(InvalidRequestError):
        require_place([], NOW, None, 3)


def test_nothing_is_slipped_in_before_what_is_already_due():
    history = standing((5, -1), (6, 2))
    with pytest.raises(RulesetMovedOnError, match="version 6 is due after it"):
        require_place(history, NOW, 5, None)
    with pytest.raises(RulesetMovedOnError, match="version 6 is what it would replace"):
        require_place(history, NOW + 3 * DAY, 5, None)
    require_place(history, NOW + 3 * DAY, 6, None)


@pytest.mark.parametrize(
    ("history", "present", "restored"),
    [
        (standing((1, -9), (2, -8)), 2, 1),
        (standing((1, -9), (2, -8), (3, -7)), 3, 2),
        (standing((1, -9), (2, -8), (3, -7), (4, -6, 2)), 4, 1),
        (standing((1, -9), (2, -8), (3, -7), (4, -6, 2), (6, -5)), 6, 2),
        (standing((1, -9), (2, -8), (3, -7), (4, -6, 2), (6, -5), (7, -4, 2)), 7, 1),
        (standing((1, -9), (2, -8), (9, 3)), 2, 1),
    ],
)
def test_each_rollback_goes_one_step_further_back(history, present, restored):
    found, version = choose_restored(history, NOW)
    assert (found.version, version) == (present, restored)


@pytest.mark.parametrize("history", [[], standing((1, -9)), standing((1, -9), (2, -8), (3, -7, 1)), standing((1, 3))])
def test_there_is_nothing_before_the_first_rules(history):
    with pytest.raises(WrongStateError):
        choose_restored(history, NOW)


def test_a_second_press_of_the_brake_does_not_pull_twice():
    with pytest.raises(RulesetMovedOnError):
        choose_restored(standing((1, -9), (2, -8), (3, -7, 1)), NOW, 2)


def test_a_finding_points_into_the_document_as_it_was_given(monkeypatch):
    kinds = {"police_station": UnitKind("police_station", "p", "p", exclusive=False, sensitive=False)}
    known = directory()
    object.__setattr__(known.content, "unit_kinds", kinds)
    first = rule_data(CATCH_ALL)
    urgent = {"field": "urgency", "op": "eq", "value": "urgent"}
    second = first | {"id": "urgent", "catch_all": False, "priority": 9, "when": urgent}
    monkeypatch.setattr(
        ruleset_check,
        "lint",
        lambda ruleset, _: tuple(
            Finding("warning", "x", f"/rules/{place}/when", rule.id, "中", "en")
            for place, rule in enumerate(ruleset.rules)
        ),
    )
    data = {"name": {"zh": "z", "en": "e"}, "rules": [first, second]}
    checked = ruleset_check.check_ruleset(data, version=1, directory=known)
    assert {(finding.rule, finding.pointer) for finding in checked.findings} == {
        ("catch-all", "/rules/0/when"),
        ("urgent", "/rules/1/when"),
    }
    assert ruleset_check.findings_data(checked.findings)["counts"] == {"error": 0, "warning": 2, "note": 0}


def test_what_cannot_be_read_is_an_error_of_its_rule():
    data = {"name": {"zh": "z", "en": "e"}, "rules": [rule_data(CATCH_ALL) | {"priority": "high"}]}
    checked = ruleset_check.check_ruleset(data, version=1, directory=directory())
    assert checked.ruleset is None
    assert ("catch-all", "/rules/0/priority", "wrong_type") in {(f.rule, f.pointer, f.code) for f in checked.findings}
    assert checked.errors
    assert lints.Finding is Finding
