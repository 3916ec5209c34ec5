"""Incidents: reported, listed, read, directed."""

from time import perf_counter
from typing import Final, TypeVar, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import (
    decision_view,
    intake_answer,
    json_response,
    knows_whole,
    see_calls,
    see_incident,
    told_events,
)
from dispatch.api.dependencies import (
    once_of,
    parse,
    principal_of,
    read_body,
    service_of,
    uuid_or_missing,
)
from dispatch.api.incident_verbs import sighted
from dispatch.api.intake import call_report, check_type, located
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.api.paging import page_of
from dispatch.domain.disclosure import facts_without_words
from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.events import EventData
from dispatch.domain.incident import EXERCISES
from dispatch.domain.ledger import ledger
from dispatch.domain.paper import in_order
from dispatch.domain.wire import Json, unit_view
from dispatch.operations.explain_incident import explain_near_misses
from dispatch.operations.opening import Intake
from dispatch.operations.repeat_decision import repeat_decision
from dispatch.operations.report_incident import report_incident
from dispatch.storage.work import (
    Filter,
    get_decision,
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
    INTAKE.labels(given.exercise).observe(perf_counter() - began)
    return response


@router.get("", responses=responses.INCIDENTS, openapi_extra=responses.LIST_PARAMETERS)
async def list_incidents(request: Request) -> Response:
    """List incidents in your scope, newest first. `status=open` gives what is not ended.

    For figures ask with `exercise=actual`: exercises and tests do not count.
    """
    service = service_of(request)
    principal = await principal_of(request)
    query = request.query_params
    page = page_of(query, allowed={"status", "incident_type", "source_reference", "unit_id", "exercise"})
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
        exercise=_exercise(query.get("exercise")),
        after=page.after,
        limit=page.limit,
    )
    async with service.context.database.connection() as connection:
        works = await list_work(connection, wanted)
    items = [see_incident(service, principal, work) for work in works if principal.may_see(work.incident)]
    after = works[-1].incident["id"] if len(works) == page.limit else None
    return json_response({"items": items, "after": after})


def _exercise(wanted: str | None) -> str | None:
    if wanted is not None and wanted not in EXERCISES:
        raise InvalidRequestError((Fault("?exercise", "unknown_value", f"exercise: {', '.join(EXERCISES)}"),))
    return wanted


@router.get("/{incident_id}", responses=responses.FULL_INCIDENT)
async def read_incident(request: Request, incident_id: str) -> Response:
    """Read an incident with its calls and its whole decision."""
    service, principal, work = await sighted(request, incident_id, joined=True)
    async with service.context.database.connection() as connection:
        decision = await get_decision(connection, work.incident["id"])
        calls = await list_calls(connection, work.incident["id"])
        deliveries = await list_deliveries(connection, work.incident["id"]) if principal.is_desk else []
    view = see_incident(service, principal, work)
    view["calls"] = see_calls(principal, calls, restricted=bool(view["restricted"]))
    names = service.context.knowledge.directory
    view["deliveries"] = ledger(work.assignments, deliveries, names) if principal.is_desk else []
    shown = decision_view(service, decision) if knows_whole(principal, work.incident) else None
    if shown is not None:
        near = await explain_near_misses(service.context, shown) if principal.is_desk else []
        shown["unmatched_nearby"] = near
    view["decision"] = shown
    return json_response(view)


@router.get("/{incident_id}/replay", responses=responses.REPLAY)
async def replay(request: Request, incident_id: str) -> Response:
    """Decide again from what was stored, on the ruleset and directory of then, and compare byte for byte.

    Of a paper record it is what the rules demand (`scope` `demands`): who went was decided by people.
    """
    service, principal, work = await sighted(request, incident_id)
    principal.require("direct")
    repeated = await repeat_decision(service.context, work.incident["id"])
    view: Json = {
        "identical": repeated.is_identical,
        "scope": repeated.scope,
        "stored": decision_view(service, repeated.stored),
    }
    view["again"] = None if repeated.is_identical else decision_view(service, repeated.again)
    return json_response(view)


@router.get("/{incident_id}/timeline", responses=responses.TIMELINE)
async def timeline(request: Request, incident_id: str) -> Response:
    """Read what happened, oldest first, with who did it and when it was learnt."""
    service, principal, work = await sighted(request, incident_id)
    async with service.context.database.connection() as connection:
        entries = await list_audit(connection, work.incident["id"])
    units = {row["id"]: row["unit_id"] for row in work.assignments}
    names = service.context.knowledge.directory
    reads = principal.reads_words(work.incident, names.units.get(principal.unit_id or ""))
    items = []
    for entry in entries:
        happened = cast("str", entry["occurred_at"] or entry["recorded_at"])
        for at, event in in_order(told_events(cast("list[EventData]", entry["events"]), principal), happened):
            unit_id = units.get(event["assignment_id"] or "")
            items.append(
                {
                    "at": at,
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
