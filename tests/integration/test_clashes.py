"""Two people decide about one thing, each on what they saw: the second is told what is different now, and by whom."""

from typing import Any

import httpx
import pytest

from tests.support.city import HEALTH, POLICE, City

REASON = {"reason": "x"}
GAP = '[{"slot": 77, "unit_kind": "police_station", "role": "support", "reason": "off_duty", "count": 1}]'
INCIDENT_VERBS: dict[str, dict[str, Any]] = {
    "dispatch": {"units": [{"unit_id": "spare"}]},
    "raise": {"severity": "II", "reason": "x"},
    "excuse": {"slot": 77, "reason": "x"},
    "cancel": REASON,
    "close": {},
    "reopen": REASON,
    "merge": {"into": "other", "reason": "x"},
    "transfer": {"receiver": "12345", "reason": "x"},
    "suspend": REASON,
    "resume": REASON,
}
ASSIGNMENT_VERBS: dict[str, tuple[str, dict[str, Any]]] = {
    "acknowledge": ("unit", {}),
    "feedback": ("unit", {"outcome": "handled"}),
    "decline": ("unit", {"reason": "busy"}),
    "return": ("unit", REASON),
    "urge": ("desk", {}),
    "revoke": ("desk", REASON),
    "reassign": ("desk", REASON),
    "excuse": ("desk", REASON),
}


async def _post(client: httpx.AsyncClient, path: str, body: dict[str, Any], expected: int) -> httpx.Response:
    return await client.post(f"/api/v1{path}", json=body | {"expected_version": expected})


@pytest.mark.parametrize("verb", INCIDENT_VERBS)
async def test_what_somebody_else_changed_is_not_decided_on_an_old_picture(city: City, verb: str) -> None:
    incident, other = await city.report(), await city.report()
    desk, leader = await city.person(), await city.person("leader")
    path, body = f"/incidents/{incident['id']}", dict(INCIDENT_VERBS[verb])
    if "units" in body:
        body["units"] = [{"unit_id": city.unit_id("430302001-PCS")}]
    if "into" in body:
        body["into"] = other["id"]
    if verb in {"reopen", "resume"}:
        await desk.post(
            f"/api/v1{path}/{'close' if verb == 'reopen' else 'suspend'}", json=REASON if verb == "resume" else {}
        )
    await city.sql.execute("UPDATE incident SET shortfalls = $1::json WHERE id = $2", GAP, incident["id"])
    seen = (await desk.get(f"/api/v1{path}")).json()["version"]
    assert (await leader.post(f"/api/v1{path}/note", json={"text": "hello"})).status_code == 200
    late = await _post(desk, f"{path}/{verb}", body, seen)
    assert (late.status_code, late.json()["code"]) == (409, "version_conflict"), late.text
    current = late.json()["current"]
    assert (current["id"], current["version"]) == (incident["id"], seen + 1)
    assert late.json()["changed_by"] == (await leader.get("/api/v1/me")).json()["name"]
    assert (await _post(desk, f"{path}/{verb}", body, seen + 1)).status_code == 200


@pytest.mark.parametrize("verb", ASSIGNMENT_VERBS)
async def test_an_assignment_that_moved_on_meanwhile_is_not_moved_by_surprise(city: City, verb: str) -> None:
    incident = await city.report()
    await city.sql.execute("UPDATE incident SET urgency = 'normal'")
    who, body = ASSIGNMENT_VERBS[verb]
    client = city.unit(POLICE) if who == "unit" else await city.person()
    assignment = await city.open_assignment(POLICE, incident)
    if verb == "acknowledge":
        await city.act(POLICE, incident, "receipt", state="delivered")
    else:
        await city.act(POLICE, incident, "acknowledge")
    path = f"/assignments/{assignment}/{verb}"
    late = await _post(client, path, body, 1)
    assert (late.status_code, late.json()["code"]) == (409, "version_conflict"), late.text
    assert late.json()["current"]["version"] == 2
    assert late.json()["changed_by"] == POLICE
    assert (await _post(client, path, body, 2)).status_code == 200


async def test_a_backup_that_answers_on_an_old_picture_takes_no_lead(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await city.forward(61)
    backup = await city.sql.fetchrow(
        "SELECT a.id::text, a.version, u.code FROM assignment a JOIN unit u ON u.id = a.unit_id WHERE backup_for = $1",
        await city.open_assignment(POLICE, incident),
    )
    key = city.unit_key(backup["code"])
    path = f"/assignments/{backup['id']}/acknowledge"
    late = await _post(city.client(key), path, {}, backup["version"] + 1)
    assert (late.status_code, late.json()["code"]) == (409, "version_conflict"), late.text
    assert late.json()["current"] | {"version": backup["version"], "status": "issued"} == late.json()["current"]
    taken = await _post(city.client(key), path, {}, backup["version"])
    assert (taken.status_code, taken.json()["role"]) == (200, "lead"), taken.text


async def test_a_stranger_learns_nothing_by_guessing_versions(city: City) -> None:
    incident = await city.report()
    assignment = await city.open_assignment(POLICE, incident)
    for verb, (who, body) in ASSIGNMENT_VERBS.items():
        if who == "unit":
            answer = await _post(city.unit(HEALTH), f"/assignments/{assignment}/{verb}", body, 9)
            assert (answer.status_code, answer.json().get("current")) == (404, None), verb


async def test_a_note_cannot_clash(city: City) -> None:
    incident, desk = await city.report(), await city.person()
    answer = await _post(desk, f"/incidents/{incident['id']}/note", {"text": "x"}, 1)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_field")
