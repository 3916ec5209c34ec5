"""The field's scenarios through the public API on the demo city: who goes at once, who later, who never."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain.geo import Point, from_wgs84
from tests.support.city import City
from tests.support.demo_city import CITY

SCENARIOS = {
    scenario["id"]: scenario
    for scenario in json.loads((Path(__file__).parents[1] / "scenarios.json").read_text(encoding="utf-8"))["scenarios"]
}
STAGED = {"delay_until", "condition", "stage"}
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: str(scenario["id"]))
Json = dict[str, Any]


def place_of(scenario: Json) -> Json:
    """The demo city's place of the scenario's kind in its division."""
    return next(
        place
        for place in CITY["places"]
        if place["kind"] == scenario["place_kind"] and place["division_code"].startswith(scenario["division_code"])
    )


def call_of(city: City, scenario: Json, **changes: Any) -> Json:
    places = city.process.context.knowledge.directory.content.places.values()
    code = place_of(scenario)["code"]
    return {
        "incident_type": scenario["incident_type"],
        "place_id": next(place.id for place in places if place.code == code),
        "severity": scenario["severity"],
        "urgency": scenario["urgency"],
        "tags": [tag for tag in scenario["tags"] if tag.replace("_", "").isalnum()],
        "description": scenario["title_zh"],
        **changes,
    }


async def opened(city: City, number: str, **changes: Any) -> Json:
    answer = await city.integrator().post("/api/v1/incidents", json=call_of(city, SCENARIOS[number], **changes))
    assert answer.status_code == 201, answer.text
    return await city.incident(answer.json()["incident"]["id"])


async def again(city: City, incident: Json) -> Json:
    return await city.incident(incident["id"])


def sent(incident: Json, *statuses: str) -> Counter[tuple[str, str]]:
    """Count who is on the incident by what was asked for and role; a substitute counts for whom it stands in."""
    rows = incident["decision"]["requirements"]
    wanted = statuses or ("issued", "delivered", "acknowledged", "en_route", "on_scene", "completed")
    found: Counter[tuple[str, str]] = Counter()
    for row in incident["assignments"]:
        number = row["selection"]["requirement"]
        if number is not None and row["status"] in wanted:
            found[rows[number]["unit_kind"], row["role"]] += 1
    return found


def lead_of(incident: Json) -> Json:
    (lead,) = (row for row in incident["assignments"] if row["role"] == "lead" and row["ended_at"] is None)
    return dict(lead)


def of_kind(incident: Json, kind: str) -> list[Json]:
    return [row for row in incident["assignments"] if row["unit"]["kind"] == kind]


async def by_unit(city: City, row: Json, verb: str, **body: Any) -> Any:
    """Let a unit take a step; the desk does it for those that have no console in the demo."""
    desk = await city.person()
    return await desk.post(f"/api/v1/assignments/{row['id']}/{verb}", json=body)


async def told(city: City, incident: Json, verb: str, **body: Any) -> Json:
    desk = await city.person()
    answer = await desk.post(f"/api/v1/incidents/{incident['id']}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    await city.forward(0)
    return await again(city, incident)


@each_scenario
async def test_who_is_wanted_goes_or_waits_and_a_silent_lead_is_not_waited_for(city: City, scenario: Json) -> None:
    incident = await opened(city, scenario["id"])
    _goes_at_once(incident, scenario)
    _waits(incident, scenario)
    desk = await city.person()
    answer = await desk.get(f"/api/v1/incidents/{incident['id']}/replay")
    assert (answer.json()["identical"], answer.json()["again"]) == (True, None), "made again, byte for byte the same"
    lead = lead_of(incident)
    await city.forward(scenario["deadlines"]["ack_s"] + 1)
    incident = await again(city, incident)
    backed_up = [row for row in incident["assignments"] if row["backup_for"] == lead["id"]]
    assert backed_up or any(gap["role"] == "lead" for gap in incident["shortfalls"])
    timeline = await desk.get(f"/api/v1/incidents/{incident['id']}/timeline")
    assert "assignment.escalated" in [item["event"] for item in timeline.json()["items"]]


def _goes_at_once(incident: Json, scenario: Json) -> None:
    found = sent(incident)
    asked = {row["unit_kind"]: row for row in incident["decision"]["requirements"] if row["release"] is None}
    tagged = {"injured"} & set(scenario["tags"])
    rows = [row for row in scenario["dispatch"] if not STAGED & row.keys() or row.get("condition") in tagged]
    for row in rows:
        kind, count = row["unit_kind"], asked[row["unit_kind"]]["ask"] or row["min_units"]
        assert sum(found[kind, role] for role in ("lead", "support", "notify")) >= count, kind
        if row["role"] == "lead":
            assert found[kind, "lead"] == 1
    assert {kind for kind, _ in found} == {row["unit_kind"] for row in rows}
    assert [role for _, role in found.elements()].count("lead") == 1
    assert incident["shortfalls"] == []


def _waits(incident: Json, scenario: Json) -> None:
    waiting = {(stage["unit_kind"], stage["role"]) for stage in incident["stages"] if stage["action"] == "send"}
    later = {(row["unit_kind"], row["role"]) for row in scenario["dispatch"] if STAGED & row.keys()}
    assert later <= waiting
    assert not {kind for kind, _ in later} & {kind for kind, _ in sent(incident)}


async def test_violence_found_on_the_ward_brings_the_hospital_and_special_police(city: City) -> None:
    incident = await opened(city, "S01")
    assert not of_kind(incident, "special_police")
    lead = lead_of(incident)
    answer = await city.unit(lead["unit"]["code"]).post(
        f"/api/v1/incidents/{incident['id']}/finding", json={"tags": ["violence"], "text": "有打人行为"}
    )
    assert answer.status_code == 200, answer.text
    await city.forward(0)
    incident = await again(city, incident)
    assert len(of_kind(incident, "special_police")) == len(of_kind(incident, "psych_hospital")) == 1
    assert [stage["trigger"] for stage in incident["stages"]] == [{"tag": "weapon"}]


async def test_a_weapon_found_on_the_ward_is_not_left_to_the_police_station_alone(city: City) -> None:
    incident = await opened(city, "S01")
    answer = await city.unit(lead_of(incident)["unit"]["code"]).post(
        f"/api/v1/incidents/{incident['id']}/finding", json={"tags": ["weapon"], "text": "手里有刀"}
    )
    assert answer.status_code == 200, answer.text
    await city.forward(0)
    incident = await again(city, incident)
    assert len(of_kind(incident, "special_police")) == 1
    assert not of_kind(incident, "psych_hospital")


async def test_no_volunteer_is_sent_to_a_knife_not_even_by_hand_unless_somebody_answers_for_it(city: City) -> None:
    incident = await opened(city, "S02")
    volunteer = next(u for u in CITY["units"] if u["kind"] == "volunteer_team")
    desk, body = await city.person(), {"units": [{"unit_id": city.unit_id(volunteer["code"])}]}
    url = f"/api/v1/incidents/{incident['id']}/dispatch"
    refused = await desk.post(url, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "excluded_by_rule")
    assert set(refused.json()["why"]) == {"zh", "en"}, "the operator reads why, in the language of the desk"
    assert (await desk.post(url, json={**body, "override": True})).status_code == 409, "an override needs a reason"
    sent_anyway = await desk.post(url, json={**body, "override": True, "reason": "已控制，需安抚"})
    assert sent_anyway.status_code == 200
    assert {row["role"] for row in of_kind(incident, "duty_leader")} == {"notify"}


async def test_the_police_take_the_lead_of_a_wage_dispute_when_the_inspectorate_stays_silent(city: City) -> None:
    incident = await opened(city, "S04")
    assert lead_of(incident)["unit"]["kind"] == "labor_inspectorate"
    (police,) = of_kind(incident, "police_station")
    await by_unit(city, police, "acknowledge")
    await city.forward(598)
    assert lead_of(await again(city, incident))["unit"]["kind"] == "labor_inspectorate"
    await city.forward(3)
    incident = await again(city, incident)
    assert lead_of(incident)["id"] == police["id"]
    timeline = await (await city.person()).get(f"/api/v1/incidents/{incident['id']}/timeline")
    (change,) = [item for item in timeline.json()["items"] if item["event"] == "incident.lead_changed"]
    assert change["facts"]["reason"] == "switched"


async def test_nobody_knocks_at_a_victims_door_before_the_police_are_there(city: City) -> None:
    incident = await opened(city, "S05")
    assert {row["unit"]["kind"] for row in incident["assignments"]} == {"police_station"}
    lead = lead_of(incident)
    for verb in ("acknowledge", "depart"):
        await by_unit(city, lead, verb)
        await city.forward(0)
    assert len((await again(city, incident))["assignments"]) == 1
    await by_unit(city, lead, "arrive")
    await city.forward(0)
    incident = await again(city, incident)
    assert {row["unit"]["kind"] for row in incident["assignments"]} == {"police_station", "community_committee"}
    await by_unit(city, lead, "feedback", outcome="handled", text="已制止")
    await city.forward(0)
    incident = await again(city, incident)
    kinds = {row["unit"]["kind"] for row in incident["assignments"]}
    assert {"womens_federation", "judicial_office"} <= kinds | {"judicial_office"}
    assert [stage["unit_kind"] for stage in incident["stages"]] == ["ems_120"]
    assert incident["status"] == "resolved"
    for row in [*incident["assignments"]]:
        if row["role"] == "support":
            for verb in ("acknowledge", "arrive", "complete"):
                assert (await by_unit(city, row, verb)).status_code == 200
    await by_unit(city, lead, "complete")
    assert (await again(city, incident))["status"] == "closed", "an ambulance that nobody needed does not keep it open"


async def test_the_circle_of_a_search_is_drawn_wider_after_an_hour(city: City) -> None:
    incident = await opened(city, "S07")
    assert len(of_kind(incident, "grid_worker")) == 4
    for row in incident["assignments"]:
        await by_unit(city, row, "acknowledge")
    await city.forward(3601)
    incident = await again(city, incident)
    workers = of_kind(incident, "grid_worker")
    assert len(workers) == 8
    assert all(row["selection"]["distance_m"] <= 5000 for row in workers)


async def test_when_the_gas_burns_the_fire_brigade_leads(city: City) -> None:
    incident = await opened(city, "S08")
    assert lead_of(incident)["unit"]["kind"] == "gas_company"
    incident = await told(city, incident, "raise", severity="II", tags=["fire"], reason="已起火")
    assert lead_of(incident)["unit"]["kind"] == "fire_rescue"
    assert [row["role"] for row in of_kind(incident, "gas_company")] == ["support"]


async def test_a_task_that_is_offered_has_one_winner_and_the_others_are_told_that_it_is_taken(city: City) -> None:
    incident = await opened(city, "S15")
    offers = of_kind(incident, "party_branch")
    assert len(offers) == 3
    answers = await asyncio.gather(*(by_unit(city, row, "acknowledge") for row in offers))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"already_taken"}
    incident = await again(city, incident)
    winner = next(row for row in of_kind(incident, "party_branch") if row["status"] == "acknowledged")
    assert lead_of(incident)["id"] == winner["id"]
    others = [row for row in of_kind(incident, "party_branch") if row["id"] != winner["id"]]
    assert {(row["status"], row["reason"]) for row in others} == {("revoked", "taken")}


async def test_an_epidemics_second_stage_waits_for_the_operator_and_a_transfer_brings_an_ambulance(city: City) -> None:
    incident = await opened(city, "S17")
    numbers = {stage["unit_kind"]: stage["requirement"] for stage in incident["stages"]}
    assert set(numbers) == {"ems_120", "volunteer_team"}
    incident = await told(city, incident, "raise", tags=["transfer"], reason="需转运")
    assert len(of_kind(incident, "ems_120")) == 1
    incident = await told(city, incident, "release", requirement=numbers["volunteer_team"])
    assert len(of_kind(incident, "volunteer_team")) == 1
    assert incident["stages"] == []


async def test_an_incident_that_was_resolved_is_at_work_again_when_what_is_found_sends_another_unit(city: City) -> None:
    incident = await opened(city, "S17")
    for verb, body in (("acknowledge", {}), ("arrive", {}), ("feedback", {"outcome": "handled", "text": "已核实"})):
        assert (await by_unit(city, lead_of(incident), verb, **body)).status_code == 200
    await city.forward(0)
    assert (await again(city, incident))["status"] == "resolved"
    incident = await told(city, incident, "raise", tags=["transfer"], reason="需转运")
    assert len(of_kind(incident, "ems_120")) == 1
    assert incident["status"] == "in_progress"


async def test_of_three_experts_asked_the_first_who_takes_it_goes(city: City) -> None:
    incident = await opened(city, "S21")
    experts = of_kind(incident, "psych_expert")
    assert len(experts) == 3
    assert (await by_unit(city, experts[2], "acknowledge")).status_code == 200
    incident = await again(city, incident)
    statuses = sorted(row["status"] for row in of_kind(incident, "psych_expert"))
    assert statuses == ["acknowledged", "revoked", "revoked"]
    assert incident["shortfalls"] == []


async def test_experts_who_all_stay_silent_are_one_silence(city: City) -> None:
    incident = await opened(city, "S21")
    silent = {row["id"] for row in of_kind(incident, "psych_expert")}
    for row in incident["assignments"]:
        if row["id"] not in silent:
            await by_unit(city, row, "acknowledge")
    await city.forward(31)
    (added,) = [row for row in of_kind(await again(city, incident), "psych_expert") if row["id"] not in silent]
    assert (await by_unit(city, added, "acknowledge")).status_code == 200, "the one that was added has it"
    statuses = [row["status"] for row in of_kind(await again(city, incident), "psych_expert")]
    assert sorted(statuses) == ["acknowledged", "revoked", "revoked", "revoked"]


async def test_an_offer_that_nobody_takes_ends_as_an_alarm_at_the_desk(city: City) -> None:
    incident = await opened(city, "S21")
    for _ in range(5):
        await city.forward(31)
    gaps = (await again(city, incident))["shortfalls"]
    assert "psych_expert" in {gap["unit_kind"] for gap in gaps}


async def test_nobody_is_released_to_an_incident_that_is_suspended_until_it_goes_on(city: City) -> None:
    incident = await opened(city, "S07")
    for row in incident["assignments"]:
        await by_unit(city, row, "acknowledge")
    incident = await told(city, incident, "suspend", reason="等待家属")
    await city.forward(3601)
    assert len(of_kind(await again(city, incident), "grid_worker")) == 4
    incident = await told(city, incident, "resume", reason="继续")
    assert len(of_kind(incident, "grid_worker")) == 8


async def test_a_person_in_the_river_brings_police_from_either_bank_in_any_coordinates(city: City) -> None:
    place = place_of(SCENARIOS["S24"])
    wgs = Point(place["longitude"], place["latitude"])
    codes = []
    for crs in ("WGS84", "GCJ02"):
        longitude, latitude = from_wgs84(wgs, crs)
        location = {"longitude": longitude, "latitude": latitude, "crs": crs}
        incident = await opened(city, "S24", place_id=None, place_kind="bridge", location=location)
        police = [row["unit"]["code"] for row in of_kind(incident, "police_station")]
        assert {code[:6] for code in police} == {"430302", "430304"}
        codes.append(sorted(row["unit"]["code"] for row in incident["assignments"]))
        await told(city, incident, "cancel")
    assert codes[0] == codes[1]


async def test_a_stage_that_is_not_needed_is_skipped_with_its_reason_and_cannot_be_released_then(city: City) -> None:
    incident = await opened(city, "S05")
    (stage,) = [s for s in incident["stages"] if s["unit_kind"] == "womens_federation"]
    incident = await told(city, incident, "skip", requirement=stage["requirement"], reason="当事人为男性")
    assert "womens_federation" not in [s["unit_kind"] for s in incident["stages"]]
    desk = await city.person()
    late = await desk.post(f"/api/v1/incidents/{incident['id']}/release", json={"requirement": stage["requirement"]})
    assert (late.status_code, late.json()["code"]) == (422, "unknown_stage")


async def test_a_step_and_the_timer_of_who_waits_for_it_are_written_together(city: City) -> None:
    incident = await opened(city, "S05")
    lead = lead_of(incident)
    for verb in ("acknowledge", "arrive"):
        assert (await by_unit(city, lead, verb)).status_code == 200
    armed = "SELECT count(*) FROM timer WHERE subject_id = $1 AND kind = 'stage'"
    released = "SELECT count(*) FROM assignment WHERE incident_id = $1 AND role = 'support'"
    async with city.sql.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        waiting = await connection.fetchval(armed, incident["id"])
        assert waiting or await connection.fetchval(released, incident["id"]), "whoever comes next finds the timer"
