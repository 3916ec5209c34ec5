"""`dispatch backup` and `dispatch restore`: the whole database in one file, and back."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

from dispatch.assembly import new_id
from dispatch.cli.database import require_database
from dispatch.cli.words import Verbs
from dispatch.domain.errors import WrongStateError
from dispatch.embedded import archive
from dispatch.settings import Settings
from dispatch.storage.restored import make_room, put_back, server_major, settle_restored
from dispatch.storage.schema import WANTED, current_revision
from dispatch.storage.servers import driver_dsn

MEGABYTE = 1_000_000
NEEDED = frozenset({"incident", "assignment", "timer", "outbox", "audit", "epoch", "alembic_version"})


def _backup(arguments: argparse.Namespace, settings: Settings) -> int:
    require_database(settings)
    target, url = Path(arguments.file).absolute(), driver_dsn(settings.database_url)
    if target.exists() and not arguments.overwrite:
        raise WrongStateError(f"{target} is there already: say --overwrite, or name another file")
    found = asyncio.run(current_revision(url))
    if found is None:
        raise WrongStateError("the database was never migrated: there is nothing to keep")
    oldest = asyncio.run(server_major(url))
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        aside.touch(mode=0o600)
        archive.dump(archive.tool("pg_dump", oldest=oldest), url, aside, _progress("dumping contents of table"))
        held = _held(archive.tool("pg_restore", oldest=oldest), aside)
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    size = target.stat().st_size / MEGABYTE
    print(f"{target}: {len(held)} tables of schema {found}, {size:.1f} MB; holds personal data, readable by you only")
    return 0


def _restore(arguments: argparse.Namespace, settings: Settings) -> int:
    from dispatch.storage.migration import known_revisions

    require_database(settings)
    source, url = Path(arguments.file).absolute(), driver_dsn(settings.database_url)
    if not source.is_file():
        raise WrongStateError(f"{source} is not there")
    program = archive.tool("pg_restore", oldest=asyncio.run(server_major(url)))
    held, found = _held(program, source), archive.revision(program, source)
    if found not in known_revisions():
        raise WrongStateError(f"the archive is of schema {found}, this version knows up to {WANTED}: use a newer one")
    put_aside = asyncio.run(make_room(url, replace=arguments.replace))
    try:
        archive.restore(program, url, source, _progress("processing data for table", len(held)))
        epoch = asyncio.run(settle_restored(url, new_id()))
    except BaseException:
        if put_aside:
            asyncio.run(put_back(url))
            print("what was there before is there again", file=sys.stderr)
        raise
    print(f"{len(held)} tables of schema {found} are back; epoch {epoch}: every console takes a snapshot")
    if found != WANTED:
        print(f"this version needs schema {WANTED}: run `dispatch migrate` before `dispatch serve`")
    return 0


def _held(program: Path, source: Path) -> list[str]:
    """List what an archive holds, having read it to its end.

    Raises:
        PostgresFailed: it is cut short, spoilt, or no archive.
        WrongStateError: it is not one of this service.
    """
    held = archive.tables(program, source)
    archive.read_whole(program, source, lambda _line: None)
    if missing := NEEDED - set(held):
        raise WrongStateError(f"{source.name} is no backup of this service: it lacks {', '.join(sorted(missing))}")
    return held


def _progress(mark: str, total: int = 0) -> Callable[[str], None]:
    """Say on standard error which table is under way, where somebody watches."""
    done = 0

    def heard(line: str) -> None:
        nonlocal done
        if mark not in line or not sys.stderr.isatty():
            return
        done += 1
        name = line.rpartition(" ")[2].strip('"')
        print(f"  {done}{f'/{total}' if total else ''} {name}", file=sys.stderr, flush=True)

    return heard


def add_archive_verbs(verbs: Verbs) -> None:
    """Describe `backup` and `restore`."""
    backup = verbs.add_parser("backup", help="write the whole database into one file, as of one instant")
    backup.add_argument("file", metavar="FILE")
    backup.add_argument("--overwrite", action="store_true", help="replace the file if it is there")
    backup.set_defaults(run=_backup)
    restore = verbs.add_parser("restore", help="put a backup into the database of DATABASE_URL; all of it or nothing")
    restore.add_argument("file", metavar="FILE")
    restore.add_argument("--replace", action="store_true", help="also where something is: it is gone afterwards")
    restore.set_defaults(run=_restore)
