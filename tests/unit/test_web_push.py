"""A push reaches its browser sealed and signed, and whatever a push service or an endpoint does harms nobody else."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.push import PushTarget, endpoint_fault, from_base64url, may_call, target_faults, to_base64url
from dispatch.outside import web_push
from dispatch.outside.channel import Message, PermanentChannelError, TemporaryChannelError
from dispatch.outside.push_addresses import JudgedNetwork
from dispatch.outside.push_seal import LONGEST_TEXT, new_vapid_key, read_vapid_key, seal
from dispatch.outside.web_push import GoneError, WebPush
from tests.support.push_service import Browser, PushService, claims_of, push_service, unb64

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
ENDPOINT = "https://push.example/abc"


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as service:
        yield service


@pytest.fixture
async def sender() -> AsyncIterator[WebPush]:
    sender = WebPush(new_vapid_key(), subject="mailto:duty@example.cn", now=lambda: NOW, private=True)
    yield sender
    await sender.close()


def message(to: str, **changes: str) -> Message:
    usual = Message("m-1", to, "新警情", "请打开控制台", "critical", "a-1", "/unit#assignment=a-1", "proof")
    return replace(usual, **changes)


def _scalar(text: str) -> ec.EllipticCurvePrivateKey:
    return read_vapid_key(text)


def test_a_message_is_sealed_as_the_example_of_rfc_8291() -> None:
    """Appendix A of the RFC."""
    target = PushTarget(
        ENDPOINT,
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    sealed = seal(
        b"When I grow up, I want to be a watermelon",
        target,
        key=_scalar("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=from_base64url("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert to_base64url(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(text=st.binary(max_size=LONGEST_TEXT))
def test_whatever_is_sealed_the_browser_opens_and_nobody_else(text: bytes) -> None:
    browser = Browser()
    target = PushTarget.read(browser.target(ENDPOINT))
    sealed = seal(text, target, key=ec.generate_private_key(ec.SECP256R1()), salt=b"s" * 16)
    assert len(sealed) <= 4096
    assert browser.open(sealed) == text
    with pytest.raises(InvalidTag):
        Browser(browser.key, b"another secret!!").open(sealed)


def test_a_message_too_long_for_a_push_service_is_refused_before_it_is_sent() -> None:
    target = PushTarget.read(Browser().target(ENDPOINT))
    with pytest.raises(ValueError, match="push services take"):
        seal(b"x" * (LONGEST_TEXT + 1), target, key=ec.generate_private_key(ec.SECP256R1()), salt=b"s" * 16)


async def test_an_alarm_arrives_sealed_urgent_and_signed_by_this_installation(
    service: PushService, sender: WebPush
) -> None:
    browser = Browser()
    assert await sender.send(message(browser.target(service.endpoint()))) == "/message/7"
    received = service.received[0]
    assert json.loads(browser.open(received.body)) == {
        "id": "m-1",
        "title": "新警情",
        "text": "请打开控制台",
        "urgency": "critical",
        "tag": "a-1",
        "url": "/unit#assignment=a-1",
        "receipt": "proof",
    }
    told = received.headers
    assert (told["content-encoding"], told["urgency"], int(told["ttl"]) > 0) == ("aes128gcm", "high", True)
    assert len(told["topic"]) <= 32
    assert "a-1" not in str(told)
    token, _, key = told["authorization"].removeprefix("vapid t=").partition(", k=")
    assert key == sender.public_key
    claims = claims_of(token, key)
    assert claims["aud"] == f"http://127.0.0.1:{service.port}"
    assert claims["sub"] == "mailto:duty@example.cn"
    assert NOW < datetime.fromtimestamp(claims["exp"], UTC) <= NOW + timedelta(hours=24)


async def test_two_messages_of_one_task_replace_each_other_and_only_these(
    service: PushService, sender: WebPush
) -> None:
    to = Browser().target(service.endpoint())
    for tag in ("a-1", "a-1", "a-2"):
        await sender.send(message(to, tag=tag, urgency="routine"))
    first, second, third = (received.headers for received in service.received)
    assert first["topic"] == second["topic"] != third["topic"]
    assert first["urgency"] == "low"


async def test_a_signature_is_renewed_before_it_ends(service: PushService) -> None:
    now = [NOW]
    sender = WebPush(new_vapid_key(), subject="", now=lambda: now[0], private=True)
    to = Browser().target(service.endpoint())
    for hours in (0, 5, 7):
        now[0] = NOW + timedelta(hours=hours)
        await sender.send(message(to))
    await sender.close()
    tokens = [r.headers["authorization"].split("t=")[1].split(",")[0] for r in service.received]
    assert tokens[0] == tokens[1] != tokens[2]
    assert "sub" not in json.loads(unb64(tokens[0].split(".")[1]))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, GoneError),
        (410, GoneError),
        (408, TemporaryChannelError),
        (429, TemporaryChannelError),
        (500, TemporaryChannelError),
        (503, TemporaryChannelError),
        (301, PermanentChannelError),
        (400, PermanentChannelError),
        (403, PermanentChannelError),
        (413, PermanentChannelError),
    ],
)
async def test_every_refusal_says_whether_to_come_again(
    service: PushService, sender: WebPush, status: int, error: type[Exception]
) -> None:
    service.status = status
    with pytest.raises(error, match=str(status)) as caught:
        await sender.send(message(Browser().target(service.endpoint())))
    assert type(caught.value) is error
    assert len(service.received) == 1


async def test_a_push_service_that_says_nothing_holds_nobody_for_long(
    service: PushService, sender: WebPush, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_push, "TIMEOUT_S", 0.2)
    service.silent = True
    with pytest.raises(TemporaryChannelError):
        await sender.send(message(Browser().target(service.endpoint())))


async def test_an_endless_answer_is_not_read_to_its_end(service: PushService, sender: WebPush) -> None:
    service.raw = b"HTTP/1.1 201 X\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100_000
    assert await sender.send(message(Browser().target(service.endpoint()))) is None


@pytest.mark.parametrize("raw", [b"nonsense\r\n\r\n", b"HTTP/1.1 201 X\r\nContent-Length: no\r\n\r\n"])
async def test_a_broken_answer_is_tried_again(service: PushService, sender: WebPush, raw: bytes) -> None:
    service.raw = raw
    with pytest.raises(TemporaryChannelError):
        await sender.send(message(Browser().target(service.endpoint())))


async def test_a_push_service_that_is_not_there_is_tried_again(sender: WebPush) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(TemporaryChannelError):
        await sender.send(message(Browser().target(f"http://127.0.0.1:{port}/gone")))


async def test_thirty_hanging_endpoints_do_not_delay_another_browsers_message(
    service: PushService, sender: WebPush
) -> None:
    async with push_service() as hanging:
        hanging.silent = True
        to = Browser().target(hanging.endpoint())
        stuck = [asyncio.create_task(sender.send(message(to))) for _ in range(30)]
        await hanging.until(30)
        assert await sender.send(message(Browser().target(service.endpoint()))) == "/message/7"
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


@pytest.mark.parametrize("to", ["", "[]", "{}", '{"endpoint": 1, "p256dh": "", "auth": ""}', "13800000000"])
async def test_what_is_no_subscription_is_refused_for_good(sender: WebPush, to: str) -> None:
    with pytest.raises(PermanentChannelError):
        await sender.send(message(to))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/abc",
        "ftp://push.example/abc",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://db/x",
        "https://printer.local/x",
        "https://10.1.2.3/x",
        "https://192.168.1.1:8443/x",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/x",
        "https://[::1]/x",
        "https://[fd00::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::a00:1]/x",
        "https://[2002:a00:1::]/x",
        "https://user:pass@push.example/x",
        "https://push.example/x#y",
        "https://push.example:99999/x",
        "https://push.example/\r\nHost: db",
        "https://push.example\\@db/x",
        "https:///x",
        "push.example/x",
        "https://push.example/" + "x" * 2000,
    ],
)
async def test_nothing_inside_the_house_is_called_for_a_browsers_word(endpoint: str) -> None:
    assert endpoint_fault(endpoint, private=False) is not None
    sender = WebPush(new_vapid_key(), subject="", now=lambda: NOW)
    with pytest.raises(PermanentChannelError):
        await sender.send(message(Browser().target(endpoint)))


@pytest.mark.parametrize("endpoint", ["https://fcm.googleapis.com/fcm/send/x", "https://web.push.apple.com/x"])
def test_real_push_services_are_taken(endpoint: str) -> None:
    assert endpoint_fault(endpoint, private=False) is None


@pytest.mark.parametrize(
    ("endpoint", "taken"),
    [
        ("https://10.1.2.3/x", True),
        ("https://push/x", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://localhost:8080/x", True),
        ("http://10.1.2.3/x", False),
        ("http://push/x", False),
        ("https://169.254.169.254/x", False),
    ],
)
def test_a_private_push_service_is_taken_where_it_is_allowed(endpoint: str, *, taken: bool) -> None:
    assert (endpoint_fault(endpoint, private=True) is None) == taken


async def test_a_public_name_at_a_private_address_is_not_connected_to(
    service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name passes every look at its letters; only its address betrays it."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_more: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", service.port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    sender = WebPush(new_vapid_key(), subject="", now=lambda: NOW)
    with pytest.raises(PermanentChannelError, match="private address"):
        await sender.send(message(Browser().target(f"https://push.example:{service.port}/x")))
    await sender.close()
    assert (asked, service.received) == (["push.example"], [])


async def test_the_address_that_was_judged_is_the_one_that_is_called(
    service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers otherwise the second time: there is no second time."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_more: object) -> list[object]:
        asked.append(host)
        found = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, service.port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    stream = await JudgedNetwork(private=True).connect_tcp("push.example", service.port)
    await stream.aclose()
    assert asked == ["push.example"]


@given(st.ip_addresses())
def test_only_what_the_world_can_reach_is_called(address: object) -> None:
    found = ip_address(str(address))
    if may_call(found, private=False):
        assert found.is_global
        assert not found.is_multicast
        assert may_call(found, private=True)


@pytest.mark.parametrize(
    ("key", "auth", "wrong"),
    [
        ("x", "MDEyMzQ1Njc4OWFiY2RlZg", {"/keys/p256dh"}),
        ("", "", {"/keys/p256dh", "/keys/auth"}),
        ("ключ", "секрет", {"/keys/p256dh", "/keys/auth"}),
    ],
)
def test_keys_that_are_none_are_named(key: str, auth: str, wrong: set[str]) -> None:
    assert {fault.pointer for fault in target_faults(PushTarget(ENDPOINT, key, auth), private=False)} == wrong
    browser = PushTarget.read(Browser().target(ENDPOINT))
    assert target_faults(browser, private=False) == ()


@pytest.mark.parametrize("key", ["", "abc", "!!!!", "A" * 43, "A" * 44])
def test_a_wrong_signing_key_is_refused_at_start(key: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        WebPush(key, subject="", now=lambda: NOW)


def test_a_key_that_was_drawn_can_be_read_again() -> None:
    key = new_vapid_key()
    assert WebPush(key, subject="", now=lambda: NOW).public_key == WebPush(key, subject="", now=lambda: NOW).public_key
