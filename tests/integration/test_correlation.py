"""Several people report one event: one incident where the rules allow it, a link where they do not, no call lost."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest

from dispatch.demo.access import Access
from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.operations.link_incident import link_late
from dispatch.operations.refresh_knowledge import reload_states
from tests.support.city import POLICE, City, running

FIRE: dict[str, Any] = {
    "incident_type": "fire.structure",
    "division_code": "430304005003",
    "location": {"longitude": 112.964, "latitude": 27.875, "crs": "WGS84"},
    "description": "三楼冒烟",
    "caller": {"name": "路人甲", "phone": "0731-55500001"},
}
METRE = 1 / 111_195


def north(metres: float) -> dict[str, Any]:
    return {"location": {**FIRE["location"], "latitude": FIRE["location"]["latitude"] + metres * METRE}}


async def call(client: httpx.AsyncClient, key: str | None = None, **changes: Any) -> dict[str, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post("/api/v1/incidents", json=FIRE | changes, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def counted(city: City) -> tuple[int, int]:
    """How many incidents there are, and how many calls."""
    incidents = await city.sql.fetchval("SELECT count(*) FROM incident")
    return int(incidents), int(await city.sql.fetchval("SELECT count(*) FROM call"))


async def desk_act(city: City, incident: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    answer = await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_two_bystanders_report_one_fire_and_one_crowd_of_engines_goes(city: City) -> None:
    desk = await city.person()
    first = await call(desk)
    unit = await city.unit_console(POLICE)
    watching = await city.console(client=desk)
    second = await call(
        desk, description="对面楼也看见火", caller={"name": "路人乙", "phone": "0731-55500002"}, **north(45)
    )
    assert (first["call"]["outcome"], second["call"]["outcome"]) == ("opened", "joined")
    assert second["incident"]["id"] == first["incident"]["id"]
    assert second["incident"]["call_count"] == 2
    assert len(second["incident"]["assignments"]) == len(first["incident"]["assignments"])
    assert await counted(city) == (1, 2)
    for console in (unit, watching):
        told = await console.event("incident.call_joined")
        assert (told["facts"]["reason"], told["facts"]["call_count"]) == ("near", 2)
        assert told["facts"]["distance_m"] == 45.0
    calls = (await city.incident(first["incident"]["id"]))["calls"]
    assert [one["outcome"] for one in calls] == ["opened", "joined"]
    assert calls[1]["body"]["caller"]["name"] == "路人乙"
    assert calls[1]["body"]["description"] == "对面楼也看见火"


async def test_a_third_two_hundred_metres_away_is_another_fire_until_a_human_says_otherwise(city: City) -> None:
    desk = await city.person()
    await call(desk)
    far = await call(desk, **north(200))
    assert far["call"]["outcome"] == "opened"
    assert far["incident"]["links"] == []
    one = await call(desk, incident_type="noise.complaint")
    other = await call(desk, incident_type="noise.complaint", **north(200))
    assert other["call"]["outcome"] == "opened"
    assert other["incident"]["assignments"]
    link = other["incident"]["links"][0]
    assert (link["incident_id"], link["number"]) == (one["incident"]["id"], one["incident"]["number"])
    assert (link["reason"], link["distance_m"]) == ("near", 200.0)


async def test_two_people_held_up_in_one_bank_are_two_incidents_that_know_of_each_other(city: City) -> None:
    desk, place = await city.person(), await _place(city, "XT-B1")
    watching = await city.console(client=desk)
    where = {"incident_type": "bank.robbery", "place_id": place, "location": None, "division_code": None}
    one, other = await call(desk, **where), await call(desk, **where)
    assert one["incident"]["id"] != other["incident"]["id"]
    assert other["incident"]["links"][0]["incident_id"] == one["incident"]["id"]
    assert other["incident"]["links"][0]["reason"] == "same_place"
    linked = await watching.event("incident.linked")
    assert linked["facts"]["links"] == other["incident"]["links"] == linked["incident"]["links"]
    assert [frame["event"] for frame in watching.events if frame["incident"]["id"] == other["incident"]["id"]][:2] == [
        "incident.opened",
        "incident.linked",
    ]


async def _place(city: City, code: str) -> str:
    return str(await city.sql.fetchval("SELECT id::text FROM place WHERE code = $1", code))


async def test_a_drill_swallows_no_real_fire_and_a_real_fire_no_drill(city: City) -> None:
    desk = await city.person()
    drill = await call(desk, exercise="exercise")
    real = await call(desk)
    again = await call(desk, exercise="exercise")
    assert (drill["call"]["outcome"], real["call"]["outcome"], again["call"]["outcome"]) == (
        "opened",
        "opened",
        "joined",
    )
    assert real["incident"]["links"] == []
    assert again["incident"]["id"] == drill["incident"]["id"]


async def test_fifty_calls_about_one_fire_in_one_instant_are_one_incident_and_fifty_calls(city: City) -> None:
    client = await city.person()
    answers = await asyncio.gather(*(call(client, **north(number)) for number in range(50)))
    outcomes = Counter(answer["call"]["outcome"] for answer in answers)
    assert outcomes == {"opened": 1, "joined": 49}
    assert await counted(city) == (1, 50)
    assert await city.sql.fetchval("SELECT call_count FROM incident") == 50
    assert len({answer["call"]["id"] for answer in answers}) == 50


async def test_what_two_processes_opened_in_one_instant_is_linked_a_moment_later(
    city: City, city_database: tuple[str, Access]
) -> None:
    async with running(*city_database) as other:
        watching = await other.console(client=await other.person())
        first = (await call(await city.person()))["incident"]
        await watching.event("incident.opened")
        other.process.context.knowledge.incidents.replace_all([])  # as if the news had not come round yet
        second = await call(await other.person(), **north(20))
        assert (second["call"]["outcome"], second["incident"]["links"]) == ("opened", [])
        await reload_states(other.process.database, other.process.context.knowledge)
        linked = await watching.event("incident.linked")
        assert linked["incident"]["id"] == second["incident"]["id"]
        assert [link["incident_id"] for link in linked["facts"]["links"]] == [first["id"]]
        assert await counted(city) == (2, 2)


async def test_two_incidents_of_one_fire_are_linked_also_when_the_first_try_meets_a_lock(city: City) -> None:
    next(task for task in city.process.tasks if task.get_name() == "links").cancel()
    desk, context = await city.person(), city.process.context
    first = (await call(desk))["incident"]
    context.knowledge.incidents.replace_all([])  # as if another process had opened it in this instant
    second = (await call(desk, **north(20)))["incident"]
    await reload_states(city.process.database, context.knowledge)
    city.offset += timedelta(seconds=2)
    async with city.sql.acquire() as holder, holder.transaction():
        await holder.execute("SELECT 1 FROM incident WHERE id = $1::uuid FOR UPDATE", second["id"])
        with pytest.raises(DatabaseUnavailableError):
            await link_late(context)
    assert await link_late(context) == 1
    links = (await city.incident(second["id"]))["links"]
    assert [link["incident_id"] for link in links] == [first["id"]]


async def test_a_caller_about_a_fire_whose_incident_somebody_holds_is_not_turned_away(city: City) -> None:
    desk = await city.person()
    first = (await call(desk))["incident"]
    async with city.sql.acquire() as holder, holder.transaction():
        await holder.execute("SELECT 1 FROM incident WHERE id = $1::uuid FOR UPDATE", first["id"])
        answers = await asyncio.gather(*(call(desk, **north(metres)) for metres in (5, 10, 15, 20)))
    incidents = {answer["incident"]["id"] for answer in answers}
    assert first["id"] not in incidents
    assert len(incidents) == 1, "who waits with the first opens nothing more than that one does"
    assert await counted(city) == (2, 5)


async def test_a_fire_that_is_out_is_not_joined_by_a_new_call(city: City) -> None:
    desk = await city.person()
    first = await call(desk)
    await desk_act(city, first["incident"], "close", disposition="handled")
    second = await call(desk)
    assert second["call"]["outcome"] == "opened"
    assert second["incident"]["links"] == []


async def test_a_fire_closed_by_somebody_else_in_the_same_moment_is_not_joined(city: City) -> None:
    """This process has not heard of the end: what is locked counts, not what is remembered."""
    desk = await city.person()
    first = await call(desk)
    await city.sql.execute("UPDATE incident SET status = 'closed' WHERE id = $1", first["incident"]["id"])
    second = await call(desk)
    assert second["call"]["outcome"] == "opened"
    assert second["incident"]["assignments"]
    await reload_states(city.process.database, city.process.context.knowledge)
    assert city.process.context.knowledge.incidents.find(first["incident"]["id"]) is None
    assert city.process.context.knowledge.incidents.find(second["incident"]["id"]) is not None


async def test_a_lead_that_is_done_is_not_taken_for_help_on_its_way(city: City) -> None:
    desk = await city.person()
    first = await call(desk)
    await city.sql.execute("UPDATE incident SET status = 'resolved' WHERE id = $1", first["incident"]["id"])
    second = await call(desk)
    assert second["call"]["outcome"] == "opened"
    assert [link["incident_id"] for link in second["incident"]["links"]] == [first["incident"]["id"]]


async def test_what_the_second_caller_knows_to_be_worse_is_not_lost(city: City) -> None:
    desk = await city.person()
    crash = {"incident_type": "traffic.accident"}
    first = (await call(desk, **crash))["incident"]
    assert "ems_120" not in {row["unit"]["kind"] for row in first["assignments"]}
    watching = await city.console(client=desk)
    joined = await call(desk, **crash, severity="II", urgency="critical", tags=["injured"], **north(20))
    incident = joined["incident"]
    assert (joined["call"]["outcome"], incident["id"]) == ("joined", first["id"])
    assert (incident["severity"], incident["urgency"], incident["tags"]) == ("II", "critical", ["injured"])
    assert "ems_120" in {row["unit"]["kind"] for row in incident["assignments"]}
    told = await watching.event("incident.updated")
    assert told["facts"]["before"] == {"severity": "IV", "urgency": "urgent", "tags": []}
    assert told["facts"]["after"] == {"severity": "II", "urgency": "critical", "tags": ["injured"]}
    await watching.event("assignment.issued")
    calls = (await city.incident(first["id"]))["calls"]
    assert (calls[1]["body"]["severity"], calls[1]["body"]["tags"]) == ("II", ["injured"])
    mild = await call(desk, **crash, severity="NONE", urgency="routine")
    assert (mild["incident"]["severity"], mild["incident"]["urgency"]) == ("II", "critical")
    assert len(mild["incident"]["assignments"]) == len(incident["assignments"])


async def test_a_smell_of_gas_beside_the_fire_brings_the_gas_company(city: City) -> None:
    desk = await city.person()
    await call(desk)
    gas = await call(desk, incident_type="gas.leak", **north(30))
    assert gas["call"]["outcome"] == "joined"
    assert gas["incident"]["incident_type"] == "fire.structure"
    sent = {row["unit"]["kind"]: row["role"] for row in gas["incident"]["assignments"]}
    gaps = {gap["unit_kind"] for gap in gas["incident"]["shortfalls"]}
    assert sent.get("gas_company") == "support" or "gas_company" in gaps
    assert [row["role"] for row in gas["incident"]["assignments"]].count("lead") == 1


async def test_a_caller_who_sends_again_is_counted_once_and_answered_alike(city: City) -> None:
    client = await city.person()
    await call(client)
    twins = await asyncio.gather(*(_post(client, "k") for _ in range(4)))
    assert len({answer.content for answer in twins}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in twins) == 3
    assert twins[0].json()["call"]["outcome"] == "joined"
    assert await counted(city) == (1, 2)
    await desk_act(city, twins[0].json()["incident"], "close", disposition="handled")
    assert (await _post(client, "k")).content == twins[0].content
    other = await client.post("/api/v1/incidents", json=FIRE | {"tags": ["x"]}, headers={"Idempotency-Key": "k"})
    assert other.json()["code"] == "idempotency_key_reused"
    assert await counted(city) == (1, 2)


async def test_the_call_that_opened_sent_again_does_not_join_itself(city: City) -> None:
    client = await city.person()
    first, again = await _post(client, "k"), await _post(client, "k")
    assert first.content == again.content
    assert await counted(city) == (1, 1)


async def _post(client: httpx.AsyncClient, key: str) -> httpx.Response:
    return await client.post("/api/v1/incidents", json=FIRE, headers={"Idempotency-Key": key})


async def test_links_are_shown_to_the_desk_and_to_nobody_else(city: City) -> None:
    desk = await city.person()
    crowd = {"incident_type": "psychiatric.disturbance"}
    await call(city.integrator(), **crowd)
    consoles = {
        "unit": await city.unit_console(POLICE),
        "integrator": await city.console(city.integrator_key),
        "desk": await city.console(client=desk),
    }
    other = await call(city.integrator(), **crowd)
    incident = other["incident"]
    assert incident["links"] == []
    for name, console in consoles.items():
        told = await console.until(
            lambda c: [f for f in c.events if f["incident"]["id"] == incident["id"]],
        )
        assert bool(told[0]["incident"]["links"]) == (name == "desk"), name
        assert any(frame["event"] == "incident.linked" for frame in console.events) == (name == "desk")
    path = f"/api/v1/incidents/{incident['id']}"
    for client, shown in ((desk, 1), (city.integrator(), 0), (city.unit(POLICE), 0)):
        assert len((await client.get(path)).json()["links"]) == shown
        timeline = (await client.get(f"{path}/timeline")).json()["items"]
        assert sum(entry["event"] == "incident.linked" for entry in timeline) == shown
    for key, client in ((city.unit_key(POLICE), None), (city.integrator_key, None), (None, desk)):
        fresh = await city.console(key, client=client)
        snapshot = await fresh.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
        listed = next(i for i in snapshot["incidents"] if i["id"] == incident["id"])
        assert bool(listed["links"]) == (client is not None)


async def test_a_desk_is_linked_to_nothing_outside_its_area(city: City) -> None:
    """An incident across the border may be the same event, but whoever may not see it does not hear of it this way."""
    one = await city.report(incident_type="noise.complaint")
    await city.sql.execute("UPDATE incident SET division_code = '430302001' WHERE id = $1", one["id"])
    known = city.process.context.knowledge.incidents.find(one["id"])
    assert known is not None
    known.division_code = "430302001"
    await city.sql.execute("UPDATE person SET division_codes = '{430304}' WHERE login = 'desk1'")
    try:
        narrow, leader = await city.person("desk1"), await city.person("leader")
        console, wide = await city.console(client=narrow), await city.console(client=leader)
        other = await city.report(incident_type="noise.complaint")
        assert [f["incident"]["links"] for f in [await console.event("incident.opened")]] == [[]]
        assert len((await wide.event("incident.linked"))["facts"]["links"]) == 1
        assert console.named("incident.linked") == []
        path = f"/api/v1/incidents/{other['id']}"
        assert (await narrow.get(path)).json()["links"] == []
        assert len((await leader.get(path)).json()["links"]) == 1
    finally:
        await city.sql.execute("UPDATE person SET division_codes = '{4303}' WHERE login = 'desk1'")


async def test_an_integrator_whose_call_joins_reads_nothing_of_what_others_said(city: City) -> None:
    desk, integrator = await city.person(), city.integrator()
    await call(desk)
    joined = await call(integrator, description="传感器报警", caller=None, **north(10))
    incident = joined["incident"]
    assert joined["call"]["outcome"] == "joined"
    assert (incident["description"], incident["caller"], incident["restricted"]) == (None, None, True)
    assert incident["decision"] is None
    shown = (await integrator.get(f"/api/v1/incidents/{incident['id']}")).json()
    assert shown["description"] is None
    assert [call.get("body", {}).get("description") for call in shown["calls"]] == [None, "传感器报警"]
    assert (await integrator.get(f"/api/v1/incidents/{incident['id']}/timeline")).status_code == 404
    own = (await call(integrator, **north(900)))["incident"]
    await call(desk, **north(910))
    calls = (await integrator.get(f"/api/v1/incidents/{own['id']}")).json()["calls"]
    assert ["body" in call for call in calls] == [True, False]


async def test_a_suggestion_is_dismissed_once_and_the_trail_says_why(city: City) -> None:
    desk = await city.person()
    one = await city.report()
    other = await city.report()
    police, watching = await city.unit_console(POLICE), await city.console(client=desk)
    view = await city.incident(other["id"])
    assert [link["incident_id"] for link in view["links"]] == [one["id"]]
    body = {"incident_id": one["id"], "reason": "两栋楼"}
    assert (await desk_act(city, other, "unlink", **body))["links"] == []
    assert (await desk_act(city, other, "unlink", **body))["links"] == []
    told = await watching.event("incident.unlinked")
    assert (told["facts"]["reason"], told["facts"]["links"][0]["incident_id"]) == ("两栋楼", one["id"])
    unit_told = await police.event("incident.unlinked")
    assert (unit_told["facts"], unit_told["incident"]["links"]) == ({}, [])
    trail = (await desk.get(f"/api/v1/incidents/{other['id']}/timeline")).json()["items"]
    assert [entry["facts"]["reason"] for entry in trail if entry["event"] == "incident.unlinked"] == ["两栋楼"]
    assert (await city.unit(POLICE).post(f"/api/v1/incidents/{other['id']}/unlink", json=body)).status_code == 403
    await link_late(city.process.context)
    assert (await city.incident(other["id"]))["links"] == []


async def test_merging_takes_the_link_away(city: City) -> None:
    one, other = await city.report(), await city.report()
    merged = await desk_act(city, other, "merge", into=one["id"], reason="同一事件")
    assert merged["links"] == []
    third = await city.report()
    assert [link["incident_id"] for link in third["links"]] == []  # an integrator is shown none
    assert [link["incident_id"] for link in (await city.incident(third["id"]))["links"]] == [one["id"]]
    await desk_act(city, one, "merge", into=third["id"], reason="同一事件")
    assert (await city.incident(third["id"]))["links"] == []


async def test_a_button_pressed_beside_a_fire_opens_its_own_incident(city: City) -> None:
    """Who presses may be somebody else in danger, and the button shows its own incident."""
    await city.press(choice="violence.medical")
    place = await _place(city, "XT-H6")
    desk = await city.person()
    report = await call(desk, incident_type="violence.medical", place_id=place, location=None, division_code=None)
    assert report["call"]["outcome"] == "opened"
    assert report["incident"]["links"][0]["reason"] == "same_place"


async def test_the_call_taker_can_say_that_help_is_on_the_way_before_anything_is_written(city: City) -> None:
    desk, integrator = await city.person(), city.integrator()
    first = (await call(desk))["incident"]
    answer = await desk.post("/api/v1/incidents/match", json=FIRE | north(45))
    found = answer.json()["matches"]
    assert [(one["join"], one["reason"], one["distance_m"]) for one in found] == [("auto", "near", 45.0)]
    assert (found[0]["incident"]["id"], found[0]["incident"]["status"]) == (first["id"], "dispatched")
    assert found[0]["incident"]["assignments"]
    assert (await integrator.post("/api/v1/incidents/match", json=FIRE)).json() == {"matches": []}
    own = (await call(integrator, **north(900)))["incident"]
    mine = (await integrator.post("/api/v1/incidents/match", json=FIRE | north(900))).json()["matches"]
    assert [one["incident"]["id"] for one in mine] == [own["id"]]
    for client in (city.unit(POLICE), city.client(city.device["token"])):
        assert (await client.post("/api/v1/incidents/match", json=FIRE)).status_code == 403
    assert (await desk.post("/api/v1/incidents/match", json={"incident_type": "x"})).status_code == 422
    assert await counted(city) == (2, 2)
