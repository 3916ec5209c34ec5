"""The long form of tests/integration/test_kill: more calls, more kills."""

import asyncpg

from dispatch.demo.access import Access
from tests.support.kill import kill_under_load


async def test_many_kills_lose_nothing_and_send_nobody_twice(city_database: tuple[str, Access]) -> None:
    url, access = city_database
    acknowledged, consoles = await kill_under_load(url, access, count=3000, per_s=80, kills=8)
    sql = await asyncpg.connect(url)
    try:
        assert await sql.fetchval("SELECT count(*) FROM incident") == len(set(acknowledged)) == 3000
    finally:
        await sql.close()
    for seen in consoles:
        assert set(acknowledged) <= set(seen.issued) | seen.shown
        assert {len(assignments) for assignments in seen.issued.values()} <= {1}
