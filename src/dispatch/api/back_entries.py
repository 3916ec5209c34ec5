"""Paper records of the hours without the service, entered when it is back."""

import hashlib
from dataclasses import replace
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import intake_answer
from dispatch.api.dependencies import Service, once_of, parse, principal_of, read_body, service_of
from dispatch.api.intake import call_report, check_type
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.domain.call import CallReport
from dispatch.domain.errors import Fault, ForbiddenError, InvalidRequestError
from dispatch.domain.paper import CHANNEL, Paper, PaperUnit
from dispatch.operations.context import Once
from dispatch.operations.enter_paper import Entry, enter_paper

router: Final = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])


class PaperFeedback(schemas.Body):
    """How it went, as it is written down."""

    outcome: Literal["handled", "handed_over", "person_taken_to_hospital", "unfounded", "other"]
    text: schemas.Long = ""


class PaperUnitEntry(schemas.NamedUnit):
    """What one unit did and when; what is not written down is left out."""

    issued_at: schemas.Instant
    acknowledged_at: schemas.Instant | None = None
    en_route_at: schemas.Instant | None = None
    on_scene_at: schemas.Instant | None = None
    completed_at: schemas.Instant | None = None
    feedback: PaperFeedback | None = None


class BackEntry(schemas.IncidentReport):
    """A paper record. With `ended_at` it is over; without, it goes on with the units named."""

    paper_number: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$")]
    occurred_at: schemas.Instant
    units: Annotated[list[PaperUnitEntry], Field(default_factory=list, max_length=20)]
    ended_at: schemas.Instant | None = None
    disposition: schemas.Code = "handled"


@router.post("/back-entries", status_code=201, responses=responses.CREATED, openapi_extra=body(BackEntry, IDEMPOTENT))
async def enter_back(request: Request) -> Response:
    """Enter what was written on paper while the service was away, with its true times; for operators.

    Nobody is alarmed about what is over. The same record again gets the first answer, by its paper number or by an
    `Idempotency-Key`; another record under the number is refused (`paper_number_taken`).
    """
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("direct")
    if not principal.is_desk:
        raise ForbiddenError("paper records are entered at a desk")
    raw = await read_body(request)
    given = parse(BackEntry, raw)
    check_type(service, given.incident_type)
    report = call_report(service, principal, given)
    once = once_of(request, principal, raw) or Once(CHANNEL, given.paper_number, _told(raw))
    entry = Entry(_marked(report, given), _paper(service, given), principal.actor, once)
    return await intake_answer(service, principal, await enter_paper(service.context, entry))


def _told(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def _marked(report: CallReport, given: BackEntry) -> CallReport:
    return replace(report, channel=CHANNEL, occurred_at=given.occurred_at)


def _paper(service: Service, given: BackEntry) -> Paper:
    """Look the units up.

    Raises:
        InvalidRequestError: no such unit.
    """
    known = service.context.knowledge.directory.units
    faults = tuple(
        Fault(f"/units/{index}/unit_id", "unknown_unit", "no such unit")
        for index, one in enumerate(given.units)
        if str(one.unit_id) not in known
    )
    if faults:
        raise InvalidRequestError(faults)
    units = tuple(
        PaperUnit(
            unit=known[str(one.unit_id)],
            role=one.role,
            issued_at=one.issued_at,
            steps=(one.acknowledged_at, one.en_route_at, one.on_scene_at, one.completed_at),
            feedback=None if one.feedback is None else one.feedback.model_dump(),
        )
        for one in given.units
    )
    return Paper(given.paper_number, given.occurred_at, units, given.ended_at, given.disposition)
