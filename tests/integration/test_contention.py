"""Many want the same row at once: somebody waits, somebody is told to come again, nobody meets an error of ours."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from dispatch.demo.access import Access
from dispatch.operations.escalate_overdue import escalate_overdue
from dispatch.operations.watch_acknowledged import watch_acknowledged
from dispatch.storage.work import list_acknowledged
from tests.support.city import COMMUNITY, HOSPITAL_CALL, POLICE, City, running

ARMED = HOSPITAL_CALL | {"incident_type": "violence.armed", "tags": ["weapon"]}
TWICE = """
SELECT count(*) FROM (SELECT 1 FROM assignment a JOIN unit u ON u.id = a.unit_id JOIN unit_kind k ON k.code = u.kind
  WHERE k.exclusive AND a.role <> 'notify' AND a.ended_at IS NULL GROUP BY a.unit_id HAVING count(*) > 1) twice
"""


async def test_a_row_that_somebody_holds_for_long_is_an_outage_not_an_error_of_ours(city: City) -> None:
    incident = await city.report()
    holder = await asyncpg.connect(city.url)
    await holder.execute("BEGIN")
    await holder.execute("SELECT 1 FROM incident WHERE id = $1::uuid FOR UPDATE", incident["id"])
    try:
        desk = await city.person()
        answer = await desk.post(f"/api/v1/incidents/{incident['id']}/note", json={"text": "x"})
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    finally:
        await holder.execute("ROLLBACK")
        await holder.close()
    assert (await desk.post(f"/api/v1/incidents/{incident['id']}/note", json={"text": "x"})).status_code == 200


async def test_a_new_call_goes_through_while_everybody_waits_for_an_incident_that_somebody_holds(city: City) -> None:
    held = await city.report()
    desk, own = await city.person(), await city.open_assignment(POLICE, held)
    holder = await asyncpg.connect(city.url)
    await holder.execute("BEGIN")
    await holder.execute("SELECT 1 FROM incident WHERE id = $1::uuid FOR UPDATE", held["id"])
    try:
        path = f"/api/v1/incidents/{held['id']}/note"
        waiting = [asyncio.create_task(desk.post(path, json={"text": str(number)})) for number in range(10)]
        verb = f"/api/v1/assignments/{own}/acknowledge"
        waiting += [asyncio.create_task(city.unit(POLICE).post(verb, json={})) for _ in range(10)]
        async with asyncio.timeout(30):
            while await city.sql.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") < 2:
                await asyncio.sleep(0.01)
        call = asyncio.create_task(city.integrator().post("/api/v1/incidents", json=ARMED))
        first, _ = await asyncio.wait([call, *waiting], return_when=asyncio.FIRST_COMPLETED)
        assert first == {call}
        assert call.result().status_code == 201
    finally:
        await holder.execute("ROLLBACK")
        await holder.close()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} <= {200, 409, 503}


async def test_an_incident_that_somebody_holds_delays_no_other_incidents_timers(city: City) -> None:
    held, other = await city.report(), await city.report()
    holder = await asyncpg.connect(city.url)
    await holder.execute("BEGIN")
    await holder.execute("SELECT 1 FROM incident WHERE id = $1::uuid FOR UPDATE", held["id"])
    try:
        city.offset += type(city.offset)(seconds=31)
        urged: list[asyncpg.Record] = []
        async with asyncio.timeout(4):  # less than the holder would be waited for
            while not urged:  # the service's own loop may be at it in this moment
                await escalate_overdue(city.process.context)
                urged = await city.sql.fetch(
                    "SELECT DISTINCT incident_id::text AS id FROM assignment WHERE steps_done <> '{}'"
                )
        assert [row["id"] for row in urged] == [other["id"]]
    finally:
        await holder.execute("ROLLBACK")
        await holder.close()
    await city.forward(0)
    assert await city.sql.fetchval("SELECT count(DISTINCT incident_id) FROM assignment WHERE steps_done <> '{}'") == 2


async def test_crews_that_somebody_holds_delay_no_other_incidents_timers(city: City) -> None:
    armed, other = (
        (await city.integrator().post("/api/v1/incidents", json=ARMED)).json()["incident"],
        await city.report(),
    )
    holder = await asyncpg.connect(city.url)
    await holder.execute("BEGIN")
    await holder.execute("SELECT 1 FROM unit_state FOR UPDATE")
    try:
        city.offset += type(city.offset)(seconds=61)
        async with asyncio.timeout(25):  # several of those who want a crew are tried in vain before
            while not await _is_escalated(city, other):
                await escalate_overdue(city.process.context)
        assert not await _is_escalated(city, armed)
    finally:
        await holder.execute("ROLLBACK")
        await holder.close()
    await city.forward(5)
    assert await _is_escalated(city, armed)


async def _is_escalated(city: City, incident: dict[str, Any]) -> bool:
    asked = "SELECT EXISTS (SELECT 1 FROM assignment WHERE incident_id = $1 AND 'escalate' = ANY(steps_done))"
    return bool(await city.sql.fetchval(asked, incident["id"]))


async def test_an_incident_that_somebody_holds_hides_no_other_whose_unit_is_gone(city: City) -> None:
    for incident in (await city.report(), await city.report()):
        await city.act(POLICE, incident, "acknowledge")
    async with city.process.database.connection() as connection:
        held, other = [one.incident_id for one in await list_acknowledged(connection)]
    holder = await asyncpg.connect(city.url)
    await holder.execute("BEGIN")
    await holder.execute("SELECT 1 FROM incident WHERE id = $1::uuid FOR UPDATE", held)
    try:
        await (await city.person()).post(
            f"/api/v1/units/{city.unit_id(POLICE)}/status", json={"status": "out_of_service"}
        )
        await watch_acknowledged(city.process.context)
        assert [gap["reason"] for gap in (await city.incident(other))["shortfalls"]] == ["went_off_duty"]
    finally:
        await holder.execute("ROLLBACK")
        await holder.close()


async def test_two_desks_that_send_the_same_crews_in_opposite_order_do_not_block_each_other(city: City) -> None:
    crews = [u.id for u in city.process.context.knowledge.directory.units.values() if u.kind == "traffic_police"][:2]
    desk = await city.person()
    for _ in range(6):
        incidents = [await city.report(), await city.report()]
        orders = [crews, crews[::-1]]
        answers = await asyncio.gather(
            *(
                desk.post(
                    f"/api/v1/incidents/{incident['id']}/dispatch",
                    json={"units": [{"unit_id": unit} for unit in order]},
                )
                for incident, order in zip(incidents, orders, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409], [a.text for a in answers]
        for incident in incidents:
            assert (await desk.post(f"/api/v1/incidents/{incident['id']}/close", json={})).status_code == 200


async def test_thirty_armed_calls_at_once_over_two_processes_share_no_crew(
    city: City, city_database: tuple[str, Access]
) -> None:
    async with running(*city_database) as other:
        clients = [city.integrator(), other.integrator()]
        answers = await asyncio.gather(*(clients[n % 2].post("/api/v1/incidents", json=ARMED) for n in range(30)))
    assert {answer.status_code for answer in answers} == {201}
    assert await city.sql.fetchval(TWICE) == 0


async def test_twenty_presses_at_once_over_two_processes_open_one_incident(
    city: City, city_database: tuple[str, Access]
) -> None:
    async with running(*city_database) as other:
        answers = await asyncio.gather(*((city, other)[n % 2].press() for n in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["incident"]["id"] for answer in answers}) == 1
    assert await city.sql.fetchval("SELECT call_count FROM incident") == 20


async def test_fifty_twins_over_two_processes_have_one_effect(city: City, city_database: tuple[str, Access]) -> None:
    async with running(*city_database) as other:
        clients = [city.integrator(), other.integrator()]
        answers = await asyncio.gather(
            *(
                clients[n % 2].post("/api/v1/incidents", json=HOSPITAL_CALL, headers={"Idempotency-Key": "t"})
                for n in range(50)
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 1


async def test_twenty_presses_that_cannot_see_each_other_open_one_incident_every_time(city: City) -> None:
    desk = await city.person()
    for _ in range(12):  # one round in four opened several
        answers = await asyncio.gather(*(city.press() for _ in range(20)))
        outcomes = sorted(answer.json()["call"]["outcome"] for answer in answers)
        assert outcomes == [*["joined"] * 19, "opened"]
        path = f"/api/v1/incidents/{answers[0].json()['incident']['id']}/cancel"
        assert (await desk.post(path, json={"false_alarm": True})).status_code == 200


@pytest.mark.parametrize("round_", range(4))
async def test_a_press_that_meets_the_desks_cancellation_is_never_lost(city: City, round_: int) -> None:
    incident = (await city.press()).json()["incident"]
    desk = await city.person()
    path = f"/api/v1/incidents/{incident['id']}/cancel"
    answers = await asyncio.gather(
        *(city.press() for _ in range(5)),
        desk.post(path, json={"false_alarm": True}),
        *(city.press() for _ in range(5)),
    )
    assert {answer.status_code for answer in answers} <= {200, 201}, [answer.text for answer in answers]
    assert await city.sql.fetchval("SELECT count(*) FROM call") == 11
    assert await city.sql.fetchval("SELECT sum(call_count) FROM incident") == 11
    last = await city.press()
    assert last.json()["incident"]["status"] == "dispatched"


async def test_a_decline_and_an_acknowledgement_in_the_same_instant_have_one_winner(city: City) -> None:
    for _ in range(5):
        incident = await city.report()
        answers = await asyncio.gather(
            city.act(COMMUNITY, incident, "acknowledge"), city.act(COMMUNITY, incident, "decline", reason="busy")
        )
        declined = answers[1].status_code == 200
        assert sorted(answer.status_code for answer in answers) in ([200, 200], [200, 409])
        view = await city.incident(incident["id"])
        mine = next(a for a in view["assignments"] if a["unit"]["code"] == COMMUNITY)
        assert mine["status"] == ("declined" if declined else "acknowledged")


async def test_the_lead_and_its_backup_answer_in_the_same_instant_and_one_leads(
    city: City, city_database: tuple[str, Access]
) -> None:
    async with running(*city_database) as other:
        for _ in range(4):
            incident = await city.report()
            await city.forward(61)
            view = await city.incident(incident["id"])
            backup = next(a["unit"]["code"] for a in view["assignments"] if a["backup_for"] and a["slot"] == 0)
            answers = await asyncio.gather(
                city.act(POLICE, incident, "acknowledge"), other.act(backup, incident, "acknowledge")
            )
            assert [answer.status_code for answer in answers] == [200, 200]
            view = await city.incident(incident["id"])
            assert sum(a["role"] == "lead" for a in view["assignments"]) == 1


async def test_the_same_joining_press_sent_again_gets_the_same_answer(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    press_id = str(uuid4())
    first = await city.press(press_id)
    await city.act(POLICE, incident, "acknowledge")
    second = await city.press(press_id)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.content == first.content


async def test_a_verb_on_an_incident_sent_again_gets_the_same_answer(city: City) -> None:
    incident = await city.report()
    desk = await city.person()
    post: Any = lambda: desk.post(  # noqa: E731
        f"/api/v1/incidents/{incident['id']}/note", json={"text": "x"}, headers={"Idempotency-Key": "n"}
    )
    first = await post()
    await city.act(POLICE, incident, "acknowledge")
    second = await post()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.content == first.content


async def test_one_key_for_two_verbs_of_one_body_is_refused(city: City) -> None:
    incident = await city.report()
    assignment = await city.open_assignment(POLICE, incident)
    client, headers = city.unit(POLICE), {"Idempotency-Key": "same"}
    first = await client.post(f"/api/v1/assignments/{assignment}/acknowledge", json={}, headers=headers)
    second = await client.post(f"/api/v1/assignments/{assignment}/depart", json={}, headers=headers)
    assert (first.status_code, second.status_code) == (200, 422)
    assert second.json()["code"] == "idempotency_key_reused"


async def test_words_that_look_like_our_own_mark_stay_as_they_were_said(city: City) -> None:
    said = "说 @number@ 了"
    headers = {"Idempotency-Key": "m"}
    body = HOSPITAL_CALL | {"description": said}
    first, second = [await city.integrator().post("/api/v1/incidents", json=body, headers=headers) for _ in range(2)]
    assert first.json()["incident"]["description"] == said
    assert first.content == second.content


async def test_connections_that_are_cut_under_load_lose_nothing_and_send_nobody_twice(city: City) -> None:
    client = city.integrator()
    console = await city.unit_console(POLICE)
    cutting = asyncio.create_task(_cut_again_and_again(city))

    async def one(number: int) -> str:
        await asyncio.sleep(number / 60)
        for _ in range(60):
            answer = await client.post(
                "/api/v1/incidents", json=HOSPITAL_CALL, headers={"Idempotency-Key": f"c-{number}"}
            )
            if answer.status_code == 201:
                return str(answer.json()["incident"]["id"])
            assert answer.status_code == 503, answer.text
            await asyncio.sleep(0.1)
        raise AssertionError(f"{number} never got through")

    ids = await asyncio.gather(*(one(number) for number in range(120)))
    cutting.cancel()
    assert len(set(ids)) == 120
    assert await city.sql.fetchval("SELECT count(*) FROM incident") == 120
    issued = lambda c: [e["incident"]["id"] for e in c.named("assignment.issued")]  # noqa: E731
    await console.until(lambda c: set(ids) <= set(issued(c)))
    told = {e["event_id"]: e["incident"]["id"] for e in console.named("assignment.issued")}
    assert sorted(told.values()) == sorted(ids)


async def _cut_again_and_again(city: City) -> None:
    own = await asyncpg.connect(city.url)
    try:
        while True:
            await asyncio.sleep(0.3)
            await own.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name LIKE 'dispatch%'"
            )
    finally:
        own.terminate()
