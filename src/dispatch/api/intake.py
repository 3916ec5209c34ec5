"""From a checked body to a call: what the directory does not know is refused by name, never guessed."""

from dispatch.api.dependencies import Service
from dispatch.api.schemas import IncidentReport, Relocate
from dispatch.domain.call import CallReport, Where, locate
from dispatch.domain.errors import Fault, ForbiddenError, InvalidRequestError
from dispatch.domain.suggest import nearest_names
from dispatch.security import Principal


def check_type(service: Service, incident_type: str, pointer: str = "/incident_type") -> None:
    """Refuse an unknown incident type with the nearest known names; never guess.

    Raises:
        InvalidRequestError: unknown.
    """
    known = service.context.knowledge.directory.content.incident_types
    if incident_type not in known:
        nearest = list(nearest_names(incident_type, known))
        hint = f"; did you mean {', '.join(nearest)}?" if nearest else ""
        raise InvalidRequestError(
            (Fault(pointer, "unknown_incident_type", f"unknown incident type{hint}"),), facts={"nearest": nearest}
        )


def call_report(service: Service, principal: Principal, given: IncidentReport) -> CallReport:
    """Build the call.

    Raises:
        InvalidRequestError: a place or place kind that the directory does not know.
    """
    content = service.context.knowledge.directory.content
    _check_place(service, given)
    if given.place_kind is not None and given.place_kind not in content.place_kinds:
        nearest = list(nearest_names(given.place_kind, content.place_kinds))
        hint = f"; did you mean {', '.join(nearest)}?" if nearest else ""
        fault = Fault("/place_kind", "unknown_place_kind", f"unknown place kind{hint}")
        raise InvalidRequestError((fault,), facts={"nearest": nearest})
    integrator = principal.kind == "integrator"
    return CallReport(
        incident_type=given.incident_type,
        channel="integrator" if integrator else "desk",
        place_id=str(given.place_id) if given.place_id else None,
        place_kind=given.place_kind,
        location=None if given.location is None else given.location.data(),
        division_code=given.division_code,
        address=given.address,
        description=given.description,
        severity=given.severity,
        urgency=given.urgency,
        tags=tuple(dict.fromkeys(given.tags)),
        caller=None if given.caller is None else given.caller.model_dump(),
        occurred_at=given.occurred_at,
        exercise=given.exercise,
        source_reference=given.source_reference,
        source_id=principal.id if integrator else None,
    )


def whereabouts(service: Service, given: Relocate) -> CallReport:
    """Build a call that says nothing but where.

    Raises:
        InvalidRequestError: a place that the directory does not know.
    """
    _check_place(service, given)
    return CallReport(
        incident_type="",
        channel="desk",
        place_id=str(given.place_id) if given.place_id else None,
        location=None if given.location is None else given.location.data(),
        division_code=given.division_code,
        address=given.address,
    )


def _check_place(service: Service, given: IncidentReport | Relocate) -> None:
    if given.place_id is not None and str(given.place_id) not in service.context.knowledge.directory.content.places:
        raise InvalidRequestError((Fault("/place_id", "unknown_place", "no such place"),))


def located(service: Service, principal: Principal, report: CallReport) -> Where:
    """Find out where a call is; refuse an integrator's that lies outside the divisions of its key, if it has any.

    Raises:
        ForbiddenError: facts say where the call lies and which divisions the key is for.
    """
    where = locate(report, service.context.knowledge.directory)
    limited = principal.kind == "integrator" and bool(principal.division_codes)
    if limited and not principal.covers(where.division_code):
        own = list(principal.division_codes)
        raise ForbiddenError(
            f"this key reports for {', '.join(own)}; the call lies in {where.division_code}",
            facts={"division_code": where.division_code, "division_codes": own},
        )
    return where
