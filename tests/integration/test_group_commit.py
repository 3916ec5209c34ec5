"""Calls that arrive together are written together; each is answered as if it had been alone."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.city import HOSPITAL_CALL, City

OTHER_COUNTY: dict[str, Any] = HOSPITAL_CALL | {
    "division_code": "430321",
    "location": {"longitude": 112.907, "latitude": 27.782, "crs": "WGS84"},
}


async def _report(client: httpx.AsyncClient, key: str, body: dict[str, Any] = HOSPITAL_CALL) -> httpx.Response:
    return await client.post("/api/v1/incidents", json=body, headers={"Idempotency-Key": key})


async def _taken(
    client: httpx.AsyncClient, first: asyncio.Task[httpx.Response], key: str, body: dict[str, Any] = HOSPITAL_CALL
) -> httpx.Response:
    """Wait for an answer; a call that has waited for a lock for too long was told to come again with its key."""
    answer = await first
    return answer if answer.status_code == 201 else await _report(client, key, body)


async def test_calls_in_one_instant_share_commits_and_each_has_its_own_number(city: City) -> None:
    client = city.integrator()
    answers = await asyncio.gather(
        *(_report(client, f"storm-{n}", (HOSPITAL_CALL, OTHER_COUNTY)[n % 2]) for n in range(40))
    )
    assert {answer.status_code for answer in answers} == {201}
    numbers = sorted(answer.json()["incident"]["number"] for answer in answers)
    assert len(set(numbers)) == 40
    for county in {number[:15] for number in numbers}:
        serials = [int(number[-6:]) for number in numbers if number.startswith(county)]
        assert serials == list(range(1, len(serials) + 1))
    assert await city.sql.fetchval("SELECT count(DISTINCT xid) FROM outbox") < 40
    for table in ("incident", "call", "decision", "idempotency"):
        assert await city.sql.fetchval(f"SELECT count(*) FROM {table}") == 40
    for table in ("outbox", "audit", "assignment"):  # a link that is added a second later is one more change
        assert await city.sql.fetchval(f"SELECT count(DISTINCT incident_id) FROM {table}") == 40
    unarmed = "SELECT count(*) FROM assignment a WHERE NOT EXISTS (SELECT 1 FROM timer t WHERE t.subject_id = a.id)"
    assert await city.sql.fetchval(unarmed) == 0
    for answer in answers:
        told = await city.sql.fetchrow(
            "SELECT i.number, o.change::json->'incident'->>'number' AS told, d.body IS NOT NULL AS why"
            " FROM incident i JOIN outbox o ON o.incident_id = i.id JOIN decision d ON d.incident_id = i.id"
            " WHERE i.id = $1 ORDER BY o.seq",
            answer.json()["incident"]["id"],
        )
        assert (told["number"], told["told"], told["why"]) == (answer.json()["incident"]["number"],) * 2 + (True,)


async def test_repeats_among_fresh_calls_spoil_none_of_them(city: City) -> None:
    client = city.integrator()
    first = await _report(client, "repeat")
    keys = ["repeat", "a", "b", "twin", "twin", "repeat", "c", "twin"]
    answers = await asyncio.gather(*(_report(client, key) for key in keys))
    assert {answer.status_code for answer in answers} == {201}
    assert [answer.content for key, answer in zip(keys, answers, strict=True) if key == "repeat"] == [first.content] * 2
    assert len({answer.content for key, answer in zip(keys, answers, strict=True) if key == "twin"}) == 1
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 5


async def test_a_call_stuck_behind_a_lock_holds_up_no_other_county(city: City) -> None:
    client = city.integrator()
    await _report(client, "before")
    async with city.sql.acquire() as connection:
        holding = connection.transaction()
        await holding.start()
        await connection.execute("SELECT 1 FROM incident_serial FOR UPDATE")
        stuck = [asyncio.create_task(_report(client, f"stuck-{n}")) for n in range(3)]
        others = await asyncio.gather(*(_report(client, f"free-{n}", OTHER_COUNTY) for n in range(3)))
        assert {answer.status_code for answer in others} == {201}
        assert not any(task.done() and task.result().status_code == 201 for task in stuck)
        await holding.rollback()
    assert {(await _taken(client, task, f"stuck-{n}")).status_code for n, task in enumerate(stuck)} == {201}
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 7


@pytest.mark.expects_error_log
async def test_one_that_cannot_be_written_fails_alone(city: City) -> None:
    """A crew that another incident took meanwhile, or a row that the database refuses: only that call notices."""
    client = city.integrator()
    await city.sql.execute(
        "ALTER TABLE call ADD CONSTRAINT spoilt CHECK (body->>'description' IS DISTINCT FROM 'spoilt') NOT VALID"
    )
    try:
        bodies = [HOSPITAL_CALL | {"description": "spoilt" if n == 3 else f"call {n}"} for n in range(8)]
        answers = await asyncio.gather(*(_report(client, f"k-{n}", body) for n, body in enumerate(bodies)))
    finally:
        await city.sql.execute("ALTER TABLE call DROP CONSTRAINT spoilt")
    assert [answer.status_code for answer in answers] == [201] * 3 + [500] + [201] * 4
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 7
    assert await city.sql.fetchval("SELECT count(*) FROM idempotency") == 7


async def test_a_crew_whose_row_is_held_is_waited_for_by_its_own_call_only(city: City) -> None:
    client = city.integrator()
    armed = HOSPITAL_CALL | {"incident_type": "violence.armed", "tags": ["weapon"]}
    async with city.sql.acquire() as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM unit_state FOR UPDATE")
        wanting = asyncio.create_task(_report(client, "armed", armed))
        others = await asyncio.gather(*(_report(client, f"other-{n}") for n in range(6)))
        assert {answer.status_code for answer in others} == {201}
        assert not (wanting.done() and wanting.result().status_code == 201)
    answer = await _taken(client, wanting, "armed", armed)
    assert answer.status_code == 201
    claimed = await city.sql.fetchval("SELECT count(*) FROM unit_state WHERE committed_to = $1", _id_of(answer))
    assert claimed > 0


def _id_of(answer: httpx.Response) -> str:
    return str(answer.json()["incident"]["id"])
