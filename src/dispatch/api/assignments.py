"""Assignments: a unit answers and works; the desk directs."""

from typing import Final, Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import assignment_answer, json_response, look_once
from dispatch.api.dependencies import once_of, parse, principal_of, read_body, service_of, uuid_or_missing
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.domain.assignment import Verb
from dispatch.domain.errors import NotFoundError
from dispatch.domain.wire import Json, assignment_view
from dispatch.operations.acknowledge_assignment import acknowledge_assignment
from dispatch.operations.decline_assignment import Request as DeclineRequest
from dispatch.operations.decline_assignment import decline_assignment
from dispatch.operations.direct_assignment import Direction, direct_assignment
from dispatch.operations.direct_assignment import Request as DirectRequest
from dispatch.operations.move_assignment import move_assignment
from dispatch.operations.moving import Request as MoveRequest
from dispatch.security import Principal
from dispatch.storage.work import Filter, get_work, incident_of, list_work

router: Final = APIRouter(prefix="/api/v1/assignments", tags=["assignments"])
_BODIES: Final[dict[Verb, type[schemas.Act]]] = {"feedback": schemas.Feedback, "acknowledge": schemas.Acknowledge}
RECEIPTS: Final[dict[str, Verb]] = {"delivered": "deliver", "seen": "see"}


@router.get("", responses=responses.ASSIGNMENTS)
async def mine(request: Request) -> Response:
    """List the open assignments of your unit (`?mine`)."""
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("work")
    wanted = Filter(open_only=True, unit_id=principal.unit_id, division_codes=principal.division_codes, limit=200)
    if principal.unit_id is not None:
        wanted = Filter(open_only=True, unit_id=principal.unit_id, limit=200)
    async with service.context.database.connection() as connection:
        works = await list_work(connection, wanted)
    now, names = service.context.now(), service.context.knowledge.directory
    items = [
        assignment_view(row, names, now)
        for work in works
        for row in work.assignments
        if row["ended_at"] is None and (principal.unit_id is None or row["unit_id"] == principal.unit_id)
    ]
    return json_response({"items": items, "after": None})


async def _require_desk_sight(request: Request, principal: Principal, assignment_id: str) -> None:
    """A desk may act for a unit, but only inside its own area."""
    if principal.unit_id is not None:
        return
    async with service_of(request).context.database.connection() as connection:
        work = await get_work(connection, await incident_of(connection, assignment_id))
    if not principal.may_see(work.incident):
        raise NotFoundError("no such assignment", facts={"assignment_id": assignment_id})


async def _move(request: Request, assignment_id: str, verb: Verb) -> Response:
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("work")
    raw = await read_body(request)
    given: schemas.Act = parse(_BODIES.get(verb, schemas.Act), raw)
    assignment_id = uuid_or_missing(assignment_id, "assignment")
    await _require_desk_sight(request, principal, assignment_id)
    move = MoveRequest(
        assignment_id=assignment_id,
        verb=verb,
        actor=principal.actor,
        unit_id=principal.unit_id,
        expected_version=given.expected_version,
        occurred_at=given.occurred_at,
        revision=given.incident_revision if isinstance(given, schemas.Acknowledge) else None,
        feedback={"outcome": given.outcome, "text": given.text} if isinstance(given, schemas.Feedback) else None,
        once=once_of(request, principal, raw),
    )
    answer = await move_assignment(service.context, move) or await acknowledge_assignment(service.context, move)
    return assignment_answer(service, answer, assignment_id)


@router.post(
    "/{assignment_id}/receipt", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.ReceiptBody, IDEMPOTENT)
)
async def receipt(request: Request, assignment_id: str) -> Response:
    """Say that a console has rendered the assignment, or that somebody has looked at it."""
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("work")
    raw = await read_body(request)
    given = parse(schemas.ReceiptBody, raw)
    assignment_id = uuid_or_missing(assignment_id, "assignment")
    await _require_desk_sight(request, principal, assignment_id)
    once, verb = once_of(request, principal, raw), RECEIPTS[given.state]
    move = MoveRequest(assignment_id, verb, principal.actor, principal.unit_id, once=once)
    answer = await move_assignment(service.context, move)
    if answer is not None:
        return assignment_answer(service, answer, assignment_id)

    async def look() -> Json:
        async with service.context.database.connection() as connection:
            work = await get_work(connection, await incident_of(connection, assignment_id))
        row = next(row for row in work.assignments if row["id"] == assignment_id)
        return assignment_view(row, service.context.knowledge.directory)

    return await look_once(service, once, look)


@router.post(
    "/{assignment_id}/acknowledge", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Acknowledge, IDEMPOTENT)
)
async def acknowledge(request: Request, assignment_id: str) -> Response:
    """Acknowledge: the unit has it. A late acknowledgement counts.

    After a change that matters (`min_ack_revision` above `acknowledged_revision`) acknowledge once more; with
    `incident_revision` you say which revision was seen.
    """
    return await _move(request, assignment_id, "acknowledge")


@router.post("/{assignment_id}/depart", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Act, IDEMPOTENT))
async def depart(request: Request, assignment_id: str) -> Response:
    """Say that the unit is on its way."""
    return await _move(request, assignment_id, "depart")


@router.post("/{assignment_id}/arrive", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Act, IDEMPOTENT))
async def arrive(request: Request, assignment_id: str) -> Response:
    """Say that the unit is on scene."""
    return await _move(request, assignment_id, "arrive")


@router.post(
    "/{assignment_id}/feedback", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Feedback, IDEMPOTENT)
)
async def feedback(request: Request, assignment_id: str) -> Response:
    """Say how it went. The lead's feedback resolves the incident; with all supports done it closes."""
    return await _move(request, assignment_id, "feedback")


@router.post("/{assignment_id}/complete", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Act, IDEMPOTENT))
async def complete(request: Request, assignment_id: str) -> Response:
    """Say that the unit is done."""
    return await _move(request, assignment_id, "complete")


async def _decline(request: Request, assignment_id: str, verb: Literal["decline", "return"]) -> Response:
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("work")
    raw = await read_body(request)
    given = parse(schemas.Decline, raw) if verb == "decline" else parse(schemas.Reasoned, raw)
    assignment_id = uuid_or_missing(assignment_id, "assignment")
    await _require_desk_sight(request, principal, assignment_id)
    declining = DeclineRequest(
        assignment_id=assignment_id,
        verb=verb,
        actor=principal.actor,
        unit_id=principal.unit_id,
        reason=given.reason,
        text=given.text if isinstance(given, schemas.Decline) else None,
        once=once_of(request, principal, raw),
        expected_version=given.expected_version,
    )
    return assignment_answer(service, await decline_assignment(service.context, declining), assignment_id)


@router.post(
    "/{assignment_id}/decline", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Decline, IDEMPOTENT)
)
async def decline(request: Request, assignment_id: str) -> Response:
    """Say that the unit cannot go: the next suitable one is sent at once."""
    return await _decline(request, assignment_id, "decline")


@router.post(
    "/{assignment_id}/return", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT)
)
async def send_back(request: Request, assignment_id: str) -> Response:
    """Send back what is not urgent and not the unit's."""
    return await _decline(request, assignment_id, "return")


async def _direct(request: Request, assignment_id: str, direction: Direction) -> Response:
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("direct")
    raw = await read_body(request)
    given = parse(schemas.Urge, raw) if direction == "urge" else parse(schemas.Reasoned, raw)
    assignment_id = uuid_or_missing(assignment_id, "assignment")
    await _require_desk_sight(request, principal, assignment_id)
    directing = DirectRequest(
        assignment_id=assignment_id,
        direction=direction,
        actor=principal.actor,
        reason=given.reason,
        once=once_of(request, principal, raw),
        expected_version=given.expected_version,
    )
    return assignment_answer(service, await direct_assignment(service.context, directing), assignment_id)


@router.post("/{assignment_id}/urge", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Urge, IDEMPOTENT))
async def urge(request: Request, assignment_id: str) -> Response:
    """Nudge the unit."""
    return await _direct(request, assignment_id, "urge")


@router.post(
    "/{assignment_id}/revoke", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT)
)
async def revoke(request: Request, assignment_id: str) -> Response:
    """Call the unit back."""
    return await _direct(request, assignment_id, "revoke")


@router.post(
    "/{assignment_id}/reassign", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT)
)
async def reassign(request: Request, assignment_id: str) -> Response:
    """Take it from the unit and give it to the next suitable one."""
    return await _direct(request, assignment_id, "reassign")


@router.post(
    "/{assignment_id}/excuse", responses=responses.ASSIGNMENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT)
)
async def excuse(request: Request, assignment_id: str) -> Response:
    """Excuse the unit: the incident may close without its part."""
    return await _direct(request, assignment_id, "excuse")
