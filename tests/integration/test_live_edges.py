"""The edges of the live link: no hello, a reader that does not read, work that is undone, a session's end."""

import asyncio
import json
import socket
from urllib.parse import urlsplit

import asyncpg
import pytest
from websockets.asyncio.client import connect

from tests.support.city import COMMUNITY, HOSPITAL_CALL, POLICE, City, Console, running


async def test_a_socket_that_says_nothing_is_closed_with_its_name(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.live.socket.HELLO_WITHIN_S", 0.2)
    async with connect(city.base_url.replace("http", "ws", 1) + "/api/v1/live", subprotocols=["dispatch.v1"]) as raw:
        assert await Console(raw).until_closed() == (4005, "hello_timeout")


async def test_a_reader_that_stops_reading_is_dropped_and_holds_nobody_up(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.live.socket.WRITE_WITHIN_S", 0.5)
    address = urlsplit(city.base_url)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((address.hostname, address.port))
    deaf.setblocking(False)
    stuck = await connect(
        city.base_url.replace("http", "ws", 1) + "/api/v1/live", sock=deaf, subprotocols=["dispatch.v1"], max_queue=1
    )
    await stuck.send(json.dumps({"type": "hello", "token": city.unit_key(COMMUNITY)}))
    stuck.transport.pause_reading()
    quick = await city.unit_console(POLICE)
    own = city.unit_id(COMMUNITY)
    await _until(lambda: any(s.principal.unit_id == own and s.held is None for s in city.process.hub.subscribers))
    began = asyncio.get_running_loop().time()
    client, sent = city.integrator(), 0
    body = HOSPITAL_CALL | {"description": "x" * 4000}
    while any(s.principal.unit_id == own for s in city.process.hub.subscribers):
        answers = await asyncio.gather(*(client.post("/api/v1/incidents", json=body) for _ in range(20)))
        sent += len(answers)
        assert sent < 3_000, "a reader that reads nothing is still served"
    await quick.event("assignment.issued", sent)
    assert asyncio.get_running_loop().time() - began < 60
    stuck.transport.abort()


async def test_what_is_rolled_back_reaches_nobody_and_leaves_no_gap(city: City) -> None:
    console = await city.unit_console(POLICE)
    first = await city.report()
    undone = await asyncpg.connect(city.url)
    await undone.execute("BEGIN")
    await undone.execute(
        "INSERT INTO outbox (id, incident_id, unit_ids, change) "
        "SELECT gen_random_uuid(), incident_id, unit_ids, change FROM outbox LIMIT 1"
    )
    second = await city.report()
    await console.event("assignment.issued", 2)
    cursor = console.cursor
    await console.leave()
    await undone.execute("ROLLBACK")
    await undone.close()
    third = await city.report()
    back = await city.unit_console(POLICE, cursor)
    await back.until(lambda c: third["id"] in {e["incident"]["id"] for e in c.events})
    told = {e["event_id"]: e["incident"]["id"] for e in [*console.named("assignment.issued"), *back.events]}
    assert {first["id"], second["id"], third["id"]} == set(told.values())


async def test_whoever_logs_out_loses_the_socket_within_a_heartbeat(city: City) -> None:
    desk = await city.person()
    console = await city.console(client=desk)
    assert (await desk.delete("/api/v1/sessions/current")).status_code == 204
    await city.process.sockets.recheck()
    assert await console.until_closed() == (4006, "revoked")


async def test_the_other_process_acts_on_the_timers_of_one_that_is_gone(city: City, city_database: tuple) -> None:
    async with running(*city_database) as gone:
        incident = await gone.report()
    console = await city.unit_console(POLICE)
    city.offset += type(city.offset)(seconds=31)
    urged = await console.event("assignment.urged")
    assert urged["incident"]["id"] == incident["id"]


async def _until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)
