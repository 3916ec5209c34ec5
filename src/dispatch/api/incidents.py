"""Incidents: reported, listed, read, directed."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Final, TypeVar, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import (
    decision_view,
    incident_answer,
    intake_answer,
    json_response,
    knows_whole,
    look_once,
    see_calls,
    see_incident,
    told_events,
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
from dispatch.api.intake import call_report, check_type, located
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.api.paging import page_of
from dispatch.domain.disclosure import facts_without_words
from dispatch.domain.events import EventData
from dispatch.domain.wire import Json, unit_view
from dispatch.operations import annotate_incident, end_incident
from dispatch.operations.context import Answer, Context
from dispatch.operations.dispatch_units import Order, Wanted, dispatch_units
from dispatch.operations.edit import Request as Edited
from dispatch.operations.explain_incident import explain_near_misses, recommend_again
from dispatch.operations.link_incident import unlink_incident
from dispatch.operations.opening import Intake
from dispatch.operations.release_stage import Chosen, release_stage, skip_stage
from dispatch.operations.repeat_decision import repeat_decision
from dispatch.operations.report_incident import report_incident
from dispatch.security import Permission, Principal
from dispatch.storage.correlation import has_call_of
from dispatch.storage.work import (
    Filter,
    Work,
    get_decision,
    get_work,
    list_audit,
    list_calls,
    list_deliveries,
    list_work,
)
from dispatch.telemetry import INTAKE

router: Final = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])
Given = TypeVar("Given", bound=schemas.Body)


@router.post("", status_code=201, responses=responses.CREATED, openapi_extra=body(schemas.IncidentReport, IDEMPOTENT))
async def report(request: Request) -> Response:
    """Report an incident: it is stored, routed and pushed before you get the answer.

    Send an `Idempotency-Key`: a retry with the same key and body gets the same answer and sends nobody twice.
    """
    began = perf_counter()
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("report")
    raw = await read_body(request)
    given = parse(schemas.IncidentReport, raw)
    check_type(service, given.incident_type)
    call = call_report(service, principal, given)
    where = located(service, principal, call)
    intake = Intake(call, principal.actor, once_of(request, principal, raw), where=where)
    answer = await report_incident(service.context, intake)
    response = await intake_answer(service, principal, answer)
    INTAKE.observe(perf_counter() - began)
    return response


@router.get("", responses=responses.INCIDENTS, openapi_extra=responses.LIST_PARAMETERS)
async def list_incidents(request: Request) -> Response:
    """List incidents in your scope, newest first. `status=open` gives what is not ended."""
    service = service_of(request)
    principal = await principal_of(request)
    query = request.query_params
    page = page_of(query, allowed={"status", "incident_type", "source_reference", "unit_id"})
    status = query.get("status")
    wanted = Filter(
        open_only=status == "open",
        status=None if status in {None, "open"} else status,
        incident_type=query.get("incident_type"),
        division_codes=principal.division_codes if principal.is_desk or principal.is_wall else None,
        unit_id=principal.unit_id or (uuid_or_missing(query["unit_id"], "unit") if "unit_id" in query else None),
        source_id=principal.id if principal.kind == "integrator" else None,
        device_id=principal.device_id,
        source_reference=query.get("source_reference"),
        after=page.after,
        limit=page.limit,
    )
    async with service.context.database.connection() as connection:
        works = await list_work(connection, wanted)
    items = [see_incident(service, principal, work) for work in works if principal.may_see(work.incident)]
    after = works[-1].incident["id"] if len(works) == page.limit else None
    return json_response({"items": items, "after": after})


async def _sighted(request: Request, incident_id: str, *, joined: bool = False) -> tuple[Service, Principal, Work]:
    """Find an incident that the caller may see; with `joined` also one that an integrator's call has joined."""
    service = service_of(request)
    principal = await principal_of(request)
    async with service.context.database.connection() as connection:
        work = await get_work(connection, uuid_or_missing(incident_id, "incident"))
        known = joined and await has_call_of(connection, work.incident["id"], principal.id)
    if not known:
        principal.require_sight(work.incident)
    return service, principal, work


@router.get("/{incident_id}", responses=responses.FULL_INCIDENT)
async def read_incident(request: Request, incident_id: str) -> Response:
    """Read an incident with its calls and its whole decision."""
    service, principal, work = await _sighted(request, incident_id, joined=True)
    async with service.context.database.connection() as connection:
        decision = await get_decision(connection, work.incident["id"])
        calls = await list_calls(connection, work.incident["id"])
        deliveries = await list_deliveries(connection, work.incident["id"]) if principal.is_desk else []
    view = see_incident(service, principal, work)
    view["calls"] = see_calls(principal, calls, restricted=bool(view["restricted"]))
    view["deliveries"] = deliveries
    shown = decision_view(service, decision) if knows_whole(principal, work.incident) else None
    if shown is not None:
        near = await explain_near_misses(service.context, shown) if principal.is_desk else []
        shown["unmatched_nearby"] = near
    view["decision"] = shown
    return json_response(view)


@router.get("/{incident_id}/replay", responses=responses.REPLAY)
async def replay(request: Request, incident_id: str) -> Response:
    """Decide again from what was stored, on the ruleset and directory of then, and compare byte for byte."""
    service, principal, work = await _sighted(request, incident_id)
    principal.require("direct")
    repeated = await repeat_decision(service.context, work.incident["id"])
    view: Json = {"identical": repeated.is_identical, "stored": decision_view(service, repeated.stored)}
    view["again"] = None if repeated.is_identical else decision_view(service, repeated.again)
    return json_response(view)


@router.get("/{incident_id}/timeline", responses=responses.TIMELINE)
async def timeline(request: Request, incident_id: str) -> Response:
    """Read what happened, oldest first, with who did it and when it was learnt."""
    service, principal, work = await _sighted(request, incident_id)
    async with service.context.database.connection() as connection:
        entries = await list_audit(connection, work.incident["id"])
    units = {row["id"]: row["unit_id"] for row in work.assignments}
    names = service.context.knowledge.directory
    reads = principal.reads_words(work.incident, names.units.get(principal.unit_id or ""))
    items = []
    for entry in entries:
        for event in told_events(cast("list[EventData]", entry["events"]), principal):
            unit_id = units.get(event["assignment_id"] or "")
            items.append(
                {
                    "at": entry["occurred_at"] or entry["recorded_at"],
                    "recorded_at": entry["recorded_at"],
                    "actor": entry["actor"],
                    "event": event["event"],
                    "assignment_id": event["assignment_id"],
                    "unit": None if unit_id is None else unit_view(unit_id, names),
                    "facts": event["facts"]
                    if reads or (unit_id is not None and unit_id == principal.unit_id)
                    else facts_without_words(event["facts"]),
                }
            )
    return json_response({"items": items})


async def _direct(
    request: Request,
    incident_id: str,
    model: type[Given],
    act: Callable[[Context, Edited, Given], Awaitable[Answer]],
    *,
    permission: Permission = "direct",
) -> Response:
    raw = await read_body(request)
    service, principal, work = await _sighted(request, incident_id)
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

    return await _direct(request, incident_id, schemas.DispatchByHand, act)


@router.post(
    "/{incident_id}/recommend", responses=responses.DECISION, openapi_extra=body(schemas.Recommend, IDEMPOTENT)
)
async def recommend(request: Request, incident_id: str) -> Response:
    """Say who would go by the rules as they are now. Nothing is written."""
    raw = await read_body(request)
    parse(schemas.Recommend, raw)
    service, principal, work = await _sighted(request, incident_id)
    principal.require("direct")

    async def look() -> Json | None:
        return decision_view(service, recommend_again(service.context, work.incident))

    return await look_once(service, once_of(request, principal, raw), look)


@router.post("/{incident_id}/note", responses=responses.INCIDENT, openapi_extra=body(schemas.Note, IDEMPOTENT))
async def note(request: Request, incident_id: str) -> Response:
    """Write a note into the timeline."""

    async def act(context: Context, edited: Edited, given: schemas.Note) -> Answer:
        return await annotate_incident.note_incident(context, edited, text=given.text)

    return await _direct(request, incident_id, schemas.Note, act)


@router.post("/{incident_id}/disclose", responses=responses.INCIDENT, openapi_extra=body(schemas.Disclose, IDEMPOTENT))
async def disclose(request: Request, incident_id: str) -> Response:
    """Open what is withheld (description, caller, words) to every unit on the incident: for its lead and the desk."""

    async def act(context: Context, edited: Edited, given: schemas.Disclose) -> Answer:
        del given
        return await annotate_incident.disclose_incident(context, edited)

    return await _direct(request, incident_id, schemas.Disclose, act, permission="work")


@router.post("/{incident_id}/raise", responses=responses.INCIDENT, openapi_extra=body(schemas.Raise, IDEMPOTENT))
async def raise_level(request: Request, incident_id: str) -> Response:
    """Change severity or urgency or add tags, with the reason. Who waits for a tag is sent at once."""

    async def act(context: Context, edited: Edited, given: schemas.Raise) -> Answer:
        level = annotate_incident.Level(given.severity, given.urgency, tuple(given.tags))
        return await annotate_incident.raise_incident(context, edited, level=level, reason=given.reason)

    return await _direct(request, incident_id, schemas.Raise, act)


@router.post("/{incident_id}/finding", responses=responses.INCIDENT, openapi_extra=body(schemas.Finding, IDEMPOTENT))
async def finding(request: Request, incident_id: str) -> Response:
    """Say what was found on scene: for every unit on the incident and the desk. Who waits for a tag is sent at once."""

    async def act(context: Context, edited: Edited, given: schemas.Finding) -> Answer:
        return await annotate_incident.report_finding(context, edited, tags=tuple(given.tags), text=given.text)

    return await _direct(request, incident_id, schemas.Finding, act, permission="work")


@router.post("/{incident_id}/release", responses=responses.INCIDENT, openapi_extra=body(schemas.Stage, IDEMPOTENT))
async def release(request: Request, incident_id: str) -> Response:
    """Send units that are held back now, or let the lead pass on now, whatever they wait for."""

    async def act(context: Context, edited: Edited, given: schemas.Stage) -> Answer:
        return await release_stage(context, edited, chosen=Chosen(given.requirement, given.action))

    return await _direct(request, incident_id, schemas.Stage, act)


@router.post("/{incident_id}/skip", responses=responses.INCIDENT, openapi_extra=body(schemas.Skip, IDEMPOTENT))
async def skip(request: Request, incident_id: str) -> Response:
    """Decide that units that are held back are not needed: the incident may close without them."""

    async def act(context: Context, edited: Edited, given: schemas.Skip) -> Answer:
        chosen = Chosen(given.requirement, given.action)
        return await skip_stage(context, edited, chosen=chosen, reason=given.reason)

    return await _direct(request, incident_id, schemas.Skip, act)


@router.post("/{incident_id}/excuse", responses=responses.INCIDENT, openapi_extra=body(schemas.Excuse, IDEMPOTENT))
async def excuse(request: Request, incident_id: str) -> Response:
    """Excuse a gap of the plan: the incident may close without it."""

    async def act(context: Context, edited: Edited, given: schemas.Excuse) -> Answer:
        return await annotate_incident.excuse_gap(context, edited, slot=given.slot, reason=given.reason)

    return await _direct(request, incident_id, schemas.Excuse, act)


@router.post("/{incident_id}/cancel", responses=responses.INCIDENT, openapi_extra=body(schemas.Cancel, IDEMPOTENT))
async def cancel(request: Request, incident_id: str) -> Response:
    """Call everybody back; a false alarm closes as one, is kept, and counts against its device."""

    async def act(context: Context, edited: Edited, given: schemas.Cancel) -> Answer:
        return await end_incident.cancel_incident(context, edited, reason=given.reason, false_alarm=given.false_alarm)

    return await _direct(request, incident_id, schemas.Cancel, act)


@router.post("/{incident_id}/close", responses=responses.INCIDENT, openapi_extra=body(schemas.Close, IDEMPOTENT))
async def close(request: Request, incident_id: str) -> Response:
    """Close by hand: whoever is still on it is recalled."""

    async def act(context: Context, edited: Edited, given: schemas.Close) -> Answer:
        return await end_incident.close_incident(context, edited, disposition=given.disposition, text=given.text)

    return await _direct(request, incident_id, schemas.Close, act)


@router.post("/{incident_id}/reopen", responses=responses.INCIDENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT))
async def reopen(request: Request, incident_id: str) -> Response:
    """Open an ended incident again."""

    async def act(context: Context, edited: Edited, given: schemas.Reasoned) -> Answer:
        return await end_incident.reopen_incident(context, edited, reason=given.reason)

    return await _direct(request, incident_id, schemas.Reasoned, act)


@router.post("/{incident_id}/merge", responses=responses.INCIDENT, openapi_extra=body(schemas.MergeBody, IDEMPOTENT))
async def merge(request: Request, incident_id: str) -> Response:
    """Join this incident into another one."""

    async def act(context: Context, edited: Edited, given: schemas.MergeBody) -> Answer:
        await _sighted(request, str(given.into))
        return await end_incident.merge_incident(
            context, edited, merge=end_incident.Merge(str(given.into), given.reason)
        )

    return await _direct(request, incident_id, schemas.MergeBody, act)


@router.post("/{incident_id}/unlink", responses=responses.INCIDENT, openapi_extra=body(schemas.Unlink, IDEMPOTENT))
async def unlink(request: Request, incident_id: str) -> Response:
    """Dismiss a suggestion: the other incident is another event. Without such a link nothing changes."""

    async def act(context: Context, edited: Edited, given: schemas.Unlink) -> Answer:
        return await unlink_incident(context, edited, other_id=str(given.incident_id), reason=given.reason)

    return await _direct(request, incident_id, schemas.Unlink, act)


@router.post("/{incident_id}/transfer", responses=responses.INCIDENT, openapi_extra=body(schemas.Transfer, IDEMPOTENT))
async def transfer(request: Request, incident_id: str) -> Response:
    """Hand the incident to somebody outside this centre."""

    async def act(context: Context, edited: Edited, given: schemas.Transfer) -> Answer:
        return await end_incident.transfer_incident(context, edited, receiver=given.receiver, reason=given.reason)

    return await _direct(request, incident_id, schemas.Transfer, act)


@router.post("/{incident_id}/suspend", responses=responses.INCIDENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT))
async def suspend(request: Request, incident_id: str) -> Response:
    """Suspend, with the reason."""

    async def act(context: Context, edited: Edited, given: schemas.Reasoned) -> Answer:
        return await end_incident.suspend_incident(context, edited, reason=given.reason, resume=False)

    return await _direct(request, incident_id, schemas.Reasoned, act)


@router.post("/{incident_id}/resume", responses=responses.INCIDENT, openapi_extra=body(schemas.Reasoned, IDEMPOTENT))
async def resume(request: Request, incident_id: str) -> Response:
    """Go on with a suspended incident."""

    async def act(context: Context, edited: Edited, given: schemas.Reasoned) -> Answer:
        return await end_incident.suspend_incident(context, edited, reason=given.reason, resume=True)

    return await _direct(request, incident_id, schemas.Reasoned, act)
