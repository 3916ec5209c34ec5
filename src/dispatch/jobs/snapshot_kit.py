"""The kit loop: every minute what is open is written to a directory, for the hours in which the service is not there.

One process writes at a time. A disk that refuses is an error in the log and counted; the auditor finds the kit too old.
"""

import asyncio
import contextlib
import logging
from typing import Final

from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.domain.kit_page import kit_page
from dispatch.domain.kit_tables import kit_tables
from dispatch.operations.gather_kit import Ground, gather_kit
from dispatch.outside.kit_directory import KitDirectory
from dispatch.outside.worker import Worker
from dispatch.storage.kit import forget_place, kit_turn, note_tried, note_written
from dispatch.telemetry import KIT_WRITES

logger = logging.getLogger(__name__)
EVERY_S = 60.0
WITHIN_S = 50.0
AGAIN_S = 0.5
DISK_WITHIN_S = 45.0
_DISK: Final = Worker("kit", threads=1)
"""A thread of its own: a disk that hangs keeps no other waiting for one, and two writes never meet in one file."""


async def write_kit(ground: Ground, directory: KitDirectory) -> int:
    """Write a kit now; gives the number of open incidents in it. Wording and disk are slow: both beside the loop.

    Raises:
        OSError: the disk refused, or did not answer in time.
        DatabaseUnavailableError: nothing could be read.
    """
    kit = await gather_kit(ground)
    files = await asyncio.to_thread(lambda: {"open.html": kit_page(kit), **kit_tables(kit)})
    await _DISK.run(lambda: directory.write(files, kit.made), within_s=DISK_WITHIN_S)
    return len(kit.incidents)


class KitLoop:
    """Writes the kit when it is this process's turn."""

    def __init__(self, ground: Ground, directory: KitDirectory) -> None:
        """Keep where to; the auditor knows the place by process and path."""
        self._ground = ground
        self._directory = directory
        self._place = f"{ground.made_by}:{directory.path}"[:200]

    async def once(self) -> None:
        """Write once; while another process writes, wait for the turn: the pass has its deadline."""
        database = self._ground.database
        async with database.connection() as connection:
            await note_tried(connection, self._place)
        while True:
            async with kit_turn(database) as own:
                if own:
                    await self._write()
                    return
            await asyncio.sleep(AGAIN_S)

    async def _write(self) -> None:
        try:
            await write_kit(self._ground, self._directory)
        except OSError as error:
            KIT_WRITES.labels("failed").inc()
            logger.exception("the kit could not be written", extra={"cause": error.strerror or type(error).__name__})
            return
        async with self._ground.database.connection() as connection:
            await note_written(connection, self._place)
        KIT_WRITES.labels("written").inc()

    async def forget(self) -> None:
        """Stop in order: nobody need miss what this process will not write any more."""
        with contextlib.suppress(DatabaseUnavailableError):
            async with self._ground.database.connection() as connection:
                await forget_place(connection, self._place)
