"""The composition root: builds database, knowledge, relay, hub and loops, routes once, stops in order.

The only place, with cli and demo, that reads settings, draws randomness and looks at the clock.
"""

import asyncio
import contextlib
import gc
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from dispatch import __version__
from dispatch.api import (
    administration,
    assignments,
    communication,
    correlation,
    devices,
    directory,
    drills,
    explanations,
    findings,
    health,
    incident_verbs,
    incidents,
    modes,
    pages,
    push,
    rulesets,
    sessions,
    trials,
)
from dispatch.api.dependencies import Service
from dispatch.api.errors import handle_refusal, problem
from dispatch.api.middleware import Envelope
from dispatch.api.openapi import describe
from dispatch.domain.alerting import DANGER_TAGS
from dispatch.domain.errors import DatabaseUnavailableError, DispatchError
from dispatch.domain.ids import uuid7
from dispatch.domain.presence import Presence
from dispatch.jobs.communication import CommunicationLoop
from dispatch.jobs.delivery import DeliveryLoop
from dispatch.jobs.lint import MOST_S as MOST_LINT_S
from dispatch.jobs.lint import LintLoop
from dispatch.jobs.loop import Loop, every, on_the_beat
from dispatch.jobs.presence import PresenceLoop
from dispatch.jobs.timers import TimerLoop
from dispatch.jobs.upkeep import CalendarLoop, LinkLoop, ModeLoop, PruneLoop, RefreshLoop, StatesLoop, WatchLoop
from dispatch.live.hub import Hub
from dispatch.live.relay import Relay
from dispatch.live.socket import HEARTBEAT_S, LiveSockets
from dispatch.operations.backtest_ruleset import Backtests
from dispatch.operations.context import Context
from dispatch.operations.refresh_knowledge import load_knowledge
from dispatch.outside import calendar
from dispatch.outside.channel import Channel
from dispatch.outside.channels import open_channels
from dispatch.outside.push_seal import new_vapid_key
from dispatch.outside.web_push import WebPush
from dispatch.security import Authenticator, LoginGuard
from dispatch.settings import Settings
from dispatch.storage.clock import DatabaseClock
from dispatch.storage.database import Connection, Database
from dispatch.storage.doorbell import Doorbell
from dispatch.storage.epoch import ensure_epoch
from dispatch.storage.push import ensure_push_key
from dispatch.storage.schema import WANTED, current_revision

RELAY_HEALTHY_WITHIN_S: Final = 5.0


_RANDOM_BYTES: Final = 10
_random = bytearray()


def new_id() -> UUID:
    """Draw a fresh UUIDv7. Randomness comes 256 ids at a time: one call to the kernel costs as much as ten ids."""
    if not _random:
        _random.extend(os.urandom(256 * _RANDOM_BYTES))
    drawn = int.from_bytes(_random[-_RANDOM_BYTES:])
    del _random[-_RANDOM_BYTES:]
    return uuid7(time.time_ns() // 1_000_000, drawn)


class NotMigratedError(DispatchError):
    """The schema is older or newer than this code needs."""

    code = "not_migrated"
    title = "The database needs `dispatch migrate`"


@dataclass(slots=True)
class Process:
    """Everything that lives as long as the process."""

    settings: Settings
    database: Database
    context: Context
    clock: DatabaseClock
    hub: Hub
    relay: Relay
    sockets: LiveSockets
    authenticator: Authenticator
    presence: Presence
    id: str
    web_push: WebPush | None = None
    backtests: Backtests = field(default_factory=Backtests)
    loops: list[Loop] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def readiness(self) -> dict[str, bool]:
        """Check database, migrations and every loop."""
        try:
            found = await current_revision(self.settings.database_url)
        except DatabaseUnavailableError:
            checks = {"database": False, "migrations": False}
        else:
            checks = {"database": True, "migrations": found == WANTED}
        checks |= {loop.name: loop.is_healthy for loop in self.loops}
        return checks

    def begin(self) -> None:
        """Start the loops."""
        self.tasks = [asyncio.create_task(loop.run(), name=loop.name) for loop in self.loops]
        doorbell = Doorbell(self.settings.database_url, self.relay.wake)
        self.relay.ring = doorbell.ring
        self.tasks.append(asyncio.create_task(doorbell.run(), name="doorbell"))

    async def end(self) -> None:
        """Stop the loops, say goodbye, close the database."""
        await self.sockets.say_goodbye()
        await self.backtests.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.web_push is not None:
            await self.web_push.close()
        await self.database.close()


async def _web_push(settings: Settings, connection: Connection, now: Callable[[], datetime]) -> WebPush | None:
    if not settings.web_push:
        return None
    key = settings.vapid_key or await ensure_push_key(connection, new_vapid_key)
    return WebPush(key, subject=settings.vapid_subject, now=now, private=settings.web_push_private)


async def build(settings: Settings) -> Process:
    """Open the database and build the process around it.

    Raises:
        DatabaseUnavailableError: no database.
        NotMigratedError: the schema is not the one this code needs.
    """
    database = Database(settings.database_url, pool_size=settings.pool_size)
    await database.open()
    found = await current_revision(settings.database_url)
    if found != WANTED:
        await database.close()
        raise NotMigratedError(f"the schema is at {found}, this version needs {WANTED}: run `dispatch migrate`")
    clock = DatabaseClock()
    async with database.connection() as connection:
        await clock.follow(connection)
        epoch = await ensure_epoch(connection, new_id())
        web_push = await _web_push(settings, connection, clock.now)
    knowledge, xmin = await load_knowledge(database)
    channels = open_channels(settings.paging_webhook, settings.paging_file, settings.apprise, web_push)
    hub = Hub()
    relay = Relay(database, hub, knowledge, epoch=epoch)
    relay.start_at(xmin)

    grace = timedelta(seconds=settings.presence_grace_s)
    presence = Presence(clock.now(), lambda unit_id: hub.listeners(unit_id) > 0, grace)
    context = Context(
        database=database,
        knowledge=knowledge,
        new_id=new_id,
        now=clock.now,
        publish=relay.committed,
        timezone=ZoneInfo(settings.timezone),
        paging_channels=tuple(channel.name for channel in channels),
        danger_tags=DANGER_TAGS | {tag.strip() for tag in settings.danger_tags.split(",") if tag.strip()},
        presence=presence,
        day_kind=calendar.day_kind,
    )
    authenticator = Authenticator(database)
    sockets = LiveSockets(context, relay, hub, authenticator)
    process = Process(
        *(settings, database, context, clock, hub, relay, sockets, authenticator, presence),
        id=str(new_id()),
        web_push=web_push,
    )
    process.loops = _loops(process, channels)
    return process


def _loops(process: Process, channels: list[Channel]) -> list[Loop]:
    timers = TimerLoop(process.context)
    refresh = RefreshLoop(process.database, process.context.knowledge, process.clock)
    states = StatesLoop(process.database, process.context.knowledge)
    links = LinkLoop(process.context)
    upkeep = PruneLoop(process.database, process.settings.keep_changes_hours * 3600)
    delivery = DeliveryLoop(process.context, channels)
    presence = PresenceLoop(process.database, process.presence, process.id, process.hub.live_units)
    watch = WatchLoop(process.context)
    lint = LintLoop(process.context)
    modes, days = ModeLoop(process.context), CalendarLoop(process.context, calendar.last_year)
    tests, relay = CommunicationLoop(process.context), process.relay
    return [
        Loop("relay", relay.look, relay.pause, deadline_s=30, healthy_within_s=RELAY_HEALTHY_WITHIN_S),
        Loop("timers", timers.once, timers.pause, deadline_s=60),
        Loop("delivery", delivery.once, every(0.25), deadline_s=60),
        Loop("presence", presence.once, every(1), deadline_s=30, healthy_within_s=30),
        Loop("watch", watch.once, every(5), deadline_s=60, healthy_within_s=60),
        Loop("refresh", refresh.once, every(0.5), deadline_s=60),
        Loop("links", links.once, every(1), deadline_s=60),
        Loop("states", states.once, every(30), deadline_s=60, healthy_within_s=180),
        Loop("heartbeat", process.sockets.beat, on_the_beat(HEARTBEAT_S), deadline_s=30, healthy_within_s=30),
        Loop("credentials", process.sockets.recheck, on_the_beat(HEARTBEAT_S), deadline_s=30, healthy_within_s=30),
        Loop("lint", lint.once, every(2), deadline_s=MOST_LINT_S, healthy_within_s=2 * MOST_LINT_S),
        Loop("modes", modes.once, every(15), deadline_s=30, healthy_within_s=90),
        Loop("communication", tests.once, every(1), deadline_s=60, healthy_within_s=60),
        Loop("calendar", days.once, every(3600), deadline_s=30, healthy_within_s=3 * 3600),
        Loop("prune", upkeep.once, every(600), deadline_s=300, healthy_within_s=3600),
    ]


def create_app(settings: Settings, start_page: dict[str, object] | None = None) -> FastAPI:
    """Build the web application; its process is built when it starts."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        process = await build(settings)
        app.state.process = process
        app.state.readiness = process.readiness
        app.state.service = Service(
            context=process.context,
            authenticator=process.authenticator,
            guard=LoginGuard(),
            session_hours=settings.session_hours,
            secure_cookies=settings.secure_cookies,
            start_page=start_page,
            backtests=process.backtests,
            two_persons=settings.rules_two_persons,
            push=process.web_push,
        )
        process.begin()
        try:
            yield
        finally:
            await process.end()

    app = FastAPI(
        title="Dispatch",
        version=__version__,
        description="Multi-agency emergency dispatch: a call comes in, the right units go, every step is seen.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        separate_input_output_schemas=False,
    )
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    _route(app)
    return app


def _route(app: FastAPI) -> None:
    # Calls come first and by a plain route: FastAPI's own way to the endpoint, which reads its request itself, costs as
    # much as deciding who goes (0.1 ms). The documentation is that of the router below.
    app.router.routes.append(Route("/api/v1/incidents", incidents.report, methods=["POST"], include_in_schema=False))
    for module in (
        *(correlation, incidents, incident_verbs, explanations, assignments, devices, sessions, findings, directory),
        *(administration, modes, drills, communication, push, rulesets, trials, health, pages),
    ):
        app.include_router(module.router)

    async def live(websocket: object) -> None:
        sockets: LiveSockets = app.state.process.sockets
        await sockets.serve(websocket)  # type: ignore[arg-type]

    app.router.routes.append(WebSocketRoute("/api/v1/live", live))
    app.mount("/assets", pages.assets("assets"))
    app.add_exception_handler(DispatchError, handle_refusal)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _http_problem)
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(Envelope)


async def _http_problem(request: Request, error: Exception) -> Response:
    del request
    status = error.status_code if isinstance(error, HTTPException) else 422
    titles = {404: "not_found", 405: "method_not_allowed", 422: "invalid_request"}
    detail = str(error.detail) if isinstance(error, HTTPException) else "the request is not valid"
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else None
    return problem(status, titles.get(status, "http_error"), detail, detail, headers=headers)


async def _bug(request: Request, error: Exception) -> Response:
    """Answer a bug without its insides; the log has them."""
    del request, error
    return problem(500, "internal_error", "An error of ours", "it was logged; try again with the same key")


class Server(uvicorn.Server):
    """Settles when it has started, and tells every socket to reconnect elsewhere before anything else stops.

    Directory, rules and code live as long as the process: the garbage collector need not walk them again and again.
    """

    settles = True

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Start as usual, then take what is there now out of the collector's sight."""
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.settles:
            gc.collect()
            gc.freeze()

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Say goodbye, then stop as usual."""
        process = getattr(self.config.app, "state", None)
        live = getattr(getattr(process, "process", None), "sockets", None)
        if isinstance(live, LiveSockets):
            await live.say_goodbye()
        await super().shutdown(sockets)  # type: ignore[arg-type]


def end_by_signal() -> None:
    """Let the web server's own handling of SIGTERM and SIGINT be the only one.

    It raises the signal again when it has stopped; without a handler that would end the process before the embedded
    database is stopped.
    """

    def noted(_number: int, _frame: object) -> None:
        return

    signal.signal(signal.SIGTERM, noted)
    signal.signal(signal.SIGINT, noted)


def server_for(settings: Settings, app: FastAPI) -> Server:
    """Configure the web server as measured: uvloop, httptools, sans-I/O websockets without compression."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=64 * 1024,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
    )
    return Server(config)
