"""An incident ends when it is really done: not before its lead has spoken, and nobody is sent or kept after it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.city import COMMUNITY, FOUR, HEALTH, JUSTICE, POLICE, City

SUPPORTS = (JUSTICE, HEALTH, COMMUNITY)


async def _backup_of_the_lead(city: City, incident: dict[str, Any]) -> str:
    """Let the lead be silent until the next station is sent; gives its code."""
    for code in SUPPORTS:
        await city.act(code, incident, "acknowledge")
    await city.forward(61)
    view = await city.incident(incident["id"])
    return str(next(a["unit"]["code"] for a in view["assignments"] if a["backup_for"] and a["slot"] == 0))


async def _arrive(city: City, code: str, incident: dict[str, Any]) -> None:
    for verb in ("acknowledge", "arrive"):
        await city.act(code, incident, verb)


async def test_a_backup_that_completes_does_not_close_what_the_lead_has_not_reported_on(city: City) -> None:
    incident = await city.report()
    backup = await _backup_of_the_lead(city, incident)
    await _arrive(city, POLICE, incident)
    await _arrive(city, backup, incident)
    assert (await city.act(backup, incident, "complete")).status_code == 200
    for code in SUPPORTS:
        await city.act(code, incident, "arrive")
        await city.act(code, incident, "complete")
    assert (await city.incident(incident["id"]))["status"] == "in_progress"
    await city.act(POLICE, incident, "feedback", outcome="handled")
    assert (await city.incident(incident["id"]))["status"] == "closed"


async def test_a_lead_that_was_replaced_does_not_close_by_completing(city: City) -> None:
    incident = await city.report()
    backup = await _backup_of_the_lead(city, incident)
    await _arrive(city, backup, incident)
    await _arrive(city, POLICE, incident)
    assert (await city.act(POLICE, incident, "complete")).status_code == 200
    for code in SUPPORTS:
        await city.act(code, incident, "arrive")
        await city.act(code, incident, "complete")
    assert (await city.incident(incident["id"]))["status"] == "in_progress"
    await city.act(backup, incident, "feedback", outcome="handled")
    view = await city.incident(incident["id"])
    assert view["status"] == "closed"


async def test_excusing_a_backup_does_not_excuse_the_lead(city: City) -> None:
    incident = await city.report()
    backup = await _backup_of_the_lead(city, incident)
    desk = await city.person()
    assignment = await city.open_assignment(backup, incident)
    assert (await desk.post(f"/api/v1/assignments/{assignment}/excuse", json={"reason": "x"})).status_code == 200
    for code in SUPPORTS:
        await city.act(code, incident, "arrive")
        await city.act(code, incident, "complete")
    assert (await city.incident(incident["id"]))["status"] == "in_progress"


async def test_when_the_lead_is_revoked_its_backup_leads(city: City) -> None:
    incident = await city.report()
    backup = await _backup_of_the_lead(city, incident)
    desk = await city.person()
    assignment = await city.open_assignment(POLICE, incident)
    await desk.post(f"/api/v1/assignments/{assignment}/revoke", json={"reason": "wrong district"})
    view = await city.incident(incident["id"])
    leads = [a["unit"]["code"] for a in view["assignments"] if a["role"] == "lead" and a["ended_at"] is None]
    assert leads == [backup]
    assert view["shortfalls"] == []


async def test_a_lead_whose_feedback_closes_the_incident_still_says_when_it_is_done(city: City) -> None:
    incident = await city.report()
    for code in SUPPORTS:
        await city.work_through(code, incident)
    await _arrive(city, POLICE, incident)
    await city.act(POLICE, incident, "feedback", outcome="handled", text="x")
    assert (await city.incident(incident["id"]))["status"] == "closed"
    console = await city.unit_console(POLICE)
    snapshot = (await console.until(lambda c: [f for f in c.frames if f["type"] == "snapshot"]))[0]
    assert [i["id"] for i in snapshot["incidents"]] == [incident["id"]], "its task is not taken from it"
    mine = (await city.unit(POLICE).get("/api/v1/assignments")).json()["items"]
    assert [a["status"] for a in mine] == ["on_scene"]
    await city.forward(3600)
    assert await city.sql.fetchval("SELECT count(*) FROM delivery_attempt") == 0
    answer = await city.act(POLICE, incident, "complete")
    assert answer.json()["status"] == "completed"
    assert await city.sql.fetchval("SELECT count(*) FROM timer") == 0
    assert (await city.unit(POLICE).get("/api/v1/assignments")).json()["items"] == []


async def test_a_lead_that_never_says_so_is_done_when_its_time_is_over(city: City) -> None:
    incident = await city.report()
    for code in SUPPORTS:
        await city.work_through(code, incident)
    await _arrive(city, POLICE, incident)
    await city.act(POLICE, incident, "feedback", outcome="handled")
    await city.forward(86_401)
    lead = next(a for a in (await city.incident(incident["id"]))["assignments"] if a["role"] == "lead")
    assert (lead["status"], lead["completed_at"]) == ("completed", None), "a stamp that nobody gave is missing"
    assert await city.sql.fetchval("SELECT count(*) FROM timer") == 0


async def test_nobody_is_sent_or_kept_after_the_incident_has_closed(city: City) -> None:
    incident = await city.report()
    desk = await city.person()
    extra = city.unit_id("430304001-PCS")
    await desk.post(f"/api/v1/incidents/{incident['id']}/dispatch", json={"units": [{"unit_id": extra}]})
    silent = await city.unit_console("430304001-PCS")
    for code in FOUR:
        await city.work_through(code, incident)
    view = await city.incident(incident["id"])
    assert view["status"] == "closed"
    told = next(a for a in view["assignments"] if a["unit"]["id"] == extra)
    assert (told["status"], told["reason"]) == ("revoked", "closed")
    closed = await silent.event("incident.closed")
    assert any(a["id"] == told["id"] and a["status"] == "revoked" for a in closed["incident"]["assignments"])
    await city.forward(400)
    assert len((await city.incident(incident["id"]))["assignments"]) == len(view["assignments"])
    assert await city.sql.fetchval("SELECT count(*) FROM timer") == 0
    assert await city.sql.fetchval("SELECT count(*) FROM assignment WHERE ended_at IS NULL") == 0


async def test_a_crew_that_is_only_told_stays_free(city: City) -> None:
    incident = await city.report()
    desk = await city.person()
    units = city.process.context.knowledge.directory.units.values()
    crew = next(u.id for u in units if u.kind == "traffic_police" and u.exclusive)
    wanted = {"units": [{"unit_id": crew, "role": "notify"}]}
    assert (await desk.post(f"/api/v1/incidents/{incident['id']}/dispatch", json=wanted)).status_code == 200
    assert await city.sql.fetchval("SELECT committed_to FROM unit_state WHERE unit_id = $1", crew) is None


async def test_an_incident_whose_last_unit_is_done_while_it_is_suspended_closes_when_it_goes_on(city: City) -> None:
    incident = await city.report()
    desk, path = await city.person(), f"/api/v1/incidents/{incident['id']}"
    await desk.post(f"{path}/suspend", json={"reason": "waiting"})
    for code in FOUR:
        await city.work_through(code, incident)
    assert (await city.incident(incident["id"]))["status"] == "suspended"
    assert (await desk.post(f"{path}/resume", json={"reason": "go on"})).json()["status"] == "closed"


async def test_an_incident_that_is_opened_again_alarms_until_somebody_leads_it(city: City) -> None:
    incident = await city.report()
    desk, path = await city.person(), f"/api/v1/incidents/{incident['id']}"
    await desk.post(f"{path}/cancel", json={})
    reopened = (await desk.post(f"{path}/reopen", json={"reason": "it was real"})).json()
    assert [(gap["unit_kind"], gap["role"]) for gap in reopened["shortfalls"]] == [("police_station", "lead")]
    console = await city.console(client=desk)
    await city.forward(61)
    await console.event("shortfall.raised")
    unit = {"unit_id": city.unit_id(POLICE), "role": "lead"}
    sent = (await desk.post(f"{path}/dispatch", json={"units": [unit]})).json()
    assert sent["shortfalls"] == []
    await city.work_through(POLICE, incident)
    assert (await city.incident(incident["id"]))["status"] == "closed"


async def test_calls_of_a_merged_incident_count_where_it_went_and_the_next_press_joins_there(city: City) -> None:
    pressed = (await city.press()).json()["incident"]
    target = await city.report()
    desk = await city.person()
    console = await city.console(client=desk)
    merging = {"into": target["id"], "reason": "same patient"}
    assert (await desk.post(f"/api/v1/incidents/{pressed['id']}/merge", json=merging)).status_code == 200
    joined = await console.event("incident.call_joined")
    assert (joined["incident"]["id"], joined["facts"]["merged"]) == (target["id"], pressed["number"])
    again = await city.press()
    assert (again.json()["call"]["outcome"], again.json()["incident"]["id"]) == ("joined", target["id"])
    assert again.json()["incident"]["call_count"] == 3


async def test_a_button_s_false_alarm_calls_nobody_back_from_what_others_have_called_for(city: City) -> None:
    pressed = (await city.press()).json()["incident"]
    target = await city.report()
    desk = await city.person()
    merging = {"into": target["id"], "reason": "same patient"}
    assert (await desk.post(f"/api/v1/incidents/{pressed['id']}/merge", json=merging)).status_code == 200
    button = city.client(city.device["token"])
    cancelled = await button.post(f"/api/v1/devices/{city.device['id']}/cancel", json={"reason": "误触"})
    assert (cancelled.status_code, cancelled.json()["code"]) == (409, "wrong_state")
    incident = await city.incident(target["id"])
    assert incident["status"] == "dispatched"
    assert all(row["ended_at"] is None for row in incident["assignments"])


async def test_a_button_s_false_alarm_calls_nobody_back_once_another_caller_has_joined(city: City) -> None:
    target, pressed = await city.report(), (await city.press()).json()["incident"]
    desk = await city.person()
    merging = {"into": pressed["id"], "reason": "same patient"}
    assert (await desk.post(f"/api/v1/incidents/{target['id']}/merge", json=merging)).status_code == 200
    button, path = city.client(city.device["token"]), f"/api/v1/devices/{city.device['id']}/cancel"
    assert (await button.post(path, json={"reason": "误触"})).status_code == 409
    assert (await city.incident(pressed["id"]))["status"] == "dispatched"


async def test_two_merges_in_opposite_directions_leave_one_incident_open(city: City) -> None:
    for _ in range(3):
        one, other = await city.report(), await city.report()
        desk = await city.person()
        answers = await asyncio.gather(
            *(
                desk.post(f"/api/v1/incidents/{a['id']}/merge", json={"into": b["id"], "reason": "same"})
                for a, b in ((one, other), (other, one))
            )
        )
        assert min(answer.status_code for answer in answers) == 200, [a.text for a in answers]
        statuses = sorted([(await city.incident(i["id"]))["status"] for i in (one, other)])
        assert statuses == ["dispatched", "merged"]


async def test_work_done_offline_keeps_its_own_time_and_closes_when_it_is_learnt(city: City) -> None:
    incident = await city.report()
    for code in SUPPORTS:
        await city.work_through(code, incident)
    before = datetime.now(UTC)
    long_ago = (before - timedelta(hours=3)).isoformat()
    for verb, body in (("acknowledge", {}), ("arrive", {}), ("feedback", {"outcome": "handled"})):
        assert (await city.act(POLICE, incident, verb, occurred_at=long_ago, **body)).status_code == 200
    view = await city.incident(incident["id"])
    lead = next(a for a in view["assignments"] if a["role"] == "lead")
    assert lead["fed_back_at"] == lead["issued_at"], "before it was issued nothing can have happened"
    assert datetime.fromisoformat(view["closed_at"]) >= before - timedelta(seconds=1)
