"""A test of communication over messages: sent is not reached, and the report tells one from the other."""

import asyncio
import contextlib
import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from dispatch.domain.communication import STATES
from dispatch.operations.try_communication import end_due_tests
from dispatch.storage.database import Database
from dispatch.storage.migration import downgrade, upgrade
from tests.integration.test_communication_tests import TESTS, VILLAGE, report, started
from tests.integration.test_push import subscribe
from tests.integration.test_receipts import GATEWAY, PUSH, gateway
from tests.integration.test_who_has_it import Recording, sending_by, sent
from tests.support.city import COMMUNITY, POLICE, City
from tests.support.push_service import Browser, PushService, push_service

_OLD = """
INSERT INTO communication_test (id, name, division_code, channels, window_s, started_at, ends_at, started_by)
  VALUES ('00000000-0000-0000-0000-000000000001', 'x', '430304', '{sms}', 60, now(), now(), 'x');
INSERT INTO communication_test_call (test_id, subject_kind, subject_id, channel, state, called_at, delivered_at)
  SELECT t.id, 'unit', t.id, channel, 'delivered', now(), now()
  FROM communication_test t, unnest('{console,sms,email,web_push}'::text[]) channel;
INSERT INTO delivery_attempt (id, message_id, test_id, unit_id, channel, recipient, recipient_kind, reason, urgency,
  source, exercise, body, state, next_at, delivered_at, seen_at)
  SELECT gen_random_uuid(), gen_random_uuid(), t.id, t.id, channel, 'x', 'duty_phone', 'test', 3, t.id, 'test', '{}',
    CASE channel WHEN 'email' THEN 'sent' WHEN 'sms' THEN 'delivered' ELSE 'seen' END, now(),
    CASE WHEN channel <> 'email' THEN now() END, CASE WHEN channel = 'web_push' THEN now() END
  FROM communication_test t, unnest('{sms,email,web_push}'::text[]) channel;
"""


@pytest.fixture
async def browser_side() -> AsyncIterator[PushService]:
    async with push_service() as service:
        yield service


def by_hand(city: City, *channels: Any) -> Any:
    next(task for task in city.process.tasks if task.get_name() == "communication").cancel()
    return sending_by(city, *channels)


async def totals(city: City, test: dict[str, Any], channel: str) -> dict[str, int]:
    said = (await (await city.person()).get(f"{TESTS}/{test['id']}")).json()
    total = next(total for total in said["totals"] if total["channel"] == channel)
    assert sum(total[state] for state in STATES) == total["total"], "everybody is counted once"
    return {state: total[state] for state in STATES if total[state]}


async def by_sms(city: City) -> tuple[dict[str, Any], str]:
    """Test the text messages of one village; give the test and the gateway's id of its message."""
    loop = by_hand(city, Recording("sms"))
    test = await started(city, channels=["sms"], division_code=VILLAGE)
    await sent(loop)
    row = await city.sql.fetchrow(
        "SELECT provider_id FROM delivery_attempt WHERE test_id = $1 AND unit_id = $2",
        test["id"],
        city.unit_id(COMMUNITY),
    )
    return test, row["provider_id"]


async def test_a_text_that_was_only_sent_is_told_apart_from_one_that_arrived(city: City) -> None:
    test, provider_id = await by_sms(city)
    line = (await report(city, test))[f"{COMMUNITY} sms"]
    assert (line["state"], line["sent_after_s"] is None, line["delivered_after_s"]) == ("sent", False, None)
    assert "delivered" not in await totals(city, test, "sms")
    body = {"channel": "sms", "provider_id": provider_id, "state": "delivered"}
    city.offset += timedelta(seconds=20)
    assert (await (await gateway(city)).post(GATEWAY, json=body)).json() == {"state": "delivered"}
    line = (await report(city, test))[f"{COMMUNITY} sms"]
    assert line["state"] == "delivered"
    assert line["sent_after_s"] < 20 <= line["delivered_after_s"]
    assert (await totals(city, test, "sms"))["delivered"] == 1


async def test_a_text_that_the_gateway_lost_after_it_had_taken_it_is_named(city: City) -> None:
    test, provider_id = await by_sms(city)
    body = {"channel": "sms", "provider_id": provider_id, "state": "failed", "error": "absent subscriber"}
    await (await gateway(city)).post(GATEWAY, json=body)
    line = (await report(city, test))[f"{COMMUNITY} sms"]
    assert (line["state"], line["error"]) == ("failed", "the gateway reported: absent subscriber")
    desk = await city.person()
    table = (await desk.get(f"{TESTS}/{test['id']}?format=csv")).text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert (rows[0]["code"], rows[0]["state"]) == (COMMUNITY, "failed"), "who was not reached stands first"
    assert {"sent_after_s", "seen_after_s"} <= set(rows[0])


async def test_a_receipt_after_the_end_is_still_noted_for_it_says_who_can_be_reached(city: City) -> None:
    test, provider_id = await by_sms(city)
    city.offset += timedelta(seconds=61)
    await end_due_tests(city.process.context)
    assert (await report(city, test))[f"{COMMUNITY} sms"]["state"] == "sent", "what was sent is not silence"
    body = {"channel": "sms", "provider_id": provider_id, "state": "delivered"}
    await (await gateway(city)).post(GATEWAY, json=body)
    assert (await report(city, test))[f"{COMMUNITY} sms"]["state"] == "delivered"


async def test_of_two_telephones_of_a_unit_the_one_that_was_reached_counts(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = city.process.web_push
    assert push is not None
    monkeypatch.setattr(push, "private", True)
    browsers = Browser(), Browser()
    for name, browser in zip(("one", "two"), browsers, strict=True):
        await subscribe(city.unit(POLICE), browser_side.endpoint(name), browser)
    loop = by_hand(city, push)
    test = await started(city, channels=["web_push"])
    await sent(loop)
    key = f"{POLICE} web_push"
    assert (await report(city, test))[key]["state"] == "sent"
    said = [_opened(message.body, browsers) for message in browser_side.received]
    assert len(said) == 2
    for state, reached in (("delivered", "delivered"), ("seen", "seen"), ("delivered", "seen")):
        await city.client().post(PUSH, json={"token": said[0]["receipt"], "state": state})
        line = (await report(city, test))[key]
        assert line["state"] == reached, "what was seen is not less afterwards"
    assert line["seen_after_s"] >= line["delivered_after_s"] >= 0
    lost = await city.sql.fetchval("SELECT id FROM delivery_attempt WHERE test_id = $1 AND state = 'sent'", test["id"])
    body = {"channel": "web_push", "provider_id": str(lost), "state": "failed"}
    assert (await (await gateway(city)).post(GATEWAY, json=body)).json() == {"state": "failed_permanent"}
    assert (await report(city, test))[key]["state"] == "seen"


async def test_one_of_two_that_fails_does_not_hide_that_the_other_was_sent(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = city.process.web_push
    assert push is not None
    monkeypatch.setattr(push, "private", True)
    for name in ("one", "two"):
        await subscribe(city.unit(POLICE), browser_side.endpoint(name))
    loop = by_hand(city, push)
    test = await started(city, channels=["web_push"])
    await sent(loop)
    ids = [row["id"] for row in await city.sql.fetch("SELECT id FROM delivery_attempt WHERE test_id = $1", test["id"])]
    seen_states = []
    for attempt_id in ids:
        body = {"channel": "web_push", "provider_id": str(attempt_id), "state": "failed"}
        await (await gateway(city)).post(GATEWAY, json=body)
        seen_states.append((await report(city, test))[f"{POLICE} web_push"]["state"])
    assert seen_states == ["sent", "failed"]


async def test_two_that_fail_in_the_same_instant_do_not_each_take_the_other_for_sent(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = city.process.web_push
    assert push is not None
    monkeypatch.setattr(push, "private", True)
    for name in ("one", "two"):
        await subscribe(city.unit(POLICE), browser_side.endpoint(name))
    loop = by_hand(city, push)
    test = await started(city, channels=["web_push"])
    await sent(loop)
    rows, client = await city.sql.fetch("SELECT id FROM delivery_attempt"), await gateway(city)
    bodies = [{"channel": "web_push", "provider_id": str(row["id"]), "state": "failed"} for row in rows]
    answers = await asyncio.gather(*(client.post(GATEWAY, json=body) for body in bodies))
    assert [answer.json()["state"] for answer in answers] == ["failed_permanent"] * 2
    assert (await report(city, test))[f"{POLICE} web_push"]["state"] == "failed"


def _opened(body: bytes, browsers: tuple[Browser, ...]) -> dict[str, Any]:
    """Read a message with the key of the browser that it is for."""
    for browser in browsers:
        with contextlib.suppress(InvalidTag):
            return dict(json.loads(browser.open(body)))
    raise AssertionError("nobody can read it")


async def test_reports_of_before_keep_what_is_known_of_their_messages(empty_database: str) -> None:
    await asyncio.to_thread(upgrade, empty_database, "0008")
    database = Database(empty_database, pool_size=2)
    await database.open()
    async with database.connection() as connection:
        await connection.execute(_OLD)
    await asyncio.to_thread(upgrade, empty_database)
    read = (
        "SELECT channel, state, sent_at IS NOT NULL, delivered_at IS NOT NULL, seen_at IS NOT NULL "
        "FROM communication_test_call ORDER BY channel"
    )
    async with database.connection() as connection:
        known = [tuple(row) for row in await connection.fetch(read)]
    assert known == [
        ("console", "delivered", False, True, False),
        ("email", "sent", True, False, False),
        ("sms", "delivered", True, True, False),
        ("web_push", "seen", True, True, True),
    ]
    await asyncio.to_thread(downgrade, empty_database, "0008")
    async with database.connection() as connection:
        states = await connection.fetch("SELECT DISTINCT state FROM communication_test_call")
        assert [row["state"] for row in states] == ["delivered"]
    await database.close()
