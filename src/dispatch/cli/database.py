"""The database that the verbs of the command line work on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from dispatch.settings import Settings
from dispatch.storage.database import Database

Result = TypeVar("Result")


def require_database(settings: Settings) -> None:
    """End with words unless a database is named."""
    if not settings.database_url:
        raise SystemExit("set DATABASE_URL to a PostgreSQL (≥ 15) URL, or use `dispatch demo`, which brings its own")


def with_database(settings: Settings, act: Callable[[Database], Awaitable[Result]]) -> Result:
    """Act on the database and give what came of it."""
    require_database(settings)

    async def run() -> Result:
        database = Database(settings.database_url, pool_size=2)
        await database.open()
        try:
            return await act(database)
        finally:
            await database.close()

    return asyncio.run(run())
