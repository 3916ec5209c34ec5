"""What a telephone or a gateway says of a message that was sent: who got it, who opened it, which one never arrived."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from dispatch.jobs.delivery import DeliveryLoop
from dispatch.outside.channel import TemporaryChannelError
from tests.integration.test_push import subscribe
from tests.integration.test_who_has_it import Recording, ladder, lines_of, sending_by, sent, told
from tests.support.city import POLICE, City
from tests.support.push_service import Browser, PushService, push_service

PUSH, GATEWAY = "/api/v1/push/receipts", "/api/v1/delivery-receipts"


@pytest.fixture
async def browser_side() -> AsyncIterator[PushService]:
    async with push_service() as service:
        yield service


async def gateway(city: City) -> httpx.AsyncClient:
    """Log in as a gateway: a key that may report receipts and nothing else."""
    from dispatch.security import hash_secret, new_secret

    secret = new_secret()
    await city.sql.execute("DELETE FROM api_key WHERE kind = 'gateway'")
    await city.sql.execute(
        "INSERT INTO api_key (id, token_hash, name, kind) VALUES (gen_random_uuid(), $1, 'sms', 'gateway')",
        hash_secret(secret),
    )
    return city.client(secret)


async def pushed(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch, *others: Recording
) -> tuple[dict[str, Any], dict[str, Any], DeliveryLoop]:
    """Alarm the police by push; give the incident and what the browser reads."""
    push, browser = city.process.web_push, Browser()
    assert push is not None
    monkeypatch.setattr(push, "private", True)
    await subscribe(city.unit(POLICE), browser_side.endpoint(), browser)
    loop = sending_by(city, push, *others)  # type: ignore[arg-type]
    incident = (await city.press()).json()["incident"]
    await city.forward(16)
    await sent(loop)
    return incident, json.loads(browser.open(browser_side.received[-1].body)), loop


async def states(city: City, incident: dict[str, Any], channel: str) -> list[str]:
    return [line["state"] for line in await lines_of(city, incident, POLICE) if line["channel"] == channel]


async def test_a_push_that_was_shown_and_touched_is_no_longer_merely_sent(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident, message, _ = await pushed(city, browser_side, monkeypatch)
    assert await states(city, incident, "web_push") == ["sent"]
    anybody = city.client()
    for state in ("delivered", "seen", "delivered"):
        answer = await anybody.post(PUSH, json={"token": message["receipt"], "state": state})
        assert answer.status_code == 200, answer.text
    assert answer.json() == {"state": "seen"}, "what was seen is not less afterwards"
    line = next(line for line in await lines_of(city, incident, POLICE) if line["channel"] == "web_push")
    assert (line["state"], bool(line["delivered_at"]), bool(line["seen_at"])) == ("seen", True, True)
    events = [event for event, _ in await told(city, incident, POLICE)]
    assert (events.count("assignment.page_delivered"), events.count("assignment.page_seen")) == (1, 1)
    row = next(a for a in (await city.incident(incident["id"]))["assignments"] if a["unit"]["code"] == POLICE)
    assert (row["status"], row["delivered_at"]) == ("issued", None), "the console has shown nothing"


async def test_a_receipt_needs_a_token_that_nobody_can_guess_and_tells_nothing(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident, message, _ = await pushed(city, browser_side, monkeypatch)
    for guess in (str(uuid4()), message["id"], message["tag"]):
        answer = await city.client().post(PUSH, json={"token": guess, "state": "seen"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await states(city, incident, "web_push") == ["sent"]
    desk = await city.person()
    everything = (await desk.get(f"/api/v1/incidents/{incident['id']}")).text
    everything += (await desk.get(f"/api/v1/incidents/{incident['id']}/timeline")).text
    assert message["receipt"] not in everything
    assert (await city.client().post(PUSH, json={"token": message["receipt"], "state": "failed"})).status_code == 422


async def test_who_has_got_the_push_is_not_rung_on_the_next_channel_but_must_still_answer(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ladder(city, channels=["web_push", "sms"])
    incident, message, loop = await pushed(city, browser_side, monkeypatch, sms := Recording("sms"))
    others = len(sms.got)
    await city.client().post(PUSH, json={"token": message["receipt"], "state": "delivered"})
    await city.forward(11)
    await sent(loop)
    assert len(sms.got) == others
    assert await states(city, incident, "sms") == []
    await city.forward(60)
    names = [event for event, _ in await told(city, incident, POLICE)]
    assert {"assignment.urged", "assignment.escalated"} <= set(names)


async def test_without_a_receipt_the_next_channel_is_asked(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ladder(city, channels=["web_push", "sms"])
    incident, _, loop = await pushed(city, browser_side, monkeypatch, Recording("sms"))
    await city.forward(11)
    await sent(loop)
    assert await states(city, incident, "sms") == ["sent"]


async def by_sms(city: City, sms: Recording) -> tuple[dict[str, Any], str, DeliveryLoop]:
    loop = sending_by(city, sms)
    incident = (await city.press()).json()["incident"]
    await city.forward(16)
    await sent(loop)
    line = next(line for line in await lines_of(city, incident, POLICE) if line["channel"] == "sms")
    return incident, line["provider_id"], loop


async def test_a_gateway_reports_once_and_the_first_end_stands(city: City) -> None:
    incident, provider_id, _ = await by_sms(city, Recording("sms"))
    client, body = await gateway(city), {"channel": "sms", "provider_id": provider_id}
    for state in ("delivered", "delivered", "failed"):
        answer = await client.post(GATEWAY, json=body | {"state": state})
        assert (answer.status_code, answer.json()) == (200, {"state": "delivered"}), answer.text
    assert await states(city, incident, "sms") == ["delivered"]
    assert [event for event, _ in await told(city, incident, POLICE)].count("assignment.page_delivered") == 1


async def test_a_message_that_never_arrived_counts_as_one_that_was_not_sent(city: City) -> None:
    push, sms = Recording("push"), Recording("sms")
    loop = sending_by(city, push, sms)
    await ladder(city, next_channel_s=600)
    incident = (await city.press()).json()["incident"]
    await city.forward(16)
    await sent(loop)
    line = next(line for line in await lines_of(city, incident, POLICE) if line["channel"] == "push")
    body = {"channel": "push", "provider_id": line["provider_id"], "state": "failed", "error": "absent subscriber"}
    client = await gateway(city)
    assert (await client.post(GATEWAY, json=body)).json() == {"state": "failed_permanent"}
    again = await client.post(GATEWAY, json=body | {"state": "delivered"})
    assert again.json() == {"state": "failed_permanent"}
    await city.forward(0.1)
    await sent(loop)
    assert await states(city, incident, "sms") == ["sent"], "the next channel does not wait"
    line = next(line for line in await lines_of(city, incident, POLICE) if line["channel"] == "push")
    assert line["error"] == "the gateway reported: absent subscriber"


async def test_only_a_gateways_key_reports_and_it_may_nothing_else(city: City) -> None:
    incident, provider_id, _ = await by_sms(city, Recording("sms"))
    body = {"channel": "sms", "provider_id": provider_id, "state": "delivered"}
    for client in (city.integrator(), city.unit(POLICE), await city.person(), city.client(city.device["token"])):
        assert (await client.post(GATEWAY, json=body)).status_code == 403
    assert (await city.client().post(GATEWAY, json=body)).status_code == 401
    client = await gateway(city)
    assert (await client.post(GATEWAY, json=body | {"provider_id": "unknown"})).status_code == 404
    assert (await client.post(GATEWAY, json=body | {"channel": "voice"})).status_code == 404
    assert (await client.get(f"/api/v1/incidents/{incident['id']}")).status_code == 404
    assert (await client.get("/api/v1/incidents")).json()["items"] == []
    assert (await client.post("/api/v1/incidents", json={})).status_code == 403
    assert await states(city, incident, "sms") == ["sent"]


async def test_a_receipt_that_overtakes_the_answer_of_the_gateway_is_not_lost(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident, message, _ = await pushed(city, browser_side, monkeypatch)
    await city.sql.execute(
        "UPDATE delivery_attempt SET state = 'sending', finished_at = NULL, provider_id = NULL "
        "WHERE channel = 'web_push'"
    )
    token = message["receipt"]
    assert (await city.client().post(PUSH, json={"token": token, "state": "delivered"})).status_code == 200
    from dispatch.operations.finish_delivery import finish_delivery
    from dispatch.storage.delivery import Attempt, Outcome

    attempt = Attempt(message["id"], message["tag"], incident["id"], "web_push", "", "{}", 1, "actual", token)
    await finish_delivery(city.process.context, attempt, Outcome("sent", "p-1"))
    line = next(line for line in await lines_of(city, incident, POLICE) if line["channel"] == "web_push")
    assert (line["state"], line["provider_id"], bool(line["finished_at"])) == ("delivered", "p-1", True)


async def test_what_arrived_although_the_gateway_gave_no_answer_is_not_sent_again(city: City) -> None:
    sms = Recording("sms", fails=TemporaryChannelError("no answer"))
    loop = sending_by(city, sms)
    incident = (await city.press()).json()["incident"]
    await city.forward(16)
    await sent(loop)
    first = next(line for line in await lines_of(city, incident, POLICE) if line["channel"] == "sms")
    body = {"channel": "sms", "provider_id": first["id"], "state": "delivered"}
    assert (await (await gateway(city)).post(GATEWAY, json=body)).json() == {"state": "delivered"}
    assert await states(city, incident, "sms") == ["delivered", "expired"]


async def test_receipts_from_everywhere_at_once_are_one(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident, message, _ = await pushed(city, browser_side, monkeypatch)
    body = {"token": message["receipt"], "state": "delivered"}
    answers = await asyncio.gather(*(city.client().post(PUSH, json=body) for _ in range(8)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"state":"delivered"}')}
    assert [event for event, _ in await told(city, incident, POLICE)].count("assignment.page_delivered") == 1


async def test_news_of_a_receipt_refuses_no_decision_of_the_desk(
    city: City, browser_side: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident, message, _ = await pushed(city, browser_side, monkeypatch)
    seen = (await city.incident(incident["id"]))["version"]
    await city.client().post(PUSH, json={"token": message["receipt"], "state": "seen"})
    body = {"severity": "III", "reason": "x", "expected_version": seen}
    answer = await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/raise", json=body)
    assert answer.status_code == 200, answer.text
