"""A relay that is stuck leaves its own consoles deaf: every other server sees it by what it leaves undone."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from dispatch.demo.access import Access
from tests.support.audits import SHORT, auditor_of, code_of, found, stop_loop, until_found
from tests.support.city import City, running

pytestmark = pytest.mark.expects_error_log
QUICK = replace(SHORT, relay_s=1.0)


async def test_consoles_of_a_server_whose_relay_is_stuck_are_not_deaf_unnoticed(
    city: City, city_database: tuple[str, Access]
) -> None:
    async with running(*city_database) as other:
        desk, auditor = await other.console(client=await other.person()), auditor_of(other, limits=QUICK)
        await stop_loop(city, "relay")
        async with asyncio.timeout(30):  # on a slow machine the other's may be late for a moment, too
            while await until_found(auditor, "relay_stuck") != (city.process.name,):
                await asyncio.sleep(0.1)
        assert code_of(await desk.event("audit.alarmed")) == "relay_stuck"


async def test_a_relay_that_looks_and_tells_nothing_is_found_by_the_rows_that_it_leaves_behind(city: City) -> None:
    async def look_away() -> None:
        return

    next(loop for loop in city.process.loops if loop.name == "relay").once = look_away
    await city.report()
    assert await until_found(auditor_of(city, limits=QUICK), "relay_stuck") == (city.process.name,)


async def test_a_relay_ahead_of_its_database_is_found(city: City) -> None:
    """As after a restore that it has not noticed: what is below its watermark it would never tell."""
    await stop_loop(city, "relay")
    next(loop for loop in city.process.loops if loop.name == "relay").succeeded_at += 3600
    city.process.relay.watermark += 1_000_000
    await until_found(auditor_of(city, limits=QUICK), "relay_stuck")


async def test_a_server_that_was_killed_or_knows_no_relay_yet_is_no_stuck_one(city: City) -> None:
    await city.sql.execute(
        "INSERT INTO process (id, seen_at, relay_looked_at) VALUES "
        "(gen_random_uuid(), now() - interval '6 s', now() - interval '6 s'), (gen_random_uuid(), now(), NULL)"
    )
    assert await found(auditor_of(city, limits=replace(QUICK, relay_s=5.0))) == []


async def test_a_long_transaction_makes_no_relay_a_stuck_one(city: City) -> None:
    patient = replace(QUICK, watermark_s=600, relay_s=4.0)  # less than the transaction stays open
    auditor, connection = auditor_of(city, limits=patient), await asyncpg.connect(city.url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT pg_current_xact_id()")
        await city.report()
        for _ in range(12):
            await asyncio.sleep(0.5)
            assert await found(auditor) == []
        await transaction.rollback()
        for _ in range(4):
            await asyncio.sleep(0.5)
            assert await found(auditor) == []
    finally:
        await connection.close()
