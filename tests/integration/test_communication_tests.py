"""Who would have answered? A test calls consoles, buttons and channels, and names whoever said nothing."""

import asyncio
import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from dispatch.cli import main
from dispatch.jobs.communication import CommunicationLoop
from dispatch.jobs.delivery import DeliveryLoop
from dispatch.operations.try_communication import end_due_tests, start_due_tests
from dispatch.outside.channel import Message, PermanentChannelError
from tests.support.city import BUTTON, COMMUNITY, HEALTH, JUSTICE, POLICE, City, Console, running

TESTS, SCHEDULES = "/api/v1/communication-tests", "/api/v1/communication-schedules"
VILLAGE, TOWNSHIP, ELSEWHERE = "430304005003", "430304005", "430302"


class Recording:
    """A channel that keeps what it is given, or fails."""

    def __init__(self, name: str, fails: Exception | None = None) -> None:
        self.name = name
        self.got: list[Message] = []
        self.fails = fails

    async def send(self, message: Message) -> str | None:
        self.got.append(message)
        if self.fails:
            raise self.fails
        return None


def by_hand(city: City, *channels: Recording) -> DeliveryLoop:
    """Stop the service's own loops, so that a test says when something is sent and ended."""
    for task in city.process.tasks:
        if task.get_name() in {"delivery", "communication"}:
            task.cancel()
    city.process.context.paging_channels = tuple(channel.name for channel in channels)
    return DeliveryLoop(city.process.context, channels)


async def started(city: City, **changes: Any) -> dict[str, Any]:
    body = {"name": "早班通信测试", "division_code": TOWNSHIP, "window_s": 60} | changes
    answer = await (await city.person("leader")).post(TESTS, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def answer(client: httpx.AsyncClient, test: dict[str, Any], state: str, **headers: str) -> httpx.Response:
    return await client.post(f"{TESTS}/{test['id']}/answer", json={"state": state}, headers=headers)


async def report(city: City, test: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the lines of the report by code and channel."""
    said = (await (await city.person()).get(f"{TESTS}/{test['id']}")).json()
    return {f"{(line['unit'] or line['device'])['code']} {line['channel']}": line for line in said["calls"]}


async def over(city: City, seconds: float = 61) -> None:
    city.offset += timedelta(seconds=seconds)
    await end_due_tests(city.process.context)


async def test_consoles_and_buttons_are_called_and_the_silent_are_named(city: City) -> None:
    by_hand(city)
    police, health = await city.unit_console(POLICE), await city.unit_console(HEALTH)
    button, desk = await city.console(city.device["token"]), await city.console(client=await city.person())
    far = await city.unit_console("430302001-PCS")
    test = await started(city)
    for console in (police, health, button, desk):
        called = await console.event("test.called")
        assert (called["facts"]["test_id"], called["facts"]["name"]) == (test["id"], "早班通信测试")
        assert set(called["facts"]) == {"test_id", "name", "division_code", "ends_at", "channels"}
    assert (await answer(city.unit(POLICE), test, "delivered")).json()["state"] == "delivered"
    city.offset += timedelta(seconds=12)
    told = (await answer(city.unit(POLICE), test, "answered")).json()
    assert (told["state"], 12 <= told["answered_after_s"] < 20, told["delivered_after_s"] < 8) == (
        "answered",
        True,
        True,
    )
    assert (await answer(city.unit(HEALTH), test, "delivered")).status_code == 200
    assert (await answer(city.client(city.device["token"]), test, "answered")).status_code == 200
    await over(city)
    ended = await desk.event("test.ended")
    assert [total["answered"] for total in ended["facts"]["totals"]] == [1, 1]
    lines = await report(city, test)
    assert {key: lines[key]["state"] for key in (f"{POLICE} console", f"{HEALTH} console", f"{JUSTICE} console")} == {
        f"{POLICE} console": "answered",
        f"{HEALTH} console": "delivered",
        f"{JUSTICE} console": "silent",
    }
    assert lines[f"{BUTTON} button"]["state"] == "answered"
    assert not any(code.startswith("430302") for code in lines)
    assert far.named("test.called") == []
    assert police.named("test.ended") == [], "whoever was called hears of no end: the bar knows its time"
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_test_press_answers_for_its_button(city: City) -> None:
    by_hand(city)
    test = await started(city, channels=["button"])
    await city.press()
    assert (await report(city, test))[f"{BUTTON} button"]["state"] == "called", "a real alarm is no answer"
    await city.press(exercise="test")
    assert (await report(city, test))[f"{BUTTON} button"]["state"] == "answered"


async def test_nobody_s_telephone_rings_unless_its_channel_is_named(city: City) -> None:
    sms = Recording("sms")
    loop = by_hand(city, sms)
    await started(city)
    await loop.once()
    await loop.settle()
    assert sms.got == []
    await city.unit(JUSTICE).post(f"/api/v1/units/{city.unit_id(JUSTICE)}/status", json={"status": "off_duty"})
    test = await started(city, channels=["sms"])
    await loop.once()
    await loop.settle()
    lines = await report(city, test)
    sent = [line for line in lines.values() if line["state"] == "sent"]
    assert len(sms.got) == len(sent) > 1
    assert {message.title for message in sms.got} == {"【测试 TEST】通信测试"}
    assert (lines[f"{JUSTICE} sms"]["state"], lines[f"{JUSTICE} sms"]["error"]) == ("failed", "off_duty")
    assert {line["channel"] for line in lines.values()} == {"sms"}
    assert await city.sql.fetchval("SELECT count(*) FROM delivery_attempt WHERE incident_id IS NOT NULL") == 0


async def test_a_gateway_that_refuses_stands_in_the_report(city: City) -> None:
    loop = by_hand(city, Recording("sms", PermanentChannelError("number unknown")))
    test = await started(city, channels=["sms"], division_code=VILLAGE)
    await loop.once()
    await loop.settle()
    await over(city)
    line = (await report(city, test))[f"{COMMUNITY} sms"]
    assert (line["state"], line["error"]) == ("failed", "number unknown")


async def test_messages_that_are_still_queued_at_the_end_are_not_sent_any_more(city: City) -> None:
    sms = Recording("sms")
    loop = by_hand(city, sms)
    test = await started(city, channels=["sms"], division_code=VILLAGE)
    await over(city)
    await loop.once()
    await loop.settle()
    assert sms.got == []
    assert (await report(city, test))[f"{COMMUNITY} sms"]["state"] == "silent"


async def test_an_answer_counts_once_and_only_while_the_test_stands(city: City) -> None:
    by_hand(city)
    test = await started(city)
    first = await answer(city.unit(POLICE), test, "answered", **{"Idempotency-Key": "a"})
    city.offset += timedelta(seconds=20)
    again = await answer(city.unit(POLICE), test, "delivered")
    assert again.json()["answered_after_s"] == first.json()["answered_after_s"]
    assert again.json()["state"] == "answered", "what a person did is not undone by a page that says it again"
    assert (await answer(city.unit("430302001-PCS"), test, "answered")).status_code == 404
    assert (await answer(await city.person(), test, "answered")).status_code == 403
    assert (await answer(city.integrator(), test, "answered")).status_code == 403
    city.offset += timedelta(seconds=60)
    late = await answer(city.unit(HEALTH), test, "answered")
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
    replayed = await answer(city.unit(POLICE), test, "answered", **{"Idempotency-Key": "a"})
    assert (replayed.status_code, replayed.headers["Idempotency-Replayed"]) == (200, "true")


async def test_a_unit_without_a_console_is_told_apart_from_one_that_ignores_it(city_database: Any) -> None:
    async with running(*city_database, presence=True, presence_grace_s=0) as city:
        by_hand(city)
        await city.unit_console(POLICE)
        test = await started(city)
        await over(city)
        lines = await report(city, test)
        assert [lines[f"{code} console"]["error"] for code in (POLICE, JUSTICE)] == [None, "no_console"]
        assert {lines[f"{code} console"]["state"] for code in (POLICE, JUSTICE)} == {"silent"}


async def test_a_test_is_a_shift_leader_s_within_the_area_and_audited(city: City) -> None:
    by_hand(city)
    body = {"name": "x", "division_code": TOWNSHIP}
    assert (await (await city.person()).post(TESTS, json=body)).status_code == 403
    leader = await city.person("leader")
    for change, pointer in (
        ({"division_code": "9999"}, "/division_code"),
        ({"channels": ["console", "pigeon"]}, "/channels/1"),
        ({"channels": []}, "/channels"),
        ({"window_s": 5}, "/window_s"),
    ):
        refused = await leader.post(TESTS, json=body | change)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    first, second = await started(city), await started(city, name="夜班")
    listed = (await leader.get(f"{TESTS}?limit=1")).json()
    assert ([one["id"] for one in listed["items"]], listed["after"]) == ([second["id"]], second["id"])
    assert (await leader.get(f"{TESTS}?after={second['id']}")).json()["items"][0]["id"] == first["id"]
    rows = await city.sql.fetch("SELECT actor->>'name' AS who, events->0->>'event' AS event FROM audit ORDER BY seq")
    assert [(row["who"], row["event"]) for row in rows] == [("演示值班长", "test.called")] * 2


async def test_the_report_is_a_table_too_with_who_said_nothing_first(city: City) -> None:
    by_hand(city)
    test = await started(city)
    await answer(city.unit(POLICE), test, "answered")
    await over(city)
    desk = await city.person()
    table = await desk.get(f"{TESTS}/{test['id']}?format=csv")
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert rows[0]["state"] == "silent"
    assert (rows[-1]["code"], rows[-1]["state"]) == (POLICE, "answered")
    assert len(rows) == sum(total["total"] for total in (await desk.get(f"{TESTS}/{test['id']}")).json()["totals"])
    assert (await desk.get(f"{TESTS}/{test['id']}?format=xml")).status_code == 422


async def test_a_console_that_comes_back_within_the_window_still_hears_the_call(city: City) -> None:
    by_hand(city)
    police = await city.unit_console(POLICE)
    cursor = police.cursor
    await police.leave()
    city.consoles.remove(police)
    await started(city)
    back: Console = await city.unit_console(POLICE, cursor)
    await back.event("test.called")


async def schedule(city: City, at: datetime, **changes: Any) -> dict[str, Any]:
    local = at.astimezone(city.process.context.timezone)
    body = {"name": "每日", "division_code": TOWNSHIP, "weekdays": [1, 2, 3, 4, 5, 6, 7], "at": f"{local:%H:%M}"}
    made = await (await city.person("leader")).post(SCHEDULES, json=body | changes)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def count(city: City) -> int:
    return int(await city.sql.fetchval("SELECT count(*) FROM communication_test"))


async def test_a_scheduled_test_comes_once_a_day_whichever_process_sees_it_first(city: City) -> None:
    by_hand(city)
    context = city.process.context
    await schedule(city, context.now() + timedelta(minutes=10))
    assert await start_due_tests(context) == 0
    city.offset += timedelta(minutes=11)
    assert sum(await asyncio.gather(*(start_due_tests(context) for _ in range(4)))) == 1
    assert await start_due_tests(context) == 0
    city.offset += timedelta(days=1)
    assert await start_due_tests(context) == 1
    assert await count(city) == 2
    rows = await city.sql.fetch("SELECT started_by FROM communication_test")
    assert {row["started_by"] for row in rows} == {"system"}


async def test_what_is_missed_for_long_or_passed_already_is_not_made_up_for(city: City) -> None:
    by_hand(city)
    context = city.process.context
    await schedule(city, context.now() - timedelta(minutes=10), name="passed")
    await schedule(city, context.now() + timedelta(minutes=10), name="missed")
    assert await start_due_tests(context) == 0
    city.offset += timedelta(minutes=80)
    assert await start_due_tests(context) == 0


async def test_a_schedule_is_switched_off_and_on_by_whose_area_it_is(city: City) -> None:
    by_hand(city)
    context, leader, desk = city.process.context, await city.person("leader"), await city.person()
    made = await schedule(city, context.now() + timedelta(minutes=10))
    one = f"{SCHEDULES}/{made['id']}"
    coming = datetime.fromisoformat(made["next_run_at"])
    assert timedelta(minutes=8) < coming - context.now() <= timedelta(minutes=10)
    assert (await desk.patch(one, json={"enabled": False})).status_code == 403
    off = (await leader.patch(one, json={"enabled": False})).json()
    assert (off["enabled"], off["next_run_at"]) == (False, None)
    city.offset += timedelta(minutes=11)
    assert await start_due_tests(context) == 0
    again = (await leader.patch(one, json={"enabled": True})).json()
    assert (again["enabled"], datetime.fromisoformat(again["next_run_at"]) - coming) == (True, timedelta(days=1))
    assert await start_due_tests(context) == 0, "switched on after its time: tomorrow"
    assert [entry["id"] for entry in (await desk.get(SCHEDULES)).json()["items"]] == [made["id"]]
    assert (await leader.patch(f"{SCHEDULES}/{city.unit_id(POLICE)}", json={"enabled": True})).status_code == 404


@pytest.mark.parametrize("change", [{"at": "25:00"}, {"at": "08:00Z"}, {"weekdays": [0]}, {"weekdays": []}])
async def test_a_schedule_that_means_nothing_is_refused(city: City, change: dict[str, Any]) -> None:
    body = {"name": "x", "division_code": TOWNSHIP, "weekdays": [1], "at": "08:30"} | change
    assert (await (await city.person("leader")).post(SCHEDULES, json=body)).status_code == 422


async def test_the_service_s_own_loop_starts_and_ends_by_itself(city: City) -> None:
    desk = await city.console(client=await city.person())
    await schedule(city, city.process.context.now() + timedelta(minutes=2))
    city.offset += timedelta(minutes=3)
    await desk.event("test.called")
    city.offset += timedelta(seconds=61)
    await desk.event("test.ended")
    await CommunicationLoop(city.process.context).once()
    assert await count(city) == 1


async def test_the_command_line_starts_one_waits_and_names_the_silent(
    city: City, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", city.url)
    police = await city.unit_console(POLICE)
    asked = f"test-communication --division {TOWNSHIP} --channel console --window 600 --wait --json".split()
    running_it = asyncio.create_task(asyncio.to_thread(main, asked))
    called = await police.event("test.called")
    await answer(city.unit(POLICE), {"id": called["facts"]["test_id"]}, "answered")
    city.offset += timedelta(seconds=601)
    assert await running_it == 1, "somebody was silent"
    told = capsys.readouterr()
    said = json.loads(told.out)
    states = {line["unit"]["code"]: line["state"] for line in said["calls"]}
    assert (states[POLICE], states[JUSTICE]) == ("answered", "silent")
    assert "1 answered" in told.err
    assert await asyncio.to_thread(main, ("test-communication", "--channel", "pigeon")) == 1
    assert "channels of this installation" in capsys.readouterr().err
