"""However odd a call is, somebody who can act hears of it, and nobody who should not."""

import asyncio
from typing import Any

import pytest

from tests.support.city import HOSPITAL_CALL, JUSTICE, POLICE, City, running

BEIJING = {"longitude": 116.39, "latitude": 39.91, "crs": "WGS84"}


@pytest.mark.parametrize("code", ["110101001", "430100", "9999"])
async def test_a_call_from_a_division_that_nobody_here_knows_alarms_the_desk(city: City, code: str) -> None:
    desk = await city.console(client=await city.person())
    answer = await city.integrator().post(
        "/api/v1/incidents", json={"incident_type": "psychiatric.disturbance", "division_code": code}
    )
    assert answer.status_code == 201
    raised = await desk.event("shortfall.raised")
    assert raised["incident"]["id"] == answer.json()["incident"]["id"]
    assert raised["incident"]["division_code"] == "430300"
    assert "division_unknown" in raised["incident"]["tags"]
    told = await city.sql.fetchval("SELECT body->>'division_code' FROM call")
    assert told == code, "what was said is kept"


async def test_a_grid_that_is_unknown_goes_to_the_township_that_is_known(city: City) -> None:
    incident = await city.report(division_code="430304005999", location=None, place_kind=None)
    assert incident["division_code"] == "430304005"
    assert POLICE in [a["unit"]["code"] for a in incident["assignments"]]


async def test_a_point_far_away_sends_nobody_by_distance(city: City) -> None:
    incident = await city.report(location=BEIJING)
    assert "location_doubtful" in incident["tags"]
    assert incident["location"]["wgs84"]["latitude"] == BEIJING["latitude"], "as given"
    assert all(a["selection"]["distance_m"] < 100_000 for a in incident["assignments"])
    nowhere = await city.report(location=BEIJING, division_code=None, place_kind=None)
    assert nowhere["shortfalls"]
    assert [a for a in nowhere["assignments"] if a["role"] == "lead"] == []


async def test_a_test_press_does_not_swallow_a_real_alarm(city: City) -> None:
    tried = await city.press(exercise="test")
    real = await city.press()
    assert [a.json()["call"]["outcome"] for a in (tried, real)] == ["opened", "opened"]
    assert real.json()["incident"]["exercise"] == "actual"
    again = await city.press()
    assert again.json()["incident"]["id"] == real.json()["incident"]["id"]
    trying = await city.press(exercise="test")
    assert trying.json()["incident"]["id"] == real.json()["incident"]["id"], "a test beside a real alarm sends nobody"


async def test_what_a_further_press_says_is_told(city: City) -> None:
    police = await city.unit_console(POLICE)
    await city.press()
    await city.press(choice="violence.armed")
    joined = await police.event("incident.call_joined")
    assert joined["facts"]["choice"] == "violence.armed"


async def test_an_integrator_reads_what_it_sent_and_not_what_others_wrote(city: City) -> None:
    integrator = await city.console(city.integrator_key)
    incident = await city.report()
    desk = await city.person()
    await desk.post(f"/api/v1/incidents/{incident['id']}/note", json={"text": "张三"})
    await city.act(POLICE, incident, "acknowledge")
    await city.act(POLICE, incident, "feedback", outcome="handled", text="张三")
    await integrator.event("assignment.fed_back")
    assert "张三" not in str(integrator.frames)
    assert integrator.named("incident.opened")[0]["incident"]["description"] == HOSPITAL_CALL["description"]
    client = city.integrator()
    for path in ("", "/timeline"):
        assert "张三" not in (await client.get(f"/api/v1/incidents/{incident['id']}{path}")).text


async def test_a_database_restored_elsewhere_alarms_nobody_a_second_time(city: City, city_database: Any) -> None:
    await city.report()
    await city.sql.execute("UPDATE outbox SET xid = '4000000000'::xid8")  # a server that had run for long
    await city.sql.execute("UPDATE epoch SET database_identity = 'the server of before'")
    async with running(*city_database) as restored:
        console = await restored.unit_console(POLICE)
        snapshot = (await console.until(lambda c: [f for f in c.frames if f["type"] == "snapshot"]))[0]
        assert len(snapshot["incidents"]) == 1
        await asyncio.sleep(0.6)
        assert console.named("assignment.issued") == []
        fresh = await restored.report()
        issued = await console.event("assignment.issued")
        assert issued["incident"]["id"] == fresh["id"]


async def test_another_urgency_brings_its_own_clocks(city: City) -> None:
    def limit(incident: dict[str, Any]) -> float:
        row = next(a for a in incident["assignments"] if a["role"] == "lead")
        issued, by = (_instant(row[key]) for key in ("issued_at", "acknowledge_by"))
        return (by - issued).total_seconds()

    assert limit(await city.report()) == 60
    assert limit(await city.report(urgency="critical")) == 30
    assert limit(await city.report(urgency="normal")) == 600


async def test_a_raised_urgency_hurries_those_who_have_not_answered(city: City) -> None:
    incident = await city.report(urgency="normal")
    desk = await city.person()
    await city.act(JUSTICE, incident, "acknowledge")
    raising = {"urgency": "critical", "reason": "he has a knife"}
    await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json=raising)
    await city.forward(16)
    view = await city.incident(incident["id"])
    urged = {a["unit"]["code"] for a in view["assignments"] if "urge" in a["steps_done"]}
    assert POLICE in urged
    assert JUSTICE not in urged


def _instant(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text)
