"""What wraps every request: an id, a count, the headers that make a browser strict. Plain ASGI: no task per request."""

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from dispatch.api.errors import refusal
from dispatch.domain.errors import DispatchError
from dispatch.telemetry import REQUESTS, request_id

_GIVEN: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_STRICT: Final = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            b"font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
            b"form-action 'self'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_OF_THE_API: Final = (*_STRICT, (b"cache-control", b"no-store"))


@cache
def _requests(method: str, status: int) -> Counter:
    """Find a counter once: the library looks for it under a lock, by text."""
    return REQUESTS.labels(method, status)


class Envelope:
    """Adds request id and strict headers, counts answers."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        own = given.decode() if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(own)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                said = {name for name, _ in headers}
                wanted = _OF_THE_API if scope["path"].startswith("/api/") else _STRICT
                headers.extend(header for header in wanted if header[0] not in said)
                headers.append((b"x-request-id", own.encode()))
                _requests(scope["method"], message["status"]).inc()
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            request_id.reset(token)


@dataclass(frozen=True, slots=True)
class Direct:
    """An endpoint under its path, which reads what it is given itself."""

    path: str
    endpoint: Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class DirectSocket:
    """The same for a websocket."""

    path: str
    endpoint: Callable[[WebSocket], Awaitable[None]]


class Straight:
    """Takes reported calls and live sockets past the router.

    What lies between costs as much as deciding who goes, and a third of what it takes to have a thousand consoles back.
    Refusals are answered as everywhere; whatever else an endpoint raises goes on to whoever answers for bugs.
    """

    def __init__(self, app: ASGIApp, *, posted: Direct, live: DirectSocket) -> None:
        """Take the endpoint that is POSTed to, and the socket's."""
        self._app, self._posted, self._live = app, posted, live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        if scope["type"] == "websocket" and scope["path"] == self._live.path:
            await self._live.endpoint(WebSocket(scope, receive, send))
        elif scope["type"] == "http" and scope["path"] == self._posted.path and scope["method"] == "POST":
            await self._answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._posted.endpoint(Request(scope, receive))
        except DispatchError as error:
            response = refusal(error)
        await response(scope, receive, send)
