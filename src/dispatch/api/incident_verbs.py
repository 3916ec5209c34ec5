"""What is done to an incident by hand: send, note, raise, move, excuse, end, merge, hand over."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import (
    decision_view,
    incident_answer,
    look_once,
)
from dispatch.api.dependencies import (
    Service,
    once_of,
    parse,
    principal_of,
    read_body,
    service_of,
    uuid_or_missing,
)
from dispatch.api.intake import whereabouts
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.domain.wire import Json
from dispatch.operations import annotate_incident, end_incident
from dispatch.operations.context import Answer, Context
from dispatch.operations.dispatch_units import Order, Wanted, dispatch_units
from dispatch.operations.edit import Request as Edited
from dispatch.operations.explain_incident import recommend_again
from dispatch.operations.link_incident import unlink_incident
from dispatch.operations.release_stage import Chosen, release_stage, skip_stage
from dispatch.operations.relocate_incident import relocate_incident
from dispatch.security import Permission, Principal
from dispatch.storage.correlation import has_call_of
from dispatch.storage.work import (
    Work,
    get_work,
)

router: Final = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])
Given = TypeVar("Given", bound=schemas.Body)


async def sighted(request: Request, incident_id: str, *, joined: bool = False) -> tuple[Service, Principal, Work]:
    """Find an incident that the caller may see; with `joined` also one that an integrator's call has joined."""
    service = service_of(request)
    principal = await principal_of(request)
    async with service.context.database.connection() as connection:
        work = await get_work(connection, uuid_or_missing(incident_id, "incident"))
        known = joined and await has_call_of(connection, work.incident["id"], principal.id)
    if not known:
        principal.require_sight(work.incident)
    return service, principal, work


async def direct(
    request: Request,
    incident_id: str,
    model: type[Given],
    act: Callable[[Context, Edited, Given], Awaitable[Answer]],
    *,
    permission: Permission = "direct",
) -> Response:
    raw = await read_body(request)
    service, principal, work = await sighted(request, incident_id)
    principal.require(permission)
    given = parse(model, raw)
    expected = given.expected_version if isinstance(given, schemas.Change) else None
    once = once_of(request, principal, raw)
    edited = Edited(work.incident["id"], principal.actor, once, expected, unit_id=principal.unit_id)
    return incident_answer(service, principal, await act(service.context, edited, given))


@router.post(
    "/{incident_id}/dispatch", responses=responses.INCIDENT, openapi_extra=body(schemas.DispatchByHand, IDEMPOTENT)
)
async def dispatch_by_hand(request: Request, incident_id: str) -> Response:
    """Send further units that you name; a gap of their kind is filled."""

    async def act(context: Context, edited: Edited, given: schemas.DispatchByHand) -> Answer:
        units = tuple(Wanted(str(unit.unit_id), unit.role) for unit in given.units)
        override = given.override and given.reason is not None
        return await dispatch_units(context, edited, Order(units, given.reason, override))

    return await direct(request, incident_id, schemas.DispatchByHand, act)


@router.post(
    "/{incident_id}/recommend", responses=responses.DECISION, openapi_extra=body(schemas.Recommend, IDEMPOTENT)
)
async def recommend(request: Request, incident_id: str) -> Response:
    """Say who would go by the rules as they are now. Nothing is written."""
    raw = await read_body(request)
    parse(schemas.Recommend, raw)
    service, principal, work = await sighted(request, incident_id)
    principal.require("direct")

    async def look() -> Json | None:
        return decision_view(service, recommend_again(service.context, work))

    return await look_once(service, once_of(request, principal, raw), look)


@router.post("/{incident_id}/note", responses=responses.INCIDENT, openapi_extra=body(schemas.Note, IDEMPOTENT))
async def note(request: Request, incident_id: str) -> Response:
    """Write a note into the timeline."""

    async def act(context: Context, edited: Edited, given: schemas.Note) -> Answer:
        return await annotate_incident.note_incident(context, edited, text=given.text)

    return await direct(request, incident_id, schemas.Note, act)


@router.post("/{incident_id}/disclose", responses=responses.INCIDENT, openapi_extra=body(schemas.Disclose, IDEMPOTENT))
async def disclose(request: Request, incident_id: str) -> Response:
    """Open what is withheld (description, caller, words) to every unit on the incident: for its lead and the desk."""

    async def act(context: Context, edited: Edited, given: schemas.Disclose) -> Answer:
        del given
        return await annotate_incident.disclose_incident(context, edited)

    return await direct(request, incident_id, schemas.Disclose, act, permission="work")


@router.post("/{incident_id}/raise", responses=responses.INCIDENT, openapi_extra=body(schemas.Raise, IDEMPOTENT))
async def raise_level(request: Request, incident_id: str) -> Response:
    """Change severity or urgency or add tags, with the reason. Who waits for a tag is sent at once."""

    async def act(context: Context, edited: Edited, given: schemas.Raise) -> Answer:
        level = annotate_incident.Level(given.severity, given.urgency, tuple(given.tags))
        return await annotate_incident.raise_incident(context, edited, level=level, reason=given.reason)

    return await direct(request, incident_id, schemas.Raise, act)


@router.post("/{incident_id}/finding", responses=responses.INCIDENT, openapi_extra=body(schemas.Finding, IDEMPOTENT))
async def finding(request: Request, incident_id: str) -> Response:
    """Say what was found on scene: for every unit on the incident and the desk. Who waits for a tag is sent at once."""

    async def act(context: Context, edited: Edited, given: schemas.Finding) -> Answer:
        return await annotate_incident.report_finding(context, edited, tags=tuple(given.tags), text=given.text)

    return await direct(request, incident_id, schemas.Finding, act, permission="work")


@router.post("/{incident_id}/release", responses=responses.INCIDENT, openapi_extra=body(schemas.Stage, IDEMPOTENT))
async def release(request: Request, incident_id: str) -> Response:
    """Send units that are held back now, or let the lead pass on now, whatever they wait for."""

    async def act(context: Context, edited: Edited, given: schemas.Stage) -> Answer:
        return await release_stage(context, edited, chosen=Chosen(given.requirement, given.action))

    return await direct(request, incident_id, schemas.Stage, act)


@router.post("/{incident_id}/skip", responses=responses.INCIDENT, openapi_extra=body(schemas.Skip, IDEMPOTENT))
async def skip(request: Request, incident_id: str) -> Response:
    """Decide that units that are held back are not needed: the incident may close without them."""

    async def act(context: Context, edited: Edited, given: schemas.Skip) -> Answer:
        chosen = Chosen(given.requirement, given.action)
        return await skip_stage(context, edited, chosen=chosen, reason=given.reason)

    return await direct(request, incident_id, schemas.Skip, act)


@router.post("/{incident_id}/relocate", responses=responses.INCIDENT, openapi_extra=body(schemas.Relocate, IDEMPOTENT))
async def relocate(request: Request, incident_id: str) -> Response:
    """Say that it is somewhere else: every unit on it is alarmed again and must acknowledge the new place."""

    async def act(context: Context, edited: Edited, given: schemas.Relocate) -> Answer:
        moved = whereabouts(service_of(request), given)
        return await relocate_incident(context, edited, report=moved, reason=given.reason)

    return await direct(request, incident_id, schemas.Relocate, act)


@router.post("/{incident_id}/excuse", responses=responses.INCIDENT, openapi_extra=body(schemas.Excuse, IDEMPOTENT))
async def excuse(request: Request, incident_id: str) -> Response:
    """Excuse a gap of the plan: the incident may close without it."""

    async def act(context: Context, edited: Edited, given: schemas.Excuse) -> Answer:
        return await annotate_incident.excuse_gap(context, edited, slot=given.slot, reason=given.reason)

    return await direct(request, incident_id, schemas.Excuse, act)


@router.post("/{incident_id}/cancel", responses=responses.INCIDENT, openapi_extra=body(schemas.Cancel, IDEMPOTENT))
async def cancel(request: Request, incident_id: str) -> Response:
    """Call everybody back; a false alarm closes as one, is kept, and counts against its device."""

    async def act(context: Context, edited: Edited, given: schemas.Cancel) -> Answer:
        return await end_incident.cancel_incident(context, edited, reason=given.reason, false_alarm=given.false_alarm)

    return await direct(request, incident_id, schemas.Cancel, act)


@router.post("/{incident_id}/close", responses=responses.INCIDENT, openapi_extra=body(schemas.Close, IDEMPOTENT))
async def close(request: Request, incident_id: str) -> Response:
    """Close by hand: whoever is still on it is recalled."""

    async def act(context: Context, edited: Edited, given: schemas.Close) -> Answer:
        return await end_incident.close_incident(context, edited, disposition=given.disposition, text=given.text)

    return await direct(request, incident_id, schemas.Close, act)


@router.post("/{incident_id}/reopen", responses=responses.INCIDENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT))
async def reopen(request: Request, incident_id: str) -> Response:
    """Open an ended incident again."""

    async def act(context: Context, edited: Edited, given: schemas.Reasoned) -> Answer:
        return await end_incident.reopen_incident(context, edited, reason=given.reason)

    return await direct(request, incident_id, schemas.Reasoned, act)


@router.post("/{incident_id}/merge", responses=responses.INCIDENT, openapi_extra=body(schemas.MergeBody, IDEMPOTENT))
async def merge(request: Request, incident_id: str) -> Response:
    """Join this incident into another one."""

    async def act(context: Context, edited: Edited, given: schemas.MergeBody) -> Answer:
        await sighted(request, str(given.into))
        return await end_incident.merge_incident(
            context, edited, merge=end_incident.Merge(str(given.into), given.reason)
        )

    return await direct(request, incident_id, schemas.MergeBody, act)


@router.post("/{incident_id}/unlink", responses=responses.INCIDENT, openapi_extra=body(schemas.Unlink, IDEMPOTENT))
async def unlink(request: Request, incident_id: str) -> Response:
    """Dismiss a suggestion: the other incident is another event. Without such a link nothing changes."""

    async def act(context: Context, edited: Edited, given: schemas.Unlink) -> Answer:
        return await unlink_incident(context, edited, other_id=str(given.incident_id), reason=given.reason)

    return await direct(request, incident_id, schemas.Unlink, act)


@router.post("/{incident_id}/transfer", responses=responses.INCIDENT, openapi_extra=body(schemas.Transfer, IDEMPOTENT))
async def transfer(request: Request, incident_id: str) -> Response:
    """Hand the incident to somebody outside this centre."""

    async def act(context: Context, edited: Edited, given: schemas.Transfer) -> Answer:
        return await end_incident.transfer_incident(context, edited, receiver=given.receiver, reason=given.reason)

    return await direct(request, incident_id, schemas.Transfer, act)


@router.post("/{incident_id}/suspend", responses=responses.INCIDENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT))
async def suspend(request: Request, incident_id: str) -> Response:
    """Suspend, with the reason."""

    async def act(context: Context, edited: Edited, given: schemas.Reasoned) -> Answer:
        return await end_incident.suspend_incident(context, edited, reason=given.reason, resume=False)

    return await direct(request, incident_id, schemas.Reasoned, act)


@router.post("/{incident_id}/resume", responses=responses.INCIDENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT))
async def resume(request: Request, incident_id: str) -> Response:
    """Go on with a suspended incident."""

    async def act(context: Context, edited: Edited, given: schemas.Reasoned) -> Answer:
        return await end_incident.suspend_incident(context, edited, reason=given.reason, resume=True)

    return await direct(request, incident_id, schemas.Reasoned, act)
