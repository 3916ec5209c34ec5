"""Modes of an area: response mode, warning colour, weather. The desk reads, shift leaders and administration set."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import json_response, kept_answer
from dispatch.api.dependencies import once_of, parse, principal_of, read_body, service_of, uuid_or_missing
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.api.paging import page_of
from dispatch.domain.errors import ForbiddenError
from dispatch.domain.mode import Mode
from dispatch.domain.mode_setting import ModeSetting, mode_view
from dispatch.domain.wire import Json
from dispatch.operations.ending import Ending
from dispatch.operations.set_mode import end_mode, set_mode
from dispatch.security import Principal
from dispatch.storage.modes import list_finished, list_unfinished

router: Final = APIRouter(prefix="/api/v1", tags=["modes"])
LATELY: Final = timedelta(days=7)


def _require_own_area(principal: Principal, division_code: str) -> None:
    if not principal.covers(division_code):
        raise ForbiddenError("a mode is set and ended within your own divisions", facts={"division": division_code})


@router.get("/modes", responses=responses.MODES)
async def list_modes(request: Request) -> Response:
    """List the modes that touch your area: those that stand, those that will, those that ended within seven days."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("direct")
    page_of(request.query_params, allowed=set())
    now, directory = service.context.now(), service.context.knowledge.directory
    async with service.context.database.snapshot() as connection:
        unfinished = await list_unfinished(connection, now)
        finished = await list_finished(connection, now, now - LATELY)

    def shown(modes: list[Mode]) -> list[Json]:
        return [mode_view(mode, directory) for mode in modes if principal.is_touched_by(mode.division_code, directory)]

    return json_response(
        {
            "standing": shown([mode for mode in unfinished if mode.stands(now)]),
            "coming": shown([mode for mode in unfinished if not mode.stands(now)]),
            "ended": shown(finished),
        }
    )


@router.post(
    "/modes", status_code=201, responses=responses.MODE_SET, openapi_extra=body(schemas.ModeSetting, IDEMPOTENT)
)
async def set_one(request: Request) -> Response:
    """Set a response mode, warning colour or weather for a division and all below it; without an end until ended."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("set_modes")
    raw = await read_body(request)
    given = parse(schemas.ModeSetting, raw)
    context = service.context
    setting = ModeSetting(
        division_code=given.division_code,
        field=given.field,
        value=given.value,
        starts_at=given.starts_at or context.now(),
        ends_at=given.ends_at,
        reason=given.reason,
    )
    if given.division_code in context.knowledge.directory.content.divisions:
        _require_own_area(principal, given.division_code)
    kept = await set_mode(context, setting, actor=principal.actor, once=once_of(request, principal, raw))
    return kept_answer(kept, status=201)


@router.post("/modes/{mode_id}/end", responses=responses.MODE, openapi_extra=body(schemas.EndMode, IDEMPOTENT))
async def end_one(request: Request, mode_id: str) -> Response:
    """End a mode that stands, or take back one that has not begun."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("set_modes")
    raw = await read_body(request)
    given = parse(schemas.EndMode, raw)
    ending: Ending[Mode] = Ending(
        "mode",
        uuid_or_missing(mode_id, "mode"),
        lambda mode: _require_own_area(principal, mode.division_code),
        given.reason,
    )
    once = once_of(request, principal, raw)
    return kept_answer(await end_mode(service.context, ending, actor=principal.actor, once=once))
