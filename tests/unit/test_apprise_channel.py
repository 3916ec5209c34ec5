"""Apprise carries messages to gateways; one that hangs, refuses or is set wrongly harms no other channel."""

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.outside import apprise_channel
from dispatch.outside.apprise_channel import AppriseChannel, ChannelSettingError, read_setting
from dispatch.outside.channel import Message, PermanentChannelError, TemporaryChannelError
from tests.support.push_service import PushService, push_service

PHONE = "+86 138/0000?x=1"
SAID = Message("m-1", PHONE, "新警情", "请打开控制台", "critical", "a-1", "/unit#assignment=a-1")


@pytest.fixture
async def gateway() -> AsyncIterator[PushService]:
    async with push_service() as gateway:
        gateway.status = 200
        yield gateway


def channel(gateway: PushService, name: str = "sms") -> AppriseChannel:
    return AppriseChannel(name, [f"json://127.0.0.1:{gateway.port}/{{to}}"])


async def test_a_message_reaches_the_gateway_with_its_recipient(gateway: PushService) -> None:
    assert await channel(gateway).send(SAID) is None
    said = json.loads(gateway.received[0].body)
    assert (said["title"], said["message"], said["type"]) == ("新警情", "请打开控制台", "warning")
    await channel(gateway).send(replace(SAID, urgency="routine"))
    assert json.loads(gateway.received[1].body)["type"] == "info"


async def test_a_recipient_cannot_rewrite_the_url(gateway: PushService) -> None:
    await channel(gateway).send(replace(SAID, to="x@127.0.0.1:1/?method=PUT&rto=9#"))
    assert len(gateway.received) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_gateway_that_refuses_is_not_asked_again(gateway: PushService, status: int) -> None:
    gateway.status = status
    with pytest.raises(PermanentChannelError, match=str(status)):
        await channel(gateway).send(SAID)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_gateway_that_says_later_is_asked_again(gateway: PushService, status: int) -> None:
    gateway.status = status
    with pytest.raises(TemporaryChannelError, match=str(status)):
        await channel(gateway).send(SAID)


async def test_a_gateway_that_is_not_there_is_asked_again() -> None:
    with pytest.raises(TemporaryChannelError):
        await AppriseChannel("sms", ["json://127.0.0.1:1/{to}"]).send(SAID)


async def test_a_second_url_stands_in_for_a_broken_first(gateway: PushService) -> None:
    both = AppriseChannel("sms", ["json://127.0.0.1:1/{to}", f"json://127.0.0.1:{gateway.port}/{{to}}"])
    await both.send(SAID)
    assert len(gateway.received) == 1
    gateway.status = 403
    with pytest.raises(TemporaryChannelError):
        await both.send(SAID)


async def test_a_hanging_provider_holds_neither_its_caller_nor_another_channel(
    gateway: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprise_channel, "TIMEOUT_S", 0.3)
    async with push_service() as hanging:
        hanging.silent = True
        stuck = channel(hanging)
        sends = [asyncio.create_task(stuck.send(SAID)) for _ in range(20)]
        await hanging.until(apprise_channel.CRITICAL_THREADS)
        monkeypatch.setattr(apprise_channel, "TIMEOUT_S", 30.0)
        await channel(gateway, "wecom").send(SAID)
        outcomes = await asyncio.gather(*sends, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {TemporaryChannelError}
        assert len(hanging.received) == apprise_channel.CRITICAL_THREADS, "what has not begun in time is not sent later"


async def test_ordinary_messages_that_hang_do_not_hold_up_a_critical_one(
    gateway: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with push_service() as hanging:
        hanging.silent = True
        both = AppriseChannel("sms", ["json://127.0.0.1:{to}"])
        ordinary = replace(SAID, to=str(hanging.port), urgency="urgent")
        stuck = [asyncio.create_task(both.send(ordinary)) for _ in range(apprise_channel.THREADS)]
        await hanging.until(apprise_channel.THREADS)
        await both.send(replace(SAID, to=str(gateway.port)))
        assert len(gateway.received) == 1
        for task in stuck:
            task.cancel()


async def test_what_apprise_logs_of_recipients_reaches_no_log_of_ours(gateway: PushService) -> None:
    gateway.status, told = 500, io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(told)
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        with pytest.raises(TemporaryChannelError):
            await channel(gateway).send(SAID)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert "notification" not in told.getvalue()
    assert "138" not in told.getvalue()


async def test_two_channels_at_once_do_not_take_each_others_answers(gateway: PushService) -> None:
    gateway.status = 503
    async with push_service() as refusing:
        refusing.status = 403
        both = [channel(gateway, "sms"), channel(refusing, "voice")]
        for _ in range(5):
            one, other = await asyncio.gather(*(each.send(SAID) for each in both), return_exceptions=True)
            assert (type(one), type(other)) == (TemporaryChannelError, PermanentChannelError)


def test_a_setting_is_read_from_json_or_from_a_file(tmp_path: Path) -> None:
    text = '{"wecom": "wecombot://key", "mail": ["mailtos://u:p@example.com?to={to}", "json://x/{to}"]}'
    (tmp_path / "channels.json").write_text(text, encoding="utf-8")
    for given in (text, str(tmp_path / "channels.json")):
        assert [each.name for each in read_setting(given)] == ["wecom", "mail"]
    assert read_setting(" ") == []


@pytest.mark.expects_error_log
@pytest.mark.parametrize(
    "text",
    [
        "{",
        "/nowhere/channels.json",
        '{"SMS": "json://x"}',
        '{"web_push": "json://x"}',
        '{"sms": ""}',
        '{"sms": []}',
        '{"sms": 5}',
        '{"sms": "nonsense://x"}',
        '{"sms": "json://"}',
    ],
)
def test_a_channel_that_cannot_work_is_refused_at_start(text: str) -> None:
    with pytest.raises(ChannelSettingError):
        read_setting(text)


@pytest.mark.expects_error_log
def test_a_refused_setting_does_not_tell_its_secrets() -> None:
    with pytest.raises(ChannelSettingError) as caught:
        read_setting('{"sms": "nonsense://user:geheim@x"}')
    assert "geheim" not in str(caught.value)


def test_without_apprise_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    apprise_channel._apprise.cache_clear()
    with pytest.raises(ChannelSettingError, match=r"dispatch-loop\[apprise\]"):
        read_setting('{"sms": "json://x"}')
    apprise_channel._apprise.cache_clear()


async def test_hanging_threads_do_not_keep_a_process_from_ending() -> None:
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("apprise-"))
