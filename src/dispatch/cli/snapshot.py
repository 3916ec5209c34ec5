"""`dispatch snapshot`: the kit for the hours without the service, written at once."""

import argparse
import socket
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatch.cli.database import with_database
from dispatch.cli.words import Verbs
from dispatch.domain.words import counted
from dispatch.jobs.snapshot_kit import write_kit
from dispatch.operations.gather_kit import Ground
from dispatch.operations.refresh_knowledge import load_knowledge
from dispatch.outside.kit_directory import KitDirectory
from dispatch.settings import Settings
from dispatch.storage.database import Database


def _snapshot(arguments: argparse.Namespace, settings: Settings) -> int:
    directory = KitDirectory(Path(arguments.directory).absolute(), copies=settings.kit_copies)

    async def write(database: Database) -> int:
        knowledge, _ = await load_knowledge(database)
        zone = ZoneInfo(settings.timezone)
        return await write_kit(
            Ground(database, knowledge, lambda: datetime.now(UTC), zone, socket.gethostname(), renewed=False), directory
        )

    count = with_database(settings, write)
    print(f"{directory.path / 'current' / 'open.html'}: {counted(count, 'open incident')}")
    return 0


def add_snapshot_verb(verbs: Verbs) -> None:
    """Describe `snapshot`."""
    snapshot = verbs.add_parser("snapshot", help="write what is open, units and telephone numbers into a directory")
    snapshot.add_argument("directory", metavar="DIR", help="made if it is not there; readable by you only")
    snapshot.set_defaults(run=_snapshot)
