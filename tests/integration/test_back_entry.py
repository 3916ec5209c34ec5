"""Paper records of the hours without the service: true times, marked, once, and nobody is alarmed about the past."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from dispatch.assembly import new_id
from dispatch.jobs.auditor import Auditor
from dispatch.operations.audit_now import Ground
from tests.integration.test_drills import announced, ended
from tests.support.city import HEALTH, HOSPITAL_CALL, JUSTICE, POLICE, City

PATH = "/api/v1/incidents/back-entries"
PATROL = "430302001-PCS"


def ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def same_instant(one: str | None, other: str) -> bool:
    return one is not None and datetime.fromisoformat(one) == datetime.fromisoformat(other)


def worked(city: City, code: str, role: str = "lead", **changes: Any) -> dict[str, Any]:
    steps = {"issued_at": 118, "acknowledged_at": 117, "en_route_at": 115, "on_scene_at": 105, "completed_at": 70}
    entry: dict[str, Any] = {step: ago(minutes) for step, minutes in steps.items()}
    feedback = {"outcome": "handled", "text": "已劝离"}
    return {"unit_id": city.unit_id(code), "role": role, "feedback": feedback} | entry | changes


def record(city: City, **changes: Any) -> dict[str, Any]:
    over = {
        "paper_number": "P-20261126-001",
        "occurred_at": ago(120),
        "ended_at": ago(60),
        "units": [worked(city, POLICE)],
    }
    return HOSPITAL_CALL | over | changes


async def enter(client: httpx.AsyncClient, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.post(PATH, json=body, headers=headers)


async def still_quiet(city: City) -> None:
    context = city.process.context
    audited = await Auditor(Ground(context.database, new_id, lambda _: None), None).once()
    assert audited is not None
    assert audited.findings == ()


async def test_what_is_over_keeps_its_true_times_and_alarms_nobody(city: City) -> None:
    desk = await city.person()
    police, wall = await city.unit_console(POLICE), await city.console(client=await city.person("leader"))
    body = record(city)
    answer = await enter(desk, body)
    assert answer.status_code == 201, answer.text
    incident = answer.json()["incident"]
    assert (incident["status"], incident["channel"], incident["disposition"]) == ("closed", "back_entry", "handled")
    assert incident["source_reference"] == "P-20261126-001"
    assert same_instant(incident["opened_at"], body["occurred_at"])
    assert same_instant(incident["closed_at"], body["ended_at"])
    (task,) = incident["assignments"]
    assert (task["status"], task["delivered_at"], task["feedback"]["text"]) == ("completed", None, "已劝离")
    for step in ("issued_at", "acknowledged_at", "en_route_at", "on_scene_at", "completed_at"):
        assert same_instant(task[step], body["units"][0][step])
    assert await city.sql.fetchval("SELECT count(*) FROM timer") == 0
    assert await city.sql.fetchval("SELECT count(*) FROM delivery_attempt") == 0
    told = await wall.event("incident.opened")
    assert (told["facts"]["back_entry"], told["facts"]["paper_number"]) == (True, "P-20261126-001")
    await city.forward(3600)
    assert [event["event"] for event in wall.events] == ["incident.opened"]
    assert police.named("assignment.issued") == []
    late = await city.unit_console(POLICE)
    snapshot = await late.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
    assert snapshot["incidents"] == []
    await still_quiet(city)


async def test_timeline_and_audit_say_when_it_happened_and_when_it_was_learnt(city: City) -> None:
    desk, body = await city.person(), record(city)
    incident = (await enter(desk, body)).json()["incident"]
    items = (await desk.get(f"/api/v1/incidents/{incident['id']}/timeline")).json()["items"]
    opened = items[0]
    assert (opened["event"], opened["facts"]["back_entry"]) == ("incident.opened", True)
    assert same_instant(opened["at"], body["occurred_at"])
    learnt = datetime.fromisoformat(opened["recorded_at"]) - datetime.fromisoformat(opened["at"])
    assert timedelta(minutes=119) < learnt < timedelta(minutes=121)
    assert opened["actor"]["name"]
    shown = (await desk.get(f"/api/v1/incidents/{incident['id']}")).json()
    assert same_instant(shown["calls"][0]["occurred_at"], body["occurred_at"])
    assert shown["calls"][0]["channel"] == "back_entry"
    assert shown["decision"]["matched"]
    (went,) = shown["assignments"]
    filled = {one["unit_kind"]: one["filled"] for one in shown["decision"]["requirements"]}
    assert filled.pop("police_station") == [went["id"]]
    assert all(ids == [] for ids in filled.values())


async def test_what_the_rules_demand_of_a_paper_record_can_be_decided_again(city: City) -> None:
    desk = await city.person()
    for number, exercise in enumerate(("actual", "exercise")):
        body = record(city, exercise=exercise, paper_number=f"P-20261126-00{number}")
        incident = (await enter(desk, body)).json()["incident"]
        path = f"/api/v1/incidents/{incident['id']}"
        repeated = (await desk.get(f"{path}/replay")).json()
        assert (repeated["identical"], repeated["scope"], repeated["again"]) == (True, "demands", None)
        assert repeated["stored"]["requirements"]
        told = (await desk.get(f"{path}/explanation?unit={JUSTICE}")).json()["unit"]
        assert (told["outcome"], told["code"]) == ("aside", "not_recorded"), "how it stood then nobody knows"
        altered = "UPDATE decision SET body = replace(body, '\"required_count\":1', '\"required_count\":2')"
        await city.sql.execute(f"{altered} WHERE incident_id = $1", incident["id"])
        assert (await desk.get(f"{path}/replay")).json()["identical"] is False
        await city.sql.execute("UPDATE decision SET input = NULL WHERE incident_id = $1", incident["id"])
        refused = await desk.get(f"{path}/replay")
        assert (refused.status_code, refused.json()["code"], refused.json()["why"]) == (
            404,
            "not_repeatable",
            "no_input",
        )


@pytest.mark.parametrize("over", [False, True])
async def test_an_exercise_from_paper_keeps_to_the_drill_of_its_hour_when_that_is_over(city: City, over: bool) -> None:
    drill = await announced(city, POLICE, HEALTH)
    await city.sql.execute("UPDATE drill SET starts_at = now() - interval '2 hours'")
    if over:
        await ended(city, drill)
    desk = await city.person()
    units = [{"unit_id": city.unit_id(POLICE), "role": "lead", "issued_at": ago(30), "acknowledged_at": ago(29)}]
    body = record(city, exercise="exercise", occurred_at=ago(31), ended_at=None, units=units)
    incident = (await enter(desk, body)).json()["incident"]
    if not over:
        await ended(city, drill)
    path = f"/api/v1/incidents/{incident['id']}"
    by_hand = await desk.post(f"{path}/dispatch", json={"units": [{"unit_id": city.unit_id(PATROL)}]})
    assert (by_hand.status_code, by_hand.json()["code"]) == (409, "unit_unavailable")
    worse = {"severity": "I", "urgency": "critical", "tags": ["weapon", "injured", "fire"], "reason": "x"}
    assert (await desk.post(f"{path}/raise", json=worse)).status_code == 200
    for _ in range(8):
        await city.forward(120)
    assert {row["unit"]["code"] for row in (await city.incident(incident["id"]))["assignments"]} <= {POLICE, HEALTH}


async def test_what_goes_on_is_opened_with_the_units_named_and_its_clocks_run_from_now(city: City) -> None:
    desk = await city.person()
    police, patrol = await city.unit_console(POLICE), await city.unit_console(PATROL)
    units = [
        {"unit_id": city.unit_id(POLICE), "role": "lead", "issued_at": ago(30), "acknowledged_at": ago(29)},
        {"unit_id": city.unit_id(PATROL), "role": "support", "issued_at": ago(2)},
    ]
    answer = await enter(desk, record(city, occurred_at=ago(31), ended_at=None, units=units))
    assert answer.status_code == 201, answer.text
    incident = answer.json()["incident"]
    assert (incident["status"], incident["shortfalls"]) == ("in_progress", [])
    assert {task["unit"]["code"]: task["status"] for task in incident["assignments"]} == {
        POLICE: "acknowledged",
        PATROL: "issued",
    }
    assert len(incident["assignments"]) == 2  # the rules send nobody: people have decided
    assert (await patrol.event("assignment.issued"))["assignment"]["unit"]["code"] == PATROL
    await police.event("assignment.issued")
    await still_quiet(city)
    await city.forward(3)
    assert [event for event in police.events if "overdue" in event["event"] or "urged" in event["event"]] == []
    await city.forward(3600)
    view = await city.incident(incident["id"])
    assert any("escalate" in task["steps_done"] for task in view["assignments"])
    await still_quiet(city)


async def test_one_that_goes_on_without_a_lead_is_an_alarm_until_somebody_leads(city: City) -> None:
    desk = await city.person()
    console = await city.console(client=desk)
    answer = await enter(desk, record(city, ended_at=None, units=[]))
    incident = answer.json()["incident"]
    assert (incident["status"], incident["shortfalls"][0]["role"]) == ("received", "lead")
    await console.event("shortfall.raised")
    await still_quiet(city)
    order = {"units": [{"unit_id": city.unit_id(POLICE), "role": "lead"}]}
    sent = await desk.post(f"/api/v1/incidents/{incident['id']}/dispatch", json=order)
    assert (sent.status_code, sent.json()["shortfalls"]) == (200, [])
    await still_quiet(city)


async def test_a_record_is_entered_once_by_its_paper_number_whoever_types_it_again(city: City) -> None:
    desk, leader, body = await city.person(), await city.person("leader"), record(city)
    twins = await asyncio.gather(*(enter(client, body) for client in (desk, leader, desk, leader)))
    assert {answer.status_code for answer in twins} == {201}
    assert len({answer.json()["incident"]["id"] for answer in twins}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in twins) == 3
    first = twins[0].json()["incident"]
    other = await enter(leader, body | {"description": "别的事"})
    assert (other.status_code, other.json()["code"]) == (409, "paper_number_taken")
    assert (other.json()["incident_id"], other.json()["number"]) == (first["id"], first["number"])
    await city.sql.execute("DELETE FROM idempotency")  # days later
    late = await enter(desk, body, **{"Idempotency-Key": "another"})
    assert (late.status_code, late.json()["code"]) == (409, "paper_number_taken")
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 1
    assert (await enter(desk, body | {"paper_number": "P-20261126-001-2"})).status_code == 201


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"occurred_at": "2099-01-01T00:00:00Z"}, "/occurred_at", "in_the_future"),
        ({"ended_at": "2099-01-01T00:00:00Z"}, "/ended_at", "out_of_order"),
        ({"ended_at": "2020-01-01T00:00:00Z"}, "/ended_at", "out_of_order"),
        ({"occurred_at": None}, "/occurred_at", "instant_expected"),
        ({"paper_number": "=1+1"}, "/paper_number", "string_pattern_mismatch"),
        ({"incident_type": "psychiatric.disturbence"}, "/incident_type", "unknown_incident_type"),
        ({"colour": "red"}, "/colour", "unknown_field"),
    ],
)
async def test_a_record_that_cannot_be_true_is_refused_at_its_place(
    city: City, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await enter(await city.person(), record(city) | changes)
    assert answer.status_code == 422
    assert (pointer, code) in {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 0


async def test_units_that_cannot_have_done_so_are_refused_each_at_its_place(city: City) -> None:
    units = [
        worked(city, POLICE, on_scene_at=ago(119)),
        worked(city, POLICE),
        worked(city, PATROL, unit_id="0198f000-0000-7000-8000-000000000000"),
    ]
    answer = await enter(await city.person(), record(city, units=units))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_unit")
    answer = await enter(await city.person(), record(city, units=units[:2]))
    told = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert told == [("/units/0", "out_of_order"), ("/units/1/unit_id", "repeated_unit"), ("/units", "second_lead")]


async def test_only_a_desk_enters_paper(city: City) -> None:
    body = record(city)
    for client in (city.integrator(), city.unit(POLICE), city.client(city.device["token"])):
        assert (await enter(client, body)).status_code == 403


async def test_a_crew_that_is_elsewhere_cannot_still_be_there(city: City) -> None:
    crew = await city.sql.fetchval(
        "SELECT u.code FROM unit u JOIN unit_kind k ON k.code = u.kind WHERE k.exclusive ORDER BY u.code LIMIT 1"
    )
    here = {"unit_id": city.unit_id(crew), "role": "lead", "issued_at": ago(20), "acknowledged_at": ago(19)}
    body = record(city, occurred_at=ago(30), ended_at=None, units=[here])
    desk = await city.person()
    assert (await enter(desk, body)).status_code == 201
    again = await enter(desk, body | {"paper_number": "P-2"})
    assert (again.status_code, again.json()["code"]) == (409, "unit_unavailable")
    over = record(city, paper_number="P-3", units=[worked(city, crew)])
    assert (await enter(desk, over)).status_code == 201
    assert await city.sql.fetchval("SELECT count(*) FROM unit_state WHERE committed_to IS NOT NULL") == 1


async def test_a_unit_that_went_is_never_shown_as_withdrawn_nor_its_feedback_given_an_hour_nobody_wrote(
    city: City,
) -> None:
    went = worked(city, POLICE, en_route_at=None, completed_at=None)
    silent = {"unit_id": city.unit_id(PATROL), "role": "support", "issued_at": ago(118)}
    answer = await enter(await city.person(), record(city, units=[went, silent]))
    assert answer.status_code == 201, answer.text
    lead, other = answer.json()["incident"]["assignments"]
    assert (lead["status"], lead["reason"], lead["completed_at"]) == ("completed", None, None)
    assert (lead["feedback"]["text"], lead["fed_back_at"]) == ("已劝离", None)
    assert (other["status"], other["reason"]) == ("revoked", "closed")
    await still_quiet(city)


async def test_no_step_on_paper_is_missing_from_the_timeline_of_what_is_over(city: City) -> None:
    desk, body = await city.person(), record(city, units=[worked(city, POLICE, completed_at=None)])
    incident = (await enter(desk, body)).json()["incident"]
    items = (await desk.get(f"/api/v1/incidents/{incident['id']}/timeline")).json()["items"]
    entry = body["units"][0]
    expected = [
        ("incident.opened", body["occurred_at"]),
        ("assignment.issued", entry["issued_at"]),
        ("assignment.acknowledged", entry["acknowledged_at"]),
        ("assignment.departed", entry["en_route_at"]),
        ("assignment.arrived", entry["on_scene_at"]),
        ("incident.closed", body["ended_at"]),
    ]
    assert [item["event"] for item in items] == [event for event, _ in expected]
    assert all(same_instant(item["at"], at) for item, (_, at) in zip(items, expected, strict=True))
    assert [item["unit"]["code"] for item in items[1:5]] == [POLICE] * 4
    assert all(item["facts"]["back_entry"] for item in items)
    assert len({item["recorded_at"] for item in items}) == 1


async def test_the_steps_before_it_was_entered_are_not_missing_from_what_goes_on(city: City) -> None:
    desk = await city.person()
    units = [{"unit_id": city.unit_id(POLICE), "role": "lead", "issued_at": ago(30), "acknowledged_at": ago(29)}]
    body = record(city, occurred_at=ago(31), ended_at=None, units=units)
    incident = (await enter(desk, body)).json()["incident"]
    await desk.post(f"/api/v1/incidents/{incident['id']}/note", json={"text": "补录后核对"})
    items = (await desk.get(f"/api/v1/incidents/{incident['id']}/timeline")).json()["items"]
    told = ["incident.opened", "assignment.issued", "assignment.acknowledged", "incident.noted"]
    assert [item["event"] for item in items] == told
    assert same_instant(items[1]["at"], units[0]["issued_at"])
    assert same_instant(items[2]["at"], units[0]["acknowledged_at"])
