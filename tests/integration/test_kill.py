"""The server is killed with -9 under load and started again: every acknowledged call reached its four, once."""

import asyncpg

from dispatch.demo.access import Access
from tests.support.kill import kill_under_load

UNARMED = """
SELECT count(*) FROM assignment a WHERE ended_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM timer t WHERE t.subject_id = a.id)
"""
NOT_FOUR = """
SELECT count(*) FROM incident i WHERE 4 <> (
  SELECT count(*) FROM assignment a WHERE a.incident_id = i.id AND a.role <> 'notify' AND a.backup_for IS NULL)
"""


async def test_every_acknowledged_call_reaches_its_four_units_exactly_once(city_database: tuple[str, Access]) -> None:
    url, access = city_database
    acknowledged, consoles = await kill_under_load(url, access, count=240, per_s=60, kills=2)
    assert len(set(acknowledged)) == len(acknowledged) == 240
    sql = await asyncpg.connect(url)
    try:
        assert await sql.fetchval("SELECT count(*) FROM incident") == 240
        assert await sql.fetchval(NOT_FOUR) == 0
        assert await sql.fetchval(UNARMED) == 0
        assert await sql.fetchval("SELECT count(DISTINCT number) FROM incident") == 240
        assert await sql.fetchval("SELECT count(*) FROM audit WHERE events::text LIKE '%incident.opened%'") == 240
    finally:
        await sql.close()
    for seen in consoles:
        assert set(acknowledged) <= set(seen.issued) | seen.shown
        assert {len(assignments) for assignments in seen.issued.values()} == {1}
