"""Starts and stops the PostgreSQL of one data directory.

Invariant: one process at a time, by a lock that the kernel releases when its holder dies, however it dies. A server
that a dead holder left running is stopped before ours starts; what it had committed is there again.
"""

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from dispatch.embedded import cluster as clusters
from dispatch.embedded import programs as installations
from dispatch.embedded.account import Account, exists, is_running
from dispatch.embedded.cluster import Cluster
from dispatch.embedded.errors import DataDirectoryInUse, PostgresFailed
from dispatch.embedded.programs import Programs

_START_S = 60
_STOP_S = 30
_POLL_S = 0.005
_ORPHANS_S = 10
_LARGEST_LOG = 4 * 1024 * 1024
_STILL_IN_USE = "still in use"

log = logging.getLogger(__name__)


class EmbeddedPostgres:
    """A private PostgreSQL server for one data directory; blocking, so start it before the event loop or in a thread.

    `durable=False` gives up safety against a crash of the machine for speed and is meant for tests.
    """

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        self.data = data
        self._durable = durable
        self._account = Account.current()
        self._cluster: Cluster | None = None
        self._programs: Programs | None = None
        self._lock: IO[str] | None = None

    def start(self) -> str:
        """Start the server, creating its database the first time, and return a URL for asyncpg and SQLAlchemy.

        Raises DataDirectoryInUse, OtherDataVersion, NoUsablePostgres and PostgresFailed; then nothing is left running.
        """
        if self._lock is not None:
            raise DataDirectoryInUse(self.data, str(os.getpid()))
        home = clusters.place(self.data, self._account)
        self._lock = _take(home / "postgres.lock", self.data)
        try:
            programs = installations.find(self._account)
            cluster = clusters.locate(self.data, home, self._account)
            self._cluster, self._programs = cluster, programs
            self._stop_left_over()
            _forget_dead_server(cluster)
            clusters.prepare(cluster, programs, self._account, durable=self._durable)
            self._launch()
        except BaseException:
            self._halt()
            self._release()
            raise
        log.info("PostgreSQL %s is running in %s", programs.version, cluster.directory)
        return cluster.url

    def stop(self) -> None:
        """Stop the server cleanly; open connections are closed. Does nothing if it is not running."""
        if self._cluster is None or self._lock is None:
            return
        try:
            self._halt()
        finally:
            self._release()

    def discard(self) -> None:
        """Stop the server and delete its files, wherever they were placed."""
        self.stop()
        home = clusters.place(self.data, self._account)
        for path in (home / "postgres", home, self.data):
            shutil.rmtree(path, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """The number of the server's main process, None if it does not run."""
        pid = None if self._cluster is None else _noted_pid(self._cluster)
        return pid if pid is not None and is_running(pid, program="postgres") else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        """Start the server, waiting for the processes of a killed one to be gone.

        Race: those notice the death of their parent only between two statements, and until then PostgreSQL rightly
        refuses to touch the files.
        """
        cluster, _ = self._ready()
        patience = time.monotonic() + _ORPHANS_S
        while True:
            _start_new_log(cluster)
            done = self._control("-w", "-t", str(_START_S), "-l", cluster.server_log.name, "start")
            if done.returncode == 0:
                return
            words = _tail(cluster.server_log) or done.stderr or done.stdout
            if _STILL_IN_USE not in words or time.monotonic() > patience:
                raise PostgresFailed("Starting PostgreSQL", words)
            time.sleep(0.1)

    def _stop_left_over(self) -> None:
        if self.pid is not None:
            log.warning("PostgreSQL was left running by a process that died; restarting it")
            self._halt()

    def _halt(self) -> None:
        """End the server: connections closed and a checkpoint; without one if that takes too long.

        Not by pg_ctl: it waits for a server that was killed and not yet waited for by its parent as if it lived.
        """
        for way, patience in ((signal.SIGINT, _STOP_S), (signal.SIGQUIT, _STOP_S), (signal.SIGKILL, _STOP_S)):
            if (pid := self.pid) is None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, way)
            until = time.monotonic() + patience
            while self.pid is not None and time.monotonic() < until:
                time.sleep(_POLL_S)
            if self.pid is not None:
                log.warning("PostgreSQL did not end in %s s after %s", patience, way.name)

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        cluster, programs = self._ready()
        # pg_ctl hands paths to a shell without escaping them: it gets none but ".".
        command: list[str | Path] = [programs.path("pg_ctl"), "-s", "-D", ".", *arguments]
        return self._account.run(command, timeout=2 * _START_S, directory=cluster.directory)

    def _ready(self) -> tuple[Cluster, Programs]:
        assert self._cluster is not None  # noqa: S101 start() has set both before anything is run
        assert self._programs is not None  # noqa: S101
        return self._cluster, self._programs

    def _release(self) -> None:
        """Remove the socket's directory, then give the lock back: nobody else's socket can be there yet."""
        if self._cluster is not None:
            shutil.rmtree(self._cluster.sockets, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _take(lock: Path, data: Path) -> IO[str]:
    """Take a cluster's lock or raise DataDirectoryInUse; closing the file gives it back."""
    handle = os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = handle.read().strip()
        handle.close()
        raise DataDirectoryInUse(data, holder) from None
    handle.truncate()
    handle.write(f"{os.getpid()}\n")
    handle.flush()
    return handle


def _noted_pid(cluster: Cluster) -> int | None:
    try:
        return int(cluster.pid_file.read_text().partition("\n")[0])
    except (FileNotFoundError, ValueError):
        return None


def _forget_dead_server(cluster: Cluster) -> None:
    """Remove what a killed server left: its socket, and its note if the number is in use by something else.

    PostgreSQL would refuse to start beside either. A number that nobody has is left to PostgreSQL, which checks more.
    """
    pid = _noted_pid(cluster)
    if pid is not None and exists(pid) and not is_running(pid, program="postgres"):
        cluster.pid_file.unlink(missing_ok=True)
    for left in cluster.sockets.iterdir():
        left.unlink(missing_ok=True)


def _start_new_log(cluster: Cluster) -> None:
    """Keep one earlier log, so that the files stay bounded over many starts."""
    with contextlib.suppress(FileNotFoundError):
        if cluster.server_log.stat().st_size > _LARGEST_LOG:
            cluster.server_log.replace(cluster.server_log.with_suffix(".log.1"))


def _tail(path: Path, lines: int = 12) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
