"""Two want the same at the same time: one gets it, the other gets the next."""

import asyncio

from dispatch.operations.refresh_knowledge import reload_states
from tests.support.city import HOSPITAL_CALL, POLICE, City

ARMED = HOSPITAL_CALL | {"incident_type": "violence.armed", "tags": ["weapon"]}


async def test_two_incidents_never_take_the_same_crew(city: City) -> None:
    client = city.integrator()
    answers = await asyncio.gather(*(client.post("/api/v1/incidents", json=ARMED) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    taken = await city.sql.fetch(
        "SELECT a.unit_id, count(*) FROM assignment a JOIN unit u ON u.id = a.unit_id "
        "JOIN unit_kind k ON k.code = u.kind "
        "WHERE k.exclusive AND a.role <> 'notify' AND a.ended_at IS NULL GROUP BY a.unit_id"
    )
    assert taken
    assert {row["count"] for row in taken} == {1}
    committed = await city.sql.fetchval("SELECT count(*) FROM unit_state WHERE committed_to IS NOT NULL")
    assert committed == len(taken)


async def test_a_crew_that_was_told_first_and_then_sent_is_sent_nowhere_else(city: City) -> None:
    incident, other = await city.report(), await city.report()
    directory = city.process.context.knowledge.directory
    crew = next(unit.id for unit in directory.units.values() if unit.exclusive)
    desk = await city.person()
    for role in ("notify", "support"):
        unit = {"units": [{"unit_id": crew, "role": role}]}
        sent = await desk.post(f"/api/v1/incidents/{incident['id']}/dispatch", json=unit)
        assert sent.status_code == 200, sent.text
    again = await desk.post(
        f"/api/v1/incidents/{other['id']}/dispatch", json={"units": [{"unit_id": crew, "role": "support"}]}
    )
    assert (again.status_code, again.json()["code"]) == (409, "unit_unavailable")


async def test_when_every_crew_is_taken_the_desk_is_alarmed(city: City) -> None:
    desk = await city.console(client=await city.person())
    client = city.integrator()
    for _ in range(14):
        answer = await client.post("/api/v1/incidents", json=ARMED)
        shortfalls = answer.json()["incident"]["shortfalls"]
        if shortfalls:
            break
    assert shortfalls[0]["reason"] == "all_committed"
    raised = await desk.event("shortfall.raised")
    assert raised["facts"]["shortfalls"]
    await city.forward(2)
    await desk.event("shortfall.raised", 2)


async def test_a_crew_is_free_again_when_its_task_ends(city: City) -> None:
    incident = (await city.integrator().post("/api/v1/incidents", json=ARMED)).json()["incident"]
    desk = await city.person()
    await desk.post(f"/api/v1/incidents/{incident['id']}/close", json={"disposition": "handled"})
    assert await city.sql.fetchval("SELECT count(*) FROM unit_state WHERE committed_to IS NOT NULL") == 0
    again = (await city.integrator().post("/api/v1/incidents", json=ARMED)).json()["incident"]
    units = [{a["unit"]["code"] for a in i["assignments"]} for i in (incident, again)]
    assert units[0] == units[1]


async def test_a_declined_assignment_goes_to_the_next_unit_at_once(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await city.act(POLICE, incident, "acknowledge")
    answer = await city.act(POLICE, incident, "decline", reason="no_vehicle")
    assert answer.json()["status"] == "declined"
    view = await city.incident(incident["id"])
    lead = next(a for a in view["assignments"] if a["role"] == "lead" and a["status"] == "issued")
    assert lead["unit"]["kind"] == "police_station"
    assert lead["unit"]["code"] != POLICE
    assert lead["selection"]["backup_for"] == answer.json()["id"]


async def test_what_is_urgent_cannot_be_sent_back(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    answer = await city.act(POLICE, incident, "return", reason="not ours")
    assert (answer.status_code, answer.json()["code"]) == (409, "return_forbidden")


async def test_an_old_version_is_refused_with_the_current_one(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await city.act(POLICE, incident, "acknowledge")
    answer = await city.act(POLICE, incident, "depart", expected_version=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "version_conflict")
    assert answer.json()["current"]["version"] == 2
    assert (await city.act(POLICE, incident, "depart", expected_version=2)).status_code == 200


async def test_of_two_officers_of_one_station_one_acknowledges(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    answers = await asyncio.gather(*(city.act(POLICE, incident, "acknowledge") for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 9]


async def test_work_done_offline_keeps_its_own_instant_unless_it_cannot_be_true(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await city.forward(20)
    done = (city.process.context.now()).isoformat()
    await city.forward(60)
    answer = await city.act(POLICE, incident, "acknowledge", occurred_at=done)
    assert answer.json()["acknowledged_at"][:19] == done[:19]
    future = await city.act(POLICE, incident, "depart", occurred_at="2040-01-01T00:00:00Z")
    assert future.json()["en_route_at"] < "2040"


async def _out_of_service(city: City, kind: str) -> list[str]:
    units = [u.id for u in city.process.context.knowledge.directory.units.values() if u.kind == kind]
    await city.sql.execute("UPDATE unit_state SET duty = 'out_of_service' WHERE unit_id = ANY($1)", units)
    await reload_states(city.process.database, city.process.context.knowledge)
    return units


async def test_a_lead_sent_by_hand_fills_the_gap_and_the_incident_can_close(city: City) -> None:
    stations = await _out_of_service(city, "police_station")
    console = await city.console(client=await city.person())
    incident = (await city.press()).json()["incident"]
    assert [(gap["unit_kind"], gap["role"]) for gap in incident["shortfalls"]] == [("police_station", "lead")]
    await console.event("shortfall.raised")
    desk = await city.person()
    path = f"/api/v1/incidents/{incident['id']}/dispatch"
    refused = await desk.post(path, json={"units": [{"unit_id": stations[0], "role": "lead"}]})
    assert (refused.status_code, refused.json()["code"]) == (409, "unit_unavailable")
    for station in stations[:2]:
        await desk.post(f"/api/v1/units/{station}/status", json={"status": "available"})
    sent = await desk.post(path, json={"units": [{"unit_id": stations[0], "role": "lead"}]})
    assert sent.status_code == 200, sent.text
    assert sent.json()["shortfalls"] == []
    await console.event("shortfall.cleared")
    twice = await desk.post(path, json={"units": [{"unit_id": stations[0], "role": "support"}]})
    assert (twice.status_code, twice.json()["code"]) == (409, "unit_unavailable")
    second = await desk.post(path, json={"units": [{"unit_id": stations[1], "role": "lead"}]})
    assert (second.status_code, second.json()["code"]) == (422, "second_lead")


async def test_when_nobody_at_all_can_go_the_desk_is_alarmed_until_somebody_acts(city: City) -> None:
    for kind in (
        "police_station",
        "judicial_office",
        "health_office",
        "community_committee",
        "township_platform",
        "community_health_center",
        "hospital_security",
    ):
        await _out_of_service(city, kind)
    console = await city.console(client=await city.person())
    incident = (await city.press()).json()["incident"]
    assert incident["status"] == "received"
    await console.event("shortfall.raised")
    await city.forward(2)
    await console.event("shortfall.raised", 2)
    await city.forward(61)
    await console.event("shortfall.raised", 3)
    desk = await city.person()
    for gap in incident["shortfalls"]:
        await desk.post(
            f"/api/v1/incidents/{incident['id']}/excuse", json={"slot": gap["slot"], "reason": "by telephone"}
        )
    assert (await city.incident(incident["id"]))["status"] == "closed"


async def test_a_type_without_a_rule_goes_to_the_command_centre(city: City) -> None:
    incident = await city.report(incident_type="other", place_kind=None)
    assert [(a["unit"]["kind"], a["role"]) for a in incident["assignments"]] == [("city_command_center", "lead")]
    assert incident["decision"]["matched"][0]["rule"]
