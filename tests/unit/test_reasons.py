"""Nobody at the desk reads a bare code: every reason that routing can give has its sentence in both languages."""

import ast
import inspect
import re
from typing import get_args

import pytest

from dispatch.domain import candidate, reasons, routing, words
from dispatch.domain.condition_fields import FIELDS
from dispatch.domain.reasons import ASIDE, ASSUMPTIONS, CHOSEN, REFUSED, SHORT, SPARE, sentence, shortfall_sentence
from dispatch.domain.routing import ShortfallReason
from dispatch.domain.rule import CRITERIA, LEVELS, ROLES, TIERS
from dispatch.domain.trigger import EVENTS, Trigger
from dispatch.domain.words import Words, distance, duration, ordinal, trigger_words

ALL = (CHOSEN, REFUSED, SPARE, SHORT, ASIDE, ASSUMPTIONS)
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def texts(node: ast.AST | None) -> set[str]:
    """Give the texts that an expression may come to."""
    if isinstance(node, ast.IfExp):
        return texts(node.body) | texts(node.orelse)
    if isinstance(node, ast.BoolOp):
        return set().union(*(texts(part) for part in node.values))
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def function(module: object, name: str) -> ast.AST:
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    return next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)


def returned(module: object, name: str) -> set[str]:
    found = [texts(node.value) for node in ast.walk(function(module, name)) if isinstance(node, ast.Return)]
    return set().union(*found)


def given_to(module: object, callee: str, *, place: int, key: str) -> set[str]:
    """Give the texts that a call passes on, by place or by name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):  # type: ignore[arg-type]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == callee:
            found |= texts(node.args[place]) if len(node.args) > place else set()
            found |= set().union(*(texts(word.value) for word in node.keywords if word.arg == key))
    return found


def assigned(module: object, name: str) -> set[str]:
    return set().union(
        *(
            texts(node.value)
            for node in ast.walk(ast.parse(inspect.getsource(module)))  # type: ignore[arg-type]
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
        )
    )


def test_every_refusal_in_the_code_of_candidates_has_its_sentence() -> None:
    tree = ast.parse(inspect.getsource(candidate))
    saying = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.returns is not None
              and ast.unparse(node.returns) == "str | None"]  # fmt: skip
    refusals = set().union(*(returned(candidate, name) for name in saying))
    assert {"off_duty", "committed", "too_far", "not_posted"} <= refusals
    assert refusals <= set(REFUSED)


def test_every_way_of_being_chosen_has_its_sentence() -> None:
    codes = given_to(candidate, "Candidate", place=99, key="code") | given_to(routing, "_Pick", place=2, key="code")
    assert {"jurisdiction", "nearest", "on_call", "substitute"} <= codes
    assert codes <= set(CHOSEN)


def test_every_way_of_not_being_needed_has_its_sentence() -> None:
    codes = assigned(routing, "reason") | given_to(routing, "Considered", place=3, key="reason")
    assert {"outside_jurisdiction", "not_needed"} <= codes
    assert codes <= set(SPARE) | set(REFUSED) | set(CHOSEN)


def test_every_reason_of_a_gap_has_its_sentence() -> None:
    assert returned(routing, "_shortfall_reason") <= set(get_args(ShortfallReason)) == set(SHORT)


def test_every_event_role_criterion_level_and_field_is_called_something() -> None:
    assert set(EVENTS) <= set(words.EVENT_WORDS)
    assert set(ROLES) <= set(words.ROLE_WORDS)
    assert set(CRITERIA) <= set(words.CRITERION_WORDS)
    assert {*LEVELS, *TIERS} <= set(words.LEVEL_WORDS)
    assert set(FIELDS) <= set(words.FIELD_WORDS)


@pytest.mark.parametrize("catalogue", ALL)
def test_every_sentence_is_there_in_both_languages_and_is_no_code(catalogue: dict[str, Words]) -> None:
    for code, told in catalogue.items():
        assert re.search(r"[一-鿿]", told.zh), code
        assert not re.search(r"[一-鿿]", told.en), code
        assert told.en == "committed" or not CODE.fullmatch(told.en) or " " in told.en or code == "superior", code


def test_a_fuller_sentence_is_told_only_when_everything_in_it_is_known() -> None:
    away, limit = distance(4200), distance(2000)
    assert sentence("too_far", {"away": away}) == REFUSED["too_far"]
    told = sentence("too_far", {"away": away, "limit": limit})
    assert (told.en, told.zh) == ("too far: 4.2 km of 2.0 km", "距离过远：4.2 公里，限 2.0 公里")


def test_both_languages_of_a_fuller_sentence_need_the_same_facts() -> None:
    for code, told in reasons._FULLER.items():
        assert reasons._names(told.zh) == reasons._names(told.en), code
        assert any(code in kind for kind in ALL)


def test_an_unknown_code_is_shown_rather_than_hidden() -> None:
    assert sentence("of_tomorrow") == Words("of_tomorrow", "of_tomorrow")
    assert shortfall_sentence("of_tomorrow").en == "of_tomorrow"


def test_numbers_read_as_people_say_them() -> None:
    assert [ordinal(n).en for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th")
    ]
    assert [distance(m).en for m in (0, 420.4, 999, 1500)] == ["0 m", "420 m", "999 m", "1.5 km"]
    assert [duration(s).en for s in (30, 90, 3600, 5400)] == ["30 s", "1.5 min", "1 h", "1.5 h"]


def test_a_trigger_says_everything_that_it_waits_for() -> None:
    told = trigger_words(Trigger(300, "lead_silent", "weapon"))
    assert told.en == "5 min after the opening and the lead is silent and 'weapon' is reported"
    assert told.zh == "立案 5 分钟后，且主办单位无人签收，且报告“weapon”"
