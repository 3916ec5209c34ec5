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
from dispatch.storage.servers import Lineage, Servers

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

HELD: Final = (asyncpg.LockNotAvailableError, asyncpg.TransactionRollbackError)
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
    # "could not extend file: File too large": what a quota or a limit gives in place of a full disk.
    asyncpg.InternalServerError,
    # Somebody held a row for longer than `lock_timeout`, or two wanted each other's rows: come again.
    *HELD,
)
ACQUIRE_WITHIN_S: Final = 5.0
RESERVED: Final = 3
"""So many connections no change of an incident takes: a new call, the relay and the sign of life find one, however many
wait for an incident that somebody holds."""
_SESSION: Final = {
    "application_name": "dispatch",
    "timezone": "UTC",
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "5s",
    "jit": "off",
    # Every statement here is prepared and finds its rows by key: planning anew each time (0.3 ms) buys nothing.
    "plan_cache_mode": "force_generic_plan",
}


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


def is_held(error: DatabaseUnavailableError) -> bool:
    """Say whether only some row could not be had in time: the database answers, and others can go on."""
    return isinstance(error.__cause__, HELD)


class Database:
    """A pool of connections on one database."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Keep the URL; `open` connects."""
        self.url = url
        self.servers = Servers(url)
        self._pool_size = pool_size
        self._acting = asyncio.Semaphore(max(1, pool_size - RESERVED))
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._lent_out: set[Connection] = set()

    async def open(self) -> None:
        """Connect; at least one connection must come up.

        Raises:
            DatabaseUnavailableError: the database does not answer.
        """
        with outages_named():
            self._pool = await asyncpg.create_pool(
                connect=self.servers.connect,
                min_size=2,
                max_size=self._pool_size,
                command_timeout=15,
                max_inactive_connection_lifetime=0,
                server_settings=_SESSION,
                reset=_keep_session,
            )
            self.servers.on_move(self._leave_former)

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

    @property
    def lineage(self) -> Lineage | None:
        """Say whose history the connections are on; another one than before means that a standby was promoted."""
        return self.servers.lineage

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection for single statements: each commits by itself."""
        async with self._lent() as connection:
            yield connection

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[Connection]:
        """Lend a connection for a single statement that may have to wait for a row; never all of them."""
        async with self._turn(), self._lent() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self, name: str, *, waits_ms: int | None = None) -> AsyncIterator[Connection]:
        """Run one named act, all or nothing; it is committed when the block ends. `waits_ms`: for each row, at most."""
        patience = "" if waits_ms is None else f"; SET LOCAL lock_timeout = {waits_ms:d}"
        async with self._turn(), self._lent() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL application_name = 'dispatch:{name}'{patience}")
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Read several things as of one instant."""
        async with self._lent() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        with outages_named():
            async with asyncio.timeout(ACQUIRE_WITHIN_S):
                await self._acting.acquire()
        try:
            yield
        finally:
            self._acting.release()

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Connection]:
        with outages_named():
            connection = await self._acquire()
            self._lent_out.add(connection)
            try:
                yield connection
            except asyncpg.ReadOnlySQLTransactionError:
                # Not the primary any more, or not yet: none of the connections to it may be used again.
                await self.pool.expire_connections()
                raise
            except (TimeoutError, asyncio.CancelledError) as error:
                # A server that says nothing will not confirm a cancellation either: giving back would wait for it.
                connection.terminate()
                if isinstance(error, TimeoutError):
                    await self.pool.expire_connections()
                raise
            finally:
                self._lent_out.discard(connection)
                await self.pool.release(connection)

    async def _leave_former(self) -> None:
        """Invariant: after a promotion nothing is committed on the former primary, which may not know it yet."""
        await self.pool.expire_connections()
        for connection in list(self._lent_out):
            connection.terminate()

    async def _acquire(self) -> Connection:
        """Take a connection, within 5 s. Not the pool's own time limit: that one starts a task for every use."""
        async with asyncio.timeout(ACQUIRE_WITHIN_S):
            return await self.pool.acquire()
