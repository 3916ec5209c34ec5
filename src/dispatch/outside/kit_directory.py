"""A directory that holds the kit: `current/` and some time-stamped copies.

Invariant: whoever reads a file reads a whole one: it is written aside, brought to the disk and renamed. The files hold
personal data: only their owner reads them.
"""

import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

CURRENT: Final = "current"
ASIDE: Final = ".writing"
STAMP: Final = "%Y%m%d-%H%M%S"


class KitDirectory:
    """Writes kits into one directory and keeps the last few."""

    def __init__(self, path: Path, *, copies: int) -> None:
        """Keep where to write; nothing is touched yet."""
        self.path = path
        self._copies = copies

    def write(self, files: Mapping[str, str], made: datetime) -> Path:
        """Write a kit: `current` first, then a copy; older copies go. Gives the directory of the current one.

        Raises:
            OSError: the disk refused; what was there before is still there and whole.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        current = self.path / CURRENT
        _own(current)
        for name, text in files.items():
            _replace(current / name, text)
        _settle(current)
        self._copy(files, made)
        self._forget_old()
        return current

    def _copy(self, files: Mapping[str, str], made: datetime) -> None:
        aside = self.path / f"{ASIDE}-{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        _own(aside)
        for name, text in files.items():
            _replace(aside / name, text)
        _settle(aside)
        target = self.path / made.strftime(STAMP)
        if target.exists():  # two within a second: one is enough
            shutil.rmtree(aside)
            return
        aside.rename(target)
        _settle(self.path)

    def _forget_old(self) -> None:
        stamped = sorted(path for path in self.path.iterdir() if _is_stamped(path))
        for path in stamped[: max(0, len(stamped) - self._copies)]:
            shutil.rmtree(path)


def _is_stamped(path: Path) -> bool:
    try:
        datetime.strptime(path.name, STAMP)  # noqa: DTZ007 - only its form is looked at
    except ValueError:
        return False
    return path.is_dir()


def _own(directory: Path) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)


def _replace(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _settle(directory: Path) -> None:
    """Bring names to the disk too, where the file system can."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
