"""The desk adds to what is known: a note, a raised level, an excused gap."""

from dataclasses import dataclass

from dispatch.domain.alerting import known_of
from dispatch.domain.errors import Fault, ForbiddenError, InvalidRequestError
from dispatch.operations.alerting import alert_again
from dispatch.operations.context import Answer, Context
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.operations.reinforce import hurry
from dispatch.operations.worsening import level_of, send_further


async def note_incident(context: Context, request: Request, *, text: str) -> Answer:
    """Write a note into the timeline; every console of the incident sees it."""

    async def act(edit: Edit) -> None:
        edit.tell("incident.noted", text=text)

    return await edit_incident(context, "note_incident", request=request, act=act)


async def disclose_incident(context: Context, request: Request) -> Answer:
    """Open description, caller and words to every unit on the incident. The lead's unit may, and the desk.

    Raises:
        ForbiddenError: another unit than the one that leads.
    """

    async def act(edit: Edit) -> None:
        if request.unit_id is not None and edit.incident["lead_unit_id"] != request.unit_id:
            raise ForbiddenError("only the unit that leads, or the desk, opens the details to the others")
        edit.incident["disclosed"] = True
        edit.tell("incident.disclosed")

    return await edit_incident(context, "disclose_incident", request=request, act=act)


@dataclass(frozen=True, slots=True)
class Level:
    """A new severity, a new urgency, further tags."""

    severity: str | None
    urgency: str | None
    tags: tuple[str, ...] = ()


async def raise_incident(context: Context, request: Request, *, level: Level, reason: str) -> Answer:
    """Change severity or urgency, add tags; who waits for a tag, or is wanted for it by a rule, is sent."""

    async def act(edit: Edit) -> None:
        edit.move_incident("raise")
        before, known = level_of(edit.incident), known_of(edit.incident)
        edit.incident["severity"] = level.severity or edit.incident["severity"]
        edit.incident["urgency"] = level.urgency or edit.incident["urgency"]
        _add_tags(edit, level.tags)
        after = level_of(edit.incident)
        edit.tell("incident.updated", before=before, after=after, reason=reason)
        if before["urgency"] != after["urgency"]:
            hurry(edit)
        await alert_again(edit, known)
        await send_further(edit, (edit.incident["incident_type"],))

    return await edit_incident(context, "raise_incident", request=request, act=act)


async def report_finding(context: Context, request: Request, *, tags: tuple[str, ...], text: str | None) -> Answer:
    """Add what a unit found on scene to the incident's tags; everybody on it is told."""

    async def act(edit: Edit) -> None:
        edit.move_incident("raise")
        known = known_of(edit.incident)
        _add_tags(edit, tags)
        edit.tell("incident.updated", tags=edit.incident["tags"], found=list(tags), **({"text": text} if text else {}))
        await alert_again(edit, known, finder_id=request.unit_id)
        await send_further(edit, (edit.incident["incident_type"],))

    return await edit_incident(context, "report_finding", request=request, act=act)


def _add_tags(edit: Edit, tags: tuple[str, ...]) -> None:
    edit.incident["tags"] = list(dict.fromkeys((*edit.incident["tags"], *tags)))


async def excuse_gap(context: Context, request: Request, *, slot: int, reason: str) -> Answer:
    """Excuse a place of the plan that nobody fills: the incident may close without it.

    Raises:
        InvalidRequestError: there is no such gap.
    """

    async def act(edit: Edit) -> None:
        if all(gap["slot"] != slot for gap in edit.incident["shortfalls"]):
            raise InvalidRequestError((Fault("/slot", "unknown_slot", "the incident has no such gap"),))
        edit.fill_shortfall(slot)
        edit.tell("incident.updated", excused_slot=slot, reason=reason)
        edit.satisfy(slot)

    return await edit_incident(context, "excuse_gap", request=request, act=act)
