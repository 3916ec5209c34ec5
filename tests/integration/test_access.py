"""Nobody sees or does anything outside their agency and area."""

import asyncio

import pytest

from tests.support.city import HEALTH, HOSPITAL_CALL, POLICE, City

STRANGER = "430302001-PCS"


async def _callers(city: City) -> dict[str, object]:
    return {
        "nobody": city.client(),
        "integrator": city.integrator(),
        "device": city.client(city.device["token"]),
        "console": city.unit(POLICE),
        "stranger": city.unit(STRANGER),
        "wall": city.client(city.access.demo["wall_key"]),
        "operator": await city.person("desk1"),
        "responder": await city.person("police"),
    }


EXPECTED = {
    ("GET", "/api/v1/me"): {"nobody": 401, "*": 200},
    ("POST", "/api/v1/incidents"): {"nobody": 401, "integrator": 201, "operator": 201, "*": 403},
    ("GET", "/api/v1/incidents/{incident}"): {
        "nobody": 401,
        "device": 404,
        "stranger": 404,
        "*": 200,
    },
    ("GET", "/api/v1/incidents/{incident}/timeline"): {"nobody": 401, "device": 404, "stranger": 404, "*": 200},
    ("POST", "/api/v1/incidents/{incident}/note"): {
        "nobody": 401,
        "device": 404,
        "stranger": 404,
        "operator": 200,
        "*": 403,
    },
    ("POST", "/api/v1/incidents/{incident}/disclose"): {
        "nobody": 401,
        "integrator": 403,
        "device": 404,
        "stranger": 404,
        "wall": 403,
        "*": 200,
    },
    ("POST", "/api/v1/incidents/{incident}/recommend"): {
        "nobody": 401,
        "device": 404,
        "stranger": 404,
        "operator": 200,
        "*": 403,
    },
    ("POST", "/api/v1/assignments/{assignment}/urge"): {"nobody": 401, "operator": 200, "*": 403},
    ("POST", "/api/v1/assignments/{assignment}/receipt"): {
        "nobody": 401,
        "integrator": 403,
        "device": 403,
        "wall": 403,
        "stranger": 404,
        "*": 200,
    },
    ("GET", "/api/v1/devices/{device}/status"): {"nobody": 401, "device": 200, "operator": 200, "*": 403},
    ("POST", "/api/v1/units/{unit}/status"): {
        "nobody": 401,
        "console": 200,
        "operator": 200,
        "responder": 200,
        "*": 403,
    },
    ("GET", "/api/v1/units"): {"nobody": 401, "integrator": 403, "device": 403, "wall": 403, "*": 200},
    ("GET", "/api/v1/rulesets"): {"nobody": 401, "operator": 200, "*": 403},
    ("GET", "/api/v1/rulesets/findings"): {"nobody": 401, "operator": 200, "*": 403},
    ("GET", "/api/v1/assignments"): {"nobody": 401, "integrator": 403, "device": 403, "wall": 403, "*": 200},
}
BODIES = {
    "/api/v1/incidents": HOSPITAL_CALL,
    "/api/v1/incidents/{incident}/note": {"text": "x"},
    "/api/v1/assignments/{assignment}/receipt": {"state": "seen"},
    "/api/v1/units/{unit}/status": {"status": "available"},
}


@pytest.mark.parametrize(("method", "path"), EXPECTED, ids=[f"{m} {p}" for m, p in EXPECTED])
async def test_every_caller_gets_exactly_what_it_may(city: City, method: str, path: str) -> None:
    incident = await city.report()
    names = {
        "incident": incident["id"],
        "assignment": await city.open_assignment(POLICE, incident),
        "device": city.device["id"],
        "unit": city.unit_id(POLICE),
    }
    got = {}
    for who, client in (await _callers(city)).items():
        body = BODIES.get(path, {}) if method == "POST" else None
        answer = await client.request(method, path.format(**names), json=body)  # type: ignore[attr-defined]
        got[who] = answer.status_code
    wanted = EXPECTED[method, path]
    assert got == {who: wanted.get(who, wanted["*"]) for who in got}


async def test_an_integrator_and_a_unit_list_only_their_own(city: City) -> None:
    mine = await city.report()
    await (await city.person()).post("/api/v1/incidents", json=HOSPITAL_CALL)
    listed = (await city.integrator().get("/api/v1/incidents")).json()["items"]
    assert [item["id"] for item in listed] == [mine["id"]]
    assert (await city.unit(STRANGER).get("/api/v1/incidents")).json()["items"] == []
    assert len((await city.unit(HEALTH).get("/api/v1/incidents")).json()["items"]) == 2


async def test_a_unit_learns_nothing_of_how_busy_others_are(city: City) -> None:
    seen = (await city.unit(POLICE).get("/api/v1/units")).json()["items"]
    assert [unit["code"] for unit in seen] == [POLICE]


async def test_a_unit_cannot_act_for_another_unit(city: City) -> None:
    incident = await city.report()
    assignment = await city.open_assignment(POLICE, incident)
    for verb, body in (("acknowledge", {}), ("decline", {"reason": "busy"}), ("feedback", {"outcome": "handled"})):
        answer = await city.unit(HEALTH).post(f"/api/v1/assignments/{assignment}/{verb}", json=body)
        assert answer.status_code == 404, verb


async def test_an_operator_of_another_area_knows_nothing_of_it(city: City) -> None:
    await city.sql.execute("UPDATE person SET division_codes = '{430381}' WHERE login = 'desk2'")
    try:
        incident = await city.report()
        other = await city.person("desk2")
        assert (await other.get(f"/api/v1/incidents/{incident['id']}")).status_code == 404
        assert (await other.get("/api/v1/incidents")).json()["items"] == []
        assignment = await city.open_assignment(POLICE, incident)
        refused = await other.post(f"/api/v1/assignments/{assignment}/revoke", json={"reason": "x"})
        assert refused.status_code == 404
        console = await city.console(client=other)
        await city.report()
        await asyncio.sleep(0.4)
        assert console.events == []
    finally:
        await city.sql.execute("UPDATE person SET division_codes = '{4303}' WHERE login = 'desk2'")


async def test_a_session_is_not_enough_for_an_unsafe_request_from_elsewhere(city: City) -> None:
    desk = await city.person()
    for origin in ({"Origin": "http://evil.example"}, {"Origin": "null"}):
        answer = await desk.post("/api/v1/incidents", json=HOSPITAL_CALL, headers=origin)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")
    del desk.headers["Origin"]
    assert (await desk.post("/api/v1/incidents", json=HOSPITAL_CALL)).status_code == 403
    assert (await desk.get("/api/v1/me")).status_code == 200


async def test_a_wrong_password_is_slowed_down_and_says_how_long(city: City) -> None:
    client = city.client()
    for _ in range(5):
        answer = await client.post("/api/v1/sessions", json={"login": "desk1", "password": "no"})
        assert answer.status_code == 401
    answer = await client.post("/api/v1/sessions", json={"login": "desk1", "password": "demo-only"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert (await client.post("/api/v1/sessions", json={"login": "nobody", "password": "no"})).status_code == 401


async def test_the_cookie_is_out_of_reach_and_logging_out_ends_it(city: City) -> None:
    client = city.client()
    answer = await client.post("/api/v1/sessions", json={"login": "desk1", "password": "demo-only"})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    client.headers["Origin"] = city.base_url
    token = client.cookies["dispatch_session"]
    assert (await client.delete("/api/v1/sessions/current")).status_code == 204
    again = city.client()
    again.cookies["dispatch_session"] = token
    assert (await again.get("/api/v1/me")).status_code == 401


async def test_an_expired_and_a_revoked_key_open_nothing(city: City) -> None:
    client = city.unit(POLICE)
    assert (await client.get("/api/v1/me")).status_code == 200
    await city.sql.execute(
        "UPDATE api_key SET expires_at = now() - interval '1 s' WHERE unit_id = $1", city.unit_id(POLICE)
    )
    try:
        await asyncio.sleep(1.1)
        answer = await client.get("/api/v1/me")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    finally:
        await city.sql.execute("UPDATE api_key SET expires_at = NULL WHERE expires_at IS NOT NULL")


async def test_every_answer_is_strict_with_the_browser(city: City) -> None:
    answer = await city.client().get("/healthz")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]


async def test_the_start_pages_keys_exist_in_a_demo_only(city: City) -> None:
    assert (await city.client().get("/api/v1/start")).status_code == 404


async def test_health_and_metrics_tell_the_truth(city: City) -> None:
    await city.report()
    client = city.client()
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready"), ready.text
    late = (await client.get("/healthz/escalation")).json()
    assert late["unarmed_assignments"] == 0
    metrics = (await client.get("/metrics")).text
    for name in (
        "dispatch_intake_seconds_count",
        "dispatch_decision_seconds_count",
        "dispatch_push_seconds_count",
        "dispatch_timer_lateness_seconds",
        "dispatch_outbox_lag_seconds",
        "dispatch_sockets",
    ):
        assert name in metrics
    await city.sql.execute("DELETE FROM timer")
    answer = await client.get("/healthz/escalation")
    assert answer.status_code == 503
    assert answer.json()["unarmed_assignments"] > 0
