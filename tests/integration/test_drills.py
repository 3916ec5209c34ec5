"""An exercise runs the whole path and touches nobody who does not take part: no real alarm, number or figure."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from dispatch.domain.drill import Drills
from dispatch.jobs.delivery import DeliveryLoop
from dispatch.operations import rereading
from dispatch.operations.refresh_knowledge import refresh_knowledge, reload_states
from dispatch.outside.channel import Message
from dispatch.storage.database import Connection
from dispatch.storage.drills import load_drills
from tests.support.city import COMMUNITY, FOUR, HEALTH, HOSPITAL_CALL, JUSTICE, POLICE, City, Console, running
from tests.support.push_service import Browser

TOWNSHIP, COUNTY = "430304005", "430304"
ARMED = HOSPITAL_CALL | {"incident_type": "violence.armed", "tags": ["weapon"]}
DRILLS = "/api/v1/drills"
ALL = {*FOUR, "XT-H6-SEC"}
BUSY = "SELECT count(*) FROM unit_state WHERE committed_to IS NOT NULL"


class Recording:
    """A channel that keeps what it is given."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.got: list[Message] = []

    async def send(self, message: Message) -> str | None:
        self.got.append(message)
        return None


def sending_by(city: City, *channels: Recording) -> DeliveryLoop:
    """Take the place of the service's own delivery loop, so that a test says when something is sent."""
    next(task for task in city.process.tasks if task.get_name() == "delivery").cancel()
    city.process.context.paging_channels = tuple(channel.name for channel in channels)
    return DeliveryLoop(city.process.context, channels)


async def announce(client: httpx.AsyncClient, city: City, *codes: str, **changes: Any) -> httpx.Response:
    now = city.process.context.now()
    body = {
        "name": "秋季联合演练",
        "division_code": TOWNSHIP,
        "unit_ids": [city.unit_id(code) for code in codes],
        "ends_at": (now + timedelta(hours=2)).isoformat(),
    }
    return await client.post(DRILLS, json=body | changes)


async def announced(city: City, *codes: str, **changes: Any) -> dict[str, Any]:
    answer = await announce(await city.person("leader"), city, *codes, **changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_drill_announced_while_all_are_read_anew_is_not_forgotten_for_the_next_exercise(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge, read, go_on = city.process.context.knowledge, asyncio.Event(), asyncio.Event()

    async def slow(connection: Connection) -> Drills:
        found = await load_drills(connection)
        if not read.is_set():
            read.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(rereading, "load_drills", slow)
    reading = asyncio.create_task(rereading.reread_drills(city.process.context.database, knowledge))
    await read.wait()
    drill = await announced(city, *FOUR)
    go_on.set()
    await reading
    assert [known.id for known in knowledge.drills.known] == [drill["id"]]


def who(incident: dict[str, Any]) -> list[str]:
    return sorted(assignment["unit"]["code"] for assignment in incident["assignments"])


def busy(city: City, incident: dict[str, Any]) -> set[tuple[int, str | None]]:
    states = [city.process.context.knowledge.states.of(one["unit"]["id"]) for one in incident["assignments"]]
    return {(state.load, state.committed_to) for state in states}


async def lines_of(city: City, incident: dict[str, Any], code: str) -> list[dict[str, Any]]:
    view = await city.incident(incident["id"])
    return [line for line in view["deliveries"] if line["unit"]["code"] == code and line["channel"] != "console"]


async def test_a_real_alarm_is_routed_as_if_the_exercise_were_not_there(city: City) -> None:
    exercises = [await city.report(**ARMED, exercise="exercise") for _ in range(2)]
    await city.act(exercises[0]["assignments"][0]["unit"]["code"], exercises[0], "acknowledge")
    assert await city.sql.fetchval(BUSY) == 0
    assert busy(city, exercises[0]) == {(0, None)}
    await reload_states(city.process.database, city.process.context.knowledge)
    assert busy(city, exercises[0]) == {(0, None)}
    real = await city.report(**ARMED)
    assert who(exercises[0]) == who(exercises[1]) == who(real)
    assert await city.sql.fetchval(BUSY) > 0
    fourth = await city.report(**ARMED, exercise="exercise")
    assert set(who(fourth)) != set(who(real)), "who is on a real alarm is not taken off it for an exercise"


async def test_a_crew_added_later_in_an_exercise_is_not_taken_either(city: City) -> None:
    exercise = await city.report(**ARMED, exercise="exercise")
    crew = next(one for one in exercise["assignments"] if one["unit"]["kind"] == "special_police")
    await city.act(crew["unit"]["code"], exercise, "decline", reason="busy")
    await city.forward(61)
    assert await city.sql.fetchval("SELECT count(*) FROM assignment WHERE backup_for IS NOT NULL") > 0
    assert await city.sql.fetchval(BUSY) == 0


async def test_while_a_drill_stands_only_its_participants_are_sent(city: City) -> None:
    usual = await city.report(exercise="exercise")
    assert set(who(usual)) == ALL
    drill = await announced(city, POLICE, HEALTH)
    incident = await city.incident((await city.report(exercise="exercise"))["id"])
    assert set(who(incident)) == {POLICE, HEALTH}
    refused = {
        entry["unit"]["code"]: entry["reason"]
        for entry in incident["decision"]["considered"]
        if entry["outcome"] == "rejected"
    }
    assert refused[JUSTICE] == refused[COMMUNITY] == "not_in_drill"
    assert {gap["reason"] for gap in incident["shortfalls"]} == {"not_in_drill"}
    desk = await city.person()
    told = (await desk.get(f"/api/v1/incidents/{incident['id']}/explanation?unit={JUSTICE}")).json()["unit"]
    assert (told["outcome"], told["sentence"]["zh"]) == ("rejected", "不参加本次演练")
    assert (await desk.get(f"/api/v1/incidents/{incident['id']}/replay")).json()["identical"] is True
    real = await city.report()
    assert set(who(real)) == ALL, "a real alarm goes to everybody"
    ended = await (await city.person("leader")).post(f"{DRILLS}/{drill['id']}/end", json={})
    assert (ended.status_code, bool(ended.json()["ended_at"])) == (200, True)
    assert (await desk.get(f"/api/v1/incidents/{incident['id']}/replay")).json()["identical"] is True
    assert set(who(await city.report(exercise="exercise"))) == ALL


async def test_nobody_outside_the_drill_is_added_by_silence_or_by_hand(city: City) -> None:
    await announced(city, POLICE, HEALTH)
    incident = await city.report(exercise="exercise")
    desk = await city.person()
    by_hand = {"units": [{"unit_id": city.unit_id("430302001-PCS")}]}
    refused = await desk.post(f"/api/v1/incidents/{incident['id']}/dispatch", json=by_hand)
    assert (refused.status_code, refused.json()["code"]) == (409, "unit_unavailable")
    for _ in range(8):
        await city.forward(120)
    after = await city.incident(incident["id"])
    assert set(who(after)) == {POLICE, HEALTH}
    reasons = {gap["unit_kind"]: gap["reason"] for gap in after["shortfalls"]}
    assert reasons["police_station"] == "not_in_drill", "there is such a unit: it stands right below the gap"
    assert "no_candidates" not in reasons.values()


async def ended(city: City, drill: dict[str, Any]) -> None:
    answer = await (await city.person("leader")).post(f"{DRILLS}/{drill['id']}/end", json={})
    assert answer.status_code == 200, answer.text


async def test_an_exercise_that_outlives_its_drill_calls_nobody_from_the_rest_of_the_city(city: City) -> None:
    drill = await announced(city, POLICE, HEALTH)
    incident = await city.report(exercise="exercise")
    await ended(city, drill)
    desk, path = await city.person(), f"/api/v1/incidents/{incident['id']}"
    advised = (await desk.post(f"{path}/recommend", json={})).json()
    chosen = {entry["unit"]["code"] for entry in advised["considered"] if entry["outcome"] == "chosen"}
    assert chosen == {POLICE, HEALTH}
    by_hand = await desk.post(f"{path}/dispatch", json={"units": [{"unit_id": city.unit_id("430302001-PCS")}]})
    assert (by_hand.status_code, by_hand.json()["code"]) == (409, "unit_unavailable")
    worse = {"severity": "I", "urgency": "critical", "tags": ["weapon", "injured", "fire"], "reason": "x"}
    assert (await desk.post(f"{path}/raise", json=worse)).status_code == 200
    for _ in range(8):
        await city.forward(120)
    assert set(who(await city.incident(incident["id"]))) == {POLICE, HEALTH}
    assert (await desk.get(f"{path}/replay")).json()["identical"] is True


async def test_an_exercise_rings_no_recipient_of_the_drill_that_follows_its_own(city: City) -> None:
    sms = Recording("sms")
    loop = sending_by(city, sms)
    first = await announced(city, *FOUR, recipients=[{"name": "甲", "address": "13800000001"}])
    await city.report(exercise="exercise")
    await ended(city, first)
    await announced(city, *FOUR, recipients=[{"name": "乙", "address": "13800000002"}])
    await city.forward(16)
    await loop.once()
    await loop.settle()
    assert sms.got == []


async def test_a_smaller_drill_beside_it_does_not_take_an_exercises_recipients_away(city: City) -> None:
    sms = Recording("sms")
    loop = sending_by(city, sms)
    await announced(city, *FOUR, recipients=[{"name": "甲", "address": "13800000001"}])
    await city.report(exercise="exercise")
    smaller = {"division_code": "430304005003", "recipients": [{"name": "乙", "address": "13800000002"}]}
    await announced(city, *FOUR, **smaller)
    await city.forward(16)
    await loop.once()
    await loop.settle()
    assert {message.to for message in sms.got} == {"13800000001"}


async def test_a_drill_without_named_units_is_of_all_of_its_division(city: City) -> None:
    await announced(city, division_code="430304005003")
    incident = await city.report(exercise="exercise")
    assert set(who(incident)) == ALL - {POLICE, JUSTICE, HEALTH}
    assert set(who(await city.report(exercise="test"))) == ALL, "a test goes the usual way"


async def test_an_exercise_without_a_drill_disturbs_no_telephone(city: City) -> None:
    sms = Recording("sms")
    loop = sending_by(city, sms)
    incident = (await city.press(exercise="test")).json()["incident"]
    await city.forward(16)
    await loop.once()
    await loop.settle()
    assert sms.got == []
    lines = await lines_of(city, incident, POLICE)
    assert [(line["channel"], line["error"]) for line in lines] == [("none", "a drill without recipients")]


async def test_a_drills_messages_go_to_its_recipients_and_to_nobody_else(city: City) -> None:
    sms, voice = Recording("sms"), Recording("voice")
    loop = sending_by(city, sms, voice)
    recipients = [
        {"name": "导调组", "address": "13800000001"},
        {"name": "观察员", "address": "13800000002", "channel": "voice"},
    ]
    await announced(city, *FOUR, recipients=recipients)
    incident = await city.report(exercise="exercise")
    await city.forward(16)
    await loop.once()
    await loop.settle()
    assert {message.to for message in sms.got} == {"13800000001"}
    assert {message.to for message in voice.got} == {"13800000001", "13800000002"}
    assert all(message.title.startswith("【演练 EXERCISE】") for message in [*sms.got, *voice.got])
    assert {line["recipient_kind"] for line in await lines_of(city, incident, POLICE)} == {"drill"}
    real = await city.report()
    await city.forward(16)
    assert {line["recipient_kind"] for line in await lines_of(city, real, POLICE)} == {"duty_phone"}


async def test_browsers_are_pushed_in_a_drill_only_if_their_unit_takes_part(city: City) -> None:
    for code in (POLICE, JUSTICE):
        body = Browser().subscription(f"https://push.example/{code}")
        assert (await city.unit(code).post("/api/v1/push/subscriptions", json=body)).status_code == 201
    sending_by(city, Recording("web_push"))
    await announced(city, POLICE)
    incident = await city.report(exercise="test")
    await city.forward(16)
    assert [line["channel"] for line in await lines_of(city, incident, POLICE)] == ["web_push"]
    assert [line["channel"] for line in await lines_of(city, incident, JUSTICE)] == ["none"]


async def test_a_desk_opened_in_the_middle_of_a_drill_does_not_take_it_for_an_alarm(city: City) -> None:
    drill = await announced(city, POLICE, division_code="430300")
    later = await announced(city, starts_at=(city.process.context.now() + timedelta(hours=1)).isoformat())
    await announced(city, division_code="430302")
    over = await announced(city)
    await (await city.person("leader")).post(f"{DRILLS}/{over['id']}/end", json={})
    await city.sql.execute("UPDATE person SET division_codes = '{430304}' WHERE login = 'desk1'")
    try:
        console = await city.console(client=await city.person())
        assert (await snapshot_of(console))["drills"] == [drill, later]
        ended = await (await city.person("leader")).post(f"{DRILLS}/{drill['id']}/end", json={})
        assert (await console.event("drill.changed"))["facts"]["drill"] == ended.json()
    finally:
        await city.sql.execute("UPDATE person SET division_codes = '{4303}' WHERE login = 'desk1'")
    assert (await snapshot_of(await city.unit_console(POLICE)))["drills"] == [], "it holds numbers of people"


async def snapshot_of(console: Console) -> dict[str, Any]:
    return dict(await console.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None)))


async def test_a_drill_is_announced_by_a_shift_leader_of_the_area_once_and_audited(city: City) -> None:
    desk, leader = await city.person(), await city.person("leader")
    assert (await announce(desk, city)).status_code == 403
    console = await city.console(client=desk)
    drill = await announced(city, POLICE)
    news = await console.event("drill.changed")
    assert (news["facts"]["act"], news["facts"]["drill"]["id"]) == ("announced", drill["id"])
    lists = (await desk.get(DRILLS)).json()
    assert [[one["id"] for one in lists[name]] for name in ("standing", "coming", "ended")] == [[drill["id"]], [], []]
    for _ in range(2):
        ended = await leader.post(f"{DRILLS}/{drill['id']}/end", json={})
    assert (ended.status_code, ended.json()["code"]) == (409, "wrong_state")
    assert [one["id"] for one in (await desk.get(DRILLS)).json()["ended"]] == [drill["id"]]
    assert (await leader.post(f"{DRILLS}/{city.unit_id(POLICE)}/end", json={})).status_code == 404
    events = await city.sql.fetch("SELECT events->0->'facts'->>'act' AS act FROM audit WHERE incident_id IS NULL")
    assert [row["act"] for row in events] == ["announced", "ended"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"division_code": "99"}, "/division_code"),
        ({"division_code": "9999"}, "/division_code"),
        ({"unit_ids": ["019aa000-0000-7000-8000-000000000000"]}, "/unit_ids"),
        ({"recipients": [{"name": "x", "address": "1", "channel": "pigeon"}]}, "/recipients/0/channel"),
        ({"recipients": [{"name": "x", "address": "1", "channel": "web_push"}]}, "/recipients/0/channel"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "/ends_at"),
    ],
)
async def test_a_drill_that_could_not_be_held_is_refused_where_it_is_wrong(
    city: City, changes: dict[str, Any], pointer: str
) -> None:
    answer = await announce(await city.person("admin"), city, **changes)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_another_process_knows_of_a_drill_within_its_next_look(city: City) -> None:
    async with running(city.url, city.access) as other:
        drill = await announced(city, POLICE)
        await refresh_knowledge(other.process.database, other.process.context.knowledge)
        assert [one.id for one in other.process.context.knowledge.drills.known] == [drill["id"]]
        assert set(who(await other.report(exercise="exercise"))) == {POLICE}


async def test_exercises_stay_out_of_every_figure(city: City) -> None:
    desk = await city.person()
    exercise = (await city.press(exercise="exercise")).json()["incident"]
    cancelled = await city.client(city.device["token"]).post(
        f"/api/v1/devices/{city.device['id']}/cancel", json={"reason": "演练结束"}
    )
    assert cancelled.status_code == 200
    assert await city.sql.fetchval("SELECT sum(false_alarm_count) FROM device_state") == 0
    real, test = await city.report(), await city.report(exercise="test")
    for wanted, expected in (("actual", real), ("test", test), ("exercise", exercise)):
        items = (await desk.get(f"/api/v1/incidents?exercise={wanted}")).json()["items"]
        assert [item["id"] for item in items] == [expected["id"]]
    assert (await desk.get("/api/v1/incidents?exercise=real")).status_code == 422
    begun = (await desk.post("/api/v1/rulesets/1/backtest", json={"days": 1})).json()
    for _ in range(200):
        view = (await desk.get(f"/api/v1/rulesets/backtests/{begun['id']}")).json()
        if view["state"] not in {"waiting", "running"}:
            break
    assert view["total"] == 1


TECHNICAL = ("dispatch_requests", "dispatch_sockets", "dispatch_outbox", "dispatch_loop", "dispatch_audit")
"""Measures of the machine, whatever it works on."""


async def counted(city: City) -> dict[str, float]:
    """Read what the metrics count of real alarms; what was never counted is 0."""
    text = (await city.client().get("/metrics")).text
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {
        name: float(value)
        for name, _, value in lines
        if not name.startswith(TECHNICAL) and "_created" not in name and 'exercise="exercise"' not in name
    }


async def test_exercises_stay_out_of_what_the_metrics_count(city: City) -> None:
    sms = Recording("sms")
    loop = sending_by(city, sms)
    await announced(city, *FOUR, recipients=[{"name": "导调组", "address": "13800000001"}])
    before = await counted(city)
    await city.report(exercise="exercise")
    await city.forward(16)
    await loop.once()
    await loop.settle()
    assert sms.got
    assert {name: value for name, value in (await counted(city)).items() if value != before.get(name, 0)} == {}
    text = (await city.client().get("/metrics")).text
    for metric in ("dispatch_intake_seconds_count", "dispatch_decision_seconds_count", "dispatch_push_seconds_count"):
        assert f'{metric}{{exercise="exercise"}}' in text
    assert 'dispatch_deliveries_total{channel="sms",exercise="exercise",state="sent"}' in text


async def test_a_real_alarm_is_never_merged_into_an_exercise(city: City) -> None:
    real, exercise = await city.report(), await city.report(exercise="exercise")
    desk = await city.person()
    for one, other in ((real, exercise), (exercise, real)):
        answer = await desk.post(f"/api/v1/incidents/{one['id']}/merge", json={"into": other["id"], "reason": "x"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "other_exercise"
