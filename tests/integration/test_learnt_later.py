"""What is learnt after the first decision: sent for once, within what the rules forbid, and nothing is left over."""

from typing import Any

from dispatch.operations.refresh_knowledge import refresh_knowledge
from tests.support.city import City

FIRE = {"incident_type": "fire.structure", "division_code": "430304005003", "place_kind": None}
CRASH = {"incident_type": "traffic.accident", "division_code": "430304005003", "place_kind": None}
AT = {"location": {"longitude": 112.964, "latitude": 27.875, "crs": "WGS84"}}


async def call(city: City, **said: Any) -> dict[str, Any]:
    answer = await city.integrator().post("/api/v1/incidents", json={**AT, **said})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def of_kind(incident: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [row for row in incident["assignments"] if row["unit"]["kind"] == kind]


async def told(city: City, incident: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    answer = await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    await city.forward(0)
    return await city.incident(incident["id"])


async def test_further_calls_and_raises_do_not_send_one_ambulance_after_the_other(city: City) -> None:
    incident = (await call(city, **CRASH))["incident"]
    assert of_kind(incident, "ems_120") == []
    for said in ({"tags": ["injured"]}, {"tags": ["injured"], "urgency": "critical"}, {"severity": "II"}):
        assert (await call(city, **CRASH, **said))["call"]["outcome"] == "joined"
    incident = await told(city, incident, "raise", severity="I", tags=["injured"], reason="多人受伤")
    assert len(of_kind(incident, "ems_120")) == 1
    assert len(of_kind(incident, "duty_leader")) == 1, "the level that was raised has the duty leader told"


async def test_a_finding_sends_whom_the_rules_want_for_it_with_their_clocks_and_a_number(city: City) -> None:
    incident = (await call(city, **CRASH))["incident"]
    incident = await told(city, incident, "finding", tags=["injured"])
    (ambulance,) = of_kind(incident, "ems_120")
    assert ambulance["selection"]["requirement"] == len(incident["decision"]["requirements"])
    assert ambulance["acknowledge_by"] is not None
    await city.forward(61)
    backups = [row for row in of_kind(await city.incident(incident["id"]), "ems_120") if row["backup_for"]]
    assert len(backups) == 1, "who was sent later and stays silent is escalated like anybody"


async def test_what_was_held_back_goes_with_the_incident_also_when_it_is_opened_again(
    city: City,
) -> None:
    incident = (await call(city, incident_type="missing.elderly", division_code="430304005003"))["incident"]
    assert [stage["trigger"] for stage in incident["stages"]] == [{"after_s": 3600}]
    incident = await told(city, incident, "cancel", reason="已找到")
    assert incident["stages"] == []
    await city.forward(7200)
    incident = await told(city, incident, "reopen", reason="又走失")
    assert all(row["ended_at"] is not None for row in incident["assignments"])


async def test_a_superior_who_was_told_may_still_be_sent_to_act(city: City) -> None:
    incident = (await call(city, **CRASH))["incident"]
    await city.forward(61)
    incident = await city.incident(incident["id"])
    superior = next(row for row in incident["assignments"] if row["selection"]["code"] == "superior")
    unit = {"units": [{"unit_id": superior["unit"]["id"], "role": "support"}], "reason": "现场指挥"}
    incident = await told(city, incident, "dispatch", **unit)
    rows = [row for row in incident["assignments"] if row["unit"]["id"] == superior["unit"]["id"]]
    assert sorted((row["role"], row["ended_at"] is None) for row in rows) == [("notify", False), ("support", True)]


async def test_each_further_silence_climbs_one_tier_until_the_city_knows(city: City) -> None:
    incident = (await call(city, incident_type="noise.complaint", division_code="430304005003"))["incident"]
    told_units: list[int] = []
    for _ in range(6):
        await city.forward(301)
        rows = (await city.incident(incident["id"]))["assignments"]
        told_units.append(sum(row["selection"]["code"] == "superior" for row in rows))
    assert told_units == sorted(told_units)
    assert told_units[-1] > told_units[0] or told_units[0] > 1


async def test_who_is_to_be_told_after_the_leads_feedback_is_told_although_that_ends_the_incident(city: City) -> None:
    rules = (await (await city.person("admin")).get("/api/v1/rulesets/1")).json()["ruleset"]
    told_after = {
        "id": "told.after",
        "name": {"zh": "反馈后告知", "en": "Told after feedback"},
        "priority": 999,
        "when": {"field": "tags", "op": "has", "value": "told_after"},
        "require": [
            {"unit_kind": "police_station", "role": "lead"},
            {
                "unit_kind": "community_committee",
                "role": "notify",
                "mandatory": False,
                "release": {"event": "lead_fed_back"},
            },
        ],
    }
    draft = await (await city.person("admin")).post(
        "/api/v1/rulesets", json={**rules, "rules": [told_after, *rules["rules"]]}
    )
    assert draft.status_code == 201, draft.text
    second = await city.person("admin2")
    version = draft.json()["version"]
    assert (await second.post(f"/api/v1/rulesets/{version}/publish", json={"reason": "x"})).status_code == 200
    await refresh_knowledge(city.process.context.database, city.process.context.knowledge)
    incident = (await call(city, **CRASH, tags=["told_after"]))["incident"]
    (lead,) = incident["assignments"]
    desk = await city.person()
    for verb, body in (("acknowledge", {}), ("arrive", {}), ("feedback", {"outcome": "handled", "text": ""})):
        step = await desk.post(f"/api/v1/assignments/{lead['id']}/{verb}", json=body)
        assert step.status_code == 200, step.text
    await city.forward(0)
    incident = await city.incident(incident["id"])
    assert (incident["status"], incident["stages"]) == ("closed", [])
    assert [row["status"] for row in of_kind(incident, "community_committee")] == ["completed"]
