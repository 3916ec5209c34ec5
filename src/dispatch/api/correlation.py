"""What a call under construction may be about: asked before it is made, nothing is written."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import look_once, see_incident
from dispatch.api.dependencies import once_of, parse, principal_of, read_body, service_of
from dispatch.api.intake import call_report, check_type, located
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.domain.wire import Json
from dispatch.operations.correlating import matches_of
from dispatch.storage.work import find_work

router: Final = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])


@router.post("/match", responses=responses.MATCHES, openapi_extra=body(schemas.IncidentReport, IDEMPOTENT))
async def match(request: Request) -> Response:
    """Say which open incidents a call may be about, of those in your scope, best first. Nothing is written.

    The body is that of a report. Ask before you send it: the caller can be told that help is on the way.
    """
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("report")
    raw = await read_body(request)
    given = parse(schemas.IncidentReport, raw)
    check_type(service, given.incident_type)
    call = call_report(service, principal, given)
    located(service, principal, call)

    async def look() -> Json:
        found = []
        async with service.context.database.connection() as connection:
            for one in matches_of(service.context, call):
                work = await find_work(connection, one.incident.id)
                if work is not None and principal.may_see(work.incident):
                    shown = {"join": one.join, "reason": one.reason, "distance_m": one.distance_m, "age_s": one.age_s}
                    found.append({**shown, "incident": see_incident(service, principal, work)})
        return {"matches": found}

    return await look_once(service, once_of(request, principal, raw), look)
