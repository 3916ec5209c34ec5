"""The second peer: Django with Channels, spoken to over a Redis that lives as long as one run."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.processes import HOST, answers, free_port
from tests.bench.subjects import Laboratory, copy_of_peer, drive

WORKERS = 2
REDIS_WITHIN_S = 10.0


class DjangoSubject:
    """Django, Channels and psycopg from a temporary copy, in an environment of its own."""

    name = "Django"

    def __init__(self, directory: Path) -> None:
        self._directory = copy_of_peer("django", directory)
        settings = self._directory / "dispatchsite" / "settings.py"
        text = settings.read_text()
        # The database of the bench listens on a socket only, and each run has another one.
        for key, name in (("HOST", "PGHOST"), ("NAME", "PGDATABASE"), ("USER", "PGUSER")):
            text, found = re.subn(f'"{key}": "[^"]*"', f'"{key}": os.environ["{name}"]', text)
            if found != 1:
                raise SystemExit(f"the Django peer's {settings.name} is not as known here: {found} times {key}")
        settings.write_text(text)
        self._environment = directory / "django-environment"
        uv = [sys.executable, "-m", "uv"]
        for command in (
            [*uv, "venv", "--quiet", "--python", sys.executable, str(self._environment)],
            [*uv, "pip", "install", "--quiet", "--python", str(self._python), "-r", "requirements.txt"],
        ):
            subprocess.run(command, cwd=self._directory, check=True, timeout=300)

    @property
    def _python(self) -> Path:
        return self._environment / "bin" / "python"

    async def run(self, laboratory: Laboratory, mode: str, options: list[str]) -> dict[str, Any]:
        name = await laboratory.fresh(template="template0")
        with redis(laboratory.directory) as redis_port:
            environment = {
                "PGHOST": laboratory.sockets,
                "PGPORT": "5432",
                "PGUSER": urlsplit(laboratory.url).username or "postgres",
                "PGDATABASE": name,
                "REDIS_PORT": str(redis_port),
                "LAYER": "pubsub.RedisPubSubChannelLayer",
            }
            self._prepare(environment)
            port = free_port(25_000)
            server = [str(self._python), "-m", "uvicorn", "--workers", str(WORKERS), "dispatchsite.asgi:application"]
            server += ["--host", HOST, "--port", str(port), "--log-level", "warning"]
            told = ["--dialect", "django", "--directory", str(self._directory), *options]
            found = drive(laboratory, (mode, port), server, environment, told)
        await laboratory.forget(name)
        return found

    def _prepare(self, environment: dict[str, str]) -> None:
        """Make the tables, and the 160 units: four to a district in the order of their ids, console 0 shows unit 1."""
        for script in (["manage.py", "migrate", "--verbosity", "0"], ["setup_units.py"]):
            subprocess.run(
                [str(self._python), *script],
                cwd=self._directory,
                env=os.environ | environment,
                check=True,
                stdout=subprocess.DEVNULL,
                timeout=120,
            )


def why_not() -> str | None:
    """Say what is missing for this peer, if anything is."""
    return None if shutil.which("redis-server") else "Redis is not installed"


@contextlib.contextmanager
def redis(directory: Path) -> Iterator[int]:
    """Run a Redis that writes nothing to disk, and give its port."""
    port = free_port(26_500)
    command = ["redis-server", "--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no"]
    with (directory / "redis.log").open("ab") as log:
        process = subprocess.Popen([*command, "--dir", str(directory)], stdout=log, stderr=log)
    try:
        until = time.monotonic() + REDIS_WITHIN_S
        while not answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"Redis did not start; see {log.name}")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(REDIS_WITHIN_S)
