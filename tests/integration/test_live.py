"""The live link: nothing missed, nothing twice, nobody slowed by another, closed with a name."""

import asyncio
import json

import asyncpg
import pytest
from websockets.asyncio.client import connect

from dispatch.jobs import upkeep
from tests.support.city import COMMUNITY, FOUR, HOSPITAL_CALL, POLICE, City, Console, running


async def test_after_a_reconnect_with_the_last_cursor_nothing_is_missed(city: City) -> None:
    console = await city.unit_console(POLICE)
    await city.report()
    await console.event("assignment.issued")
    cursor, seen = console.cursor, {e["event_id"] for e in console.events}
    await console.leave()
    reports = [await city.report() for _ in range(5)]
    back = await city.unit_console(POLICE, cursor)
    assert back.frames[0]["resume"] == "replayed"
    await back.event("assignment.issued", 5)
    fresh = [e for e in back.named("assignment.issued") if e["event_id"] not in seen]
    assert [e["incident"]["id"] for e in fresh] == [report["id"] for report in reports]


async def test_a_resume_under_concurrent_writers_is_gap_free(city: City) -> None:
    told: dict[str, set[str]] = {}
    done = asyncio.Event()

    async def write() -> list[str]:
        client = city.integrator()
        return [
            (await client.post("/api/v1/incidents", json=HOSPITAL_CALL)).json()["incident"]["id"] for _ in range(12)
        ]

    async def listen() -> set[str]:
        seen: set[str] = set()
        cursor = None
        while True:
            finishing = done.is_set()
            console = await city.unit_console(POLICE, cursor)
            await asyncio.sleep(0.15)
            for frame in console.frames:
                if frame["type"] == "snapshot":
                    seen |= {incident["id"] for incident in frame["incidents"]}
                elif frame["type"] == "event":
                    seen.add(frame["incident"]["id"])
            cursor = console.cursor
            await console.leave()
            if finishing:
                return seen

    listening = asyncio.create_task(listen())
    written = await asyncio.gather(*(write() for _ in range(4)))
    done.set()
    told["police"] = await listening
    assert {number for some in written for number in some} <= told["police"]


async def test_a_long_transaction_stalls_no_push_and_loses_no_resume(city: City) -> None:
    console = await city.unit_console(POLICE)
    blocker = await asyncpg.connect(city.url)
    await blocker.execute("BEGIN; SELECT pg_current_xact_id()")
    try:
        incident = await city.report()
        issued = await console.event("assignment.issued")
        assert issued["incident"]["id"] == incident["id"]
        cursor = issued["cursor"]
        await console.leave()
        late = await city.report()
        back = await city.unit_console(POLICE, cursor)
        await back.until(lambda c: late["id"] in {e["incident"]["id"] for e in c.events})
        assert len({e["event_id"] for e in back.events}) == len(back.events)
    finally:
        await blocker.execute("ROLLBACK")
        await blocker.close()


@pytest.mark.parametrize("cursor", ["other.1", "nonsense", "x" * 90, "{epoch}.99999999999", "{epoch}.-1", "."])
async def test_a_cursor_that_cannot_be_honoured_is_reset_with_a_snapshot(city: City, cursor: str) -> None:
    incident = await city.report()
    console = await city.unit_console(POLICE, cursor.replace("{epoch}", city.process.relay.epoch))
    snapshot = await console.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
    assert console.frames[0]["resume"] == "reset"
    assert [i["id"] for i in snapshot["incidents"]] == [incident["id"]]


async def test_a_restored_database_believes_no_old_cursor(city: City, city_database: tuple) -> None:
    cursor = city.process.relay.cursor
    await city.sql.execute("UPDATE epoch SET database_identity = 'a dump from elsewhere'")
    async with running(*city_database) as restored:
        console = await restored.unit_console(POLICE, cursor)
        assert console.frames[0]["resume"] == "reset"


async def test_a_cursor_from_before_the_pruning_is_reset(city: City) -> None:
    cursor = city.process.relay.cursor
    await city.report()
    await asyncio.sleep(0.4)
    await city.sql.execute("UPDATE epoch SET pruned_xid = pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    console = await city.unit_console(POLICE, cursor)
    assert console.frames[0]["resume"] == "reset"


async def test_a_backlog_of_old_changes_goes_in_bites_and_resumes_from_before_it_take_a_snapshot(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await city.unit_console(POLICE)
    cursor = before.cursor
    for _ in range(5):
        await city.press()
    monkeypatch.setattr(upkeep, "MOST_AT_ONCE", 2)
    await city.sql.execute("UPDATE outbox SET recorded_at = recorded_at - interval '2 days'")
    await city.sql.execute("UPDATE idempotency SET created_at = created_at - interval '2 days'")
    kept = (await city.press()).json()["incident"]
    await upkeep.PruneLoop(city.process.database, 86_400).once()
    assert await city.sql.fetchval("SELECT count(*) FROM outbox") == 1
    assert await city.sql.fetchval("SELECT count(*) FROM idempotency") == 1
    back = await city.unit_console(POLICE, cursor)
    snapshot = await back.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
    assert [incident["id"] for incident in snapshot["incidents"]] == [kept["id"]]


async def test_two_processes_on_one_database_tell_each_others_consoles(city: City, city_database: tuple) -> None:
    async with running(*city_database) as other:
        console = await other.unit_console(POLICE)
        incident = await city.report()
        frame = await console.event("assignment.issued")
        assert frame["incident"]["id"] == incident["id"]
        await other.act(POLICE, incident, "acknowledge")
        assert (await city.incident(incident["id"]))["status"] == "in_progress"


async def test_without_the_doorbell_the_poll_finds_it(city: City, city_database: tuple) -> None:
    city.process.relay.ring = lambda: None
    async with running(*city_database) as other:
        console = await other.unit_console(POLICE)
        await city.report()
        await console.event("assignment.issued")


async def test_a_console_hears_only_of_its_own_units_incidents(city: City) -> None:
    stranger = await city.unit_console("430302001-PCS")
    police = await city.unit_console(POLICE)
    await city.report()
    await police.event("assignment.issued")
    await asyncio.sleep(0.4)
    assert stranger.events == []
    assert next(f for f in stranger.frames if f["type"] == "snapshot")["incidents"] == []


async def test_the_integrator_hears_of_its_own_incidents_only(city: City) -> None:
    mine = await city.console(city.integrator_key)
    desk = await city.person()
    await desk.post("/api/v1/incidents", json=HOSPITAL_CALL)
    incident = await city.report()
    await mine.event("incident.opened")
    await asyncio.sleep(0.3)
    assert {e["incident"]["id"] for e in mine.events} == {incident["id"]}


async def test_heartbeats_carry_the_servers_time_and_cursor(city: City) -> None:
    console = await city.unit_console(POLICE)
    await city.process.sockets.beat()
    beat = await console.until(lambda c: next((f for f in c.frames if f["type"] == "heartbeat"), None))
    assert beat["server_time"]
    assert beat["cursor"].startswith(city.process.relay.epoch)


@pytest.mark.parametrize(
    "garbage",
    ["", "{", "[]", '{"type":"order"}', '{"type":"receipt"}', "9" * 5000, b"bytes"],
    ids=["empty", "open", "list", "order", "receipt without id", "long", "binary"],
)
async def test_garbage_is_closed_with_its_name_and_harms_nobody(city: City, garbage: str | bytes) -> None:
    good, bad = await city.unit_console(POLICE), await city.unit_console(COMMUNITY)
    await bad.send(garbage)
    assert await bad.until_closed() == (4003, "bad_message")
    await city.report()
    await good.event("assignment.issued")


async def test_a_flood_of_messages_is_closed_with_its_name(city: City) -> None:
    console = await city.unit_console(POLICE)
    receipt = json.dumps({"type": "receipt", "assignment_id": "01980000-0000-7000-8000-000000000001", "state": "seen"})
    for _ in range(400):
        if console.closed:
            break
        await console.send(receipt)
    assert await console.until_closed() == (4007, "flood")


async def test_a_key_that_is_unknown_gets_no_socket(city: City) -> None:
    address = city.base_url.replace("http", "ws", 1) + "/api/v1/live"
    async with connect(address, subprotocols=["dispatch.v1"]) as raw:
        await raw.send(json.dumps({"type": "hello", "token": "dsp_wrong"}))
        console = Console(raw)
        assert await console.until_closed() == (4001, "unauthenticated")


async def test_a_page_of_another_site_gets_no_socket(city: City) -> None:
    address = city.base_url.replace("http", "ws", 1) + "/api/v1/live"
    async with connect(address, origin="http://evil.example") as raw:  # type: ignore[arg-type]
        await raw.send(json.dumps({"type": "hello", "token": city.unit_key(POLICE)}))
        assert await Console(raw).until_closed() == (4002, "forbidden")


async def test_a_revoked_key_loses_its_socket_within_a_heartbeat(city: City) -> None:
    console = await city.unit_console(POLICE)
    await city.sql.execute("UPDATE api_key SET revoked_at = now() WHERE unit_id = $1", city.unit_id(POLICE))
    await city.process.sockets.recheck()
    assert await console.until_closed() == (4006, "revoked")
    await asyncio.sleep(1.1)
    assert (await city.unit(POLICE).get("/api/v1/me")).status_code == 401


async def test_a_slow_reader_is_dropped_by_name_and_slows_nobody(city: City) -> None:
    slow, quick = await city.unit_console(COMMUNITY), await city.unit_console(POLICE)
    subscriber = next(s for s in city.process.hub.subscribers if s.principal.unit_id == city.unit_id(COMMUNITY))
    subscriber.waiting.extend(["{}"] * 600)
    subscriber.push(["{}"])
    assert (await slow.until_closed())[1] == "slow_consumer"
    await city.report()
    await quick.event("assignment.issued")


async def test_when_the_service_stops_every_socket_is_told_to_reconnect(city_database: tuple) -> None:
    async with running(*city_database) as city:
        consoles = [await city.unit_console(code) for code in FOUR]
        city.server.should_exit = True
        assert [await console.until_closed() for console in consoles] == [(4000, "going_away")] * 4
