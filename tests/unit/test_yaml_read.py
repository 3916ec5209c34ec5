"""YAML and JSON that somebody sends: read as it is meant, or refused at its place before it costs anything."""

import contextlib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dispatch.documents.json_read import read_json
from dispatch.documents.yaml_read import Limits, read_yaml
from dispatch.domain.errors import InvalidRequestError


def refusal_of(read, *given):
    with pytest.raises(InvalidRequestError) as caught:
        read(*given)
    (fault,) = caught.value.faults
    return fault.code, fault.pointer, (caught.value.facts["line"], caught.value.facts["column"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("No", "No"),
        ("22:30", "22:30"),
        ("2026-11-23", "2026-11-23"),
        ("430304", 430304),
        ("010", 10),
        ("0x10", "0x10"),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", ".inf"),
        ("9" * 5000, "9" * 5000),
        ("true", True),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ('"1"', "1"),
        ("|\n  a\n  b", "a\nb\n"),
    ],
)
def test_a_word_of_a_rule_does_not_turn_into_something_else(text, value):
    read = read_yaml(f"key: {text}\n")["key"]
    assert (read, type(read)) == (value, type(value))


def test_a_key_named_on_stays_a_key():
    assert read_yaml("{on: lead_silent, no: 1}") == {"on": "lead_silent", "no": 1}


def test_an_anchor_is_used_as_often_as_people_use_it():
    text = "a: &kinds\n  - one\n  - two\nb: *kinds\nc: [*kinds, *kinds]\n"
    assert read_yaml(text) == yaml.safe_load(text)


def test_a_mark_before_the_text_is_no_part_of_it():
    assert read_yaml("﻿name: 规则".encode()) == {"name": "规则"}


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (LAUGHS, ("too_many", "/f/7", (6, 36))),
        ("- &a [x, x]\n" + "- *a\n" * 60_000, ("too_many", "/50000", (50_001, 3))),
        ("[" + "1," * 1_000_000 + "]", ("too_many", "/50000", (1, 100_002))),
        ("\n".join(f"k{number}: 1" for number in range(60_000)), ("too_many", "", (50_001, 1))),
        ("[" * 10_000, ("too_deep", "/0" * 64, (1, 65))),
        ('{"not": ' * 10_000, ("too_deep", "/not" * 64, (1, 513))),
        ("".join("- " for _ in range(10_000)), ("too_deep", "/0" * 64, (1, 129))),
        ("rules: &r [*r]", ("unknown_alias", "/rules/0", (1, 12))),
        ("a: *nothing", ("unknown_alias", "/a", (1, 4))),
        ("a: 1\nb: {c: 1, c: 2}", ("duplicate_key", "/b", (2, 11))),
        ("a: !!python/object/apply:os.system [x]", ("unknown_tag", "/a", (1, 4))),
        ("a: !!binary aGk=", ("unknown_tag", "/a", (1, 4))),
        ("a: &x {b: 1}\nc: {<<: *x}", ("merge_key", "/c", (2, 5))),
        ("? [a]\n: 1", ("wrong_key", "", (1, 3))),
        ("1: a", ("wrong_key", "", (1, 1))),
        ("a: 1\n---\nb: 2", ("many_documents", "", (2, 1))),
        ("a: [1, 2\nb: 3", ("invalid_yaml", "/a/2", (2, 2))),
        ("a: 1\nb: 'x\x01'", ("invalid_yaml", "", (2, 6))),
        (b"a: 1\nb: \xff", ("invalid_yaml", "", (2, 4))),
        ("a/b~c: {d: *e}", ("unknown_alias", "/a~1b~0c/d", (1, 12))),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else None,
)
def test_what_is_hostile_or_wrong_is_refused_at_its_place(text, refusal):
    assert refusal_of(read_yaml, text) == refusal


def test_a_limit_counts_what_an_alias_stands_for():
    limits = Limits(nodes=40, entries=100, depth=5)
    assert len(read_yaml("[&a [1, 2, 3], *a, *a, *a]", limits)) == 4
    assert refusal_of(read_yaml, f"[&a [1, 2, 3], {', '.join(['*a'] * 20)}]", limits)[0] == "too_many"


@given(st.text(max_size=40))
def test_no_text_brings_the_reader_down(text):
    with contextlib.suppress(InvalidRequestError):
        read_yaml(text)


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b'{"rules": [{"id": "x"}, {"when": ' + b'{"not": ' * 10_000, ("invalid_json", (1, 8203))),
        (b"[" * 10_000, ("invalid_json", (1, 1026))),
        (b'{"a": 1,}', ("invalid_json", (1, 8))),
        (b'{"rules": [1, 2, x]}', ("invalid_json", (1, 18))),
        (b'{"a": "\\ud800"}', ("invalid_json", (1, 8))),
        (b"{\n\n  nothing", ("invalid_json", (3, 3))),
        (b"\xff", ("invalid_json", (1, 1))),
        (b"NaN", ("invalid_json", (1, 1))),
        (b"", ("invalid_json", (1, 1))),
        (b'["' + b'\\"' * 1_000_000, ("invalid_json", (1, 2_000_003))),
    ],
    ids=range(10),
)
def test_json_that_is_none_is_refused_with_line_and_column(raw, refusal):
    code, _, place = refusal_of(read_json, raw)
    assert (code, place) == refusal


def test_a_pointer_leads_to_where_json_breaks_off():
    assert refusal_of(read_json, b'{"rules": [{"id": "a, [b"}, {"when": {"all": [1, x]}}]}')[1] == "/rules/1/when/all/1"
    deep = b'{"rules": [{"id": "x"}, {"when": ' + b'{"not": ' * 10_000
    assert refusal_of(read_json, deep)[1].startswith("/rules/1/when/not/not/not")
