"""What every endpoint needs: the running service, who is calling, the body once and bounded, the idempotency key."""

import hashlib
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from dispatch.api.errors import invalid
from dispatch.domain.errors import (
    Fault,
    InvalidRequestError,
    NotFoundError,
    OriginRefusedError,
    PayloadTooLargeError,
    UnauthenticatedError,
)
from dispatch.operations.backtest_ruleset import Backtests
from dispatch.operations.context import Context
from dispatch.outside.web_push import WebPush
from dispatch.security import SESSION_COOKIE, Authenticator, LoginGuard, Principal
from dispatch.storage.written import Once

MOST_BYTES: Final = 256 * 1024
_MOST_DIGITS: Final = 9
LONGEST_KEY: Final = 200
Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class Service:
    """What the composition root hands to the endpoints."""

    context: Context
    authenticator: Authenticator
    guard: LoginGuard
    session_hours: float
    secure_cookies: bool
    start_page: dict[str, object] | None
    backtests: Backtests
    two_persons: bool = True
    push: WebPush | None = None


def service_of(request: Request) -> Service:
    """Give the running service."""
    service: Service = request.app.state.service
    return service


async def principal_of(request: Request) -> Principal:
    """Find out who is calling: Bearer key or session cookie.

    Raises:
        UnauthenticatedError: nobody known.
        OriginRefusedError: a browser's unsafe request from another site.
    """
    authenticator = service_of(request).authenticator
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        return await authenticator.by_key(secret.strip())
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie is None:
        raise UnauthenticatedError("send `Authorization: Bearer <key>` or log in")
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        require_same_origin(request)
    return await authenticator.by_session(cookie)


def require_same_origin(request: Request) -> None:
    """Refuse an unsafe request that a page of another site sent with our cookie.

    Raises:
        OriginRefusedError: Origin is missing or another.
    """
    origin = request.headers.get("origin")
    if origin is None or urlsplit(origin).netloc != request.headers.get("host"):
        raise OriginRefusedError(
            "an unsafe request with a session needs a same-origin Origin", facts={"origin": origin}
        )


async def read_body(request: Request, most_bytes: int = MOST_BYTES) -> bytes:
    """Read the body, usually at most 256 KiB.

    Raises:
        PayloadTooLargeError: larger.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > most_bytes:
        raise _too_large(most_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(body)


def _too_large(most_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"a body may have {most_bytes // 1024} KiB", facts={"limit_bytes": most_bytes})


def parse(model: type[Model], body: bytes) -> Model:
    """Read a body as a model; an empty body is an empty object.

    Raises:
        InvalidRequestError: with a pointer to every fault.
    """
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise invalid(error) from None


def parse_query(model: type[Model], request: Request) -> Model:
    """Read the parameters of the query as a model.

    Raises:
        InvalidRequestError: with the name of every parameter that is wrong.
    """
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        codes = {"unknown_field": "unknown_parameter"}
        faults = (
            Fault(f"?{fault.pointer[1:]}", codes.get(fault.code, fault.code), fault.detail)
            for fault in invalid(error).faults
        )
        raise InvalidRequestError(tuple(faults)) from None


def once_of(request: Request, principal: Principal, body: bytes) -> Once | None:
    """Give the idempotency record of a request: keys of different callers never meet.

    Raises:
        InvalidRequestError: a key that is too long or not printable ASCII.
    """
    return once_within(request, f"{principal.kind}:{principal.id}", body)


def once_within(request: Request, scope: str, body: bytes) -> Once | None:
    """Give the idempotency record of a request whose caller is known by something else than a key or session.

    Raises:
        InvalidRequestError: a key that is too long or not printable ASCII.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise InvalidRequestError(
            (Fault("", "invalid_idempotency_key", "Idempotency-Key: 1–200 printable ASCII characters"),)
        )
    query: bytes = request.scope["query_string"]
    target = request.scope["path"].replace("?", "%3F").encode() + (b"?" + query if query else b"")
    told = hashlib.sha256(target + b"\x00" + body).digest()
    return Once(scope, key, told)


def version_or_missing(text: str) -> int:
    """Read a ruleset's version from a path or query; what is no number names nothing.

    Raises:
        NotFoundError: not a number.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise NotFoundError("no such ruleset", facts={"version": text[:100]})
    return int(text)


def uuid_or_missing(text: str, what: str) -> str:
    """Read an id from a path; what is no id names nothing.

    Raises:
        NotFoundError: not an id.
    """
    try:
        return str(UUID(text))
    except ValueError:
        raise NotFoundError(f"no such {what}", facts={f"{what}_id": text[:100]}) from None
