"""Rules are tried before they act: on one call, on a stored incident, on the past, while dispatching goes on."""

import asyncio
import copy
import csv
import io
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from arro3.io import read_parquet

from dispatch.api import tables
from dispatch.demo.city import bundle
from dispatch.operations import backtest_ruleset
from tests.support.city import COMMUNITY, HEALTH, HOSPITAL_CALL, JUSTICE, POLICE, City

RULE = "psychiatric.disturbance"
TYPES = (
    *("psychiatric.disturbance", "noise.complaint", "fire.structure", "medical.acute", "traffic.accident"),
    "domestic_violence",
)
NIGHT = "2026-11-23T02:17"


@pytest.fixture(autouse=True)
async def _only_the_demo_rules(city: City) -> AsyncIterator[None]:
    yield
    await city.sql.execute("DELETE FROM ruleset WHERE version > 1")


@pytest.fixture
async def desk(city: City) -> httpx.AsyncClient:
    return await city.person()


async def draft(city: City, *, status: str = "draft", **changes: Any) -> int:
    """Store a version whose rule for S01 lets health lead, sends no justice and asks for somebody who is not there."""
    body: dict[str, Any] = copy.deepcopy(bundle()["ruleset"]) | changes
    rule = next(rule for rule in body["rules"] if rule["id"] == RULE)
    rule["require"] = [
        {"unit_kind": "health_office", "role": "lead"},
        {"unit_kind": "police_station", "role": "support"},
        {"unit_kind": "community_committee", "role": "support", "substitutes": ["village_committee"]},
        {"unit_kind": "township_platform", "role": "support", "units": ["NOBODY"]},
    ]
    return await stored(city, body, status=status)


async def stored(city: City, body: dict[str, Any], *, status: str = "draft") -> int:
    published = "now(), 'test', now()" if status == "published" else "NULL, NULL, NULL"
    version = await city.sql.fetchval(
        "INSERT INTO ruleset (version, body, status, created_by, published_at, published_by, effective_at) "
        f"SELECT max(version) + 1, $1::json, $2, 'test', {published} FROM ruleset RETURNING version",
        json.dumps(body),
        status,
    )
    return int(version)


async def simulate(client: httpx.AsyncClient, version: int, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/rulesets/{version}/simulate", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["unit"]["code"] for entry in entries]


def chosen(explanation: dict[str, Any]) -> list[str]:
    return [code for asked in explanation["requirements"] for code in codes(asked["chosen"])]


def expect_the_draft_of_s01(told: dict[str, Any]) -> None:
    difference = told["difference"]
    assert JUSTICE in codes(difference["leaves"])
    assert difference["differs"]
    assert difference["lead_changes"]
    assert (difference["lead_before"]["code"], difference["lead_after"]["code"]) == (POLICE, HEALTH)
    assert difference["new_shortfalls"] == [
        {"unit_kind": "township_platform", "role": "support", "reason": "no_candidates", "count": 1}
    ]
    assert {HEALTH, POLICE, COMMUNITY} <= set(chosen(told["explanation"]))
    assert {HEALTH, POLICE, COMMUNITY, JUSTICE} <= set(chosen(told["in_force"]))


async def test_a_draft_is_tried_on_the_call_of_that_night_before_it_acts(city: City, desk: httpx.AsyncClient) -> None:
    version = await draft(city)
    told = await simulate(desk, version, call=HOSPITAL_CALL, at=NIGHT, all_free=True)
    assert (told["ruleset_version"], told["in_force_version"]) == (version, 1)
    assert told["decided_at"] == "2026-11-22T18:17:00+00:00"
    assert told["explanation"]["facts"]["hour"] == 2
    assert [entry["code"] for entry in told["assumptions"]] == ["directory_in_force", "all_free"]
    difference = told["difference"]
    assert (difference["lead_before"]["code"], difference["lead_after"]["code"]) == (POLICE, HEALTH)
    by_day = await simulate(desk, version, call=HOSPITAL_CALL, at="2026-11-23T10:00", all_free=True)
    expect_the_draft_of_s01(by_day)
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 0
    assert await city.sql.fetchval("SELECT count(*) FROM audit WHERE incident_id IS NOT NULL") == 0


async def test_a_draft_is_tried_on_what_was_recorded_of_an_incident(city: City, desk: httpx.AsyncClient) -> None:
    incident = await city.report()
    version = await draft(city)
    await city.report()  # nobody is as free as that day
    told = await simulate(desk, version, incident_id=incident["id"])
    assert [entry["code"] for entry in told["assumptions"]] == ["directory_in_force", "recorded_states"]
    assert told["difference"]["lead_after"]["code"] == HEALTH
    units = {assignment["unit"]["code"] for assignment in incident["assignments"]}
    assert set(chosen(told["in_force"])) == units
    assert told["decided_at"][:19] == incident["opened_at"][:19]


async def test_present_states_count_unless_everybody_is_said_to_be_free(city: City, desk: httpx.AsyncClient) -> None:
    code = await city.unit(POLICE).post(f"/api/v1/units/{city.unit_id(POLICE)}/status", json={"status": "off_duty"})
    assert code.status_code == 200
    busy = await simulate(desk, 1, call=HOSPITAL_CALL)
    free = await simulate(desk, 1, call=HOSPITAL_CALL, all_free=True)
    assert POLICE not in chosen(busy["explanation"])
    assert POLICE in chosen(free["explanation"])
    assert not busy["difference"]["differs"]


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "call_required", ""),
        ({"call": HOSPITAL_CALL | {"incident_type": "noise.complain"}}, "unknown_incident_type", "/call/incident_type"),
        ({"call": HOSPITAL_CALL | {"place_kind": "hospitl"}}, "unknown_place_kind", "/call/place_kind"),
        ({"call": {"incident_type": "noise.complaint"}}, "where_required", "/call"),
        ({"call": HOSPITAL_CALL, "at": 5}, "instant_expected", "/at"),
        ({"incident_id": "0190b3a4-0000-7000-8000-000000000000", "all_free": True}, "recorded", "/incident_id"),
    ],
)  # fmt: skip
async def test_what_cannot_be_tried_says_where_it_is_wrong(
    desk: httpx.AsyncClient, body: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await desk.post("/api/v1/rulesets/1/simulate", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_draft_that_is_not_valid_names_the_place_and_a_discarded_one_is_refused(
    city: City, desk: httpx.AsyncClient
) -> None:
    body = copy.deepcopy(bundle()["ruleset"])
    body["rules"][0]["require"][0]["unit_kind"] = "hospital_securty"
    broken = await stored(city, body)
    answer = await desk.post(f"/api/v1/rulesets/{broken}/simulate", json={"call": HOSPITAL_CALL})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_unit_kind")
    assert answer.json()["errors"][0]["pointer"] == "/rules/0/require/0/unit_kind"
    gone = await draft(city, status="discarded")
    assert (await desk.post(f"/api/v1/rulesets/{gone}/simulate", json={"call": HOSPITAL_CALL})).status_code == 409
    for version in ("99", "x", "-1", "99999999999"):
        answer = await desk.post(f"/api/v1/rulesets/{version}/simulate", json={"call": HOSPITAL_CALL})
        assert answer.status_code == 404, version


async def test_nobody_but_the_desk_tries_rules_or_asks_why(city: City) -> None:
    incident = await city.report()
    for client in (city.integrator(), city.unit(POLICE), city.client(city.device["token"])):
        for answer in (
            await client.post("/api/v1/rulesets/1/simulate", json={"call": HOSPITAL_CALL}),
            await client.post("/api/v1/rulesets/1/backtest", json={}),
            await client.get(f"/api/v1/incidents/{incident['id']}/explanation"),
        ):
            assert answer.status_code == 403


async def test_why_a_unit_was_not_sent_is_answered_for_any_unit(city: City, desk: httpx.AsyncClient) -> None:
    incident = await city.report()
    path = f"/api/v1/incidents/{incident['id']}/explanation"
    explained = (await desk.get(path)).json()
    assert explained["unit"] is None
    assert explained["is_complete"]
    assert set(chosen(explained)) == {assignment["unit"]["code"] for assignment in incident["assignments"]}
    sent = (await desk.get(path, params={"unit": POLICE})).json()["unit"]
    assert (sent["outcome"], sent["code"]) == ("chosen", "jurisdiction")
    other = (await desk.get(path, params={"unit": city.unit_id("430302001-PCS")})).json()["unit"]
    assert (other["unit"]["code"], other["outcome"]) == ("430302001-PCS", "aside")
    assert "another area" in other["sentence"]["en"]
    fire = next(u for u in city.process.context.knowledge.directory.units.values() if u.kind == "fire_rescue")
    kind = (await desk.get(path, params={"unit": fire.code})).json()["unit"]
    assert kind["code"] == "other_kind"
    assert fire.kind not in kind["sentence"]["zh"]
    held = next(u for u in city.process.context.knowledge.directory.units.values() if u.kind == "special_police")
    assert (await desk.get(path, params={"unit": held.code})).json()["unit"]["code"] == "held_back"
    assert (await desk.get(path, params={"unit": "NOBODY"})).status_code == 404
    assert (await desk.get(path, params={"units": "x"})).status_code == 422


async def test_near_misses_are_those_of_the_rules_that_decided_though_others_are_in_force_now(
    city: City, desk: httpx.AsyncClient
) -> None:
    incident = await city.report(incident_type="crisis.suicide", place_kind="hospital")
    before = (await desk.get(f"/api/v1/incidents/{incident['id']}")).json()["decision"]
    assert "crisis.suicide.school" in {missed["rule"] for missed in before["unmatched_nearby"]}
    body = copy.deepcopy(bundle()["ruleset"])
    body["rules"] = [rule for rule in body["rules"] if rule["id"] != "crisis.suicide.school"]
    version = await stored(city, body, status="published")
    async with asyncio.timeout(10):
        while city.process.context.knowledge.ruleset.version != version:
            await asyncio.sleep(0.05)
    after = (await desk.get(f"/api/v1/incidents/{incident['id']}")).json()["decision"]
    assert after["unmatched_nearby"] == before["unmatched_nearby"]
    explained = (await desk.get(f"/api/v1/incidents/{incident['id']}/explanation")).json()
    missed = next(entry for entry in explained["near_misses"] if entry["rule"] == "crisis.suicide.school")
    assert missed["fields"] == ["place_kind"]
    assert "hospital" in missed["sentence"]["en"]
    assert explained["ruleset_version"] == 1
    told = await simulate(desk, 1, incident_id=incident["id"])
    assert (told["ruleset_version"], told["in_force_version"]) == (1, version)


async def test_rules_that_can_no_longer_be_read_leave_the_stored_decision_explained(
    city: City, desk: httpx.AsyncClient
) -> None:
    incident = await city.report()
    await city.sql.execute(
        "UPDATE decision SET body = jsonb_set(body::jsonb, '{ruleset_version}', '77')::text WHERE incident_id = $1",
        incident["id"],
    )
    path = f"/api/v1/incidents/{incident['id']}/explanation"
    explained = (await desk.get(path, params={"unit": POLICE})).json()
    assert (explained["is_complete"], explained["near_misses"]) == (False, [])
    assert explained["unit"]["outcome"] == "chosen"
    assert (await desk.get(path, params={"unit": "430302001-PCS"})).json()["unit"]["code"] == "not_recorded"
    refused = await desk.post("/api/v1/rulesets/1/simulate", json={"incident_id": incident["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")


async def finished(client: httpx.AsyncClient, backtest_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            told: dict[str, Any] = (await client.get(f"/api/v1/rulesets/backtests/{backtest_id}")).json()
            if told["state"] != "running":
                return told
            await asyncio.sleep(0.05)


async def started(client: httpx.AsyncClient, version: int, **body: Any) -> str:
    answer = await client.post(f"/api/v1/rulesets/{version}/backtest", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def past(city: City, count: int = 30) -> None:
    """Let incidents of several types happen."""
    client = city.integrator()
    for number in range(count):
        changes: dict[str, Any] = {"incident_type": TYPES[number % len(TYPES)]}
        answer = await client.post("/api/v1/incidents", json=HOSPITAL_CALL | changes)
        assert answer.status_code == 201, answer.text


async def test_the_last_days_tell_what_a_draft_would_have_changed(city: City, desk: httpx.AsyncClient) -> None:
    await past(city)
    version = await draft(city)
    backtest_id = await started(desk, version, days=7)
    told = await finished(desk, backtest_id)
    assert (told["state"], told["done"], told["total"]) == ("done", 30, 30)
    summary = told["summary"]
    assert (summary["incidents"], summary["rows"], summary["drifted"], summary["skipped"]) == (30, 30, 0, {})
    assert (summary["differing"], summary["lead_changes"], summary["new_shortfalls"]) == (5, 5, 5)
    matched = {entry["rule"]: (entry["before"], entry["after"]) for entry in summary["rules"]}
    assert matched[RULE] == (5, 5)
    path = f"/api/v1/rulesets/backtests/{backtest_id}/rows"
    first = (await desk.get(path, params={"limit": 20})).json()
    rest = (await desk.get(path, params={"limit": 20, "after": first["after"]})).json()
    rows = first["items"] + rest["items"]
    assert (len(rows), rest["after"]) == (30, None)
    differing = (await desk.get(path, params={"differs": "true"})).json()["items"]
    assert differing == [row for row in rows if row["differs"]]
    for row in differing:
        assert row["incident_type"] == RULE
        assert (row["lead_before"], row["lead_after"]) == (POLICE, HEALTH)
        assert any(text.startswith(JUSTICE.split("-")[0]) for text in row["leaves"])
    assert (await desk.get(path, params={"differs": "maybe"})).status_code == 422
    assert (await desk.get(path, params={"after": "x"})).status_code == 422


async def test_csv_and_parquet_hold_the_same_rows(city: City, desk: httpx.AsyncClient) -> None:
    await past(city, 12)
    backtest_id = await started(desk, await draft(city))
    await finished(desk, backtest_id)
    path = f"/api/v1/rulesets/backtests/{backtest_id}/rows"
    as_csv, as_parquet = await desk.get(f"{path}.csv"), await desk.get(f"{path}.parquet")
    assert as_csv.headers["content-type"].startswith("text/csv")
    assert as_csv.content.startswith(b"\xef\xbb\xbf")
    from_csv = list(csv.DictReader(io.StringIO(as_csv.text.removeprefix("\ufeff"))))
    content = io.BytesIO(as_parquet.content)
    table = read_parquet(content).read_all()
    columns = {name: [value.as_py() for value in table[name]] for name in table.schema.names}
    from_parquet = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    assert len(from_csv) == len(from_parquet) == 12
    words = {True: "true", False: "false", None: ""}
    assert from_csv == [
        {key: words[value] if isinstance(value, bool | None) else str(value) for key, value in row.items()}
        for row in from_parquet
    ]
    assert [row["number"] for row in from_csv] == [
        row["number"] for row in (await desk.get(path, params={"limit": 200})).json()["items"]
    ]


async def test_an_installation_without_parquet_says_what_is_missing(
    city: City, desk: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    backtest_id = await started(desk, await draft(city))
    await finished(desk, backtest_id)
    monkeypatch.setattr(tables, "import_module", missing)
    answer = await desk.get(f"/api/v1/rulesets/backtests/{backtest_id}/rows.parquet")
    assert (answer.status_code, answer.json()["code"]) == (501, "not_installed")
    assert "dispatch-loop[parquet]" in answer.json()["detail"]


async def test_a_back_test_looks_at_the_type_and_division_that_are_named(city: City, desk: httpx.AsyncClient) -> None:
    await past(city, 12)
    version = await draft(city)
    for body, count in (
        ({"incident_type": "psychiatric"}, 2),
        ({"incident_type": "psychiatric", "division": "4303"}, 2),
        ({"division": "430302"}, 0),
    ):
        assert (await finished(desk, await started(desk, version, **body)))["total"] == count
    answer = await desk.post(f"/api/v1/rulesets/{version}/backtest", json={"incident_type": "psychiatri"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_incident_type")
    for days in (0, 367):
        assert (await desk.post(f"/api/v1/rulesets/{version}/backtest", json={"days": days})).status_code == 422


async def test_what_cannot_be_decided_again_is_counted_and_named(city: City, desk: httpx.AsyncClient) -> None:
    await past(city, 3)
    await city.sql.execute(
        "UPDATE decision SET input = NULL WHERE incident_id = (SELECT min(id::text)::uuid FROM incident)"
    )
    told = await finished(desk, await started(desk, await draft(city)))
    assert (told["state"], told["done"], told["summary"]["incidents"]) == ("done", 3, 2)
    assert told["summary"]["skipped"] == {"no_input": 1}


class Held:
    """Holds every decision of a back-test until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        decide = backtest_ruleset.decide

        def waiting(*given: Any) -> Any:
            self.go.wait(60)
            return decide(*given)

        monkeypatch.setattr(backtest_ruleset, "decide", waiting)
        monkeypatch.setattr(backtest_ruleset, "SLICE_S", 0.0)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    holding = Held(monkeypatch)
    yield holding
    holding.go.set()


async def test_dispatching_goes_on_while_the_past_is_tried(city: City, desk: httpx.AsyncClient, held: Held) -> None:
    await past(city, 6)
    backtest_id = await started(desk, await draft(city))
    incident = await city.report()
    assert {POLICE, HEALTH} <= {assignment["unit"]["code"] for assignment in incident["assignments"]}
    told = (await desk.get(f"/api/v1/rulesets/backtests/{backtest_id}")).json()
    assert (told["state"], told["done"]) == ("running", 0)
    second = await desk.post("/api/v1/rulesets/1/backtest", json={})
    assert (second.status_code, second.json()["current"]["id"]) == (409, backtest_id)
    held.go.set()
    told = await finished(desk, backtest_id)
    assert (told["done"], told["total"]) == (6, 6)
    assert (await desk.post("/api/v1/rulesets/1/backtest", json={})).status_code == 202


async def test_a_back_test_that_is_cancelled_keeps_what_it_found(
    city: City, desk: httpx.AsyncClient, held: Held
) -> None:
    await past(city, 6)
    backtest_id = await started(desk, await draft(city))
    path = f"/api/v1/rulesets/backtests/{backtest_id}"
    cancelling = asyncio.create_task(desk.post(f"{path}/cancel"))
    async with asyncio.timeout(10):
        while not city.process.backtests.get(backtest_id).cancelling:
            await asyncio.sleep(0.01)
    held.go.set()
    answer = await cancelling
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    told = (await desk.get(path)).json()
    assert told["state"] == "cancelled"
    assert told["done"] == len((await desk.get(f"{path}/rows")).json()["items"]) < 6
    assert (await desk.post(f"{path}/cancel")).json()["state"] == "cancelled"


async def test_the_newest_five_are_kept_and_nobody_sees_those_of_a_wider_area(
    city: City, desk: httpx.AsyncClient
) -> None:
    version, seen = await draft(city), []
    for _ in range(6):
        seen.append(await started(desk, version))
        await finished(desk, seen[-1])
    statuses = [(await desk.get(f"/api/v1/rulesets/backtests/{one}")).status_code for one in seen]
    assert statuses == [404, 200, 200, 200, 200, 200]
    assert (await desk.get("/api/v1/rulesets/backtests/x")).status_code == 404
    city.process.backtests.get(seen[-1]).areas = ("43", "44")
    assert (await desk.get(f"/api/v1/rulesets/backtests/{seen[-1]}")).status_code == 404
