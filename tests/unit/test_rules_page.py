"""The page for those who write rules names all that a rule can say, in both languages; its own rules can be read."""

import re
from pathlib import Path
from typing import Any

import pytest

from dispatch.documents.yaml_read import read_yaml
from dispatch.domain.condition_fields import ALL_OPERATORS, FIELDS, LIST_OPERATORS, OPERATORS
from dispatch.domain.day import DAY_KINDS
from dispatch.domain.requirement_parse import REQUIREMENT_KEYS
from dispatch.domain.rule import CRITERIA, JOINS, LEVELS, ROLES, TIERS, Rule
from dispatch.domain.ruleset import Known, parse_ruleset
from dispatch.domain.trigger import EVENTS
from tests.support.demo_city import KINDS, PROFILES, TYPES
from tests.support.situation import WORDS, read_situations

ROOT = Path(__file__).parents[2]
PAGES = ("docs/rules.md", "docs/rules.zh-CN.md")
KNOWN = Known(frozenset(KINDS), frozenset(TYPES), frozenset(PROFILES))
CATCH_ALL = {
    "id": "catch-all",
    "name": {"zh": "x", "en": "x"},
    "priority": 0,
    "catch_all": True,
    "require": [{"unit_kind": "city_command_center", "role": "lead"}],
}

each_page = pytest.mark.parametrize("page", PAGES)


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def rows_of(page: str) -> dict[str, str]:
    """The rows of all tables by what their first cell names."""
    rows: dict[str, str] = {}
    for first, rest in re.findall(r"^\| ([^|]*`[^|]+) \|(.*)$", text_of(page), flags=re.MULTILINE):
        rows |= dict.fromkeys(re.findall(r"`([\w.]+)(?:: [\w]+)?`", first), rest)
    return rows


def blocks_of(page: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", text_of(page), flags=re.MULTILINE | re.DOTALL)


@each_page
def test_every_field_has_a_row_with_its_operators_and_its_values(page: str) -> None:
    rows = rows_of(page)
    for field in FIELDS.values():
        assert field.name in rows
        assert {value for value in field.values if f"`{value}`" not in rows[field.name].replace('"', "")} == set()
        shown = re.search(r"^ ([^|]*) \|", rows[field.name])
        assert shown is not None
        assert spelled_out(shown[1]) == set(field.operators), field.name


def spelled_out(cell: str) -> set[str]:
    """E, T and O stand for the operators of equality, of tags and of order."""
    sets = {"E": OPERATORS["text"], "T": OPERATORS["set"], "O": set(OPERATORS["whole"]) - set(OPERATORS["text"])}
    parts = re.split(r"[,、]\s*", cell)
    return {operator for part in parts for operator in sets.get(part, [part.strip("`")])}


@each_page
def test_every_operator_is_explained(page: str) -> None:
    assert {name for name in ALL_OPERATORS if name not in rows_of(page)} == set()
    assert set(ALL_OPERATORS) >= LIST_OPERATORS


@each_page
def test_every_key_of_a_rule_and_of_a_requirement_is_explained(page: str) -> None:
    rows = rows_of(page)
    rule_keys = {*Rule.__dataclass_fields__} - {"name_zh", "name_en"} | {"name"}
    assert {key for key in (*REQUIREMENT_KEYS, *rule_keys, *CRITERIA) if key not in rows} == set()


@each_page
def test_every_word_that_a_key_takes_is_named(page: str) -> None:
    text = text_of(page)
    words = (*ROLES, *LEVELS, *TIERS, *JOINS, *DAY_KINDS, "after_s", "tag", "within_m", "within_s", "incident_types")
    assert {word for word in words if not re.search(rf"`{word}|[{{ ]{word}:", text)} == set()
    assert {event for event in EVENTS if f"`event: {event}`" not in text} == set()


@each_page
def test_every_rule_on_the_page_can_be_read(page: str) -> None:
    blocks = blocks_of(page)
    assert len(blocks) >= 4
    for block in blocks:
        read: Any = read_yaml(block)
        document = read if isinstance(read, dict) else {"rules": [*read, CATCH_ALL]}
        assert block.startswith(("- id:", "rules:"))
        parse_ruleset({"name": {"zh": "x", "en": "x"}, **document}, version=1, known=KNOWN)


def test_both_languages_show_the_same_rules() -> None:
    english, chinese = ([read_yaml(block) for block in blocks_of(page)] for page in PAGES)
    assert english == chinese


@each_page
def test_every_situation_is_on_the_page_and_what_its_file_may_say_is_explained(page: str) -> None:
    text = text_of(page)
    section = text[text.index("../examples/situations/01") :]
    assert [name for name in read_situations() if f"../examples/situations/{name}.yaml" not in section] == []
    assert {key for key in WORDS if f"`{key}`" not in section} == set()
