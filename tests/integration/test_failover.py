"""The primary dies and its standby is promoted: the service goes on by itself, nobody is left with an old picture."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from dispatch.demo.access import Access
from dispatch.storage.schema import WANTED, current_revision
from tests.support.city import HOSPITAL_CALL, POLICE, City, running
from tests.support.pair import Pair, pair
from tests.support.template import Template


@pytest.fixture
async def couple(city_on_disk: Template) -> AsyncIterator[tuple[Pair, Access]]:
    with pair() as servers:
        await asyncio.to_thread(servers.start_from, city_on_disk.directory)
        await asyncio.to_thread(servers.start_standby)
        yield servers, city_on_disk.access


@contextlib.asynccontextmanager
async def town(servers: Pair, access: Access) -> AsyncIterator[City]:
    async with running(servers.url, access) as city:
        await city.sql.close()  # the tests' own connections must not keep a former primary busy
        yield city


async def accepted(city: City, key: str) -> str:
    """Report with one key until it is accepted, as integrators do; every refusal on the way must be retryable."""
    client = city.integrator()
    async with asyncio.timeout(60):
        while True:
            answer = await client.post("/api/v1/incidents", json=HOSPITAL_CALL, headers={"Idempotency-Key": key})
            if answer.status_code == 201:
                return str(answer.json()["incident"]["id"])
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), answer.text
            assert int(answer.headers["Retry-After"]) >= 1
            await asyncio.sleep(0.1)


async def test_a_promotion_needs_no_human_and_no_call_is_taken_twice(couple: tuple[Pair, Access]) -> None:
    servers, access = couple
    assert await current_revision(servers.url) == WANTED
    async with town(servers, access) as city:
        first = await accepted(city, "before")
        epoch = city.process.relay.epoch
        calls = [asyncio.create_task(accepted(city, f"during-{number}")) for number in range(20)]
        await asyncio.to_thread(servers.primary.stop, "immediate")
        await asyncio.to_thread(servers.standby.promote)
        reached = await asyncio.gather(*calls)
        assert await accepted(city, "during-0") == reached[0], "the same key is the same call"
        assert await accepted(city, "before") == first
        await _until(lambda: city.process.relay.epoch != epoch)
        after = await accepted(city, "after")
        console = await city.unit_console(POLICE)
        shown = await console.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
        assert {first, after, *reached} == {incident["id"] for incident in shown["incidents"]}
        assert all((await city.process.readiness()).values())
        sql = await asyncpg.connect(servers.url, target_session_attrs="read-write")
        assert await sql.fetchval("SELECT count(*) FROM incident") == 22
        await sql.close()


async def test_a_standby_that_lacks_the_last_commits_leaves_no_console_deaf(couple: tuple[Pair, Access]) -> None:
    """Transaction ids are given out again: what is below the old watermark would never be told."""
    servers, access = couple
    async with town(servers, access) as city, running(servers.url, access) as other:
        await other.sql.close()
        kept = await accepted(city, "kept")
        await asyncio.to_thread(_until_replayed, servers)
        await asyncio.to_thread(servers.cut)
        console, distant = await city.unit_console(POLICE), await other.unit_console(POLICE)
        lost = [await accepted(city, f"lost-{number}") for number in range(30)]
        await console.event("assignment.issued", 30)
        await distant.event("assignment.issued", 30)
        await asyncio.to_thread(servers.primary.stop, "immediate")
        await asyncio.to_thread(servers.standby.promote)
        fresh = await accepted(city, "fresh")
        for link, where in ((console, city), (distant, other)):
            assert await link.until_closed() == (4011, "epoch_changed")
            assert link.frames[-1]["type"] == "goodbye"
            back = await where.unit_console(POLICE, link.cursor)
            assert next(f for f in back.frames if f["type"] == "welcome")["resume"] == "reset"
            shown = await back.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
            ids = {incident["id"] for incident in shown["incidents"]}
            assert {kept, fresh} == ids | ({fresh} & {e["incident"]["id"] for e in back.events})
            assert not ids & set(lost), "a picture of what never happened"
        assert city.process.relay.epoch == other.process.relay.epoch
        again = await city.unit_console(POLICE)
        later = await accepted(city, "later")
        heard = await again.until(lambda c: [e for e in c.named("assignment.issued") if e["incident"]["id"] == later])
        assert len(heard) == 1
        # Nobody stays busy with what never happened, and what came while everything was read again is not forgotten.
        await _until(lambda: city.process.context.knowledge.states.of(city.unit_id(POLICE)).load == 3)


async def test_the_primary_of_yesterday_is_never_written_to_again(couple: tuple[Pair, Access]) -> None:
    """Frozen, not dead: its connections look alive. When it comes back it still believes that it is the primary."""
    servers, access = couple
    async with town(servers, access) as city:
        await accepted(city, "before")
        await asyncio.to_thread(_until_replayed, servers)
        await asyncio.to_thread(servers.primary.signal, signal.SIGSTOP)
        await asyncio.to_thread(servers.standby.promote)
        await accepted(city, "while it is frozen")
        await asyncio.to_thread(servers.primary.signal, signal.SIGCONT)
        for number in range(30):
            await accepted(city, f"thawed-{number}")
        there = await asyncio.to_thread(servers.primary.sql, "SELECT key FROM idempotency")
        here = await asyncio.to_thread(servers.standby.sql, "SELECT count(*) FROM incident")
        # What lay in its socket when it froze may be executed when it thaws: nobody was told that it was accepted.
        assert set(there.split("\n")) <= {"before", "while it is frozen"}
        assert here == "32"


async def test_a_primary_that_became_read_only_is_left_for_the_one_that_writes(couple: tuple[Pair, Access]) -> None:
    servers, access = couple
    async with town(servers, access) as city:
        await accepted(city, "before")
        await asyncio.to_thread(_until_replayed, servers)
        await asyncio.to_thread(servers.standby.promote)
        await asyncio.to_thread(servers.primary.sql, "ALTER SYSTEM SET default_transaction_read_only = on")
        await asyncio.to_thread(servers.primary.sql, "SELECT pg_reload_conf()")
        await accepted(city, str(uuid4()))
        await accepted(city, str(uuid4()))
        assert await asyncio.to_thread(servers.standby.sql, "SELECT count(*) FROM incident") == "3"


async def test_with_synchronous_replication_what_was_answered_is_never_lost(city_on_disk: Template) -> None:
    with pair() as servers:
        await asyncio.to_thread(servers.start_from, city_on_disk.directory)
        await asyncio.to_thread(lambda: servers.start_standby(synchronous=True))
        async with town(servers, city_on_disk.access) as city:
            reporting = [asyncio.create_task(accepted(city, f"k-{number}")) for number in range(24)]
            done, _ = await asyncio.wait(reporting, return_when=asyncio.FIRST_COMPLETED)
            assert done
            await asyncio.to_thread(servers.primary.stop, "immediate")
            answered = {task.result() for task in reporting if task.done()}
            await asyncio.to_thread(servers.standby.promote)
            found = await asyncio.to_thread(servers.standby.sql, "SELECT id FROM incident")
            assert answered <= set(found.split())
            await asyncio.gather(*reporting)


def _until_replayed(servers: Pair) -> None:
    servers.until_streaming()
    wanted = servers.primary.sql("SELECT pg_current_wal_lsn()")
    for _ in range(600):
        if servers.standby.sql(f"SELECT pg_last_wal_replay_lsn() >= '{wanted}'") == "t":
            return
        time.sleep(0.05)
    raise AssertionError("the standby does not catch up")


async def _until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)
