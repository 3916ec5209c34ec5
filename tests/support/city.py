"""The running service for tests: demo city, real database, real HTTP, real sockets, a clock that can be moved."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import uvicorn.server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from dispatch.app import Server, create_app, server_for
from dispatch.assembly import Process
from dispatch.demo.access import Access
from dispatch.domain.directory import Directory
from dispatch.operations import refresh_knowledge
from dispatch.operations.escalate_overdue import escalate_overdue
from dispatch.settings import Settings
from dispatch.storage.database import Connection
from dispatch.storage.directory import directory_version, load_directory

POLICE, JUSTICE, HEALTH, COMMUNITY = "430304005-PCS", "430304005-JUD", "430304005-HLT", "430304005003-COM"
FOUR = (POLICE, JUSTICE, HEALTH, COMMUNITY)
BUTTON = "XT-H6-GUARD"
HOSPITAL_CALL: dict[str, Any] = {
    "incident_type": "psychiatric.disturbance",
    "place_kind": "hospital",
    "division_code": "430304005003",
    "location": {"longitude": 112.964, "latitude": 27.875, "crs": "WGS84"},
    "description": "病房里有人砸东西",
    "caller": {"name": "值班护士", "phone": "0731-55500001"},
}
WITHIN_S = 30.0
NEVER_S = 3600.0
_TLS = ssl.create_default_context()  # one for all clients: making it takes as long as a test
CLEAN = """
DELETE FROM audit_seal; DELETE FROM audit;
DELETE FROM outbox; DELETE FROM idempotency; DELETE FROM delivery_attempt; DELETE FROM timer;
DELETE FROM assignment; DELETE FROM call; DELETE FROM decision; DELETE FROM incident; DELETE FROM incident_serial;
DELETE FROM session; DELETE FROM mode; DELETE FROM drill; DELETE FROM process;
DELETE FROM communication_test; DELETE FROM communication_schedule;
UPDATE directory_version SET version = version + 1 WHERE EXISTS (SELECT 1 FROM ladder WHERE code = 'test');
DELETE FROM ladder WHERE code = 'test'; DELETE FROM push_subscription;
DELETE FROM audit_alarm; DELETE FROM kit;
UPDATE api_key SET revoked_at = NULL WHERE revoked_at IS NOT NULL;
UPDATE unit_state SET duty = 'available', committed_to = NULL, longitude = NULL, latitude = NULL, position_at = NULL
  WHERE duty <> 'available' OR committed_to IS NOT NULL OR position_at IS NOT NULL;
UPDATE device_state SET state = 'enrolled', incident_id = NULL, merge_until = NULL, false_alarm_count = 0,
  tamper = false, battery_percent = NULL;
UPDATE epoch SET pruned_xid = 0;
DELETE FROM ruleset_act WHERE version > 1; DELETE FROM ruleset WHERE version > 1;
"""


_directories: dict[str, Directory] = {}


async def _load_directory_once(connection: Connection) -> Directory:
    """Read a version of a test database's directory once: hundreds of servers start on the same unchanging one."""
    database = str(await connection.fetchval("SELECT current_database()"))
    known = _directories.get(database)
    if known is None or known.version != await directory_version(connection):
        known = _directories[database] = await load_directory(connection)
    return known


refresh_knowledge.load_directory = _load_directory_once


async def _doze(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.01))


# The web server looks ten times a second whether it is to stop, then waits as long again: hundreds of them stop here.
uvicorn.server.asyncio = SimpleNamespace(**{**vars(asyncio), "sleep": _doze})  # type: ignore[assignment]


def free_port() -> int:
    """Find a free port below the range that the system hands out by itself."""
    for port in range(21_000 + uuid4().int % 9_000, 32_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


class Console:
    """A live console: keeps every frame, answers nothing unless told to."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                async with self._news:
                    self.frames.append(json.loads(text))
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        finally:
            async with self._news:
                self.closed = (self.connection.close_code or 1006, self.connection.close_reason or "")
                self._news.notify_all()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == "event"]

    @property
    def cursor(self) -> str | None:
        return next((frame["cursor"] for frame in reversed(self.frames) if "cursor" in frame), None)

    def named(self, event: str) -> list[dict[str, Any]]:
        return [frame for frame in self.events if frame["event"] == event]

    async def until(self, wanted: Callable[["Console"], Any], within_s: float = WITHIN_S) -> Any:
        async with asyncio.timeout(within_s), self._news:
            while not (found := wanted(self)):
                assert self.closed is None or wanted(self), f"closed {self.closed}, had {self.frames}"
                await self._news.wait()
            return found

    async def event(self, name: str, count: int = 1) -> dict[str, Any]:
        found = await self.until(lambda console: len(console.named(name)) >= count and console.named(name))
        return dict(found[count - 1])

    async def until_closed(self, within_s: float = WITHIN_S) -> tuple[int, str]:
        async with asyncio.timeout(within_s), self._news:
            while self.closed is None:
                await self._news.wait()
            return self.closed

    async def send(self, message: object) -> None:
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def leave(self) -> None:
        await self.connection.close()
        await self._reading


@dataclass
class City:
    """One running process of the service, and everything a test needs to talk to it."""

    base_url: str
    url: str
    process: Process
    server: Server
    access: Access
    sql: asyncpg.Pool
    offset: timedelta = timedelta()
    consoles: list[Console] = field(default_factory=list)
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def unit_key(self, code: str) -> str:
        return str(next(c["token"] for c in self.access.demo["consoles"] if c["unit"] == code))

    def unit_id(self, code: str) -> str:
        return str(self.process.context.knowledge.directory.unit_by_code[code].id)

    @property
    def integrator_key(self) -> str:
        return str(self.access.demo["integrator_key"])

    @property
    def device(self) -> dict[str, Any]:
        return next(d for d in self.access.demo["devices"] if d["code"] == BUTTON)

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        client = httpx.AsyncClient(base_url=self.base_url, headers=headers, timeout=20, verify=_TLS)
        self.clients.append(client)
        return client

    def unit(self, code: str) -> httpx.AsyncClient:
        return self.client(self.unit_key(code))

    def integrator(self) -> httpx.AsyncClient:
        return self.client(self.integrator_key)

    async def person(self, login: str = "desk1") -> httpx.AsyncClient:
        client = self.client()
        client.headers["Origin"] = self.base_url
        answer = await client.post("/api/v1/sessions", json={"login": login, "password": "demo-only"})
        assert answer.status_code == 201, answer.text
        return client

    async def console(
        self, key: str | None = None, *, cursor: str | None = None, client: httpx.AsyncClient | None = None
    ) -> Console:
        headers = {"Cookie": f"dispatch_session={client.cookies['dispatch_session']}"} if client else {}
        address = self.base_url.replace("http", "ws", 1) + "/api/v1/live"
        connection = await connect(
            address,
            subprotocols=["dispatch.v1"],  # type: ignore[list-item]
            additional_headers=headers,
            origin=self.base_url,  # type: ignore[arg-type]
            max_size=2**24,
        )
        console = Console(connection)
        self.consoles.append(console)
        await console.send({"type": "hello", "cursor": cursor, **({"token": key} if key else {})})
        await console.until(lambda c: any(f["type"] == "welcome" for f in c.frames))
        return console

    async def unit_console(self, code: str, cursor: str | None = None) -> Console:
        return await self.console(self.unit_key(code), cursor=cursor)

    async def press(self, press_id: str | None = None, **more: Any) -> httpx.Response:
        client = self.client(self.device["token"])
        body = {"press_id": press_id or str(uuid4()), **more}
        return await client.post(f"/api/v1/devices/{self.device['id']}/press", json=body)

    async def report(self, **changes: Any) -> dict[str, Any]:
        answer = await self.integrator().post("/api/v1/incidents", json=HOSPITAL_CALL | changes)
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["incident"])

    async def act(self, code: str, incident: dict[str, Any], verb: str, **body: Any) -> httpx.Response:
        assignment = await self.open_assignment(code, incident)
        return await self.unit(code).post(f"/api/v1/assignments/{assignment}/{verb}", json=body)

    async def open_assignment(self, code: str, incident: dict[str, Any]) -> str:
        found = await self.sql.fetchval(
            "SELECT id::text FROM assignment WHERE incident_id = $1 AND unit_id = $2 ORDER BY issued_at DESC LIMIT 1",
            incident["id"],
            self.unit_id(code),
        )
        assert found is not None, f"{code} is not on the incident"
        return str(found)

    async def work_through(self, code: str, incident: dict[str, Any]) -> None:
        for verb, body in (
            ("acknowledge", {}),
            ("depart", {}),
            ("arrive", {}),
            ("feedback", {"outcome": "handled", "text": "完成"}),
            ("complete", {}),
        ):
            answer = await self.act(code, incident, verb, **body)
            assert answer.status_code == 200, (verb, answer.text)

    async def forward(self, seconds: float) -> None:
        """Move the clock and act on everything that has become due, until nothing is.

        The service's own loop may hold an incident in this moment: what it holds is looked at again.
        """
        self.offset += timedelta(seconds=seconds)
        while await escalate_overdue(self.process.context) or await self._something_due():
            await asyncio.sleep(0.01)

    async def _something_due(self) -> bool:
        now = self.process.context.now()
        return bool(await self.sql.fetchval("SELECT EXISTS (SELECT 1 FROM timer WHERE due_at <= $1)", now))

    async def incident(self, incident_id: str) -> dict[str, Any]:
        client = await self.person()
        return dict((await client.get(f"/api/v1/incidents/{incident_id}")).json())


@contextlib.asynccontextmanager
async def running(url: str, access: Access, *, presence: bool = False, **settings: Any) -> AsyncIterator[City]:
    """Start a process of the service on a database; stop it at the end."""
    port = free_port()
    # Tests break what the auditor guards: it looks when it is told to. Connections cost a start its time.
    usual = {"audit_every_s": NEVER_S, "pool_size": 5} | settings
    given = Settings(database_url=url, port=port, log_level="WARNING").model_copy(update=usual)
    app = create_app(given)
    server = server_for(given, app)
    with contextlib.ExitStack() as stack:
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
        server.settles = False  # many servers in one process, each only for a while
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        assert server.started, "the server did not start"
        process: Process = app.state.process
        sql = await asyncpg.create_pool(url, min_size=1, max_size=4)
        city = City(f"http://127.0.0.1:{port}", url, process, server, access, sql)
        clock = process.clock
        process.context.now = lambda: clock.now() + city.offset
        if given.audit_every_s == NEVER_S:
            next(task for task in process.tasks if task.get_name() == "audit").cancel()
        if not presence:  # most tests open no consoles: their units count as there
            process.context.presence = None
        stack.callback(city.consoles.clear)
        try:
            yield city
        finally:
            for console in city.consoles:
                await console.leave()
            for client in city.clients:
                await client.aclose()
            server.should_exit = True
            await serving
            await sql.close()
