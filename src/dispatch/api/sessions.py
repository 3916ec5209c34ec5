"""People log in and out; everybody may ask who they are."""

import secrets
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch import __version__
from dispatch.api import responses, schemas
from dispatch.api.answers import json_response
from dispatch.api.dependencies import Service, parse, principal_of, read_body, require_same_origin, service_of
from dispatch.api.openapi import body
from dispatch.domain.errors import UnauthenticatedError
from dispatch.domain.rows import instant
from dispatch.domain.unit import unit_status
from dispatch.domain.wire import Json, unit_view
from dispatch.security import SESSION_COOKIE, Principal, address_group, hash_secret, password_matches
from dispatch.storage.access import NewSession, delete_session, find_password, insert_session

router: Final = APIRouter(prefix="/api/v1", tags=["access"])


def me_view(service: Service, principal: Principal) -> Json:
    """Say who somebody is."""
    context = service.context
    unit = context.knowledge.directory.units.get(principal.unit_id or "")
    local = context.now().astimezone(context.timezone)
    return {
        "kind": principal.kind,
        "name": principal.name,
        "role": principal.role,
        "unit": None
        if unit is None
        else {
            **unit_view(unit.id, context.knowledge.directory),
            "status": unit_status(
                unit, context.knowledge.states.of(unit.id), local, response=context.response_at(unit)
            ),
        },
        "device_id": principal.device_id,
        "division_codes": list(principal.division_codes),
        "server_time": instant(context.now()),
        "version": __version__,
    }


@router.get("/me", responses=responses.ME)
async def me(request: Request) -> Response:
    """Say who you are."""
    return json_response(me_view(service_of(request), await principal_of(request)))


@router.post(
    "/sessions", status_code=201, responses=responses.LOGGED_IN, openapi_extra=body(schemas.Login) | {"security": []}
)
async def log_in(request: Request) -> Response:
    """Log in with name and password; the session is an HttpOnly, SameSite=Strict cookie."""
    service = service_of(request)
    if request.headers.get("origin") is not None:
        require_same_origin(request)
    given = parse(schemas.Login, await read_body(request))
    address = address_group(request.client.host if request.client else None)
    # Race: many guesses at once; each counts as wrong until it is known to be right.
    service.guard.require_patience(given.login, address)
    service.guard.note_wrong(given.login, address)
    async with service.context.database.connection() as connection:
        found = await find_password(connection, given.login)
    if not await password_matches(given.password, found[1] if found else None) or found is None:
        raise UnauthenticatedError("name or password is wrong")
    secret = secrets.token_urlsafe(32)
    lives_for_s = service.session_hours * 3600
    async with service.context.database.connection() as connection:
        session = NewSession(hash_secret(secret), str(service.context.new_id()), *found, lives_for_s)
        if not await insert_session(connection, session):
            raise UnauthenticatedError("name or password is wrong")
    service.guard.note_right(given.login, address)
    principal = await service.authenticator.by_session(secret)
    response = json_response(me_view(service, principal), status=201)
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(lives_for_s),
        httponly=True,
        samesite="strict",
        secure=service.secure_cookies,
        path="/",
    )
    return response


@router.delete("/sessions/current", status_code=204, responses=responses.LOGGED_OUT)
async def log_out(request: Request) -> Response:
    """Log out: the session ends at once, its sockets within a heartbeat."""
    service = service_of(request)
    secret = request.cookies.get(SESSION_COOKIE)
    if secret is not None:
        require_same_origin(request)
        async with service.context.database.connection() as connection:
            await delete_session(connection, hash_secret(secret))
        service.authenticator.forget(hash_secret(secret))  # Race: whoever asks before that is believed again
    response = Response(status_code=204)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response
