"""Why these units and not others: the explanation of an incident's decision."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses
from dispatch.api.answers import json_response
from dispatch.api.dependencies import principal_of, service_of, uuid_or_missing
from dispatch.api.paging import page_of
from dispatch.operations.explain_incident import explain_incident
from dispatch.storage.work import get_work

router: Final = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])


@router.get(
    "/{incident_id}/explanation",
    responses=responses.EXPLANATION,
    openapi_extra=responses.parameters(unit={"type": "string", "maxLength": 100}),
)
async def explanation(request: Request, incident_id: str) -> Response:
    """Explain the stored decision by the rules that made it, near misses among them.

    With `unit` (code or id) `unit` in the answer says why that unit was sent or not, whichever unit it is.
    """
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("direct")
    page_of(request.query_params, allowed={"unit"})
    incident_id = uuid_or_missing(incident_id, "incident")
    async with service.context.database.connection() as connection:
        work = await get_work(connection, incident_id)
    principal.require_sight(work.incident)
    asked = request.query_params.get("unit")
    return json_response(await explain_incident(service.context, incident_id, unit=asked))
