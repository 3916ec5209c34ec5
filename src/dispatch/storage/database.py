"""Connections and named transactions.

One asyncpg pool serves everything that runs; SQLAlchemy carries the migrations only (docs/adr/0003).
Outages become `DatabaseUnavailableError`: nothing was stored, or the same idempotency key will tell.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeAlias

import asyncpg

from dispatch.domain.errors import DatabaseUnavailableError

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

OUTAGES: Final = (
    OSError,
    TimeoutError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
    asyncpg.PostgresSystemError,
    # Somebody held a row for longer than `lock_timeout`, or two wanted each other's rows: come again.
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
)
ACQUIRE_WITHIN_S: Final = 5.0
_SESSION: Final = {
    "application_name": "dispatch",
    "timezone": "UTC",
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "5s",
    "jit": "off",
    # Every statement here is prepared and finds its rows by key: planning anew each time (0.3 ms) buys nothing.
    "plan_cache_mode": "force_generic_plan",
}


def driver_dsn(url: str) -> str:
    """Turn any PostgreSQL URL, SQLAlchemy's spelling among them, into the one that asyncpg reads."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql{separator}{rest}" if scheme.startswith(("postgres", "postgresql")) else url


async def _keep_session(_connection: object) -> None:
    """Skip asyncpg's reset query between uses: sessions here hold no state."""


@contextmanager
def outages_named() -> Iterator[None]:
    """Name every kind of outage alike."""
    try:
        yield
    except OUTAGES as error:
        raise DatabaseUnavailableError(
            "the database did not answer; nothing was stored, try again with the same key",
            facts={"cause": type(error).__name__},
        ) from error


class Database:
    """A pool of connections on one database."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Keep the URL; `open` connects."""
        self.url = url
        self._pool_size = pool_size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        """Connect; at least one connection must come up.

        Raises:
            DatabaseUnavailableError: the database does not answer.
        """
        with outages_named():
            self._pool = await asyncpg.create_pool(
                driver_dsn(self.url),
                min_size=2,
                max_size=self._pool_size,
                command_timeout=15,
                timeout=5,
                max_inactive_connection_lifetime=0,
                server_settings=_SESSION,
                reset=_keep_session,
            )

    async def close(self) -> None:
        """Let running statements end (5 s), then close."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except (TimeoutError, OSError, asyncpg.PostgresError):
                self._pool.terminate()

    @property
    def is_open(self) -> bool:
        """Say whether `open` has connected."""
        return self._pool is not None

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """Give the open pool."""
        if self._pool is None:
            raise DatabaseUnavailableError("the database connection is not open")
        return self._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection for single statements: each commits by itself."""
        with outages_named():
            connection = await self._acquire()
            try:
                yield connection
            finally:
                await self.pool.release(connection)

    @asynccontextmanager
    async def transaction(self, name: str) -> AsyncIterator[Connection]:
        """Run one named act, all or nothing; it is committed when the block ends."""
        with outages_named():
            connection = await self._acquire()
            try:
                async with connection.transaction():
                    await connection.execute(f"SET LOCAL application_name = 'dispatch:{name}'")
                    yield connection
            finally:
                await self.pool.release(connection)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Read several things as of one instant."""
        with outages_named():
            connection = await self._acquire()
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    yield connection
            finally:
                await self.pool.release(connection)

    async def _acquire(self) -> Connection:
        """Take a connection, within 5 s. Not the pool's own time limit: that one starts a task for every use."""
        async with asyncio.timeout(ACQUIRE_WITHIN_S):
            return await self.pool.acquire()
