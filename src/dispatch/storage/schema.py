"""Which schema this code needs, and which one the database has: asked without loading the migrations."""

from typing import Final

import asyncpg

from dispatch.storage.database import outages_named
from dispatch.storage.servers import Servers

WANTED: Final = "0010"
"""The newest revision in migrations/versions; a test holds the two together."""


async def current_revision(database_url: str) -> str | None:
    """Give the revision of a database; None when it was never migrated.

    Raises:
        DatabaseUnavailableError: the database does not answer.
    """
    with outages_named():
        connection = await Servers(database_url).connect()
        try:
            found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        except asyncpg.UndefinedTableError:
            return None
        finally:
            await connection.close(timeout=5)
    return found
