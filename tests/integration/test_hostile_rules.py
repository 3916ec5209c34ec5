"""Whatever an administrator's browser or script sends as rules: refused with a pointer, and calls go on meanwhile."""

import asyncio
import copy
import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dispatch.api.rulesets import MOST_BYTES
from dispatch.demo.city import bundle
from tests.support.city import City

RULES: dict[str, Any] = bundle()["ruleset"]
LAST = len(RULES["rules"])
PATH = "/api/v1/rulesets"
YAML = {"Content-Type": "application/yaml"}
URGENT = {"field": "urgency", "op": "eq", "value": "urgent"}
LEAD = {"unit_kind": "police_station", "role": "lead"}


def rules_with(**changes: Any) -> bytes:
    """The demo's rules and one more."""
    made = copy.deepcopy(RULES)
    name = {"zh": "坏", "en": "Bad"}
    made["rules"].append({"id": "bad", "name": name, "priority": 1, "when": URGENT, "require": [LEAD]} | changes)
    return json.dumps(made, ensure_ascii=True).encode()


def nested(depth: int) -> Any:
    condition: Any = URGENT
    for _ in range(depth):
        condition = {"not": condition}
    return condition


def deep_json(depth: int) -> bytes:
    return rules_with(when="HERE").replace(b'"HERE"', b'{"not": ' * depth + json.dumps(URGENT).encode() + b"}" * depth)


AT = f"/rules/{LAST}"
MANY = [1] * 1_000_000
JSON: list[tuple[str, bytes, str, str]] = [
    ("a megabyte of conditions", rules_with(when={"any": [URGENT] * 18_000}), "too_many", f"{AT}/when/any"),
    ("a tree of conditions", rules_with(when={"any": [{"all": [URGENT] * 400}] * 100}), "too_many", f"{AT}/when/any/1"),
    ("depth 21", rules_with(when=nested(21)), "too_deep", f"{AT}/when" + "/not" * 20),
    ("depth 500", rules_with(when=nested(500)), "too_deep", f"{AT}/when" + "/not" * 20),
    ("a million values", rules_with(when=URGENT | {"op": "in", "value": MANY}), "too_many", f"{AT}/when/value"),
    ("a million units", rules_with(require=[LEAD | {"units": MANY}]), "too_many", f"{AT}/require/0/units"),
    ("a million rules", json.dumps({"name": {}, "rules": MANY}).encode(), "missing", "/name"),
    ("a lone surrogate", rules_with(id="\ud800"), "invalid_json", f"{AT}/id"),
    ("NUL", rules_with(name={"zh": "a\0", "en": "b"}), "bad_text", f"{AT}/name/zh"),
    ("a key of a megabyte", rules_with(**{"k" * 1_000_000: 1}), "unknown_key", AT),
    ("a text of a megabyte", rules_with(name={"zh": "中" * 300_000, "en": "b"}), "too_long", f"{AT}/name/zh"),
    ("a right-to-left id", rules_with(id="rule\u202e1"), "bad_value", f"{AT}/id"),
    ("a huge number", rules_with(priority=10**300), "wrong_type", f"{AT}/priority"),
    ("a field that nobody knows", rules_with(when=URGENT | {"field": "urgancy"}), "unknown_field", f"{AT}/when/field"),
    ("not a number", b'{"rules": [NaN]}', "invalid_json", "/rules/0"),
    ("a list", b"[]", "wrong_type", ""),
    ("null", b"null", "missing", ""),
]  # fmt: skip


on_one_city = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def one_admin(one_city: City) -> httpx.AsyncClient:
    return await one_city.person("admin")


@pytest.fixture
async def admin(city: City) -> httpx.AsyncClient:
    return await city.person("admin")


@on_one_city
@pytest.mark.parametrize(("raw", "code", "pointer"), [case[1:] for case in JSON], ids=[case[0] for case in JSON])
async def test_rules_that_nobody_could_read_are_refused_at_their_place(
    one_admin: httpx.AsyncClient, one_city: City, raw: bytes, code: str, pointer: str
) -> None:
    answer = await one_admin.post(PATH, content=raw)
    assert answer.status_code == 422, answer.text[:500]
    faults = answer.json()["errors"]
    assert (faults[0]["code"], faults[0]["pointer"]) == (code, pointer)
    assert len(answer.content) < 60_000
    assert await one_city.sql.fetchval("SELECT count(*) FROM ruleset") == 1


@on_one_city
async def test_json_deeper_than_any_parser_follows_is_refused_at_its_place(one_admin: httpx.AsyncClient) -> None:
    answer = await one_admin.post(PATH, content=deep_json(10_000))
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["code"]) == (422, "invalid_json")
    assert fault["pointer"].startswith(f"{AT}/when/not/not/not")
    assert answer.json()["line"] == 1
    edited = await one_admin.put(f"{PATH}/1", content=deep_json(10_000))
    assert edited.status_code == 422


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
BOMBS: list[tuple[str, str, str, int]] = [
    ("billion laughs", BOMB, "too_many", 6),
    ("depth 10,000", "rules:\n- " + "{not: " * 10_000, "too_deep", 2),
    ("a million entries", "rules: [" + "1, " * 1_000_000 + "1]", "too_many", 1),
    ("the same key twice", "name: a\nrules: []\nname: b\n", "duplicate_key", 3),
    ("a tag that runs code", "name: !!python/object/apply:os.system [ls]\n", "unknown_tag", 1),
    ("an anchor in itself", "rules: &r\n- *r\n", "unknown_alias", 2),
    ("no YAML", "rules: [\n{", "invalid_yaml", 3),
]


@on_one_city
@pytest.mark.parametrize(("text", "code", "line"), [case[1:] for case in BOMBS], ids=[case[0] for case in BOMBS])
async def test_a_yaml_bomb_does_not_go_off(one_admin: httpx.AsyncClient, text: str, code: str, line: int) -> None:
    answer = await one_admin.post(PATH, content=text.encode(), headers=YAML)
    assert (answer.status_code, answer.json()["code"], answer.json()["line"]) == (422, code, line)
    assert f"line {line}, column" in answer.json()["errors"][0]["detail"]


async def test_a_body_over_eight_megabytes_is_refused_here_and_no_later(city: City, admin: httpx.AsyncClient) -> None:
    padding = b" " * (300 * 1024)
    assert (await admin.post(PATH, content=rules_with() + padding)).status_code == 201
    refused = await admin.post(PATH, content=b" " * (MOST_BYTES + 1))
    assert (refused.status_code, refused.json()["limit_bytes"]) == (413, MOST_BYTES)
    reason = await admin.post(f"{PATH}/1/discard", content=b'{"reason": "x"}' + padding)
    assert (reason.status_code, reason.json()["limit_bytes"]) == (413, 256 * 1024)
    # Who may not write rules is refused before a byte of them is read.
    desk = await city.person()
    assert (await desk.post(PATH, content=b" " * (MOST_BYTES + 1))).status_code == 403


async def test_calls_are_answered_while_large_rules_are_read(city: City, admin: httpx.AsyncClient) -> None:
    made = copy.deepcopy(RULES)
    more = ({"id": f"more-{number}", "priority": number} for number in range(400))
    made["rules"] += [made["rules"][0] | one for one in more]
    drafting = asyncio.create_task(admin.post(PATH, json=made))
    calls = 0
    while not drafting.done():
        await city.report()
        calls += 1
    answer = await drafting
    assert answer.status_code == 201, answer.text[:500]
    assert calls > 1


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "required", "/reason"),
        ({"reason": ""}, "string_too_short", "/reason"),
        ({"reason": "x", "effective_at": "tomorrow"}, "datetime_from_date_parsing", "/effective_at"),
        ({"reason": "x", "effective_at": "2026-11-23T00:00:00"}, "offset_required", "/effective_at"),
        ({"reason": "x", "expected_version": "1"}, "int_type", "/expected_version"),
        ({"reason": "x", "force": True}, "unknown_field", "/force"),
    ],
)
async def test_a_publication_says_all_that_it_must(
    city: City, admin: httpx.AsyncClient, body: dict[str, Any], code: str, pointer: str
) -> None:
    version = (await admin.post(PATH)).json()["version"]
    answer = await (await city.person("admin2")).post(f"{PATH}/{version}/publish", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["pointer"] == pointer


@on_one_city
@pytest.mark.parametrize("query", ["base_version=x", "base_version=0", "note=", "colour=red", "note=%00"])
async def test_what_stands_beside_the_rules_is_checked_too(one_admin: httpx.AsyncClient, query: str) -> None:
    answer = await one_admin.post(f"{PATH}?{query}", json=RULES)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"?{query.partition('=')[0]}")
