"""A unit's browsers are told of its tasks: its own only, as long as whoever subscribed them may be told."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatch.api import pages
from dispatch.assembly import _web_push
from dispatch.operations.subscribe_push import forget_subscription
from dispatch.outside.channel import Message
from dispatch.outside.push_seal import new_vapid_key
from dispatch.settings import Settings
from dispatch.storage.push import list_subscriptions, prune_subscriptions
from tests.support.city import COMMUNITY, JUSTICE, POLICE, City
from tests.support.push_service import Browser, PushService, claims_of, push_service

SUBSCRIPTIONS = "/api/v1/push/subscriptions"
PUBLIC = "https://push.example/one"


@pytest.fixture
async def gateway() -> AsyncIterator[PushService]:
    async with push_service() as gateway:
        yield gateway


@pytest.fixture
def trusting(city: City, monkeypatch: pytest.MonkeyPatch) -> City:
    """The city, where push services may be on this machine."""
    assert city.process.web_push is not None
    monkeypatch.setattr(city.process.web_push, "private", True)
    return city


async def subscribe(client: httpx.AsyncClient, endpoint: str = PUBLIC, browser: Browser | None = None) -> Any:
    answer = await client.post(SUBSCRIPTIONS, json=(browser or Browser()).subscription(endpoint))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def told(city: City, code: str) -> list[str]:
    """Name the endpoints that would be told of a task of a unit."""
    async with city.process.database.connection() as connection:
        return [one.target.endpoint for one in await list_subscriptions(connection, city.unit_id(code))]


async def test_a_console_subscribes_and_a_test_message_arrives_and_is_read(
    trusting: City, gateway: PushService
) -> None:
    client, browser = trusting.unit(POLICE), Browser()
    key = (await client.get("/api/v1/push/key")).json()["public_key"]
    made = await subscribe(client, gateway.endpoint(), browser)
    assert (made["unit_id"], made["push_service"]) == (trusting.unit_id(POLICE), "127.0.0.1")
    assert not {"p256dh", "auth", "endpoint"} & set(made)
    tried = await client.post(f"{SUBSCRIPTIONS}/{made['id']}/test", json={})
    assert (tried.status_code, tried.json()["outcome"]) == (200, "sent")
    received = gateway.received[0]
    assert json.loads(browser.open(received.body))["url"] == "/unit"
    token, _, signed_with = received.headers["authorization"].removeprefix("vapid t=").partition(", k=")
    assert signed_with == key
    claims_of(token, key)
    renewed = await subscribe(client, gateway.endpoint(), browser)
    assert renewed["id"] == made["id"]
    assert renewed["last_sent_at"] is not None


async def test_the_senders_message_is_what_the_ledger_hands_over(trusting: City, gateway: PushService) -> None:
    """A subscription as the ledger keeps it is all that the channel needs."""
    browser = Browser()
    await subscribe(trusting.unit(POLICE), gateway.endpoint(), browser)
    async with trusting.process.database.connection() as connection:
        [subscription] = await list_subscriptions(connection, trusting.unit_id(POLICE))
    assert trusting.process.web_push is not None
    message = Message("m", subscription.target.text(), "新警情", "请打开", "critical", "a-1", "/unit#assignment=a-1")
    await trusting.process.web_push.send(message)
    assert json.loads(browser.open(gateway.received[0].body))["tag"] == "a-1"


@pytest.mark.parametrize(("status", "outcome"), [(503, "later"), (429, "later"), (403, "refused"), (410, "gone")])
async def test_a_test_says_what_the_push_service_said(
    trusting: City, gateway: PushService, status: int, outcome: str
) -> None:
    client = trusting.unit(POLICE)
    made = await subscribe(client, gateway.endpoint())
    gateway.status = status
    tried = (await client.post(f"{SUBSCRIPTIONS}/{made['id']}/test", json={})).json()
    assert tried["outcome"] == outcome
    assert str(status) in tried["detail"]
    assert (await told(trusting, POLICE) == []) == (outcome == "gone")


async def test_a_test_is_sent_once_however_often_it_is_asked_for(trusting: City, gateway: PushService) -> None:
    client = trusting.unit(POLICE)
    path = f"{SUBSCRIPTIONS}/{(await subscribe(client, gateway.endpoint()))['id']}/test"
    twins = await asyncio.gather(*(client.post(path, json={}, headers={"Idempotency-Key": "one"}) for _ in range(5)))
    assert {(twin.status_code, twin.text) for twin in twins} == {(200, twins[0].text)}
    refused = await client.post(path, json={})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
    assert len(gateway.received) == 1


async def test_a_browser_belongs_to_the_unit_that_subscribed_it_last(city: City) -> None:
    first = await subscribe(city.unit(POLICE))
    moved = await subscribe(city.unit(JUSTICE))
    assert (await told(city, POLICE), await told(city, JUSTICE)) == ([], [PUBLIC])
    for path in (f"{SUBSCRIPTIONS}/{first['id']}/test",):
        assert (await city.unit(POLICE).post(path, json={})).status_code == 404
    assert (await city.unit(POLICE).delete(f"{SUBSCRIPTIONS}/{moved['id']}")).status_code == 404
    assert await told(city, JUSTICE) == [PUBLIC]
    assert (await city.unit(JUSTICE).delete(f"{SUBSCRIPTIONS}/{moved['id']}")).status_code == 204
    assert await told(city, JUSTICE) == []


async def test_nobody_without_a_unit_subscribes(city: City) -> None:
    body = Browser().subscription(PUBLIC)
    callers = [city.integrator(), city.client(city.device["token"]), await city.person("desk1")]
    for client in callers:
        assert (await client.post(SUBSCRIPTIONS, json=body)).status_code == 403
        assert (await client.get("/api/v1/push/key")).status_code == 403
    assert (await city.client().post(SUBSCRIPTIONS, json=body)).status_code == 401


@pytest.mark.parametrize(
    "endpoint", ["https://10.0.0.1/x", "http://127.0.0.1:5432/x", "https://169.254.169.254/latest", "https://db/x"]
)
async def test_an_endpoint_inside_the_house_is_refused_by_name(city: City, endpoint: str) -> None:
    answer = await city.unit(POLICE).post(SUBSCRIPTIONS, json=Browser().subscription(endpoint))
    assert (answer.status_code, answer.json()["code"]) == (422, "endpoint_refused")


async def test_whoever_is_shut_out_is_told_nothing_more(city: City) -> None:
    await subscribe(city.unit(POLICE), PUBLIC + "/key")
    await subscribe(city.unit(COMMUNITY), PUBLIC + "/other")
    await city.sql.execute("UPDATE api_key SET revoked_at = now() WHERE unit_id = $1", city.unit_id(POLICE))
    assert (await told(city, POLICE), await told(city, COMMUNITY)) == ([], [PUBLIC + "/other"])
    async with city.process.database.connection() as connection:
        await prune_subscriptions(connection)
        assert await connection.fetchval("SELECT count(*) FROM push_subscription") == 2, "a key may come back today"
        await connection.execute("UPDATE push_subscription SET renewed_at = now() - interval '2 days'")
        await prune_subscriptions(connection)
    assert await city.sql.fetchval("SELECT array_agg(endpoint) FROM push_subscription") == [PUBLIC + "/other"]


@pytest.fixture
async def responder(city: City) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of the police station with a log-in of their own."""
    await city.sql.execute(
        "INSERT INTO person (id, login, name, role, unit_id, password_hash) "
        "SELECT gen_random_uuid(), 'ps12', 'ps12', 'responder', $1, password_hash FROM person WHERE login = 'desk1'",
        city.unit_id(POLICE),
    )
    yield await city.person("ps12")
    await city.sql.execute("DELETE FROM person WHERE login = 'ps12'")


async def test_a_responder_who_logs_out_is_told_nothing_at_home(city: City, responder: httpx.AsyncClient) -> None:
    await subscribe(responder)
    assert await told(city, POLICE) == [PUBLIC]
    await responder.delete("/api/v1/sessions/current")
    assert await told(city, POLICE) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE session SET expires_at = now() - interval '1 s'",
        "UPDATE person SET disabled_at = now() WHERE login = 'ps12'",
        "UPDATE person SET unit_id = (SELECT id FROM unit WHERE code = '430304005-JUD') WHERE login = 'ps12'",
    ],
)
async def test_a_responder_whose_duty_has_ended_is_told_nothing(
    city: City, responder: httpx.AsyncClient, change: str
) -> None:
    await subscribe(responder)
    await city.sql.execute(change)
    assert await told(city, POLICE) == []
    assert await told(city, JUSTICE) == []


async def test_a_browser_whose_subscription_was_lost_is_told_to_make_another(city: City) -> None:
    """A dead one that looks alive would show "push works" on a screen that nothing reaches."""
    made = await subscribe(city.unit(POLICE))
    assert made["gone"] is False
    for _ in range(2):
        await forget_subscription(city.process.context, PUBLIC)
    assert await told(city, POLICE) == []
    again = await subscribe(city.unit(POLICE))
    assert (again["id"], again["gone"]) == (made["id"], True)
    assert await told(city, POLICE) == []
    await subscribe(city.unit(POLICE), PUBLIC + "/new")
    assert await told(city, POLICE) == [PUBLIC + "/new"]


async def test_a_leaked_key_cannot_make_a_thousand_receivers(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.operations.subscribe_push.MOST_OF_A_UNIT", 2)
    for number in (1, 2):
        await subscribe(city.unit(POLICE), f"{PUBLIC}/{number}")
    answer = await city.unit(POLICE).post(SUBSCRIPTIONS, json=Browser().subscription(f"{PUBLIC}/3"))
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_subscriptions")
    await subscribe(city.unit(POLICE), f"{PUBLIC}/2")
    await subscribe(city.unit(JUSTICE), f"{PUBLIC}/3")


async def test_every_process_of_an_installation_signs_with_the_same_key(city: City) -> None:
    settings = Settings(database_url=city.url)
    now = city.process.clock.now
    async with city.process.database.connection() as one:
        await one.execute("DELETE FROM push_key")
        async with city.process.database.connection() as other:
            made = await asyncio.gather(*(_web_push(settings, each, now) for each in (one, other)))
        given = await _web_push(settings.model_copy(update={"vapid_key": new_vapid_key()}), one, now)
        off = await _web_push(settings.model_copy(update={"web_push": False}), one, now)
    assert made[0] is not None
    assert made[1] is not None
    assert given is not None
    assert made[0].public_key == made[1].public_key != given.public_key
    assert off is None


async def test_a_stale_service_worker_is_never_served_from_a_cache(
    city: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sw.js").write_text("0;", encoding="utf-8")
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    answer = await city.client().get("/sw.js?language=en")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert answer.headers["content-type"].split(";")[0] in {"text/javascript", "application/javascript"}
    assert "connect-src 'self'" in answer.headers["content-security-policy"]


async def test_where_push_is_switched_off_a_console_is_told_so(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(city.server.config.app.state.service, "push", None)  # type: ignore[union-attr]
    client = city.unit(POLICE)
    for answer in (
        await client.get("/api/v1/push/key"),
        await client.post(SUBSCRIPTIONS, json=Browser().subscription(PUBLIC)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (501, "not_installed")


@pytest.mark.parametrize(
    "wrong", [{"vapid_key": "abc"}, {"vapid_key": "!"}, {"vapid_subject": "duty@example.cn"}, {"vapid_key": "A" * 40}]
)
def test_wrong_settings_of_push_are_refused_at_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Settings(database_url="postgresql://x", **wrong)  # type: ignore[arg-type]


def test_a_private_key_is_not_printed_with_the_settings() -> None:
    key = new_vapid_key()
    assert key not in repr(Settings(vapid_key=key))
