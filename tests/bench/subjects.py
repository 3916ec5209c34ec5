"""What is measured: the product, the floor, and the peers where their directory lies beside the repository.

Each run gets a fresh database in the one PostgreSQL, so that no run pays for what another left open.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg

from tests.bench.processes import free_port

REPOSITORY = Path(__file__).parents[2]
PEERS = REPOSITORY.parent / "shared" / "bench" / "peers"
LONGEST_RUN_S = 1_800
WORLD_DATABASE = "bench_world"


@dataclass(slots=True)
class Laboratory:
    """The PostgreSQL, a directory for what comes and goes, the world's file."""

    url: str
    directory: Path
    _runs: int = field(default=0)

    @property
    def sockets(self) -> str:
        """Give the directory with PostgreSQL's socket: the bench's own listens on nothing else."""
        return parse_qs(urlsplit(self.url).query)["host"][0]

    @property
    def world(self) -> Path:
        return self.directory / "world.json"

    def database(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    async def fresh(self, *, template: str, schema: str = "") -> str:
        """Make an empty database, or a copy of one, and give its name."""
        self._runs += 1
        name = f"bench_{self._runs}"
        connection = await asyncpg.connect(self.url)
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        await connection.close()
        if schema:
            connection = await asyncpg.connect(self.database(name))
            await connection.execute(schema)
            await connection.close()
        return name

    async def forget(self, name: str) -> None:
        """Drop a run's database and write out what it left dirty: the next run shall not pay for it."""
        connection = await asyncpg.connect(self.url)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.execute("CHECKPOINT")
        await connection.close()

    def make_world(self) -> None:
        """Migrate, load, write world.json, as anybody would by hand."""
        url = self.database(WORLD_DATABASE)
        command = [sys.executable, "-m", "tests.bench.world", "--database-url", url, "--out", str(self.world)]
        subprocess.run(command, cwd=REPOSITORY, check=True, timeout=120)


class Ours:
    """The product: one process of `dispatch serve`, its settings as they come."""

    name = "ours"

    async def run(self, laboratory: Laboratory, mode: str, options: list[str]) -> dict[str, Any]:
        name = await laboratory.fresh(template=WORLD_DATABASE)
        port = free_port()
        server = [sys.executable, "-m", "dispatch", "serve", "--port", str(port)]
        environment = {"DATABASE_URL": laboratory.database(name), "DISPATCH_DRAIN_S": "0"}
        found = drive(laboratory, (mode, port), server, environment, ["--world", str(laboratory.world), *options])
        await laboratory.forget(name)
        return found


class FloorSubject:
    """The least that could work."""

    name = "floor"

    async def run(self, laboratory: Laboratory, mode: str, options: list[str]) -> dict[str, Any]:
        name = await laboratory.fresh(template="template0")
        port = free_port(22_000)
        server = [sys.executable, "-m", "tests.bench.floor", "--port", str(port)]
        environment = {"FLOOR_DATABASE": laboratory.database(name), "FLOOR_WORLD": str(laboratory.world)}
        found = drive(laboratory, (mode, port), server, environment, ["--world", str(laboratory.world), *options])
        await laboratory.forget(name)
        return found


class SocketIoSubject:
    """Express, Socket.IO and pg, from a temporary copy with its packages installed."""

    name = "Socket.IO"

    def __init__(self, directory: Path) -> None:
        self._directory = copy_of_peer("socketio", directory)
        server = self._directory / "server.js"
        # The database of the bench listens on a socket only.
        server.write_text(server.read_text().replace("host: '127.0.0.1'", "host: process.env.PGHOST"))
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(install, cwd=self._directory, check=True, timeout=300)

    async def run(self, laboratory: Laboratory, mode: str, options: list[str]) -> dict[str, Any]:
        schema = (self._directory / "schema.sql").read_text()
        await drop_leftover(laboratory, "sio")
        name = await laboratory.fresh(template="template0", schema=schema)
        connection = await asyncpg.connect(laboratory.url)
        await connection.execute(f'ALTER DATABASE "{name}" RENAME TO sio')
        await connection.close()
        port = free_port(24_000)
        environment = {"PGHOST": laboratory.sockets, "PGPORT": "5432", "PORT": str(port)}
        server = ["node", str(self._directory / "server.js")]
        found = drive(laboratory, (mode, port), server, environment, ["--dialect", "socketio", *options])
        await laboratory.forget("sio")
        return found


def copy_of_peer(name: str, directory: Path) -> Path:
    """Copy a peer's folder to where it may be changed: the original is for reading only, and so is what is copied."""
    copy = directory / name
    shutil.copytree(PEERS / name, copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


async def drop_leftover(laboratory: Laboratory, name: str) -> None:
    connection = await asyncpg.connect(laboratory.url)
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.close()


def drive(
    laboratory: Laboratory, run: tuple[str, int], server: list[str], environment: dict[str, str], options: list[str]
) -> dict[str, Any]:
    mode, port = run
    command = [sys.executable, "-m", "tests.bench.client", mode, "--port", str(port), "--server", shlex.join(server)]
    command += ["--directory", str(REPOSITORY), "--log", str(laboratory.directory / "servers.log"), *options]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=os.environ | environment,
        check=False,
        stdout=subprocess.PIPE,
        timeout=LONGEST_RUN_S,
    )
    if done.returncode != 0:
        return {}
    return dict(json.loads(done.stdout))
