"""What a key or a log-in opens follows what was decided about it, on open sockets too, and nobody is locked out."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from dispatch import security
from dispatch.operations.manage_access import store_keys, store_people
from dispatch.security import hash_password, hash_secret, new_secret
from dispatch.storage.access import NewKey, NewPerson, delete_session
from dispatch.storage.database import Connection
from tests.support.city import HOSPITAL_CALL, POLICE, City

IN_ANOTHER_DISTRICT = {"incident_type": "noise.complaint", "division_code": "430302"}


async def _integrator(city: City, *division_codes: str) -> str:
    secret = new_secret()
    key = NewKey(str(uuid4()), hash_secret(secret), "HIS", "integrator", division_codes=division_codes)
    await store_keys(city.process.database, [key])
    return secret


async def _newcomer(city: City, password: str, *division_codes: str, role: str = "operator") -> str:
    person = NewPerson(str(uuid4()), "newcomer", "新人", role, None, division_codes, hash_password(password))
    await store_people(city.process.database, [person])
    return person.login


async def test_a_hospitals_key_sends_nobody_in_a_district_that_is_not_its_own(city: City) -> None:
    client = city.client(await _integrator(city, "430304005", "430321"))
    refused = await client.post("/api/v1/incidents", json=IN_ANOTHER_DISTRICT)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "430302" in refused.json()["detail"]
    assert refused.json()["division_codes"] == ["430304005", "430321"]
    assert await city.sql.fetchval("SELECT count(*) FROM call") == 0
    assert (await client.post("/api/v1/incidents", json=HOSPITAL_CALL)).status_code == 201


async def test_the_point_of_a_call_decides_and_not_what_it_leaves_out(city: City) -> None:
    client = city.client(await _integrator(city, "430302"))
    without = {key: value for key, value in HOSPITAL_CALL.items() if key != "division_code"}
    answer = await client.post("/api/v1/incidents", json=without)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_key_without_codes_reports_for_the_whole_city(city: City) -> None:
    client = city.client(await _integrator(city))
    for call in (HOSPITAL_CALL, IN_ANOTHER_DISTRICT):
        assert (await client.post("/api/v1/incidents", json=call)).status_code == 201


async def test_a_password_that_became_known_opens_nothing_once_it_is_changed(city: City) -> None:
    login = await _newcomer(city, "first", "4303")
    thief = city.client()
    assert (await thief.post("/api/v1/sessions", json={"login": login, "password": "first"})).status_code == 201
    console = await city.console(client=thief)
    await _newcomer(city, "second", "4303")
    await city.process.sockets.recheck()
    assert await console.until_closed() == (4006, "revoked")
    await asyncio.sleep(1.1)
    assert (await thief.get("/api/v1/me")).status_code == 401


async def test_an_old_password_that_is_being_checked_opens_nothing_after_the_change(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = await _newcomer(city, "first", "4303")

    async def overtaken(password: str, stored: str | None) -> bool:
        right = await security.password_matches(password, stored)
        await _newcomer(city, "second", "4303")
        return right

    monkeypatch.setattr("dispatch.api.sessions.password_matches", overtaken)
    answer = await city.client().post("/api/v1/sessions", json={"login": login, "password": "first"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert await city.sql.fetchval("SELECT count(*) FROM session") == 0


async def test_whoever_logs_out_while_a_page_still_asks_leaves_nothing_open_behind(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await city.person()
    secret = desk.cookies[security.SESSION_COOKIE]

    async def overtaken(connection: Connection, token_hash: bytes) -> None:
        await city.process.authenticator.by_session(secret)
        await delete_session(connection, token_hash)

    monkeypatch.setattr("dispatch.api.sessions.delete_session", overtaken)
    assert (await desk.delete("/api/v1/sessions/current")).status_code == 204
    desk.cookies[security.SESSION_COOKIE] = secret
    assert (await desk.get("/api/v1/me")).status_code == 401


async def test_a_stranger_who_guesses_does_not_lock_the_shift_leader_out(city: City) -> None:
    stranger = city.client()
    stranger.headers["X-Forwarded-For"] = "203.0.113.9"
    for _ in range(6):
        guess = await stranger.post("/api/v1/sessions", json={"login": "leader", "password": "guess"})
    assert guess.status_code == 429
    right = await stranger.post("/api/v1/sessions", json={"login": "leader", "password": "demo-only"})
    assert right.status_code == 429
    await city.person("leader")


async def test_a_desk_whose_area_was_narrowed_hears_no_more_of_the_rest(city: City) -> None:
    login = await _newcomer(city, "first", "4303")
    desk = city.client()
    await desk.post("/api/v1/sessions", json={"login": login, "password": "first"})
    console = await city.console(client=desk)
    await city.sql.execute("UPDATE person SET division_codes = '{430321}' WHERE login = $1", login)
    await city.process.sockets.recheck()
    assert await console.until_closed() == (4010, "scope_changed")
    await asyncio.sleep(1.1)
    again = await city.console(client=desk)
    assert again.frames[0]["scope"]["division_codes"] == ["430321"]
    await city.report()
    await asyncio.sleep(0.3)
    assert again.events == []


async def test_a_responder_who_moved_to_another_unit_does_not_hear_for_the_old_one(city: City) -> None:
    responder = await city.person("police")
    console = await city.console(client=responder)
    unit_id = await city.sql.fetchval("SELECT unit_id FROM person WHERE login = 'police'")
    try:
        await city.sql.execute("UPDATE person SET unit_id = $1 WHERE login = 'police'", city.unit_id("430302001-PCS"))
        await city.process.sockets.recheck()
        assert await console.until_closed() == (4006, "revoked")
    finally:
        await city.sql.execute("UPDATE person SET unit_id = $1 WHERE login = 'police'", unit_id)


async def test_a_changed_name_closes_no_socket(city: City) -> None:
    console = await city.unit_console(POLICE)
    name = await city.sql.fetchval("SELECT name FROM api_key WHERE unit_id = $1", city.unit_id(POLICE))
    try:
        await city.sql.execute("UPDATE api_key SET name = 'x' WHERE unit_id = $1", city.unit_id(POLICE))
        await city.process.sockets.recheck()
        assert {s.principal.name for s in city.process.hub.subscribers} == {"x"}
        await city.report()
        await console.event("assignment.issued")
    finally:
        await city.sql.execute("UPDATE api_key SET name = $1 WHERE unit_id = $2", name, city.unit_id(POLICE))


async def test_many_sockets_are_asked_about_in_one_statement(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(12):
        await city.unit_console(POLICE)
    await city.console(client=await city.person())
    asked: list[int] = []
    real = security.find_holders

    async def counted(connection: Any, hashes: list[bytes]) -> list[Any]:
        asked.append(len(hashes))
        return await real(connection, hashes)

    monkeypatch.setattr(security, "find_holders", counted)
    await city.process.sockets.recheck()
    assert asked == [2]
    assert len(city.process.hub.subscribers) == 13
