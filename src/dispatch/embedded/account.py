"""Under which account PostgreSQL's programs run.

PostgreSQL refuses to run as root, so root hands over to an account that exists anyway and owns nothing. No account is
made and no permission of a directory above ours is widened: what that account cannot reach is placed elsewhere.
"""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_FALLBACKS = ("nobody", "daemon", "bin")
_QUICK_S = 20


@dataclass(frozen=True, slots=True)
class Account:
    """A uid and gid to run under; None when it is our own."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def current(cls) -> "Account":
        """Return our own account, or, for root, a plain one (initdb wants one with a name)."""
        if os.geteuid() != 0:
            return cls()
        for name in _FALLBACKS:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        message = f"none of the accounts {', '.join(_FALLBACKS)} exists, and PostgreSQL does not run as root"
        raise OSError(message)

    @property
    def owner_uid(self) -> int:
        return os.geteuid() if self.uid is None else self.uid

    def run(
        self, command: Sequence[str | Path], *, timeout: float = _QUICK_S, directory: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end with output captured; raises OSError if it cannot even be started.

        Environment variables that steer PostgreSQL's programs (PGHOST, PGDATA …) are withheld from it.
        """
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return subprocess.run(
            [str(part) for part in command],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            cwd=directory or "/",
            env=environment | {"LC_ALL": "C", "LC_MESSAGES": "C"},
            umask=0o077,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )

    def give(self, directory: Path) -> None:
        """Make an own directory the account's."""
        if self.uid is not None and self.gid is not None:
            os.chown(directory, self.uid, self.gid)

    def reaches(self, directory: Path) -> bool:
        """Can a process of the account enter the directory? Tried, not computed: access lists count too."""
        if self.uid is None:
            return True
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", directory]).returncode == 0


def shared_directory() -> Path:
    """A directory that every account can enter and that a restart of the machine does not empty, if there is one."""
    lasting = Path("/var/tmp")  # noqa: S108 whatever is made in it is checked for its owner
    return lasting if lasting.is_dir() else Path(tempfile.gettempdir())


def own_directory(path: Path, *, mode: int, owner_uid: int) -> None:
    """Make the directory, or accept one that is already ours; raises OSError for a stranger's or a link.

    Race: names below a shared temporary directory can be taken by anybody first. mkdir decides, then the owner is read
    without following links.
    """
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        status = path.lstat()
        if not path.is_dir() or path.is_symlink() or status.st_uid not in (os.geteuid(), owner_uid):
            message = f"{path} exists and belongs to somebody else"
            raise OSError(message) from None
    path.chmod(mode)


def exists(pid: int) -> bool:
    """Say whether anything has that process number, dead and not waited for included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def is_running(pid: int, *, program: str) -> bool:
    """Is there a living process of that number, and is it that program? A number alone may be another's by now.

    A killed process that nobody has waited for keeps its number and its name; it is not running.
    """
    if Path("/proc/self/stat").exists():
        try:
            status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return False
        name, _, rest = status.partition("(")[2].rpartition(")")
        return name == program and rest.split()[0] not in "ZX"
    shown = subprocess.run(
        ["/bin/ps", "-p", str(pid), "-o", "stat=,comm="], check=False, capture_output=True, text=True
    )
    state, _, command = shown.stdout.strip().partition(" ")
    return Path(command.strip()).name == program and not state.startswith("Z")
