"""Rules are tried on the past, while dispatching goes on."""

import asyncio
import csv
import io
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from arro3.io import read_parquet

from dispatch.api import tables
from dispatch.operations import backtest_ruleset
from tests.integration.test_back_entry import enter, record
from tests.support.city import HEALTH, JUSTICE, POLICE, City
from tests.support.rules import RULE, draft, past


@pytest.fixture
async def desk(city: City) -> httpx.AsyncClient:
    return await city.person()


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
    assert (await enter(desk, record(city))).status_code == 201
    told = await finished(desk, await started(desk, await draft(city)))
    assert (told["state"], told["done"], told["summary"]["incidents"]) == ("done", 4, 2)
    assert told["summary"]["skipped"] == {"back_entry": 1, "no_input": 1}


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
