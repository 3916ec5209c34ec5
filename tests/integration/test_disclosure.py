"""What somebody may not know reaches them by no way: not by a frame, a fact, a list or another incident."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.city import COMMUNITY, HEALTH, HOSPITAL_CALL, JUSTICE, POLICE, City

SECRET = "张三 复诊病历"
STRANGER = "430302001-PCS"


async def _told_by_words(city: City, incident: dict[str, Any]) -> None:
    """Name the patient wherever words are allowed."""
    desk = await city.person()
    await desk.post(f"/api/v1/incidents/{incident['id']}/note", json={"text": SECRET})
    await city.act(POLICE, incident, "acknowledge")
    await city.act(POLICE, incident, "feedback", outcome="person_taken_to_hospital", text=SECRET)
    await city.act(HEALTH, incident, "decline", reason="other", text=SECRET)
    await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json={"severity": "III", "reason": SECRET})
    await asyncio.sleep(0.4)


@pytest.mark.parametrize("who", ["wall", "device"])
async def test_words_about_a_person_reach_no_screen(city: City, who: str) -> None:
    key = city.access.demo["wall_key"] if who == "wall" else city.device["token"]
    screen = await city.console(key)
    incident = (await city.press()).json()["incident"]
    await _told_by_words(city, incident)
    later = await city.console(key)
    assert screen.named("assignment.fed_back"), "the step itself is shown"
    assert SECRET not in str(screen.frames)
    assert SECRET not in str(later.frames)


async def test_words_about_a_person_are_in_no_answer_to_a_screen(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await _told_by_words(city, incident)
    wall, device = city.client(city.access.demo["wall_key"]), city.client(city.device["token"])
    told = [
        (await wall.get(f"/api/v1/incidents/{incident['id']}")).text,
        (await wall.get(f"/api/v1/incidents/{incident['id']}/timeline")).text,
        (await wall.get("/api/v1/incidents")).text,
        (await device.get(f"/api/v1/devices/{city.device['id']}/status")).text,
    ]
    assert [SECRET in text for text in told] == [False] * 4


@pytest.mark.parametrize("code", [COMMUNITY, JUSTICE])
async def test_words_about_a_person_reach_no_unit_that_does_not_lead(city: City, code: str) -> None:
    console = await city.unit_console(code)
    incident = await city.report()
    await _told_by_words(city, incident)
    later = await city.unit_console(code)
    assert SECRET not in str(console.frames)
    assert SECRET not in str(later.frames)
    timeline = await city.unit(code).get(f"/api/v1/incidents/{incident['id']}/timeline")
    assert SECRET not in timeline.text


async def test_the_lead_and_the_desk_read_every_word(city: City) -> None:
    police, desk = await city.unit_console(POLICE), await city.console(client=await city.person())
    incident = await city.report()
    await _told_by_words(city, incident)
    for console in (police, desk):
        assert SECRET in str(console.named("incident.noted"))
        assert SECRET in str(console.named("assignment.fed_back"))


async def test_what_the_lead_discloses_reaches_the_others_and_nobody_else_discloses(city: City) -> None:
    community, desk = await city.unit_console(COMMUNITY), await city.person()
    incident = await city.report()
    await desk.post(f"/api/v1/incidents/{incident['id']}/note", json={"text": SECRET})
    await city.act(POLICE, incident, "acknowledge")
    await city.act(POLICE, incident, "feedback", outcome="handled", text=SECRET)
    path = f"/api/v1/incidents/{incident['id']}/disclose"
    assert (await city.unit(COMMUNITY).post(path, json={})).status_code == 403
    assert SECRET not in str(community.frames)
    assert (await city.unit(POLICE).post(path, json={})).status_code == 200
    frame = await community.event("incident.disclosed")
    assert frame["incident"]["restricted"] is False
    assert frame["incident"]["description"] == HOSPITAL_CALL["description"]
    assert SECRET in str(frame["incident"]["assignments"])
    wall = await city.console(city.access.demo["wall_key"])
    assert SECRET not in str(wall.frames)


@pytest.fixture
async def elsewhere(city: City) -> AsyncIterator[Any]:
    """An operator of another county."""
    await city.sql.execute("UPDATE person SET division_codes = '{430381}' WHERE login = 'desk2'")
    yield await city.person("desk2")
    await city.sql.execute("UPDATE person SET division_codes = '{4303}' WHERE login = 'desk2'")


async def test_an_operator_elsewhere_neither_reads_nor_presses_nor_cancels_a_foreign_device(
    city: City, elsewhere: Any
) -> None:
    await city.press()
    path = f"/api/v1/devices/{city.device['id']}"
    answers = [
        await elsewhere.get(f"{path}/status"),
        await elsewhere.post(f"{path}/cancel", json={}),
        await elsewhere.post(f"{path}/press", json={"press_id": str(uuid4())}),
        await elsewhere.post(f"{path}/check-in", json={"tamper": True}),
    ]
    assert {answer.status_code for answer in answers} <= {403, 404}


async def test_an_operator_elsewhere_sets_no_foreign_unit_off_duty(city: City, elsewhere: Any) -> None:
    unit = city.unit_id(POLICE)
    position = {"location": {"longitude": 112.9, "latitude": 27.8, "crs": "WGS84"}}
    for verb, body in (("status", {"status": "off_duty"}), ("position", position)):
        assert (await elsewhere.post(f"/api/v1/units/{unit}/{verb}", json=body)).status_code in {403, 404}


async def test_nothing_is_merged_into_an_incident_that_one_may_not_see(city: City, elsewhere: Any) -> None:
    foreign = await city.report()
    own = HOSPITAL_CALL | {"division_code": "430381", "location": None, "place_kind": None}
    own = {key: value for key, value in own.items() if value is not None}
    mine = (await elsewhere.post("/api/v1/incidents", json=own)).json()["incident"]
    answer = await elsewhere.post(
        f"/api/v1/incidents/{mine['id']}/merge", json={"into": foreign["id"], "reason": "same"}
    )
    assert answer.status_code in {404, 422}, answer.text
    assert foreign["number"] not in answer.text


async def test_an_operator_without_an_area_sees_nothing(city: City) -> None:
    await city.sql.execute("UPDATE person SET division_codes = '{}' WHERE login = 'desk2'")
    try:
        nobody = await city.person("desk2")
        await city.report()
        for path in ("assignments", "incidents"):
            assert (await nobody.get(f"/api/v1/{path}")).json()["items"] == []
        console = await city.console(client=nobody)
        assert (await console.until(lambda c: c.frames[1:]))[0]["incidents"] == []
    finally:
        await city.sql.execute("UPDATE person SET division_codes = '{4303}' WHERE login = 'desk2'")


async def test_nobody_gets_anything_without_a_key(city: City) -> None:
    document = (await city.client().get("/api/v1/openapi.json")).json()
    open_to_all = {"/api/v1/sessions", "/api/v1/start", "/healthz", "/readyz", "/healthz/escalation", "/metrics"}
    open_to_all.add("/api/v1/push/receipts")  # its token is the proof
    open_to_all.add("/api/v1/sessions/current")  # logging out twice is no mistake
    answers = {}
    for path, verbs in document["paths"].items():
        for verb in verbs:
            if path not in open_to_all:
                filled = path.replace("{", "").replace("}", "")
                answers[verb, path] = (await city.client().request(verb.upper(), filled)).status_code
    assert {key: status for key, status in answers.items() if status != 401} == {}


async def test_a_stranger_finds_no_trace_of_a_foreign_incident_behind_any_address(city: City) -> None:
    incident = await city.report()
    assignment = await city.open_assignment(POLICE, incident)
    document = (await city.client().get("/api/v1/openapi.json")).json()
    stranger = city.unit(STRANGER)
    found = {}
    for path, verbs in document["paths"].items():
        if "{incident_id}" in path or "{assignment_id}" in path:
            filled = path.format(incident_id=incident["id"], assignment_id=assignment)
            for verb in verbs:
                body = {"reason": "busy", "state": "seen", "outcome": "handled"}
                given = None if verb == "get" else {k: body[k] for k in _wanted_by(document, path, verb) if k in body}
                found[verb, path] = (await stranger.request(verb.upper(), filled, json=given)).status_code
    assert {key: status for key, status in found.items() if status not in {403, 404}} == {}
    assert await city.sql.fetchval("SELECT count(*) FROM outbox") == 1


def _wanted_by(document: dict[str, Any], path: str, verb: str) -> list[str]:
    content = document["paths"][path][verb].get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    return list(document["components"]["schemas"].get(name, schema).get("required", []))


async def test_many_guesses_at_once_are_slowed_down_too(city: City) -> None:
    client = city.client()
    answers = await asyncio.gather(
        *(client.post("/api/v1/sessions", json={"login": "leader", "password": f"guess-{n}"}) for n in range(20))
    )
    assert sum(answer.status_code == 401 for answer in answers) <= 5
