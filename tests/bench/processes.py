"""A server under measurement: started in a process group of its own, weighed from /proc, ended with all its children.

Touches nothing that it did not start.
"""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

HOST = "127.0.0.1"
START_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0


class ServerProcess:
    """One server, given by its command line."""

    def __init__(self, command: str, *, port: int, directory: Path, log: Path) -> None:
        self.command, self.port, self.directory, self.log = command, port, directory, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def group(self) -> int:
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                shlex.split(self.command), cwd=self.directory, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        until = time.monotonic() + START_WITHIN_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            if answers(self.port):
                return
            time.sleep(0.05)
        raise SystemExit(f"the server did not start; see {self.log}")

    def kill(self) -> None:
        """End it as a power cut would."""
        os.killpg(self.group, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGTERM)
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def cpu_s(self) -> float:
        """Give the processor time spent so far, of all processes of the group."""
        ticks = 0
        for pid in _members(self.group):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_kib(self) -> int:
        """Give the proportional set size of all processes of the group."""
        total = 0
        for pid in _members(self.group):
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total


def _members(group: int) -> Iterator[str]:
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError):
                if os.getpgid(int(path.name)) == group:
                    yield path.name


def answers(port: int) -> bool:
    """Say whether anybody listens there."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
        return True
    return False


def busy_share(seconds: float = 0.7) -> float:
    """Measure how busy the machine is while we do nothing: whoever shares it makes figures worse."""

    def read() -> tuple[int, int]:
        ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(ticks), ticks[3] + ticks[4]

    before = read()
    time.sleep(seconds)
    after = read()
    return 1 - (after[1] - before[1]) / max(1, after[0] - before[0])


def free_port(first: int = 20_000) -> int:
    """Find a free port below the range that systems hand out by themselves."""
    for port in range(first + os.getpid() % 5_000, 32_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise SystemExit("no free port")
