"""Bad input gets a clear error and loses nothing."""

import json
from typing import Any

import pytest

from tests.support.city import HOSPITAL_CALL, POLICE, City

on_one_city = pytest.mark.asyncio(loop_scope="module")
LOCATION: dict[str, Any] = {"longitude": 112.9, "latitude": 27.8, "crs": "WGS84"}
CASES: list[tuple[str, Any, int, str, str]] = [
    ("unknown type", {"incident_type": "psychiatric.disturbence"}, 422, "unknown_incident_type", "/incident_type"),
    ("no crs", {"location": {"longitude": 112.9, "latitude": 27.8}}, 422, "crs_required", "/location/crs"),
    ("null crs", {"location": LOCATION | {"crs": None}}, 422, "crs_required", "/location/crs"),
    ("other crs", {"location": LOCATION | {"crs": "EPSG:3857"}}, 422, "literal_error", "/location/crs"),
    ("latitude", {"location": LOCATION | {"latitude": 91}}, 422, "latitude_out_of_range", "/location"),
    ("longitude", {"location": LOCATION | {"longitude": -181}}, 422, "longitude_out_of_range", "/location"),
    ("text number", {"location": LOCATION | {"longitude": "112.9"}}, 422, "float_type", "/location/longitude"),
    ("unknown field", {"patient": "x"}, 422, "unknown_field", "/patient"),
    ("unknown place", {"place_id": "01980000-0000-7000-8000-000000000001"}, 422, "unknown_place", "/place_id"),
    ("unknown place kind", {"place_kind": "hospitl"}, 422, "unknown_place_kind", "/place_kind"),
    ("wrong type", {"tags": "weapon"}, 422, "list_type", "/tags"),
    ("many tags", {"tags": [f"t{n}" for n in range(40)]}, 422, "too_long", "/tags"),
    ("severity", {"severity": "V"}, 422, "literal_error", "/severity"),
    ("NUL", {"description": "a\x00b"}, 422, "nul_character", "/description"),
    ("naive instant", {"occurred_at": "2026-11-23T08:50:53"}, 422, "offset_required", "/occurred_at"),
    ("number instant", {"occurred_at": 1700000000}, 422, "instant_expected", "/occurred_at"),
    ("long text", {"description": "x" * 5000}, 422, "string_too_long", "/description"),
    ("division", {"division_code": "430304; DROP"}, 422, "string_pattern_mismatch", "/division_code"),
    ("phone", {"caller": {"phone": "<script>"}}, 422, "string_pattern_mismatch", "/caller/phone"),
]


@on_one_city
@pytest.mark.parametrize(("changes", "status", "code", "pointer"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
async def test_a_wrong_field_is_refused_with_its_place_and_a_stable_code(
    one_city: City, changes: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    answer = await one_city.integrator().post("/api/v1/incidents", json=HOSPITAL_CALL | changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert await one_city.sql.fetchval("SELECT count(*) FROM incident") == 0


@on_one_city
async def test_an_unknown_type_offers_the_nearest_names(one_city: City) -> None:
    body = HOSPITAL_CALL | {"incident_type": "psychiatric.disturbence"}
    answer = await one_city.integrator().post("/api/v1/incidents", json=body)
    assert "psychiatric.disturbance" in answer.json()["nearest"]


RAW: list[tuple[str, bytes, int, str]] = [
    ("empty", b"", 422, "required"),
    ("no JSON", b"{", 422, "invalid_json"),
    ("list", b"[]", 422, "model_type"),
    ("NaN", b'{"incident_type":"noise.complaint","location":{"longitude":NaN,"latitude":1,"crs":"WGS84"}}', 422, ""),
    (
        "infinity",
        b'{"incident_type":"noise.complaint","location":{"longitude":1e999,"latitude":1,"crs":"WGS84"}}',
        422,
        "",
    ),
    ("surrogate", rb'{"incident_type":"noise.complaint","address":"\ud800"}', 422, ""),
    ("no UTF-8", b'{"incident_type":"\xff\xfe"}', 422, "invalid_json"),
    ("deep", b"[" * 100_000, 422, "invalid_json"),
    ("nowhere", b'{"incident_type":"noise.complaint"}', 422, "where_required"),
]


@on_one_city
@pytest.mark.parametrize(("raw", "status", "code"), [r[1:] for r in RAW], ids=[r[0] for r in RAW])
async def test_a_body_that_is_no_report_is_refused(one_city: City, raw: bytes, status: int, code: str) -> None:
    answer = await one_city.integrator().post("/api/v1/incidents", content=raw)
    assert answer.status_code == status, answer.text
    assert not code or answer.json()["code"] == code, answer.text
    assert "Traceback" not in answer.text


@on_one_city
async def test_a_huge_body_is_refused_before_it_is_read(one_city: City) -> None:
    answer = await one_city.integrator().post("/api/v1/incidents", content=b"x" * (256 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")

    async def endless():
        for _ in range(40):
            yield b"x" * 10_000

    answer = await one_city.integrator().post("/api/v1/incidents", content=endless())
    assert answer.status_code == 413


@on_one_city
@pytest.mark.parametrize(
    "key", ["", "x" * 201, "Schlüssel".encode(), b"\x01"], ids=["empty", "long", "umlaut", "control"]
)
async def test_an_idempotency_key_that_is_no_key_is_refused(one_city: City, key: str | bytes) -> None:
    headers = {"Idempotency-Key": key}
    try:
        answer = await one_city.integrator().post("/api/v1/incidents", json=HOSPITAL_CALL, headers=headers)
    except Exception as error:  # noqa: BLE001 - the client itself refuses some
        refused = str(error).lower()
        assert "header" in refused
        return
    assert answer.status_code in {400, 422}


@on_one_city
@pytest.mark.parametrize(
    "path", ["/api/v1/incidents/x", "/api/v1/incidents/01980000-0000-7000-8000-000000000001", "/api/v1/nothing", "/x"]
)
async def test_what_does_not_exist_is_not_found_in_words(one_city: City, path: str) -> None:
    answer = await (await one_city.person()).get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@on_one_city
@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=x", "sort=up", "limit=", "status=%00"])
async def test_a_list_refuses_parameters_it_does_not_know(one_city: City, query: str) -> None:
    answer = await (await one_city.person()).get(f"/api/v1/incidents?{query}")
    assert answer.status_code == 422, answer.text


async def test_a_verb_in_the_wrong_state_says_what_stands_and_what_would_work(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    answer = await city.act(POLICE, incident, "arrive")
    assert answer.status_code == 409
    assert answer.json()["current"]["status"] == "issued"
    assert "acknowledge" in answer.json()["allowed"]


async def test_a_revision_that_no_incident_can_have_is_refused_not_an_error_of_ours(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    answer = await city.act(POLICE, incident, "acknowledge", incident_revision=2**31)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/incident_revision")


@on_one_city
async def test_a_wrong_method_and_a_wrong_verb_are_problems_too(one_city: City) -> None:
    answer = await one_city.integrator().put("/api/v1/incidents", json={})
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")


async def test_pages_of_incidents_follow_one_another_newest_first(city: City) -> None:
    ids = [(await city.report())["id"] for _ in range(5)]
    client = city.integrator()
    first = (await client.get("/api/v1/incidents?limit=3")).json()
    second = (await client.get(f"/api/v1/incidents?limit=3&after={first['after']}")).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["after"] is None


async def test_one_place_in_two_coordinate_systems_gets_the_same_units(city: City) -> None:
    from dispatch.domain.geo import Point, from_wgs84

    longitude, latitude = from_wgs84(Point(112.964, 27.875), "GCJ02")
    sets = []
    for location in (
        {"longitude": 112.964, "latitude": 27.875, "crs": "WGS84"},
        {"longitude": longitude, "latitude": latitude, "crs": "GCJ02"},
    ):
        body = {"incident_type": "psychiatric.disturbance", "location": location}
        answer = await city.integrator().post("/api/v1/incidents", content=json.dumps(body))
        sets.append({a["unit"]["code"] for a in answer.json()["incident"]["assignments"]})
    assert sets[0] == sets[1]
