"""The desk ends or reopens an incident: cancel, false alarm, close, transfer, suspend, resume, merge, reopen."""

from dataclasses import dataclass

from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.rows import instant
from dispatch.operations.context import Answer, Context
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.storage.devices import count_false_alarm
from dispatch.storage.work import find_work


async def cancel_incident(context: Context, request: Request, *, reason: str | None, false_alarm: bool) -> Answer:
    """Call everybody back. A false alarm closes as such, is kept, and counts against its device."""

    async def act(edit: Edit) -> None:
        edit.move_incident("close" if false_alarm else "cancel")
        _recall(edit, "false_alarm" if false_alarm else "cancelled")
        edit.incident["closed_at"] = instant(edit.now)
        edit.incident["disposition"] = "false_alarm" if false_alarm else "cancelled"
        edit.incident["pending_slots"] = []
        edit.effects.disarm.append(edit.incident["id"])
        if false_alarm and edit.incident["device_id"]:
            await count_false_alarm(edit.connection, edit.incident["device_id"])
        edit.tell(
            "incident.closed" if false_alarm else "incident.cancelled",
            disposition=edit.incident["disposition"],
            reason=reason,
        )

    return await edit_incident(context, "cancel_incident", request=request, act=act)


def _recall(edit: Edit, reason: str) -> None:
    for row in edit.open_assignments():
        edit.end(row, "revoke", reason)
        edit.tell("assignment.revoked", row["id"], reason=reason)


async def close_incident(context: Context, request: Request, *, disposition: str, text: str | None) -> Answer:
    """Close by hand: what is still open is recalled, and the timeline says who decided that."""

    async def act(edit: Edit) -> None:
        _recall(edit, "closed")
        edit.incident["pending_slots"] = []
        edit.move_incident("close")
        edit.incident["closed_at"] = instant(edit.now)
        edit.incident["disposition"] = disposition
        edit.effects.disarm.append(edit.incident["id"])
        edit.tell("incident.closed", disposition=disposition, text=text)

    return await edit_incident(context, "close_incident", request=request, act=act)


async def reopen_incident(context: Context, request: Request, *, reason: str) -> Answer:
    """Open again; units are sent anew by hand."""

    async def act(edit: Edit) -> None:
        edit.move_incident("reopen")
        edit.incident["closed_at"] = None
        edit.incident["disposition"] = None
        edit.tell("incident.reopened", reason=reason)

    return await edit_incident(context, "reopen_incident", request=request, act=act)


async def transfer_incident(context: Context, request: Request, *, receiver: str, reason: str) -> Answer:
    """Hand the whole incident to somebody outside this centre; its number stays its tracking code."""

    async def act(edit: Edit) -> None:
        edit.move_incident("transfer")
        _recall(edit, "transferred")
        edit.incident["closed_at"] = instant(edit.now)
        edit.incident["disposition"] = "transferred"
        edit.incident["pending_slots"] = []
        edit.effects.disarm.append(edit.incident["id"])
        edit.tell("incident.transferred", receiver=receiver, reason=reason)

    return await edit_incident(context, "transfer_incident", request=request, act=act)


async def suspend_incident(context: Context, request: Request, *, reason: str, resume: bool) -> Answer:
    """Suspend with a reason, or go on."""

    async def act(edit: Edit) -> None:
        edit.move_incident("resume" if resume else "suspend")
        edit.tell("incident.resumed" if resume else "incident.suspended", reason=reason)

    return await edit_incident(context, "suspend_incident", request=request, act=act)


@dataclass(frozen=True, slots=True)
class Merge:
    """Into which incident, and why."""

    into_id: str
    reason: str


async def merge_incident(context: Context, request: Request, *, merge: Merge) -> Answer:
    """Join an incident into another: its calls stay, its units are recalled, a link remains.

    Raises:
        InvalidRequestError: into itself or into nothing open.
    """

    async def act(edit: Edit) -> None:
        target = None if merge.into_id == request.incident_id else await find_work(edit.connection, merge.into_id)
        if target is None or target.incident["status"] in {"closed", "cancelled", "merged", "transferred"}:
            raise InvalidRequestError((Fault("/into", "unknown_incident", "no other open incident has this id"),))
        edit.move_incident("merge")
        _recall(edit, "merged")
        edit.incident["merged_into"] = merge.into_id
        edit.incident["closed_at"] = instant(edit.now)
        edit.incident["disposition"] = "merged"
        edit.incident["pending_slots"] = []
        edit.effects.disarm.append(edit.incident["id"])
        edit.tell("incident.merged", into=merge.into_id, number=target.incident["number"], reason=merge.reason)

    return await edit_incident(context, "merge_incident", request=request, act=act)
