"""The same message again: one effect, one answer."""

import asyncio

from tests.support.city import HOSPITAL_CALL, POLICE, City


async def test_the_same_key_and_body_give_the_same_answer_and_say_so(city: City) -> None:
    client = city.integrator()
    first, second = [
        await client.post("/api/v1/incidents", json=HOSPITAL_CALL, headers={"Idempotency-Key": "HIS-1"})
        for _ in range(2)
    ]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 1


async def test_the_answer_stays_the_same_after_the_incident_has_moved_on(city: City) -> None:
    client = city.integrator()
    first = await client.post("/api/v1/incidents", json=HOSPITAL_CALL, headers={"Idempotency-Key": "k"})
    await city.act(POLICE, first.json()["incident"], "acknowledge")
    await city.forward(400)
    second = await client.post("/api/v1/incidents", json=HOSPITAL_CALL, headers={"Idempotency-Key": "k"})
    assert first.content == second.content


async def test_the_same_key_with_another_body_is_refused_and_does_nothing(city: City) -> None:
    client = city.integrator()
    headers = {"Idempotency-Key": "HIS-1"}
    await client.post("/api/v1/incidents", json=HOSPITAL_CALL, headers=headers)
    other = await client.post("/api/v1/incidents", json=HOSPITAL_CALL | {"description": "x"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 1


async def test_fifty_twins_at_once_have_one_effect_and_one_answer(city: City) -> None:
    client = city.integrator()
    answers = await asyncio.gather(
        *(client.post("/api/v1/incidents", json=HOSPITAL_CALL, headers={"Idempotency-Key": "twins"}) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 49
    counts = [await city.sql.fetchval(f"SELECT count(*) FROM {t}") for t in ("incident", "call", "outbox", "audit")]
    assert counts == [1, 1, 1, 1]
    assert await city.sql.fetchval("SELECT count(*) FROM assignment") == 5


async def test_keys_of_different_callers_never_meet(city: City) -> None:
    desk = await city.person()
    for client in (city.integrator(), desk):
        answer = await client.post("/api/v1/incidents", json=HOSPITAL_CALL, headers={"Idempotency-Key": "1"})
        assert answer.status_code == 201
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 2


async def test_an_acknowledgement_sent_twice_with_its_key_is_answered_twice_and_done_once(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    assignment = await city.open_assignment(POLICE, incident)
    client = city.unit(POLICE)
    path, headers = f"/api/v1/assignments/{assignment}/acknowledge", {"Idempotency-Key": "ack-1"}
    answers = await asyncio.gather(*(client.post(path, json={}, headers=headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    without = await client.post(path, json={})
    assert (without.status_code, without.json()["code"]) == (409, "wrong_state")
    assert without.json()["current"]["status"] == "acknowledged"
    assert without.json()["changed_by"]
    assert await city.sql.fetchval("SELECT version FROM assignment WHERE id = $1", assignment) == 2


async def test_a_decline_and_a_note_sent_twice_with_their_keys_happen_once(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    assignment = await city.open_assignment(POLICE, incident)
    for _ in range(2):
        answer = await city.unit(POLICE).post(
            f"/api/v1/assignments/{assignment}/decline", json={"reason": "busy"}, headers={"Idempotency-Key": "d"}
        )
        assert answer.status_code == 200
        assert answer.json()["status"] == "declined"
    assert await city.sql.fetchval("SELECT count(*) FROM assignment WHERE backup_for IS NOT NULL") == 1
    desk = await city.person()
    for _ in range(2):
        await desk.post(
            f"/api/v1/incidents/{incident['id']}/note", json={"text": "hello"}, headers={"Idempotency-Key": "n"}
        )
    noted = await city.sql.fetchval("SELECT count(*) FROM audit WHERE events::text LIKE '%incident.noted%'")
    assert noted == 1
