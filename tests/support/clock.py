"""Moves the clock of a test's database: the one that the service believes, in every process of it.

`clock_timestamp()` of a schema of ours is found before PostgreSQL's own; sessions are ended so that all see it.
"""

from dispatch.storage.servers import Servers

_SHIFT = """
CREATE SCHEMA IF NOT EXISTS shifted;
CREATE OR REPLACE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT pg_catalog.clock_timestamp() + make_interval(secs => {seconds}) $$;
"""


async def shift_clock(url: str, seconds: float) -> None:
    connection = await Servers(url).connect()
    try:
        database = await connection.fetchval("SELECT current_database()")
        await connection.execute(_SHIFT.format(seconds=seconds))
        is_new = await connection.fetchval("SELECT current_setting('search_path') NOT LIKE '%shifted%'")
        if is_new:
            await connection.execute(f'ALTER DATABASE "{database}" SET search_path = shifted, public, pg_catalog')
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    finally:
        await connection.close(timeout=5)
