"""Archives of a database: made and put back by PostgreSQL's own programs, which ours or the system brings.

Invariant: no password stands on a command line, where every account of the machine reads it.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from dispatch.embedded.errors import NoArchiver, PostgresFailed
from dispatch.embedded.programs import directories

Listener = Callable[[str], None]
_TABLE: Final = re.compile(r"^\d+; \d+ \d+ TABLE DATA \S+ (\S+)", re.MULTILINE)
_QUICK_S: Final = 60
_LAST_LINES: Final = 8


def tool(name: str, *, oldest: int) -> Path:
    """Find one of PostgreSQL's programs, of a major version that can deal with the server's.

    Raises:
        NoArchiver: there is none; its words say what was found.
    """
    tried: list[str] = []
    for candidate in _candidates(name):
        major = _major(candidate)
        if major is not None and major >= oldest:
            return candidate
        tried.append(f"{candidate}: {'does not start' if major is None else f'PostgreSQL {major}'}")
    raise NoArchiver(name, oldest, tried)


def _candidates(name: str) -> Iterator[Path]:
    for directory in directories():
        if (directory / name).is_file():
            yield directory / name
    if (found := shutil.which(name)) is not None:
        yield Path(found)


def _major(program: Path) -> int | None:
    try:
        shown = subprocess.run([program, "--version"], check=False, capture_output=True, text=True, timeout=_QUICK_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\b(\d+)(?:\.\d+)?", shown.stdout)
    return int(version[1]) if shown.returncode == 0 and version else None


def dump(program: Path, url: str, target: Path, heard: Listener) -> None:
    """Write an archive of a database as of one instant; the service goes on meanwhile.

    Raises:
        PostgresFailed: its own words.
    """
    name, environment = _away(url)
    _run(
        [program, "--format=custom", "--no-owner", "--no-privileges", "--verbose", "-f", target, name],
        environment,
        heard,
    )


def restore(program: Path, url: str, source: Path, heard: Listener) -> None:
    """Put an archive back in one transaction: all of it, or nothing.

    Raises:
        PostgresFailed: its own words; the database is as it was.
    """
    name, environment = _away(url)
    how = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--verbose")
    _run([program, *how, f"--dbname={name}", source], environment, heard)


def tables(program: Path, source: Path) -> list[str]:
    """List the tables whose rows an archive holds: reading its table of contents proves that it is one.

    Raises:
        PostgresFailed: it is no archive, or is not whole.
    """
    return _TABLE.findall(_read([program, "--list", source]))


def read_whole(program: Path, source: Path, heard: Listener) -> None:
    """Read an archive to its end, as a restore would, and throw what is read away.

    Raises:
        PostgresFailed: it is cut short or spoilt.
    """
    _run([program, "-f", os.devnull, source], dict(os.environ), heard)


def revision(program: Path, source: Path) -> str | None:
    """Read which schema an archive was made from; None when it does not say.

    Raises:
        PostgresFailed: it is no archive, or is not whole.
    """
    text = _read([program, "--data-only", "--table=alembic_version", "-f", "-", source])
    found = re.search(r"^COPY \S*alembic_version .*;\n(\S+)\n\\\.", text, re.MULTILINE)
    return None if found is None else found[1]


def _read(command: list[str | Path]) -> str:
    shown = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace", timeout=_QUICK_S)
    if shown.returncode != 0:
        raise PostgresFailed(f"Reading {command[-1]}", shown.stderr)
    return shown.stdout


def _run(command: list[str | Path], environment: dict[str, str], heard: Listener) -> None:
    last: list[str] = []
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, errors="replace", env=environment
    ) as running:
        for line in running.stderr or ():
            last = [*last, line][-_LAST_LINES:]
            heard(line.rstrip())
        code = running.wait()
    if code != 0:
        raise PostgresFailed(Path(command[0]).name, "".join(last))


def _away(url: str) -> tuple[str, dict[str, str]]:
    """Give the URL without its password, and the environment that carries it; other PG… variables are withheld."""
    parts = urlsplit(url)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if parts.password is None:
        return url, environment
    netloc = f"{parts.username or ''}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc)), environment | {"PGPASSWORD": unquote(parts.password)}
