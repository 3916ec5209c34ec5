"""Who looks something up finds the whole of it, page by page, and nobody finds out about people who need not."""

import contextlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from dispatch.storage.bundle import write_bundle
from dispatch.storage.directory import list_agencies
from tests.support.city import POLICE, City

DOCUMENT = Path(__file__).parents[2] / "docs/openapi.json"
LISTS = {
    "agencies": "AgencyList",
    "shifts": "ShiftList",
    "devices": "DeviceList",
    "incident-types": "IncidentTypeList",
    "clock-profiles": "ClockProfileList",
    "ladders": "LadderList",
    "jurisdictions": "JurisdictionList",
    "people": "PersonList",
}
PERSONAL = "people"


async def _all(client: httpx.AsyncClient, path: str, limit: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after = None
    while True:
        query = {"limit": limit} | ({"after": after} if after else {})
        page = (await client.get(f"/api/v1/{path}", params=query)).json()
        assert len(page["items"]) <= limit
        items += page["items"]
        after = page["after"]
        if after is None:
            return items


@pytest.fixture(autouse=True)
async def _as_it_was(city: City) -> Any:
    yield
    await city.sql.execute("UPDATE person SET division_codes = '{4303}' WHERE login = 'desk1'")


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_is_whole_over_its_pages_and_as_described(city: City, path: str) -> None:
    admin = await city.person("admin")
    whole = await _all(admin, path, 200)
    assert whole
    assert await _all(admin, path, min(150, max(2, len(whole) // 3))) == whole
    schemas = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]
    reference = {"$ref": f"#/components/schemas/{LISTS[path]}", "components": {"schemas": schemas}}
    Draft202012Validator(reference).validate({"items": whole, "after": None})
    refused = await admin.get(f"/api/v1/{path}?colour=red")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_parameter")


@pytest.mark.parametrize("path", LISTS)
async def test_only_the_desk_looks_up_and_only_administration_people(city: City, path: str) -> None:
    callers = {
        "nobody": (city.client(), 401),
        "integrator": (city.integrator(), 403),
        "device": (city.client(city.device["token"]), 403),
        "console": (city.unit(POLICE), 403),
        "responder": (await city.person("police"), 403),
        "operator": (await city.person("desk1"), 403 if path == PERSONAL else 200),
        "leader": (await city.person("leader"), 403 if path == PERSONAL else 200),
        "admin": (await city.person("admin"), 200),
    }
    got = {who: (await client.get(f"/api/v1/{path}")).status_code for who, (client, _) in callers.items()}
    assert got == {who: wanted for who, (_, wanted) in callers.items()}


async def test_no_password_and_no_number_of_a_person_reaches_a_desk(city: City) -> None:
    people = (await (await city.person("admin")).get("/api/v1/people?q=desk1")).json()["items"]
    assert [person["login"] for person in people] == ["desk1"]
    assert "argon2" not in json.dumps(people)
    desk, admin = await city.person("desk1"), await city.person("admin")
    shown, whole = [
        {shift["unit"]["code"]: shift for shift in await _all(client, "shifts", 200)} for client in (desk, admin)
    ]
    on_call = next(code for code, shift in whole.items() if shift["on_call"] is not None)
    assert shown[on_call]["on_call"] is None
    assert shown[on_call]["has_on_call"] is True


async def test_a_desk_looks_up_its_own_area_only(city: City) -> None:
    await city.sql.execute("UPDATE person SET division_codes = '{430304005}' WHERE login = 'desk1'")
    desk = await city.person("desk1")
    for path in ("shifts", "jurisdictions"):
        codes = {entry["unit"]["code"] for entry in await _all(desk, path, 200)}
        assert POLICE in codes
        assert "430302001-PCS" not in codes
    assert all(d["place"]["division_code"].startswith("430304005") for d in await _all(desk, "devices", 200))


async def test_a_button_that_is_out_of_order_is_found(city: City) -> None:
    client = city.client(city.device["token"])
    await client.post(f"/api/v1/devices/{city.device['id']}/check-in", json={"battery_percent": 3})
    desk = await city.person()
    found = (await desk.get("/api/v1/devices?state=fault")).json()["items"]
    assert [(device["id"], device["state"], device["battery_percent"]) for device in found] == [
        (city.device["id"], "fault", 3)
    ]
    assert (await desk.get("/api/v1/devices?state=broken")).status_code == 422


async def test_whoever_answers_for_a_village_is_found_by_its_code(city: City) -> None:
    desk = await city.person()
    found = (await desk.get("/api/v1/jurisdictions?division=430304005003&kind=community_committee")).json()["items"]
    assert [entry["unit"]["code"] for entry in found] == ["430304005003-COM"]


class UndoneError(Exception):
    """Nothing of it is kept."""


async def test_agencies_say_in_which_order_reports_list_them(city: City) -> None:
    agencies = await _all(await city.person(), "agencies", 200)
    ranked = [one["code"] for one in sorted(agencies, key=lambda one: one["rank"])]
    assert ranked[:6] == ["police", "fire", "ems", "health", "justice", "community"]
    one: dict[str, object] = {"code": "police", "name": "公安", "name_en": "Police", "rank": 99}
    with contextlib.suppress(UndoneError):
        async with city.process.database.transaction("load") as connection:
            await write_bundle(connection, {"agencies": [one]})
            again = {row["code"]: row["rank"] for row in await list_agencies(connection)}
            raise UndoneError
    assert (again["police"], again["fire"]) == (99, 2), "a rank that is given counts, and moves nobody else"
