"""A primary and a standby that follows it, as real servers: stopped at once, promoted, frozen, thawed.

Blocking; call it in a thread. Both listen on sockets in directories of their own, so one URL names the two.
"""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dispatch.embedded import programs as installations
from dispatch.embedded.account import Account
from tests.support.memory import in_memory

WITHIN_S = 60


class Server:
    """One data directory and the server on it."""

    def __init__(self, home: Path, account: Account) -> None:
        self.home, self.account = home, account
        self.directory = home / "data"
        self.programs = installations.find(account)

    def run(self, program: str, *arguments: str, directory: Path | None = None) -> str:
        command = [self.programs.path(program), *arguments]
        done = self.account.run(command, timeout=2 * WITHIN_S, directory=directory or self.home)
        assert done.returncode == 0, f"{program}: {done.stderr or done.stdout}"
        return done.stdout

    def control(self, *arguments: str) -> None:
        self.run("pg_ctl", "-s", "-D", ".", "-w", *arguments, directory=self.directory)

    def start(self, **settings: object) -> None:
        words = {"unix_socket_directories": self.home, "listen_addresses": "''", **settings}
        options = " ".join(f"-c {name}={value}" for name, value in words.items())
        self.control("-t", str(WITHIN_S), "-l", "../log", "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        with contextlib.suppress(AssertionError, FileNotFoundError):
            self.control("-m", how, "stop")

    def promote(self) -> None:
        self.control("promote")

    def sql(self, statement: str, database: str = "dispatch") -> str:
        return self.run("psql", "-h", str(self.home), "-U", "postgres", "-XAtc", statement, database).strip()

    @property
    def pids(self) -> list[int]:
        """The server's main process and its children."""
        try:
            main = int((self.directory / "postmaster.pid").read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return []
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *map(int, children)]

    def signal(self, number: signal.Signals) -> None:
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


class Pair:
    """Two servers; `url` names both, the first primary first."""

    def __init__(self, root: Path, *, max_connections: int = 100) -> None:
        self.root = root
        account = Account.current()
        account.give(root)
        self.primary, self.standby = Server(root / "a", account), Server(root / "b", account)
        for server in (self.primary, self.standby):
            server.home.mkdir(mode=0o700)
            account.give(server.home)
        self._settings = {
            "fsync": "off",
            "max_connections": max_connections,
            "max_wal_senders": 4,
            "jit": "off",
            "autovacuum": "off",
            "shared_buffers": "32MB",
        }

    @property
    def url(self) -> str:
        hosts = f"{self.primary.home},{self.standby.home}"
        return f"postgresql://postgres@/dispatch?host={hosts}&port=5432,5432"

    def start_primary(self) -> None:
        self.primary.run(
            "initdb",
            "-D",
            "data",
            "-U",
            "postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--auth=trust",
            "--no-sync",
            "--wal-segsize=1",
        )
        self.primary.start(**self._settings)
        self.primary.sql("CREATE DATABASE dispatch", "postgres")

    def start_from(self, directory: Path) -> None:
        """Start the primary on a copy of a directory whose server was stopped cleanly."""
        self.primary.account.run(["/bin/cp", "-a", directory, self.primary.directory], timeout=WITHIN_S)
        self.primary.start(**self._settings)

    def restart_primary(self) -> None:
        self.primary.start(**self._settings)

    def restore_from_dump(self) -> None:
        """Dump the database, drop it, and make it anew from the dump: another database under the same name."""
        where = ("-h", str(self.primary.home), "-U", "postgres")
        self.primary.run("pg_dump", *where, "-Fc", "-f", "dump", "dispatch")
        self.primary.sql("DROP DATABASE dispatch WITH (FORCE)", "postgres")
        self.primary.sql("CREATE DATABASE dispatch", "postgres")
        self.primary.run("pg_restore", *where, "-d", "dispatch", "dump")

    def start_standby(self, *, synchronous: bool = False) -> None:
        self.primary.run(
            *("pg_basebackup", "-h", str(self.primary.home), "-U", "postgres", "-D", str(self.standby.directory)),
            *("-R", "-X", "stream", "-c", "fast", "--no-sync"),
        )
        self.standby.start(**self._settings)
        if synchronous:
            self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.primary.sql("SELECT pg_reload_conf()")
        self.until_streaming()

    def until_streaming(self) -> None:
        until = time.monotonic() + WITHIN_S
        wanted = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        while self.primary.sql(wanted) == "0":
            assert time.monotonic() < until, "the standby does not follow"
            time.sleep(0.05)

    def cut(self) -> None:
        """Keep from the standby what the primary commits from now on: what a failure of the line does."""
        self.standby.sql("ALTER SYSTEM SET primary_conninfo = ''", "postgres")
        self.standby.sql("SELECT pg_reload_conf()", "postgres")
        until = time.monotonic() + WITHIN_S
        while self.primary.sql("SELECT count(*) FROM pg_stat_replication") != "0":
            assert time.monotonic() < until, "the standby still follows"
            time.sleep(0.05)

    def stop(self) -> None:
        for server in (self.primary, self.standby):
            server.signal(signal.SIGCONT)
            server.stop()


@contextlib.contextmanager
def pair(**options: int) -> Iterator[Pair]:
    """Make the place for a pair, with a name short enough for sockets; remove it at the end."""
    root = Path(tempfile.mkdtemp(prefix="pair-", dir=in_memory() or "/tmp"))
    made = Pair(root, **options)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(root, ignore_errors=True)
