"""Drills of an area: announced and ended by shift leaders and administration, read by the desk."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import drill_schemas, responses
from dispatch.api.answers import json_response, kept_answer
from dispatch.api.dependencies import once_of, parse, principal_of, read_body, service_of, uuid_or_missing
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.api.paging import page_of
from dispatch.domain.drill import Announcement, Drill, DrillRecipient, Participants, drill_view
from dispatch.domain.errors import ForbiddenError
from dispatch.domain.wire import Json
from dispatch.operations.ending import Ending
from dispatch.operations.hold_drill import announce_drill, end_drill
from dispatch.security import Principal
from dispatch.storage.drills import list_coming, list_held

router: Final = APIRouter(prefix="/api/v1", tags=["drills"])
LATELY: Final = timedelta(days=90)


def _require_own_area(principal: Principal, division_code: str) -> None:
    if not principal.covers(division_code):
        raise ForbiddenError("a drill is held within your own divisions", facts={"division": division_code})


@router.get("/drills", responses=responses.DRILLS)
async def list_drills(request: Request) -> Response:
    """List the drills that touch your area: those that stand, those that will, those of the last ninety days."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("direct")
    page_of(request.query_params, allowed=set())
    now, directory = service.context.now(), service.context.knowledge.directory
    async with service.context.database.snapshot() as connection:
        coming = await list_coming(connection, now)
        held = await list_held(connection, now, now - LATELY)

    def shown(drills: list[Drill]) -> list[Json]:
        return [drill_view(one, directory) for one in drills if principal.is_touched_by(one.division_code, directory)]

    return json_response(
        {
            "standing": shown([drill for drill in coming if drill.stands(now)]),
            "coming": shown([drill for drill in coming if not drill.stands(now)]),
            "ended": shown(held),
        }
    )


@router.post(
    "/drills",
    status_code=201,
    responses=responses.DRILL_ANNOUNCED,
    openapi_extra=body(drill_schemas.DrillBody, IDEMPOTENT),
)
async def announce(request: Request) -> Response:
    """Announce a drill: while it stands, exercises there reach its units and its recipients only."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("drill")
    raw = await read_body(request)
    given = parse(drill_schemas.DrillBody, raw)
    if given.division_code in service.context.knowledge.directory.content.divisions:
        _require_own_area(principal, given.division_code)
    said = Announcement(
        name=given.name,
        participants=Participants(given.division_code, frozenset(map(str, given.unit_ids))),
        recipients=tuple(DrillRecipient(one.name, one.address, one.channel) for one in given.recipients),
        starts_at=given.starts_at or service.context.now(),
        ends_at=given.ends_at,
    )
    once = once_of(request, principal, raw)
    return kept_answer(await announce_drill(service.context, said, actor=principal.actor, once=once), status=201)


@router.post(
    "/drills/{drill_id}/end", responses=responses.DRILL, openapi_extra=body(drill_schemas.EndDrill, IDEMPOTENT)
)
async def end_one(request: Request, drill_id: str) -> Response:
    """End a drill that stands, or take back one that has not begun. Exercises that are open stay open."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("drill")
    raw = await read_body(request)
    parse(drill_schemas.EndDrill, raw)
    ending: Ending[Drill] = Ending(
        "drill", uuid_or_missing(drill_id, "drill"), lambda drill: _require_own_area(principal, drill.division_code)
    )
    once = once_of(request, principal, raw)
    return kept_answer(await end_drill(service.context, ending, actor=principal.actor, once=once))
