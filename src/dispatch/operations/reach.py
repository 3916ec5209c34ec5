"""Reaching a unit's people beside its console: who, on which channel, and the attempts that the ledger will hold.

Invariants: whoever is off duty is never paged; an exercise pages nobody but its drill's recipients. Nothing is sent
here: attempts are rows, `jobs/delivery` sends them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dispatch.domain.alerting import CHANGE_TURN
from dispatch.domain.intake import URGENCY_RANK
from dispatch.domain.ladder import Ladder
from dispatch.domain.notice import NoticeData, Reason
from dispatch.domain.rows import AssignmentRow, IncidentRow
from dispatch.domain.unit import Unit, is_on_duty
from dispatch.operations.context import Context, dumps
from dispatch.operations.edit import Edit
from dispatch.storage.push import list_subscriptions

NOBODY = "none"
UNREACHED = "nobody to reach: off duty, no number, or no channel"
NO_DRILL = "a drill without recipients"
WEB_PUSH = "web_push"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who can be reached on a channel: at which number or subscription, and as what."""

    channel: str
    address: str
    kind: str


async def reach(edit: Edit, row: AssignmentRow, channels: Sequence[str], reason: Reason) -> tuple[str, ...]:
    """Queue a message to a unit's people on each of the channels; give those on which somebody can be reached.

    Where nobody can be, the ledger says so, with why.
    """
    recipients = await _recipients(edit, row, channels)
    notice: NoticeData = {
        "number": edit.incident["number"],
        "urgency": edit.incident["urgency"],
        "role": row["role"],
        "reason": reason,
        "exercise": edit.incident["exercise"],
    }
    found = recipients or [Recipient(NOBODY, "", "none")]
    edit.effects.deliveries += [_attempt(edit, row, recipient, notice) for recipient in found]
    return tuple(dict.fromkeys(recipient.channel for recipient in recipients))


async def ask_next(edit: Edit, row: AssignmentRow, ladder: Ladder, reason: Reason) -> tuple[tuple[str, ...], bool]:
    """Reach a unit's people on the next channels on which anybody can be; give them, and whether others come after."""
    reached: tuple[str, ...] = ()
    more = True
    while more and not reached:
        channels, more = _next_channels(ladder, edit.context, row, reason)
        if reason != "changed" or channels:
            reached = await reach(edit, row, channels, reason)
        if reason == "changed" or ladder.channels:
            note_turns(row, channels, reason)
    return reached, more


def note_turns(row: AssignmentRow, channels: Iterable[str], reason: Reason) -> None:
    """Note that channels had their turn: about the task itself, or about a change."""
    turns = [_turn_of(channel, reason) for channel in channels]
    row["steps_done"] = [*row["steps_done"], *(turn for turn in turns if turn not in row["steps_done"])]


def _next_channels(
    ladder: Ladder, context: Context, row: AssignmentRow, reason: Reason
) -> tuple[tuple[str, ...], bool]:
    """Give the channels whose turn it is, and whether others come after them.

    Invariant: of a ladder none of whose channels is set here every channel is asked, never none.
    """
    there = context.paging_channels
    named = tuple(channel for channel in ladder.channels if channel in there)
    left = tuple(channel for channel in named or there if _turn_of(channel, reason) not in row["steps_done"])
    return (left[:1], len(left) > 1) if named else (left, False)


def _turn_of(channel: str, reason: Reason) -> str:
    """Name the step of a ladder that one channel is."""
    return f"{CHANGE_TURN if reason == 'changed' else 'page:'}{channel}"


def source_of(incident: IncidentRow) -> str:
    """Name the place that an incident's messages are from, for their fair turns: its own if nothing else is known."""
    if known := incident["place_id"] or incident["device_id"] or incident["address"]:
        return known[:200]
    if incident["location"] is not None:
        point = incident["location"]["wgs84"]
        return f"{point['longitude']:.3f},{point['latitude']:.3f}"
    return incident["source_id"] or incident["id"]


def contact_of(context: Context, unit: Unit, *, on_call: bool) -> tuple[str, str] | None:
    """Give the number at which a unit's people on duty answer, and whose it is; None when nobody is to be disturbed."""
    if is_manned(context, unit) and not on_call:
        return None if unit.phone is None else (unit.phone, "duty_phone")
    if context.knowledge.states.of(unit.id).duty == "out_of_service" or unit.on_call is None:
        return None
    return unit.on_call.phone, "on_call"


def is_manned(context: Context, unit: Unit) -> bool:
    """Say whether somebody is on duty at a unit now."""
    local = context.now().astimezone(context.timezone)
    return is_on_duty(unit, context.knowledge.states.of(unit.id), local, response=context.response_at(unit))


async def _recipients(edit: Edit, row: AssignmentRow, channels: Sequence[str]) -> list[Recipient]:
    unit = edit.context.knowledge.directory.units.get(row["unit_id"])
    if unit is None:
        return []
    if not edit.is_actual:
        return await _of_drill(edit, unit, channels)
    contact = contact_of(edit.context, unit, on_call=bool(row["selection"].get("on_call")))
    found = [Recipient(channel, *contact) for channel in channels if channel != WEB_PUSH] if contact else []
    return sorted(found + await _browsers(edit, unit, channels), key=lambda one: channels.index(one.channel))


async def _of_drill(edit: Edit, unit: Unit, channels: Sequence[str]) -> list[Recipient]:
    """List whom an exercise or test reaches: the recipients of its drill, browsers of units that take part.

    Invariant: nobody's real number, and nobody at all where no drill is announced, or where its own is over.
    """
    drill = edit.drill
    if drill is None:
        return []
    found = [
        Recipient(channel, one.address, "drill")
        for channel in channels
        if channel != WEB_PUSH
        for one in drill.recipients
        if one.channel in {None, channel}
    ]
    if drill.participants.include(unit, edit.context.knowledge.directory):
        found += await _browsers(edit, unit, channels)
    return found


async def _browsers(edit: Edit, unit: Unit, channels: Sequence[str]) -> list[Recipient]:
    if WEB_PUSH not in channels or not is_manned(edit.context, unit):
        return []
    browsers = await list_subscriptions(edit.connection, unit.id)
    return [Recipient(WEB_PUSH, browser.target.text(), "subscription") for browser in browsers]


def _attempt(edit: Edit, row: AssignmentRow, recipient: Recipient, notice: NoticeData) -> dict[str, object]:
    attempt_id, nobody = str(edit.context.new_id()), recipient.channel == NOBODY
    return {
        "id": attempt_id,
        "message_id": attempt_id,
        "assignment_id": row["id"],
        "incident_id": edit.incident["id"],
        "unit_id": row["unit_id"],
        "channel": recipient.channel,
        "recipient": recipient.address,
        "recipient_kind": recipient.kind,
        "reason": notice["reason"],
        "urgency": URGENCY_RANK[edit.incident["urgency"]],
        "source": source_of(edit.incident),
        "exercise": edit.incident["exercise"],
        "body": dumps(notice),
        "state": "failed_permanent" if nobody else "queued",
        "error": (UNREACHED if edit.is_actual else NO_DRILL) if nobody else None,
    }
