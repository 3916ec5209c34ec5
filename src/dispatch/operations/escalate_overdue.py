"""Silence has consequences: page, urge, escalate, supervise. One transaction per incident, by any process.

Race: two processes see the same due timer; the incident's lock is taken with SKIP LOCKED and the timer is read again
under it, so a step is taken once. An acknowledgement that commits first wins: its timer is no longer due.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dispatch.domain.actor import SYSTEM
from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.domain.escalation import Due, next_due, next_step, owes_something
from dispatch.domain.notice import Reason
from dispatch.domain.rows import AssignmentRow, instant, parse_instant
from dispatch.domain.unit import Unit
from dispatch.operations.backup import add_next, why_nobody_else
from dispatch.operations.context import Context, commit_seen
from dispatch.operations.edit import ATTEND_AGAIN, Edit
from dispatch.operations.reach import ask_next
from dispatch.operations.reinforce import Named, add_named, agency_of, give_back, next_slot, raise_gap, take_back
from dispatch.operations.stages import release_due
from dispatch.storage.database import is_held
from dispatch.storage.delivery import CHANGE, is_on_its_way
from dispatch.storage.timers import DueTimer, arm, disarm, list_due, next_due_at, postpone, still_due
from dispatch.storage.work import Work, try_lock_work

logger = logging.getLogger(__name__)
BATCH: Final = 200
TRY_AGAIN: Final = timedelta(seconds=5)
WAITS_MS: Final = 1_000
"""So long an incident waits for a crew's row that somebody holds: all who are due after it wait with it."""
REMIND: Final = timedelta(seconds=300)
CONFIRM_AGAIN: Final = timedelta(seconds=30)
"""So long after it was urged to acknowledge a change, a unit's silence is shown to the shift leader."""
MOST_BACKUPS: Final = 2
"""So many units are added in place of one that stays silent; then a human decides: the gap is an alarm at the desk."""


@dataclass(frozen=True, slots=True)
class Fired:
    """How late a timer was acted on, and whether of a real alarm: `exercise` as the incident has it."""

    subject_id: str
    late_s: float
    exercise: str


async def escalate_overdue(context: Context) -> list[Fired]:
    """Act on everything that is due, most urgent first; gives what was acted on and how late."""
    now = context.now()
    async with context.database.connection() as connection:
        due = await list_due(connection, now, BATCH)
    by_incident: dict[str, list[DueTimer]] = {}
    for timer in due:
        if timer.incident_id is not None:
            by_incident.setdefault(timer.incident_id, []).append(timer)
    fired: list[Fired] = []
    for incident_id, timers in by_incident.items():
        try:
            fired += await _one_incident(context, incident_id, timers)
        # Invariant: what fails for one incident must not silence all others
        except DatabaseUnavailableError as error:
            if not is_held(error):
                raise
            logger.warning("somebody holds what an incident's timers need", extra={"incident_id": incident_id})
            await _put_off(context, timers, now)
        except Exception:
            logger.exception("an incident's timers could not be acted on", extra={"incident_id": incident_id})
            await _put_off(context, timers, now)
    return fired


async def _put_off(context: Context, timers: list[DueTimer], now: datetime) -> None:
    async with context.database.connection() as connection:
        await postpone(connection, [timer.subject_id for timer in timers], now + TRY_AGAIN)


async def _one_incident(context: Context, incident_id: str, timers: list[DueTimer]) -> list[Fired]:
    async with context.database.transaction("escalate_overdue", waits_ms=WAITS_MS) as connection:
        work = await try_lock_work(connection, incident_id)
        if work is None:
            return []
        now = context.now()
        due = await still_due(connection, [timer.subject_id for timer in timers], now)
        if not due:
            return []
        edit = Edit(context, connection, work, SYSTEM)
        exercise = work.incident["exercise"]
        fired = [Fired(subject, (now - due_at).total_seconds(), exercise) for (subject, _), due_at in due.items()]
        for subject_id, kind in _in_turn(due, work):
            await (release_due(edit) if kind == "stage" else _act(edit, subject_id))
        if not edit.events:
            await _rearm_quietly(edit)
            return fired
        written = await edit.save(None)
    commit_seen(context, written)
    return fired


def _in_turn(due: dict[tuple[str, str], datetime], work: Work) -> list[tuple[str, str]]:
    """Order what is due: the oldest first, of equals the lead, whose silence speaks for whoever was asked with it."""
    places = {row["id"]: (row["role"] != "lead", row["slot"]) for row in work.assignments}
    return sorted(due, key=lambda key: (due[key], *places.get(key[0], (True, 0)), key))


async def _rearm_quietly(edit: Edit) -> None:
    """Move timers on without a change: nothing happened that anybody needs to see."""
    edit.settle_stages()
    for timer in edit.effects.arm:
        await arm(edit.connection, timer)
    if edit.effects.no_stage:
        await disarm(edit.connection, edit.incident["id"], stage=True)
    for subject_id in edit.effects.disarm:
        await disarm(edit.connection, subject_id)


async def _act(edit: Edit, subject_id: str) -> None:
    if subject_id == edit.incident["id"]:
        _attend(edit)
        return
    row = edit.assignment(subject_id)
    if row["ended_at"] is not None:
        edit.effects.disarm.append(subject_id)
        return
    step = next_step(row, edit.now, edit.reach.ladder(agency_of(edit, row)))
    if edit.incident["closed_at"] is not None:  # only a lead that has fed back and packs up: nobody is sent after it
        _after_closing(edit, row)
        return
    await _STEPS[step.action](edit, row, step)


def _after_closing(edit: Edit, row: AssignmentRow) -> None:
    if (ends := row["close_by"]) is not None and parse_instant(ends) > edit.now:
        edit.arm(row, parse_instant(ends))
        return
    edit.complete(row)
    edit.tell("assignment.completed", row["id"], reason="closed")


def _attend(edit: Edit) -> None:
    give_back(edit)
    if edit.incident["shortfalls"] and edit.incident["closed_at"] is None:
        edit.tell("shortfall.raised", shortfalls=edit.incident["shortfalls"], repeated=True)
        edit.attend(ATTEND_AGAIN)
    else:
        edit.effects.disarm.append(edit.incident["id"])


def _took(edit: Edit, row: AssignmentRow, step: Due) -> None:
    row["steps_done"] = [*row["steps_done"], step.step]
    edit.touch(row)
    edit.arm(row)


async def _page(edit: Edit, row: AssignmentRow, step: Due) -> None:
    """No console has shown it, or nobody sits there: reach the unit's people another way, channel after channel.

    Where nobody can be reached on any of them and no console is open either, silence needs no waiting for.
    """
    ladder = edit.reach.ladder(agency_of(edit, row))
    there = edit.context.is_there(row["unit_id"])
    reason: Reason = "on_call" if row["selection"].get("on_call") else "not_delivered" if there else "no_console"
    reached, more = await ask_next(edit, row, ladder, reason)
    if more:
        row["deliver_by"] = instant(edit.now + timedelta(seconds=ladder.next_channel_s))
    else:
        row["steps_done"] = [*row["steps_done"], step.step]
    edit.touch(row)
    edit.arm(row)
    edit.tell("assignment.paged", row["id"], reason=reason, channels=list(reached))
    if not (reached or there) and row["role"] != "notify" and "escalate" not in row["steps_done"]:
        row["acknowledge_by"] = instant(edit.now)
        await _escalate(edit, row, Due("escalate", "escalate", "deliver_by"))


async def _urge(edit: Edit, row: AssignmentRow, step: Due) -> None:
    if step.step == "change_urge":
        await _urge_to_confirm(edit, row, step)
        return
    _took(edit, row, step)
    edit.tell("assignment.urged", row["id"], missed=step.missed)


async def _urge_to_confirm(edit: Edit, row: AssignmentRow, step: Due) -> None:
    """Urge to acknowledge a change, on the console and channel after channel; its silence goes to the desk next.

    Where nobody can be reached on any of them and no console is open either, the desk hears of it at once.
    """
    ladder = edit.reach.ladder(agency_of(edit, row))
    reached, more = await ask_next(edit, row, ladder, "changed")
    row["change_by"] = instant(edit.now + (timedelta(seconds=ladder.next_channel_s) if more else CONFIRM_AGAIN))
    if more:
        edit.touch(row)
        edit.arm(row)
    else:
        _took(edit, row, step)
    edit.tell("assignment.urged", row["id"], missed=step.missed, channels=list(reached))
    if not (
        reached or edit.context.is_there(row["unit_id"]) or await is_on_its_way(edit.connection, row["id"], CHANGE)
    ):
        await _supervise(edit, row, Due("change_overdue", "supervise", "change_by"))


async def _escalate(edit: Edit, row: AssignmentRow, step: Due) -> None:
    """Add the next suitable unit, tell the superior, show it to the shift leader: as the unit's ladder says."""
    _took(edit, row, step)
    if _speaks_for_others(edit, row):
        return
    targets = edit.reach.ladder(agency_of(edit, row)).escalate
    backups = [other for other in edit.assignments if other["slot"] == row["slot"] and other["backup_for"]]
    wanted = "next_unit" in targets and len(backups) < MOST_BACKUPS
    added = await add_next(edit, row) if wanted else None
    told = _tell_superior(edit, row) if "superior" in targets else None
    if added is None and row["mandatory"]:
        raise_gap(edit, row, await why_nobody_else(edit, row) if wanted else "no_answer")
    edit.tell(
        "assignment.escalated",
        row["id"],
        missed=step.missed,
        added=None if added is None else added["id"],
        superior=told,
        attention="shift_leader" if "shift_leader" in targets else None,
    )
    if told is not None:  # the next superior is told after the next silence
        edit.arm(row, min(next_due(row, edit.now), edit.now + REMIND))


async def _reopen(edit: Edit, row: AssignmentRow, step: Due) -> None:
    """Who has acknowledged and does not move is not counted on any longer: the desk decides, the task stays open."""
    _took(edit, row, step)
    take_back(edit, row, "not_moving")


def _speaks_for_others(edit: Edit, row: AssignmentRow) -> bool:
    """Say whether another of those asked together was escalated before: their silence is one silence.

    Whoever was added for it is silent on its own account: the ladder goes on, in the end to an alarm.
    """
    offer, requirement = row["selection"].get("offer"), row["selection"].get("requirement")
    return (
        offer is not None
        and row["backup_for"] is None
        and any(
            other is not row and "escalate" in other["steps_done"]
            for other in edit.assignments
            if other["selection"].get("requirement") == requirement and other["backup_for"] is None
        )
    )


def _tell_superior(edit: Edit, row: AssignmentRow) -> str | None:
    """Tell the first superior who does not know yet: each further silence climbs one tier, up to the city."""
    units, there = edit.context.knowledge.directory.units, {other["unit_id"] for other in edit.assignments}
    unit, climbed = units.get(row["unit_id"]), set[str]()
    while unit is not None and unit.superior_id is not None and unit.superior_id not in climbed:
        climbed.add(unit.superior_id)
        superior = units.get(unit.superior_id)
        if superior is not None and superior.id not in there and _takes_part(edit, superior):
            add_named(edit, Named(superior, "notify", mandatory=False, slot=next_slot(edit), code="superior"))
            return superior.id
        unit = superior
    return None


def _takes_part(edit: Edit, unit: Unit) -> bool:
    participants = edit.participants
    return participants is None or participants.include(unit, edit.context.knowledge.directory)


async def _supervise(edit: Edit, row: AssignmentRow, step: Due) -> None:
    _took(edit, row, step)
    edit.tell("assignment.overdue", row["id"], missed=step.missed, attention="shift_leader")


async def _finish(edit: Edit, row: AssignmentRow, step: Due) -> None:
    """A unit that was only to be told: after its time the task ends by itself."""
    del step
    edit.complete(row)
    edit.tell("assignment.completed", row["id"], reason="notified")


async def _remind(edit: Edit, row: AssignmentRow, step: Due) -> None:
    """Nothing new is due: urge again if the unit owes an answer, and look again later."""
    del step
    told = None
    if owes_something(row, edit.now):
        edit.touch(row)
        told = _tell_superior(edit, row)
        edit.tell("assignment.urged", row["id"], missed="acknowledge_by", repeated=True, superior=told)
    due, again = next_due(row, edit.now), edit.now + REMIND
    if told is not None or due <= edit.now:
        due = again if due <= edit.now else min(due, again)
    edit.arm(row, due)


_STEPS: Final[dict[str, Callable[[Edit, AssignmentRow, Due], Awaitable[None]]]] = {
    "page": _page,
    "urge": _urge,
    "escalate": _escalate,
    "supervise": _supervise,
    "reopen": _reopen,
    "finish": _finish,
    "remind": _remind,
}


async def earliest(context: Context) -> datetime | None:
    """Give the earliest instant of all timers, so that the loop can sleep until then."""
    async with context.database.connection() as connection:
        return await next_due_at(connection)
