"""A database before and after an archive is put back into it.

Invariant: what was there before is there until the archive has come in whole; what came in is a new epoch.
"""

from typing import Final
from uuid import UUID

import asyncpg

from dispatch.domain.errors import WrongStateError
from dispatch.storage.database import outages_named
from dispatch.storage.epoch import ensure_epoch
from dispatch.storage.servers import Servers, driver_dsn

ASIDE: Final = "before_restore"
_SERVING: Final = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND application_name LIKE 'dispatch%'
"""
_TABLES: Final = (
    "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
)
# What waited to be sent may have gone out since: nobody knows, so it is not sent again. The ladder goes on.
_UNSENT: Final = """
UPDATE delivery_attempt SET state = 'expired', error = 'restored', finished_at = clock_timestamp()
WHERE state IN ('queued', 'sending')
"""


async def server_major(url: str) -> int:
    """Give the major version of the server."""
    connection = await _connect(url)
    try:
        return int(connection.get_server_version().major)
    finally:
        await connection.close(timeout=5)


async def make_room(url: str, *, replace: bool) -> bool:
    """Make the database ready to be restored into; says whether something was put aside.

    Raises:
        WrongStateError: servers are at work on it, or it is not empty and nobody said that it may be replaced.
    """
    connection = await _connect(url)
    try:
        if await connection.fetchval(_SERVING):
            raise WrongStateError("servers are at work on this database: stop them first")
        if not await connection.fetchval(_TABLES):
            return False
        if not replace:
            raise WrongStateError("the database is not empty: say --replace, or name another one")
        async with connection.transaction():
            await connection.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
            await connection.execute(f"ALTER SCHEMA public RENAME TO {ASIDE}")
            await connection.execute("CREATE SCHEMA public")
        return True
    finally:
        await connection.close(timeout=5)


async def put_back(url: str) -> None:
    """Undo `make_room`: what was put aside is there again."""
    connection = await _connect(url)
    try:
        async with connection.transaction():
            await connection.execute("DROP SCHEMA public CASCADE")
            await connection.execute(f"ALTER SCHEMA {ASIDE} RENAME TO public")
    finally:
        await connection.close(timeout=5)


async def settle_restored(url: str, fresh: UUID) -> str:
    """After the archive has come in: a new epoch, nothing is sent twice, what was put aside goes. Gives the epoch."""
    servers = Servers(url)
    with outages_named():
        connection = await servers.connect()
    try:
        async with connection.transaction():
            await connection.execute(_UNSENT)
            if await connection.fetchval("SELECT to_regclass('public.kit')"):  # an older schema has none
                await connection.execute("DELETE FROM kit")
            await connection.execute("DELETE FROM epoch")
            epoch = await ensure_epoch(connection, fresh, lineage=servers.lineage)
            await connection.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
        await connection.execute("ANALYZE")
    finally:
        await connection.close(timeout=5)
    return epoch


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    with outages_named():
        return await asyncpg.connect(driver_dsn(url), timeout=5)
