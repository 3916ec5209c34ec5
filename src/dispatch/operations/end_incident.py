"""The desk ends or reopens an incident: cancel, false alarm, close, transfer, suspend, resume, merge, reopen."""

from dataclasses import dataclass

from dispatch.domain.errors import Fault, InvalidRequestError, WrongStateError
from dispatch.domain.rows import instant
from dispatch.operations.context import Answer, Context
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.operations.reinforce import next_slot
from dispatch.storage.devices import count_false_alarm, count_presses, follow_merge
from dispatch.storage.work import Work, find_work, lock_work


async def cancel_incident(context: Context, request: Request, *, reason: str | None, false_alarm: bool) -> Answer:
    """Call everybody back. A false alarm closes as such, is kept, and counts against its device."""

    async def act(edit: Edit) -> None:
        await _cancel(edit, reason, false_alarm=false_alarm)

    return await edit_incident(context, "cancel_incident", request=request, act=act)


async def withdraw_alarm(context: Context, request: Request, *, device_id: str, reason: str | None) -> Answer:
    """Let a device take its alarm back as a false one.

    Raises:
        WrongStateError: it has ended, or others have called for it too.
    """

    async def act(edit: Edit) -> None:
        await _require_alone(edit, device_id)
        await _cancel(edit, reason, false_alarm=True)

    return await edit_incident(context, "withdraw_alarm", request=request, act=act)


async def _cancel(edit: Edit, reason: str | None, *, false_alarm: bool) -> None:
    edit.move_incident("close" if false_alarm else "cancel")
    _recall(edit, "false_alarm" if false_alarm else "cancelled")
    edit.incident["closed_at"] = instant(edit.now)
    edit.incident["disposition"] = "false_alarm" if false_alarm else "cancelled"
    edit.incident["pending_slots"] = []
    edit.effects.disarm.append(edit.incident["id"])
    if false_alarm and edit.is_actual and edit.incident["device_id"]:
        await count_false_alarm(edit.connection, edit.incident["device_id"])
    edit.tell(
        "incident.closed" if false_alarm else "incident.cancelled",
        disposition=edit.incident["disposition"],
        reason=reason,
    )


async def _require_alone(edit: Edit, device_id: str) -> None:
    """Refuse a device's word on what others have called for: calls joined its incident, or that was merged."""
    if await count_presses(edit.connection, edit.incident["id"], device_id) < edit.incident["call_count"]:
        raise WrongStateError(
            "others have called for this too: only the desk calls the units back",
            facts={"current": {"status": edit.incident["status"]}, "verb": "cancel", "allowed": []},
        )


def _recall(edit: Edit, reason: str) -> None:
    edit.incident["stages"] = []  # who was held back is not needed any more, also if it is opened again
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
    """Open again. Nobody is sent by itself: the missing lead is an alarm at the desk until somebody is."""

    async def act(edit: Edit) -> None:
        edit.move_incident("reopen")
        edit.incident["closed_at"] = None
        edit.incident["disposition"] = None
        edit.tell("incident.reopened", reason=reason)
        _want_a_lead(edit)

    return await edit_incident(context, "reopen_incident", request=request, act=act)


def _want_a_lead(edit: Edit) -> None:
    former = next((row for row in reversed(edit.assignments) if row["role"] == "lead"), None)
    if former is not None and former["ended_at"] is None:
        return
    unit = edit.context.knowledge.directory.units.get("" if former is None else former["unit_id"])
    slot = next_slot(edit)
    edit.incident["pending_slots"] = [*edit.incident["pending_slots"], slot]
    edit.raise_shortfall(slot, unit.kind if unit else "unknown", "lead", "no_candidates")


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
        if resume and any(row["role"] != "notify" for row in edit.assignments):
            edit.close_if_finished()  # the last of them may have done its part meanwhile

    return await edit_incident(context, "suspend_incident", request=request, act=act)


@dataclass(frozen=True, slots=True)
class Merge:
    """Into which incident, and why."""

    into_id: str
    reason: str


async def merge_incident(context: Context, request: Request, *, merge: Merge) -> Answer:
    """Join an incident into another: its calls count there, its units are recalled, a link remains.

    Raises:
        InvalidRequestError: into itself, into nothing open, or an exercise and a real alarm into one.
    """

    async def act(edit: Edit) -> None:
        target = await _lock_target(edit, merge.into_id)
        edit.move_incident("merge")
        _recall(edit, "merged")
        edit.incident["merged_into"] = merge.into_id
        edit.incident["closed_at"] = instant(edit.now)
        edit.incident["disposition"] = "merged"
        edit.incident["pending_slots"] = []
        edit.effects.disarm.append(edit.incident["id"])
        edit.tell("incident.merged", into=merge.into_id, number=target.incident["number"], reason=merge.reason)
        joined = Edit(context, edit.connection, target, request.actor)
        joined.incident["call_count"] += edit.incident["call_count"]
        edit.unlink(merge.into_id)
        joined.unlink(edit.incident["id"])
        joined.tell("incident.call_joined", call_count=joined.incident["call_count"], merged=edit.incident["number"])
        await follow_merge(edit.connection, edit.incident["id"], merge.into_id)
        edit.besides.append(joined)

    return await edit_incident(context, "merge_incident", request=request, act=act)


async def _lock_target(edit: Edit, into_id: str) -> Work:
    """Lock the incident that is merged into: it must not end meanwhile.

    Race: two merges in opposite directions want each other's lock; PostgreSQL lets one of them come again.
    """
    target = None if into_id == edit.incident["id"] else await find_work(edit.connection, into_id)
    target = None if target is None else await lock_work(edit.connection, into_id)
    if target is None or target.incident["status"] in {"closed", "cancelled", "merged", "transferred"}:
        raise InvalidRequestError((Fault("/into", "unknown_incident", "no other open incident has this id"),))
    if target.incident["exercise"] != edit.incident["exercise"]:
        raise InvalidRequestError((Fault("/into", "other_exercise", "exercises and real alarms never meet"),))
    return target
