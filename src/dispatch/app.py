"""The web application around one process of the service: routes once, answers bugs, starts and stops the server."""

import asyncio
import contextlib
import gc
import signal
import time
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from dispatch import __version__
from dispatch.api import (
    administration,
    assignments,
    back_entries,
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
    receipts,
    rulesets,
    sessions,
    trials,
)
from dispatch.api.dependencies import Service
from dispatch.api.errors import handle_refusal, problem
from dispatch.api.middleware import Direct, DirectSocket, Envelope, Straight
from dispatch.api.openapi import describe
from dispatch.assembly import Process, build
from dispatch.domain.errors import DispatchError
from dispatch.live.direct import DirectProtocol
from dispatch.security import LoginGuard
from dispatch.settings import Settings


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
    for module in (
        *(correlation, back_entries, incidents, incident_verbs, explanations, assignments, devices, sessions, findings),
        *(directory, administration, modes, drills, communication, push, receipts, rulesets, trials, health, pages),
    ):
        app.include_router(module.router)

    async def live(websocket: WebSocket) -> None:
        process: Process = app.state.process
        await process.sockets.serve(websocket)

    app.mount("/assets", pages.assets("assets"))
    app.add_exception_handler(DispatchError, handle_refusal)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _http_problem)
    app.add_exception_handler(Exception, _bug)
    # Of the reported calls that go past the router, the router has an entry for the documentation.
    app.add_middleware(
        Straight, posted=Direct("/api/v1/incidents", incidents.report), live=DirectSocket("/api/v1/live", live)
    )
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
    """Settles when it has started. When it stops, `/readyz` says so first, then every socket is told to go elsewhere.

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
        """Let the balancer notice, say goodbye, then stop as usual."""
        process = getattr(getattr(self.config.app, "state", None), "process", None)
        if isinstance(process, Process):
            process.is_stopping = True
            await self._drain(process.settings.drain_s)
            await process.sockets.say_goodbye()
        await super().shutdown(sockets)  # type: ignore[arg-type]

    async def _drain(self, seconds: float) -> None:
        """Go on as usual while a balancer takes this server off its list. Neither Ctrl-C nor a second signal waits."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._captured_signals != [signal.SIGTERM]:
                return
            await asyncio.sleep(0.1)


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
        ws=DirectProtocol,
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
