"""The doorbell between processes: a coalesced, payload-free NOTIFY after the commit. A hint: the poll is the truth.

It rings over one connection of its own, never inside a business transaction (0.12× commits if it were), without waiting
for the disk, at most every 10 ms, and not at all while no other process is there to hear it.
"""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

import asyncpg

from dispatch.storage.servers import Servers

logger = logging.getLogger(__name__)
CHANNEL: Final = "dispatch_changes"
NAME: Final = "dispatch_doorbell"
AGAIN_S: Final = 1.0
APART_S: Final = 0.01
LOOK_ROUND_S: Final = 2.0
_OTHERS: Final = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()"


class Doorbell:
    """Rings for the others and listens for them."""

    def __init__(self, servers: Servers, on_ring: Callable[[], None]) -> None:
        """Keep the way to the database; `run` connects."""
        self._servers = servers
        self._on_ring = on_ring
        self._wanted = asyncio.Event()
        self._is_alone = False
        self._looked_at = float("-inf")

    def ring(self) -> None:
        """Ask for a ring; many asks are one ring."""
        self._wanted.set()

    async def run(self) -> None:
        """Keep one connection, listen and ring. A database without NOTIFY is polled. Ends when cancelled."""
        while True:
            try:
                await self._serve()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.info("the doorbell is silent, polling goes on", extra={"cause": type(error).__name__})
            await asyncio.sleep(AGAIN_S)

    async def _serve(self) -> None:
        session = {"application_name": NAME, "synchronous_commit": "off"}
        connection = await self._servers.connect(server_settings=session)
        try:
            await connection.add_listener(CHANNEL, self._heard)
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                if not await self._alone(connection):
                    await connection.execute(f"NOTIFY {CHANNEL}", timeout=5)
                await asyncio.sleep(APART_S)
        finally:
            connection.terminate()

    async def _alone(self, connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
        if monotonic() - self._looked_at > LOOK_ROUND_S:
            self._is_alone = int(await connection.fetchval(_OTHERS, NAME, timeout=5) or 0) <= 1
            self._looked_at = monotonic()
        return self._is_alone

    def _heard(self, connection: object, pid: int, channel: str, payload: object) -> None:
        del channel, payload
        own = connection.get_server_pid() if isinstance(connection, asyncpg.Connection) else None
        if pid != own:
            self._on_ring()
