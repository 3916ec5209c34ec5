"""Shapes of answers: views of the change that an operation left behind, or what was kept for a repeated key."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import cast

import orjson
from starlette.responses import Response

from dispatch.api.dependencies import Service
from dispatch.domain.disclosure import LINK_EVENTS, link_facts, links_in
from dispatch.domain.events import EventData
from dispatch.domain.rows import ChangeRow, IncidentRow, LinkData, parse_instant
from dispatch.domain.wire import Json, assignment_view, incident_view, unit_view
from dispatch.operations.context import Answer, Once, dumps
from dispatch.operations.replay import Kept, answer_once
from dispatch.security import Principal
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.work import Work, get_decision


def json_response(content: object, *, status: int = 200, replayed: bool = False) -> Response:
    """Answer JSON; a repeated request's answer says so."""
    return _json(orjson.dumps(content), status, replayed=replayed)


def kept_answer(kept: Kept, *, status: int = 200) -> Response:
    """Answer with JSON text, byte for byte as the first time."""
    return _json(kept.text.encode(), status, replayed=kept.replayed)


def _json(content: bytes, status: int, *, replayed: bool) -> Response:
    headers = {"Idempotency-Replayed": "true"} if replayed else None
    return Response(content, status, headers=headers, media_type="application/json")


async def look_once(service: Service, once: Once | None, look: Callable[[], Awaitable[object]]) -> Response:
    """Answer what changes nothing; a repeated key gets what was seen the first time."""

    async def act() -> str:
        seen = dumps(await look())
        if once is not None:
            async with service.context.database.connection() as connection:
                await keep_answer(connection, once, seen)
        return seen

    return kept_answer(await answer_once(service.context, once, act))


def see_incident(service: Service, principal: Principal, work: Work, *, at: datetime | None = None) -> Json:
    """Shape an incident as the caller may see it; what may be replayed is looked at as of its own instant."""
    names = service.context.knowledge.directory
    unit, now = names.units.get(principal.unit_id or ""), at or service.context.now()
    words = principal.reads_words(work.incident, unit)
    views = [
        assignment_view(row, names, now, words=words or row["unit_id"] == principal.unit_id) for row in work.assignments
    ]
    details = principal.reads_details(work.incident, unit)
    return incident_view(
        work.incident, views, details=details, links=filter(principal.sees_link, links_in(work.incident))
    )


def knows_whole(principal: Principal, incident: IncidentRow) -> bool:
    """Say whether a caller is told why who was sent: no button, no integrator whose call joined another's incident."""
    return principal.device_id is None and (principal.kind != "integrator" or incident["source_id"] == principal.id)


_CALL_WITHOUT_WORDS = ("id", "channel", "outcome", "occurred_at", "recorded_at")


def see_calls(principal: Principal, calls: list[Json], *, restricted: bool) -> list[Json]:
    """Shape calls as the caller may see them: without what was said if that is withheld.

    An integrator reads its own calls and of nobody else's, in whoever's incident.
    """

    def reads(call: Json) -> bool:
        return call["source_id"] == principal.id if principal.kind == "integrator" else not restricted

    return [call if reads(call) else {key: call[key] for key in _CALL_WITHOUT_WORDS} for call in calls]


def told_events(events: list[EventData], principal: Principal) -> list[EventData]:
    """Leave links out that the caller may not know of."""
    told: list[EventData] = []
    for event in events:
        if event["event"] not in LINK_EVENTS:
            told.append(event)
            continue
        links = cast("list[LinkData]", event["facts"]["links"])
        if facts := link_facts(event["facts"], {link["incident_id"] for link in links if principal.sees_link(link)}):
            told.append({**event, "facts": facts})
    return told


def _as_of(answer: Answer) -> tuple[Work, datetime]:
    """Give the whole incident as an operation left it, and when that was."""
    assignments = answer.change["assignments"] if answer.assignments is None else answer.assignments
    return Work(changed_incident(answer.change), assignments), parse_instant(answer.change["occurred_at"])


def decision_view(service: Service, text: str | bytes) -> Json | None:
    """Shape a stored decision: units get their names."""
    return _named(service, orjson.loads(text))


def _named(service: Service, decision: Json | None) -> Json | None:
    if decision is None:
        return None
    names = service.context.knowledge.directory
    considered = []
    for entry in cast("list[Json]", decision["considered"]):
        named = entry.copy()
        named["unit"] = unit_view(cast("str", named.pop("unit_id")), names)
        considered.append(named)
    return {**decision, "considered": considered, "unmatched_nearby": decision.get("unmatched_nearby", [])}


def assignment_answer(service: Service, answer: Answer, assignment_id: str) -> Response:
    """Answer with the new assignment."""
    row = next(row for row in answer.change["assignments"] if row["id"] == assignment_id)
    return json_response(assignment_view(row, service.context.knowledge.directory), replayed=answer.replayed)


def incident_answer(service: Service, principal: Principal, answer: Answer) -> Response:
    """Answer with the incident as the operation left it."""
    work, at = _as_of(answer)
    return json_response(see_incident(service, principal, work, at=at), replayed=answer.replayed)


async def intake_answer(service: Service, principal: Principal, answer: Answer) -> Response:
    """Answer a call: its outcome, the incident, and the whole decision."""
    work, at = _as_of(answer)
    first = answer.change["events"][0]
    opened = first["event"] == "incident.opened"
    decision = answer.decision
    if decision is None:
        async with service.context.database.connection() as connection:
            decision = orjson.loads(await get_decision(connection, work.incident["id"]))
    view = see_incident(service, principal, work, at=at)
    known = knows_whole(principal, work.incident)
    if not opened and not principal.may_see(work.incident):  # it joined what lies across the border of a desk's area
        view |= {"description": None, "caller": None, "restricted": True}
        known = False
    view["decision"] = _named(service, decision) if known else None
    call = {"id": first["facts"].get("call_id"), "outcome": "opened" if opened else "joined"}
    view["calls"] = [call]
    return json_response({"call": call, "incident": view}, status=201, replayed=answer.replayed)


def changed_incident(change: ChangeRow) -> IncidentRow:
    """Give the incident of a change.

    Raises:
        LookupError: the change concerns none.
    """
    if change["incident"] is None:
        message = "the change concerns no incident"
        raise LookupError(message)
    return change["incident"]
