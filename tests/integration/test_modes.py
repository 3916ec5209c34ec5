"""One switch turns a district over: other rules, clocks and posts; and back, by hand or by the clock."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from dispatch.demo.access import Access
from dispatch.domain.mode import Modes
from dispatch.operations import rereading
from dispatch.operations.refresh_knowledge import refresh_knowledge
from dispatch.operations.set_mode import remind_modes
from dispatch.storage.database import Connection
from dispatch.storage.modes import load_modes
from tests.support.city import City, running

YUHU, YUETANG = "430302", "430304"
COMPOUND, FAR = "430302007003", "430304005003"
GATES = {"430302007003-PRP2", "430302007003-PRP3"}
CONTACT: dict[str, Any] = {"incident_type": "epidemic.contact", "place_kind": "residential_compound", "location": None}
OVERLAY, USUAL = "epidemic.contact.mode-i", "epidemic.contact"


async def set_mode(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    body = {"division_code": YUHU, "field": "response_mode", "value": "I", "reason": "发现聚集性疫情"} | changes
    return await client.post("/api/v1/modes", json=body)


async def switched_on(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await set_mode(client, **changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def called(city: City, division_code: str = COMPOUND) -> dict[str, Any]:
    incident = await city.report(**CONTACT, division_code=division_code)
    return await city.incident(incident["id"])


def rule_of(incident: dict[str, Any]) -> str:
    names = {entry["rule"] for entry in incident["decision"]["matched"]} & {OVERLAY, USUAL}
    assert len(names) == 1
    return str(names.pop())


def sent(incident: dict[str, Any]) -> set[str]:
    return {assignment["unit"]["code"] for assignment in incident["assignments"]}


def answer_within(incident: dict[str, Any], code: str) -> timedelta:
    row = next(row for row in incident["assignments"] if row["unit"]["code"] == code)
    return datetime.fromisoformat(row["acknowledge_by"]) - datetime.fromisoformat(row["issued_at"])


def moment(city: City, **later: float) -> str:
    return (city.process.context.now() + timedelta(**later)).isoformat()


async def test_the_next_call_of_the_district_goes_by_the_overlay_and_no_other(city: City) -> None:
    before = await called(city)
    assert (rule_of(before), sent(before) & GATES) == (USUAL, set())
    await switched_on(await city.person("leader"))
    here, elsewhere = await called(city), await called(city, FAR)
    assert rule_of(here) == OVERLAY
    assert sent(here) >= GATES
    assert here["decision"]["facts"]["response_mode"] == "I"
    assert rule_of(elsewhere) == USUAL
    assert not any("-PRP" in code for code in sent(elsewhere))
    assert elsewhere["decision"]["facts"]["response_mode"] == "normal"
    assert rule_of(await city.incident(before["id"])) == USUAL  # what was decided stays decided


async def test_the_overlay_brings_its_own_clocks(city: City) -> None:
    usual = answer_within(await called(city), "430302-CDC")
    await switched_on(await city.person("leader"))
    assert (usual, answer_within(await called(city), "430302-CDC")) == (timedelta(seconds=300), timedelta(seconds=60))


async def test_a_mode_runs_out_by_the_clock_without_anything_written(city: City) -> None:
    await switched_on(await city.person("leader"), ends_at=moment(city, minutes=90))
    assert rule_of(await called(city)) == OVERLAY
    rows = "SELECT json_agg(m) FROM mode m"
    before = await city.sql.fetchval(rows)
    city.offset += timedelta(minutes=91)
    after = await called(city)
    assert (rule_of(after), sent(after) & GATES) == (USUAL, set())
    changed = {"reminded_at"}  # the desk may have been reminded meanwhile
    kept = [{k: v for k, v in row.items() if k not in changed} for row in json.loads(await city.sql.fetchval(rows))]
    assert kept == [{k: v for k, v in row.items() if k not in changed} for row in json.loads(before)]


async def test_a_mode_that_is_set_ahead_begins_by_the_clock(city: City) -> None:
    leader = await city.person("leader")
    await switched_on(leader, starts_at=moment(city, minutes=10))
    assert rule_of(await called(city)) == USUAL
    assert [mode["value"] for mode in (await leader.get("/api/v1/modes")).json()["coming"]] == ["I"]
    city.offset += timedelta(minutes=11)
    assert rule_of(await called(city)) == OVERLAY


async def test_a_mode_is_ended_once_and_by_name_and_can_be_set_again(city: City) -> None:
    leader, admin = await city.person("leader"), await city.person("admin")
    mode = await switched_on(leader)
    ended = await admin.post(f"/api/v1/modes/{mode['id']}/end", json={"reason": "误设"})
    assert (ended.status_code, ended.json()["ended_by"], ended.json()["end_reason"]) == (200, "演示管理员", "误设")
    assert rule_of(await called(city)) == USUAL
    again = await leader.post(f"/api/v1/modes/{mode['id']}/end", json={"reason": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert again.json()["current"]["ended_by"] == "演示管理员"
    lists = (await leader.get("/api/v1/modes")).json()
    assert ([m["id"] for m in lists["ended"]], lists["standing"]) == ([mode["id"]], [])
    await switched_on(leader)
    assert rule_of(await called(city)) == OVERLAY


async def test_every_switch_is_in_the_audit_trail_with_who_and_why(city: City) -> None:
    leader = await city.person("leader")
    mode = await switched_on(leader)
    await leader.post(f"/api/v1/modes/{mode['id']}/end", json={"reason": "疫情已控制"})
    rows = await city.sql.fetch("SELECT actor, events FROM audit ORDER BY seq")
    told = [(json.loads(row["actor"])["name"], json.loads(row["events"])[0]) for row in rows]
    assert [(name, event["event"], event["facts"]["act"]) for name, event in told] == [
        ("演示值班长", "mode.changed", "set"),
        ("演示值班长", "mode.changed", "ended"),
    ]
    assert told[0][1]["facts"]["mode"]["reason"] == "发现聚集性疫情"
    assert told[1][1]["facts"]["mode"]["end_reason"] == "疫情已控制"


async def test_two_processes_follow_one_switch(city: City, city_database: tuple[str, Access]) -> None:
    async with running(*city_database) as other:
        mode = await switched_on(await city.person("leader"))
        await _until(lambda: other.process.context.knowledge.modes.by_division)
        assert rule_of(await called(other)) == OVERLAY
        leader = await other.person("leader")
        await leader.post(f"/api/v1/modes/{mode['id']}/end", json={"reason": "x"})
        await _until(lambda: not city.process.context.knowledge.modes.by_division)
        assert rule_of(await called(city)) == USUAL


async def test_what_was_written_past_the_service_is_followed_too(city: City) -> None:
    insert = """INSERT INTO mode (id, division_code, field, value, starts_at, reason, set_by)
      VALUES (gen_random_uuid(), $1, 'response_mode', 'I', now(), 'x', 'x')"""
    await city.sql.execute(insert, YUHU)
    await _until(lambda: city.process.context.knowledge.modes.by_division)
    await city.sql.execute("UPDATE mode SET ended_at = now()")
    await _until(lambda: not city.process.context.knowledge.modes.by_division)


async def test_a_mode_set_while_all_are_read_anew_is_not_forgotten_for_the_next_call(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, read, go_on = city.process.context, asyncio.Event(), asyncio.Event()

    async def slow(connection: Connection) -> Modes:
        found = await load_modes(connection)
        read.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(rereading, "load_modes", slow)
    leader = await city.person("leader")
    await switched_on(leader, field="warning_colour", value="red")
    reading = asyncio.create_task(refresh_knowledge(context.database, context.knowledge))
    await read.wait()
    await switched_on(leader)
    go_on.set()
    await reading
    assert len(context.knowledge.modes.by_division[YUHU]) == 2
    assert rule_of(await called(city)) == OVERLAY


async def _until(holds: Any) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.02)


async def test_desks_and_touched_units_hear_of_it_and_nobody_else(city: City) -> None:
    leader = await city.person("leader")
    desk, touched = await city.console(client=leader), await city.unit_console("430302007-PCS")
    above = await city.unit_console("XT-CMD")
    others = [
        await city.unit_console("430304005-PCS"),
        await city.console(city.device["token"]),
        await city.console(str(city.access.demo["wall_key"])),
        await city.console(city.integrator_key),
    ]
    mode = await switched_on(leader)
    for console in (desk, touched, above):
        frame = await console.event("mode.changed")
        assert (frame["facts"]["act"], frame["facts"]["mode"]) == ("set", mode)
        assert "incident" not in frame
    late = {"desk": await city.console(client=leader), "touched": await city.unit_console("430302007-PCS")}
    for console in late.values():
        snapshot = await console.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
        assert snapshot["modes"] == [mode]
    elsewhere = await city.unit_console("430304005-PCS")
    snapshot = await elsewhere.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
    assert snapshot["modes"] == []
    await city.report()  # hospital call of the other district: reaches the police there, after the mode would have
    await others[0].event("assignment.issued")
    await others[3].event("incident.opened")
    assert all(console.named("mode.changed") == [] for console in others)


async def test_a_console_that_was_away_is_told_what_changed(city: City) -> None:
    leader = await city.person("leader")
    desk, police = await city.console(client=leader), await city.unit_console("430302007-PCS")
    for console in (desk, police):
        await console.until(lambda c: c.cursor)
        await console.leave()
    await switched_on(leader)
    back = [await city.console(client=leader, cursor=desk.cursor)]
    back.append(await city.unit_console("430302007-PCS", cursor=police.cursor))
    for console in back:
        assert (await console.event("mode.changed"))["facts"]["mode"]["value"] == "I"


async def test_the_desk_is_reminded_before_the_end_and_of_what_has_none(city: City) -> None:
    leader = await city.person("leader")
    desk, police = await city.console(client=leader), await city.unit_console("430302007-PCS")
    await switched_on(leader, value="II", ends_at=moment(city, hours=2))
    await switched_on(leader, value="IV", division_code=COMPOUND)
    city.offset += timedelta(hours=1, minutes=31)
    for _ in range(2):
        await asyncio.gather(remind_modes(city.process.context), remind_modes(city.process.context))
    assert (await desk.event("mode.recalled"))["facts"]["mode"]["value"] == "II"
    city.offset += timedelta(hours=23)
    await remind_modes(city.process.context)
    assert (await desk.event("mode.recalled", 2))["facts"]["mode"]["value"] == "IV"
    await remind_modes(city.process.context)
    reminders = 'SELECT count(*) FROM audit WHERE events::jsonb @> \'[{"event": "mode.recalled"}]\''
    assert await city.sql.fetchval(reminders) == 2
    await police.event("mode.changed", 2)
    assert police.named("mode.recalled") == []


@pytest.mark.parametrize(("login", "reads", "sets"), [("desk1", 200, 403), ("leader", 200, 201), ("admin", 200, 201)])
async def test_operators_read_and_shift_leaders_set(city: City, login: str, reads: int, sets: int) -> None:
    person = await city.person(login)
    assert (await person.get("/api/v1/modes")).status_code == reads
    assert (await set_mode(person)).status_code == sets
    mode = await switched_on(await city.person("leader"))
    ended = await person.post(f"/api/v1/modes/{mode['id']}/end", json={"reason": "x"})
    assert ended.status_code == (403 if sets == 403 else 200)


async def test_units_devices_and_integrators_neither_read_nor_set(city: City) -> None:
    for client in (city.unit("430302007-PCS"), city.client(city.device["token"]), city.integrator()):
        assert (await client.get("/api/v1/modes")).status_code == 403
        assert (await set_mode(client)).status_code == 403


async def test_a_leader_of_one_district_does_not_switch_another(city: City) -> None:
    leader = await city.person("leader")
    city_wide = await switched_on(leader, division_code="430300", value="IV")
    await city.sql.execute("UPDATE person SET division_codes = '{430304}' WHERE login = 'leader'")
    try:
        await _until_async(leader, YUETANG)
        assert (await set_mode(leader)).status_code == 403
        assert (await leader.post(f"/api/v1/modes/{city_wide['id']}/end", json={"reason": "x"})).status_code == 403
        assert (await leader.get("/api/v1/modes")).json()["standing"] == [city_wide]  # holds there as well
        await switched_on(leader, division_code=FAR)
    finally:
        await city.sql.execute("UPDATE person SET division_codes = '{4303}' WHERE login = 'leader'")


async def _until_async(client: httpx.AsyncClient, division_code: str) -> None:
    async with asyncio.timeout(30):
        while (await client.get("/api/v1/me")).json()["division_codes"] != [division_code]:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"division_code": "430399"}, 422, "unknown_division"),
        ({"value": "V"}, 422, "unknown_value"),
        ({"field": "warning_colour", "value": "pink"}, 422, "unknown_value"),
        ({"field": "mood"}, 422, "literal_error"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, 422, "ends_before_start"),
        ({"starts_at": "2099-01-02T00:00:00Z", "ends_at": "2099-01-01T00:00:00Z"}, 422, "ends_before_start"),
        ({"reason": ""}, 422, "string_too_short"),
        ({"colour": "red"}, 422, "unknown_field"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(
    city: City, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await set_mode(await city.person("leader"), **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await city.sql.fetchval("SELECT count(*) FROM mode") == 0


async def test_an_unknown_division_is_answered_with_the_nearest(city: City) -> None:
    answer = await set_mode(await city.person("leader"), division_code="43030")
    assert answer.status_code == 422
    assert YUHU in answer.json()["nearest"]


async def test_normal_does_not_pretend_to_switch_off_what_stands(city: City) -> None:
    leader = await city.person("leader")
    mode = await switched_on(leader, value="III")
    refused = await set_mode(leader, value="normal")
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    assert (refused.json()["current"]["id"], refused.json()["allowed"]) == (mode["id"], ["end"])
    assert "end it" in refused.json()["detail"]


async def test_an_unknown_mode_is_not_found(city: City) -> None:
    leader = await city.person("leader")
    for name in ("x", "0198f000-0000-7000-8000-000000000000"):
        assert (await leader.post(f"/api/v1/modes/{name}/end", json={"reason": "x"})).status_code == 404


async def test_a_post_is_shown_on_duty_where_routing_would_send_it(city: City) -> None:
    leader = await city.person("leader")

    async def shown() -> dict[str, str]:
        answer = await leader.get("/api/v1/units?kind=property_mgmt&division=4303&q=卡点")
        return {unit["code"]: unit["status"] for unit in answer.json()["items"]}

    assert set((await shown()).values()) == {"off_duty"}
    await switched_on(leader)
    assert {code for code, status in (await shown()).items() if status == "available"} == GATES


async def test_a_warning_and_the_weather_are_facts_of_the_next_call(city: City) -> None:
    leader = await city.person("leader")
    await switched_on(leader, field="warning_colour", value="orange", division_code="430300")
    await switched_on(leader, field="weather", value="heavy_rain")
    facts = [(await called(city, code))["decision"]["facts"] for code in (COMPOUND, FAR)]
    assert [fact["warning_colour"] for fact in facts] == ["orange", "orange"]
    assert [fact["weather"] for fact in facts] == ["heavy_rain", None]
    assert {fact["day_kind"] for fact in facts} <= {"workday", "makeup_workday", "weekend", "holiday"}
