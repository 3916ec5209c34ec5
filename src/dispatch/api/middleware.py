"""What wraps every request: an id, a count, the headers that make a browser strict. Plain ASGI: no task per request."""

import re
import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatch.telemetry import REQUESTS, request_id

_GIVEN: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_STRICT: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


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
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = own
                for name, value in _STRICT.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
                REQUESTS.labels(scope["method"], message["status"]).inc()
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            request_id.reset(token)
