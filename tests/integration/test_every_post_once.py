"""An answer got lost on the way and the request is sent again: nothing happens twice, whichever request it was."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatch.demo.city import bundle
from tests.integration.test_receipts import gateway
from tests.support.city import HOSPITAL_CALL, JUSTICE, POLICE, City
from tests.support.push_service import Browser

DOCUMENT = Path(__file__).parents[2] / "docs/openapi.json"
OWN_KEY = {"/api/v1/devices/{device_id}/press"}
"""`press_id` is the key."""
NO_KEY = {"/api/v1/sessions"}
"""A repeated log-in is another log-in: a stored answer would hold a secret."""
WHERE = {"location": {"longitude": 112.96, "latitude": 27.87, "crs": "GCJ02"}}
MODE = {"division_code": "430302", "field": "response_mode", "value": "I", "reason": "x"}
DRILL = {"name": "x", "division_code": "430304", "ends_at": "2099-01-01T00:00:00Z"}
TESTS, ROLL_CALL = "/api/v1/communication-tests", {"name": "x", "division_code": "430304", "window_s": 600}
INCIDENT, ASSIGNMENT = "/api/v1/incidents/{incident_id}", "/api/v1/assignments/{assignment_id}"
RULESET, BACKTEST = "/api/v1/rulesets/{version}", "/api/v1/rulesets/backtests/{backtest_id}"
SUBSCRIPTION = "/api/v1/push/subscriptions/{subscription_id}"
BROWSER = Browser().subscription("https://push.invalid/one")
RULES = bundle()["ruleset"]
PAPER = HOSPITAL_CALL | {
    "paper_number": "P-20200817-001",
    "occurred_at": "2020-08-17T18:17:00Z",
    "ended_at": "2020-08-17T19:30:00Z",
}
POSTS: dict[str, tuple[str, list[tuple[str, Any]], Any]] = {
    # path: (who asks, what goes before, the body)
    "/api/v1/incidents": ("integrator", [], HOSPITAL_CALL),
    "/api/v1/incidents/match": ("integrator", [], HOSPITAL_CALL),
    "/api/v1/incidents/back-entries": ("desk", [], PAPER),
    f"{INCIDENT}/dispatch": ("desk", [], {"units": [{"unit_id": "{spare}"}]}),
    f"{INCIDENT}/recommend": ("desk", [], {}),
    f"{INCIDENT}/note": ("desk", [], {"text": "hello"}),
    f"{INCIDENT}/disclose": ("desk", [], {}),
    f"{INCIDENT}/raise": ("desk", [], {"severity": "II", "reason": "x"}),
    f"{INCIDENT}/relocate": ("desk", [], {"address": "后门", "reason": "x"}),
    f"{INCIDENT}/finding": ("unit", [], {"tags": ["injured"]}),
    f"{INCIDENT}/release": ("desk", [], {"requirement": 5}),
    f"{INCIDENT}/skip": ("desk", [], {"requirement": 5, "reason": "x"}),
    f"{INCIDENT}/excuse": ("desk", [("gap", None)], {"slot": 77, "reason": "x"}),
    f"{INCIDENT}/cancel": ("desk", [], {"reason": "x"}),
    f"{INCIDENT}/close": ("desk", [], {}),
    f"{INCIDENT}/reopen": ("desk", [(f"{INCIDENT}/close", {})], {"reason": "x"}),
    f"{INCIDENT}/merge": ("desk", [], {"into": "{other}", "reason": "x"}),
    f"{INCIDENT}/unlink": ("desk", [("linked", None)], {"incident_id": "{other}", "reason": "x"}),
    f"{INCIDENT}/transfer": ("desk", [], {"receiver": "12345", "reason": "x"}),
    f"{INCIDENT}/suspend": ("desk", [], {"reason": "x"}),
    f"{INCIDENT}/resume": ("desk", [(f"{INCIDENT}/suspend", {"reason": "x"})], {"reason": "x"}),
    f"{ASSIGNMENT}/receipt": ("unit", [], {"state": "delivered"}),
    f"{ASSIGNMENT}/acknowledge": ("unit", [], {}),
    f"{ASSIGNMENT}/depart": ("unit", [(f"{ASSIGNMENT}/acknowledge", {})], {}),
    f"{ASSIGNMENT}/arrive": ("unit", [(f"{ASSIGNMENT}/acknowledge", {})], {}),
    f"{ASSIGNMENT}/feedback": ("unit", [(f"{ASSIGNMENT}/acknowledge", {})], {"outcome": "handled"}),
    f"{ASSIGNMENT}/complete": (
        "unit",
        [
            (f"{ASSIGNMENT}/acknowledge", {}),
            (f"{ASSIGNMENT}/arrive", {}),
            (f"{ASSIGNMENT}/feedback", {"outcome": "handled"}),
        ],
        {},
    ),
    f"{ASSIGNMENT}/decline": ("unit", [], {"reason": "busy"}),
    f"{ASSIGNMENT}/return": ("unit", [("calm", None)], {"reason": "x"}),
    f"{ASSIGNMENT}/urge": ("desk", [], {}),
    f"{ASSIGNMENT}/revoke": ("desk", [], {"reason": "x"}),
    f"{ASSIGNMENT}/reassign": ("desk", [], {"reason": "x"}),
    f"{ASSIGNMENT}/excuse": ("desk", [], {"reason": "x"}),
    "/api/v1/devices/{device_id}/cancel": ("device", [("pressed", None)], {}),
    "/api/v1/devices/{device_id}/check-in": ("device", [], {"battery_percent": 5}),
    "/api/v1/modes": ("leader", [], MODE),
    "/api/v1/modes/{mode_id}/end": ("leader", [("mode", None)], {"reason": "x"}),
    "/api/v1/drills": ("leader", [], DRILL),
    "/api/v1/drills/{drill_id}/end": ("leader", [("drill", None)], {}),
    TESTS: ("leader", [], ROLL_CALL),
    f"{TESTS}/{{test_id}}/answer": ("unit", [("test", None)], {"state": "answered"}),
    "/api/v1/communication-schedules": ("leader", [], ROLL_CALL | {"weekdays": [1], "at": "08:30"}),
    "/api/v1/push/subscriptions": ("unit", [], BROWSER),
    f"{SUBSCRIPTION}/test": ("unit", [("subscribed", None)], {}),
    "/api/v1/push/receipts": ("stranger", [("sent", None)], {"token": "{receipt}", "state": "delivered"}),
    "/api/v1/delivery-receipts": (
        "gateway",
        [("sent", None)],
        {"channel": "sms", "provider_id": "p-1", "state": "failed"},
    ),
    "/api/v1/units/{unit_id}/status": ("unit", [], {"status": "off_duty"}),
    "/api/v1/units/{unit_id}/position": ("unit", [], WHERE),
    f"{RULESET}/simulate": ("desk", [], {"call": HOSPITAL_CALL}),
    f"{RULESET}/backtest": ("desk", [], {}),
    f"{BACKTEST}/cancel": ("desk", [(f"{RULESET}/backtest", {})], {}),
    "/api/v1/rulesets": ("admin", [], RULES),
    f"{RULESET}/lint": ("desk", [], {}),
    f"{RULESET}/publish": ("second", [("drafted", None)], {"reason": "x"}),
    f"{RULESET}/discard": ("admin", [("drafted", None)], {"reason": "x"}),
    f"{RULESET}/rollback": (
        "admin",
        [("drafted", None), (f"{RULESET}/publish", {"reason": "x"})],
        {"reason": "x"},
    ),
}
MADE: dict[str, tuple[str, Any, str]] = {
    "subscribed": ("/api/v1/push/subscriptions", BROWSER, "subscription_id"),
    "mode": ("/api/v1/modes", MODE, "mode_id"),
    "drill": ("/api/v1/drills", DRILL, "drill_id"),
    "test": (TESTS, ROLL_CALL, "test_id"),
}
"""What goes before: how it is made, and what its id is called."""

LOOKS = (
    "/api/v1/incidents/match",
    *(f"{INCIDENT}/recommend", f"{RULESET}/lint", f"{RULESET}/simulate", f"{RULESET}/backtest", f"{BACKTEST}/cancel"),
)
PUSH = ("/api/v1/push/subscriptions", f"{SUBSCRIPTION}/test", f"{TESTS}/{{test_id}}/answer")
"""Like log-ins no change of anything that is dispatched."""
CHANGES = dict.fromkeys((*LOOKS, *PUSH), 0) | {f"{INCIDENT}/merge": 2}
"""How many changes a request makes, where it is not one."""


def test_every_post_of_the_document_is_tried_here_and_takes_the_key() -> None:
    paths = json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"]
    posts = {path for path, verbs in paths.items() if "post" in verbs}
    assert posts == set(POSTS) | OWN_KEY | NO_KEY
    keyed = {
        path for path in posts if any(p["name"] == "Idempotency-Key" for p in paths[path]["post"].get("parameters", []))
    }
    assert keyed == set(POSTS)


class Story:
    """One incident with everybody who may ask something about it."""

    def __init__(self, city: City, people: dict[str, httpx.AsyncClient], names: dict[str, str]) -> None:
        self.names = names
        self.clients = {
            **people,
            "integrator": city.integrator(),
            "unit": city.unit(POLICE),
            "device": city.client(city.device["token"]),
            "stranger": city.client(),
        }

    async def ask(self, path: str, body: Any, *, key: str | None = None, spacing: str = "") -> httpx.Response:
        content = json.dumps(body) + spacing
        for name, value in self.names.items():
            content = content.replace(f'"{{{name}}}"', json.dumps(value))
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.clients[POSTS[path][0]].post(path.format(**self.names), content=content, headers=headers)


async def _prepared(city: City, path: str) -> Story:
    incident, other = await city.report(), await city.report()
    names = {
        "incident_id": incident["id"],
        "assignment_id": await city.open_assignment(POLICE, incident),
        "other": other["id"],
        "device_id": city.device["id"],
        "unit_id": city.unit_id(POLICE),
        "spare": city.unit_id("430302001-PCS"),
        "version": "1",
    }
    logins = {"desk": "desk1", "leader": "leader", "admin": "admin", "second": "admin2"}
    story = Story(city, {who: await city.person(login) for who, login in logins.items()}, names)
    for step, body in POSTS[path][1]:
        if step == "gap":
            gap = '[{"slot": 77, "unit_kind": "police_station", "role": "support", "reason": "off_duty", "count": 1}]'
            await city.sql.execute("UPDATE incident SET shortfalls = $1::json WHERE id = $2", gap, incident["id"])
        elif step == "linked":  # of the two the other is the younger: it has the link
            names["incident_id"], names["other"] = names["other"], names["incident_id"]
        elif step == "calm":
            await city.sql.execute("UPDATE incident SET urgency = 'normal'")
        elif step == "pressed":
            await city.press()
        elif step == "drafted":
            drafted = await story.ask("/api/v1/rulesets", RULES)
            names["version"] = str(drafted.json()["version"])
        elif step == "sent":
            names["receipt"] = await _sent(city, names)
            story.clients["gateway"] = await gateway(city)
        elif step in MADE:
            where, said, name = MADE[step]
            names[name] = (await story.ask(where, said)).json()["id"]
        else:
            answer = await story.ask(step, body)
            assert answer.status_code in {200, 202}, (step, answer.text)
            if step == f"{RULESET}/backtest":
                names["backtest_id"] = answer.json()["id"]
    return story


async def _sent(city: City, names: dict[str, str]) -> str:
    """Send a message; give the secret that its browser is told."""
    return str(
        await city.sql.fetchval(
            "INSERT INTO delivery_attempt (id, message_id, incident_id, assignment_id, channel, recipient, body, "
            "state, next_at, provider_id, receipt_token) "
            "SELECT id, id, $1, $2, 'sms', '1', '{}', 'sent', now(), 'p-1', id "
            "FROM gen_random_uuid() AS id RETURNING receipt_token::text",
            names["incident_id"],
            names["assignment_id"],
        )
    )


async def _changes(city: City) -> int:
    return int(await city.sql.fetchval("SELECT count(*) FROM audit"))


@pytest.mark.parametrize("path", POSTS)
async def test_whatever_is_sent_again_with_its_key_is_answered_alike_and_done_once(city: City, path: str) -> None:
    story, body = await _prepared(city, path), POSTS[path][2]
    before = await _changes(city)
    twins = await asyncio.gather(*(story.ask(path, body, key="k") for _ in range(4)))
    assert {answer.status_code for answer in twins} <= {200, 201, 202}, twins[0].text
    assert len({answer.content for answer in twins}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in twins) == 3
    after = await _changes(city)
    assert after - before == CHANGES.get(path, 1)
    other = await story.ask(path, body, key="k", spacing=" ")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await _changes(city) == after


async def test_a_receipt_that_changes_nothing_is_answered_as_it_was(city: City) -> None:
    incident = await city.report()
    await city.act(JUSTICE, incident, "receipt", state="seen")
    assignment = await city.open_assignment(JUSTICE, incident)
    path, client = f"/api/v1/assignments/{assignment}/receipt", city.unit(JUSTICE)
    first = await client.post(path, json={"state": "seen"}, headers={"Idempotency-Key": "r"})
    await city.act(JUSTICE, incident, "acknowledge")
    again = await client.post(path, json={"state": "seen"}, headers={"Idempotency-Key": "r"})
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await client.post(path, json={"state": "seen"})).json()["status"] == "acknowledged"


async def test_an_older_position_sent_again_does_not_become_true(city: City) -> None:
    client, path = city.unit(POLICE), f"/api/v1/units/{city.unit_id(POLICE)}/position"
    old = WHERE | {"reported_at": "2020-01-01T00:00:00Z"}
    assert (await client.post(path, json=WHERE)).json() == {"accepted": True}
    for _ in range(2):
        answer = await client.post(path, json=old, headers={"Idempotency-Key": "p"})
        assert answer.json() == {"accepted": False}
    assert answer.headers["Idempotency-Replayed"] == "true"


async def test_a_repeated_log_in_hands_out_no_stored_secret(city: City) -> None:
    tokens = set()
    for _ in range(2):
        client = city.client()
        answer = await client.post(
            "/api/v1/sessions",
            json={"login": "desk1", "password": "demo-only"},
            headers={"Idempotency-Key": "login"},
        )
        assert answer.status_code == 201
        assert "Idempotency-Replayed" not in answer.headers
        tokens.add(client.cookies["dispatch_session"])
    assert len(tokens) == 2
    assert await city.sql.fetchval("SELECT count(*) FROM idempotency") == 0
