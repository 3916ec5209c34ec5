"""Rules are tried before they act, on one call or a stored incident; what was decided is explained as it was."""

import asyncio
import copy
from typing import Any

import httpx
import pytest

from dispatch.demo.city import bundle
from tests.support.city import COMMUNITY, HEALTH, HOSPITAL_CALL, JUSTICE, POLICE, City
from tests.support.rules import draft, stored

NIGHT = "2026-11-23T02:17"


@pytest.fixture
async def desk(city: City) -> httpx.AsyncClient:
    return await city.person()


async def simulate(client: httpx.AsyncClient, version: int, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/rulesets/{version}/simulate", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["unit"]["code"] for entry in entries]


def chosen(explanation: dict[str, Any]) -> list[str]:
    return [code for asked in explanation["requirements"] for code in codes(asked["chosen"])]


def expect_the_draft_of_s01(told: dict[str, Any]) -> None:
    difference = told["difference"]
    assert JUSTICE in codes(difference["leaves"])
    assert difference["differs"]
    assert difference["lead_changes"]
    assert (difference["lead_before"]["code"], difference["lead_after"]["code"]) == (POLICE, HEALTH)
    (lack,) = difference["new_shortfalls"]
    assert (lack["unit_kind"], lack["role"], lack["reason"], lack["count"]) == (
        *("township_platform", "support", "no_candidates", 1),
    )
    assert lack["sentence"]["zh"] == "没有这类单位"
    assert {HEALTH, POLICE, COMMUNITY} <= set(chosen(told["explanation"]))
    assert {HEALTH, POLICE, COMMUNITY, JUSTICE} <= set(chosen(told["in_force"]))


async def test_a_draft_is_tried_on_the_call_of_that_night_before_it_acts(city: City, desk: httpx.AsyncClient) -> None:
    version = await draft(city)
    told = await simulate(desk, version, call=HOSPITAL_CALL, at=NIGHT, all_free=True)
    assert (told["ruleset_version"], told["in_force_version"]) == (version, 1)
    assert told["decided_at"] == "2026-11-22T18:17:00+00:00"
    assert told["explanation"]["facts"]["hour"] == 2
    assert [entry["code"] for entry in told["assumptions"]] == ["directory_in_force", "all_free"]
    difference = told["difference"]
    assert (difference["lead_before"]["code"], difference["lead_after"]["code"]) == (POLICE, HEALTH)
    by_day = await simulate(desk, version, call=HOSPITAL_CALL, at="2026-11-23T10:00", all_free=True)
    expect_the_draft_of_s01(by_day)
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 0
    assert await city.sql.fetchval("SELECT count(*) FROM audit WHERE incident_id IS NOT NULL") == 0


async def test_a_draft_is_tried_on_what_was_recorded_of_an_incident(city: City, desk: httpx.AsyncClient) -> None:
    incident = await city.report()
    version = await draft(city)
    await city.report()  # nobody is as free as that day
    told = await simulate(desk, version, incident_id=incident["id"])
    assert [entry["code"] for entry in told["assumptions"]] == ["directory_in_force", "recorded_states"]
    assert told["difference"]["lead_after"]["code"] == HEALTH
    units = {assignment["unit"]["code"] for assignment in incident["assignments"]}
    assert set(chosen(told["in_force"])) == units
    assert told["decided_at"][:19] == incident["opened_at"][:19]


async def test_present_states_count_unless_everybody_is_said_to_be_free(city: City, desk: httpx.AsyncClient) -> None:
    code = await city.unit(POLICE).post(f"/api/v1/units/{city.unit_id(POLICE)}/status", json={"status": "off_duty"})
    assert code.status_code == 200
    busy = await simulate(desk, 1, call=HOSPITAL_CALL)
    free = await simulate(desk, 1, call=HOSPITAL_CALL, all_free=True)
    assert POLICE not in chosen(busy["explanation"])
    assert POLICE in chosen(free["explanation"])
    assert not busy["difference"]["differs"]


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "call_required", ""),
        ({"call": HOSPITAL_CALL | {"incident_type": "noise.complain"}}, "unknown_incident_type", "/call/incident_type"),
        ({"call": HOSPITAL_CALL | {"place_kind": "hospitl"}}, "unknown_place_kind", "/call/place_kind"),
        ({"call": {"incident_type": "noise.complaint"}}, "where_required", "/call"),
        ({"call": HOSPITAL_CALL, "at": 5}, "instant_expected", "/at"),
        ({"incident_id": "0190b3a4-0000-7000-8000-000000000000", "all_free": True}, "recorded", "/incident_id"),
    ],
)  # fmt: skip
async def test_what_cannot_be_tried_says_where_it_is_wrong(
    desk: httpx.AsyncClient, body: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await desk.post("/api/v1/rulesets/1/simulate", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_draft_that_is_not_valid_names_the_place_and_a_discarded_one_is_refused(
    city: City, desk: httpx.AsyncClient
) -> None:
    body = copy.deepcopy(bundle()["ruleset"])
    body["rules"][0]["require"][0]["unit_kind"] = "hospital_securty"
    broken = await stored(city, body)
    answer = await desk.post(f"/api/v1/rulesets/{broken}/simulate", json={"call": HOSPITAL_CALL})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_unit_kind")
    assert answer.json()["errors"][0]["pointer"] == "/rules/0/require/0/unit_kind"
    gone = await draft(city, status="discarded")
    assert (await desk.post(f"/api/v1/rulesets/{gone}/simulate", json={"call": HOSPITAL_CALL})).status_code == 409
    for version in ("99", "x", "-1", "99999999999"):
        answer = await desk.post(f"/api/v1/rulesets/{version}/simulate", json={"call": HOSPITAL_CALL})
        assert answer.status_code == 404, version


async def test_nobody_but_the_desk_tries_rules_or_asks_why(city: City) -> None:
    incident = await city.report()
    for client in (city.integrator(), city.unit(POLICE), city.client(city.device["token"])):
        for answer in (
            await client.post("/api/v1/rulesets/1/simulate", json={"call": HOSPITAL_CALL}),
            await client.post("/api/v1/rulesets/1/backtest", json={}),
            await client.get(f"/api/v1/incidents/{incident['id']}/explanation"),
        ):
            assert answer.status_code == 403


async def test_why_a_unit_was_not_sent_is_answered_for_any_unit(city: City, desk: httpx.AsyncClient) -> None:
    incident = await city.report()
    path = f"/api/v1/incidents/{incident['id']}/explanation"
    explained = (await desk.get(path)).json()
    assert explained["unit"] is None
    assert explained["is_complete"]
    assert set(chosen(explained)) == {assignment["unit"]["code"] for assignment in incident["assignments"]}
    sent = (await desk.get(path, params={"unit": POLICE})).json()["unit"]
    assert (sent["outcome"], sent["code"]) == ("chosen", "jurisdiction")
    other = (await desk.get(path, params={"unit": city.unit_id("430302001-PCS")})).json()["unit"]
    assert (other["unit"]["code"], other["outcome"]) == ("430302001-PCS", "aside")
    assert "another area" in other["sentence"]["en"]
    fire = next(u for u in city.process.context.knowledge.directory.units.values() if u.kind == "fire_rescue")
    kind = (await desk.get(path, params={"unit": fire.code})).json()["unit"]
    assert kind["code"] == "other_kind"
    assert fire.kind not in kind["sentence"]["zh"]
    held = next(u for u in city.process.context.knowledge.directory.units.values() if u.kind == "special_police")
    assert (await desk.get(path, params={"unit": held.code})).json()["unit"]["code"] == "held_back"
    assert (await desk.get(path, params={"unit": "NOBODY"})).status_code == 404
    assert (await desk.get(path, params={"units": "x"})).status_code == 422


async def test_near_misses_are_those_of_the_rules_that_decided_though_others_are_in_force_now(
    city: City, desk: httpx.AsyncClient
) -> None:
    incident = await city.report(incident_type="crisis.suicide", place_kind="hospital")
    before = (await desk.get(f"/api/v1/incidents/{incident['id']}")).json()["decision"]
    assert "crisis.suicide.school" in {missed["rule"] for missed in before["unmatched_nearby"]}
    body = copy.deepcopy(bundle()["ruleset"])
    body["rules"] = [rule for rule in body["rules"] if rule["id"] != "crisis.suicide.school"]
    version = await stored(city, body, status="published")
    async with asyncio.timeout(10):
        while city.process.context.knowledge.ruleset.version != version:
            await asyncio.sleep(0.05)
    after = (await desk.get(f"/api/v1/incidents/{incident['id']}")).json()["decision"]
    assert after["unmatched_nearby"] == before["unmatched_nearby"]
    explained = (await desk.get(f"/api/v1/incidents/{incident['id']}/explanation")).json()
    missed = next(entry for entry in explained["near_misses"] if entry["rule"] == "crisis.suicide.school")
    assert missed["fields"] == ["place_kind"]
    assert "hospital" in missed["sentence"]["en"]
    assert explained["ruleset_version"] == 1
    told = await simulate(desk, 1, incident_id=incident["id"])
    assert (told["ruleset_version"], told["in_force_version"]) == (1, version)


async def test_rules_that_can_no_longer_be_read_leave_the_stored_decision_explained(
    city: City, desk: httpx.AsyncClient
) -> None:
    incident = await city.report()
    await city.sql.execute(
        "UPDATE decision SET body = jsonb_set(body::jsonb, '{ruleset_version}', '77')::text WHERE incident_id = $1",
        incident["id"],
    )
    path = f"/api/v1/incidents/{incident['id']}/explanation"
    explained = (await desk.get(path, params={"unit": POLICE})).json()
    assert (explained["is_complete"], explained["near_misses"]) == (False, [])
    assert explained["unit"]["outcome"] == "chosen"
    assert (await desk.get(path, params={"unit": "430302001-PCS"})).json()["unit"]["code"] == "not_recorded"
    refused = await desk.post("/api/v1/rulesets/1/simulate", json={"incident_id": incident["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
