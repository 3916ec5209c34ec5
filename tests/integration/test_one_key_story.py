"""S01: at two in the morning a guard of a hospital presses one key."""

import asyncio
from datetime import UTC, datetime

from tests.support.city import COMMUNITY, FOUR, HEALTH, JUSTICE, POLICE, City


async def test_one_press_reaches_four_consoles_each_with_its_own_task_and_clock(city: City) -> None:
    consoles = {code: await city.unit_console(code) for code in FOUR}
    answer = await city.press()
    assert answer.status_code == 201
    assert answer.json()["call"]["outcome"] == "opened"
    incident = answer.json()["incident"]
    for code, console in consoles.items():
        frame = await console.event("assignment.issued")
        assert frame["assignment"]["unit"]["code"] == code
        assert frame["assignment"]["acknowledge_by"] > frame["assignment"]["issued_at"]
        assert frame["incident"]["number"] == incident["number"]
        assert len(frame["incident"]["assignments"]) == len(incident["assignments"])
    await asyncio.sleep(0.4)
    assert [len(console.named("assignment.issued")) for console in consoles.values()] == [1, 1, 1, 1]
    acting = [a for a in incident["assignments"] if a["role"] != "notify"]
    assert sorted((a["unit"]["code"], a["role"]) for a in acting) == sorted(
        [(POLICE, "lead"), (JUSTICE, "support"), (HEALTH, "support"), (COMMUNITY, "support")]
    )
    assert [a["unit"]["kind"] for a in incident["assignments"] if a["role"] == "notify"] == ["hospital_security"]


async def test_receipts_become_delivered_and_seen_with_their_instants(city: City) -> None:
    console, desk = await city.unit_console(HEALTH), await city.console(client=await city.person())
    await city.press()
    issued = await console.event("assignment.issued")
    await console.send({"type": "receipt", "assignment_id": issued["assignment"]["id"], "state": "delivered"})
    delivered = await desk.event("assignment.delivered")
    assert delivered["assignment"]["status"] == "delivered"
    await console.send({"type": "receipt", "assignment_id": issued["assignment"]["id"], "state": "seen"})
    seen = await desk.event("assignment.seen")
    assert seen["assignment"]["delivered_at"] == delivered["assignment"]["delivered_at"] < seen["assignment"]["seen_at"]
    await console.send({"type": "receipt", "assignment_id": issued["assignment"]["id"], "state": "delivered"})
    await asyncio.sleep(0.3)
    assert len(desk.named("assignment.delivered")) == 1


async def test_the_incident_closes_when_the_lead_has_fed_back_and_every_support_is_done(city: City) -> None:
    desk = await city.console(client=await city.person())
    button = await city.console(city.device["token"])
    incident = (await city.press()).json()["incident"]
    for code in (JUSTICE, HEALTH, COMMUNITY):
        await city.work_through(code, incident)
    assert (await city.incident(incident["id"]))["status"] == "in_progress"
    await city.work_through(POLICE, incident)
    closed = await desk.event("incident.closed")
    assert closed["incident"]["status"] == "closed"
    assert closed["incident"]["disposition"] == "handled"
    for name in ("acknowledged", "departed", "arrived", "fed_back", "completed"):
        await desk.event(f"assignment.{name}", 4)
        await button.event(f"assignment.{name}", 4)
    now = await city.incident(incident["id"])
    lead = next(a for a in now["assignments"] if a["role"] == "lead")
    stamps = [lead[key] for key in ("issued_at", "acknowledged_at", "en_route_at", "on_scene_at", "completed_at")]
    assert stamps == sorted(stamps)
    assert lead["status"] == "completed"
    assert await city.sql.fetchval("SELECT count(*) FROM timer") == 0


async def test_the_incident_stays_open_while_the_lead_has_not_fed_back(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    for code in (JUSTICE, HEALTH, COMMUNITY):
        await city.work_through(code, incident)
    for verb in ("acknowledge", "depart", "arrive"):
        await city.act(POLICE, incident, verb)
    refused = await city.act(POLICE, incident, "complete")
    assert (refused.status_code, refused.json()["code"]) == (409, "feedback_required")
    assert (await city.incident(incident["id"]))["status"] == "in_progress"


async def test_two_supports_that_complete_in_the_same_instant_close_the_incident_once(city: City) -> None:
    desk = await city.console(client=await city.person())
    incident = (await city.press()).json()["incident"]
    await city.work_through(POLICE, incident)
    await city.work_through(HEALTH, incident)
    for code in (JUSTICE, COMMUNITY):
        for verb in ("acknowledge", "arrive"):
            await city.act(code, incident, verb)
    await asyncio.gather(*(city.act(code, incident, "complete") for code in (JUSTICE, COMMUNITY)))
    await desk.event("incident.closed")
    await asyncio.sleep(0.3)
    assert len(desk.named("incident.closed")) == 1


async def test_an_excused_support_lets_the_incident_close(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    for code in (POLICE, HEALTH, COMMUNITY):
        await city.work_through(code, incident)
    assignment = await city.open_assignment(JUSTICE, incident)
    desk = await city.person()
    answer = await desk.post(f"/api/v1/assignments/{assignment}/excuse", json={"reason": "not needed"})
    assert answer.status_code == 200
    assert (await city.incident(incident["id"]))["status"] == "closed"


async def test_health_details_stay_with_those_who_need_them(city: City) -> None:
    community, justice, police = [await city.unit_console(code) for code in (COMMUNITY, JUSTICE, POLICE)]
    button = await city.console(city.device["token"])
    incident = await city.report()
    for console in (community, justice):
        frame = (await console.event("assignment.issued"))["incident"]
        assert frame["restricted"] is True
        assert frame["description"] is None
        assert frame["caller"] is None
    lead = (await police.event("assignment.issued"))["incident"]
    assert lead["description"] == "病房里有人砸东西"
    view = (await city.unit(COMMUNITY).get(f"/api/v1/incidents/{incident['id']}")).json()
    assert (view["description"], view["restricted"]) == (None, True)
    assert "砸东西" not in (await city.unit(COMMUNITY).get(f"/api/v1/incidents/{incident['id']}")).text
    wall = await city.console(city.access.demo["wall_key"])
    assert "砸东西" not in str(wall.frames)
    assert "砸东西" not in str(button.frames)


async def test_a_false_press_is_called_back_kept_and_counted(city: City) -> None:
    consoles = [await city.unit_console(code) for code in FOUR]
    incident = (await city.press()).json()["incident"]
    desk = await city.person()
    answer = await desk.post(f"/api/v1/incidents/{incident['id']}/cancel", json={"reason": "误触", "false_alarm": True})
    assert answer.status_code == 200
    for console in consoles:
        frame = await console.event("incident.closed")
        assert frame["incident"]["disposition"] == "false_alarm"
        assert any(f["assignment"]["status"] == "revoked" for f in console.named("assignment.revoked"))
    view = await city.incident(incident["id"])
    assert (view["status"], view["disposition"]) == ("closed", "false_alarm")
    assert await city.sql.fetchval("SELECT sum(false_alarm_count) FROM device_state") == 1
    assert await city.sql.fetchval("SELECT count(*) FROM audit WHERE incident_id = $1", incident["id"]) == 2
    assert await city.sql.fetchval("SELECT count(*) FROM timer") == 0
    again = await city.press()
    assert again.json()["call"]["outcome"] == "opened"


async def test_five_presses_in_twenty_seconds_are_one_incident_with_five_calls(city: City) -> None:
    console = await city.unit_console(POLICE)
    answers = [await city.press() for _ in range(5)]
    assert [answer.json()["call"]["outcome"] for answer in answers] == ["opened", *["joined"] * 4]
    assert len({answer.json()["incident"]["id"] for answer in answers}) == 1
    await console.event("incident.call_joined", 4)
    assert answers[-1].json()["incident"]["call_count"] == 5
    assert await city.sql.fetchval("SELECT count(*) FROM call") == 5
    assert await city.sql.fetchval("SELECT count(*) FROM assignment WHERE role <> 'notify'") == 4


async def test_twenty_presses_at_once_open_one_incident(city: City) -> None:
    answers = await asyncio.gather(*(city.press() for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["call"]["outcome"] for answer in answers) == [*["joined"] * 19, "opened"]
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 1
    assert await city.sql.fetchval("SELECT call_count FROM incident") == 20


async def test_the_same_press_sent_again_has_no_second_effect(city: City) -> None:
    first = await city.press("01980000-0000-7000-8000-000000000001")
    twin = await city.press("01980000-0000-7000-8000-000000000001")
    assert first.content == twin.content
    assert twin.headers["Idempotency-Replayed"] == "true"
    assert await city.sql.fetchval("SELECT count(*) FROM call") == 1


async def test_without_a_judicial_duty_the_on_call_person_is_paged_at_once(city: City) -> None:
    desk = await city.person()
    await desk.post(f"/api/v1/units/{city.unit_id(JUSTICE)}/status", json={"status": "off_duty"})
    incident = (await city.press()).json()["incident"]
    chosen = next(a for a in incident["assignments"] if a["unit"]["code"] == JUSTICE)
    assert chosen["selection"]["on_call"] is True
    city.process.context.paging_channels = ("sms",)
    await city.forward(1)
    attempt = await city.sql.fetchrow("SELECT * FROM delivery_attempt WHERE assignment_id = $1", chosen["id"])
    assert attempt is not None
    assert attempt["recipient"]
    assert "砸" not in attempt["body"]


async def test_without_anybody_on_call_the_township_stands_in_and_it_shows(city: City) -> None:
    await city.sql.execute("UPDATE unit SET on_call = NULL WHERE code = $1", JUSTICE)
    await city.sql.execute("UPDATE directory_version SET version = version + 1")
    try:
        version = await city.sql.fetchval("SELECT version FROM directory_version")
        while city.process.context.knowledge.directory.version != version:
            await asyncio.sleep(0.05)
        desk = await city.person()
        await desk.post(f"/api/v1/units/{city.unit_id(JUSTICE)}/status", json={"status": "off_duty"})
        incident = (await city.press()).json()["incident"]
        substitute = next(a for a in incident["assignments"] if a["selection"]["substitute_for"])
        assert substitute["unit"]["kind"] == "township_platform"
        assert substitute["selection"]["substitute_for"] == "judicial_office"
        assert JUSTICE not in [a["unit"]["code"] for a in incident["assignments"]]
    finally:
        await city.sql.execute(
            'UPDATE unit SET on_call = \'{"name": "值班", "phone": "0731-55500000"}\' WHERE code = $1', JUSTICE
        )


async def test_a_device_shows_the_steps_without_personal_data(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await city.act(POLICE, incident, "acknowledge")
    client = city.client(city.device["token"])
    status = (await client.get(f"/api/v1/devices/{city.device['id']}/status")).json()
    lead = next(a for a in status["incident"]["assignments"] if a["role"] == "lead")
    assert lead["status"] == "acknowledged"
    assert status["incident"]["restricted"] is True
    assert datetime.fromisoformat(status["server_time"]).tzinfo == UTC


async def test_a_device_whose_clock_is_hours_off_is_believed_about_nothing_but_its_press(city: City) -> None:
    answer = await city.press(pressed_at="2031-01-01T00:00:00Z")
    assert answer.status_code == 201
    opened = datetime.fromisoformat(answer.json()["incident"]["opened_at"])
    assert abs((opened - await city.sql.fetchval("SELECT now()")).total_seconds()) < 60
