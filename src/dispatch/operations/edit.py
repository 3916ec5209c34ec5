"""An edit: an incident under its lock, the rows that change, the events that tell of it, saved as one change.

Everything outside the hot path goes through here, so that no operation can forget timers, audit or outbox.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from dispatch.domain import assignment as assignment_states
from dispatch.domain import incident as incident_states
from dispatch.domain.actor import Actor
from dispatch.domain.drill import Drill, Participants
from dispatch.domain.errors import DispatchError, NotFoundError
from dispatch.domain.escalation import next_due
from dispatch.domain.events import Event, EventName
from dispatch.domain.intake import URGENCY_RANK
from dispatch.domain.ladder import Reach
from dispatch.domain.rows import AssignmentRow, ChangeRow, LinkData, instant
from dispatch.domain.trigger import next_stage_at
from dispatch.domain.versions import require_version
from dispatch.operations.context import Answer, Context, Once, commit_seen, dumps
from dispatch.operations.replay import find_replay
from dispatch.storage.changes import Effects, Saving, save_change
from dispatch.storage.database import Connection
from dispatch.storage.timers import TimerSet
from dispatch.storage.work import Work, lock_work
from dispatch.storage.written import TwinError, Written

ATTEND_AGAIN = timedelta(seconds=60)
_NEWS_OF_ALL = frozenset({"assignment.issued", "incident.lead_changed", "incident.disclosed"})
"""After these somebody may read more than before: all assignments go along."""
_NEWS_OF_DELIVERY = frozenset(
    {"assignment.paged", *(f"assignment.page_{end}" for end in ("sent", "failed", "delivered", "seen"))}
)
"""With these no decision can clash: whether a text message went out changes nothing of what was decided."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants a change of which incident, and the idempotency key if there is one.

    `expected_version` is the incident's, or the assignment's if one is named; `unit_id` is set for a unit's own people.
    `waits_ms`: for a row that somebody holds, where that is less than usual.
    """

    incident_id: str
    actor: Actor
    once: Once | None = None
    expected_version: int | None = None
    assignment_id: str | None = None
    unit_id: str | None = None
    waits_ms: int | None = None

    def require_current(self, work: Work) -> None:
        """Refuse another unit's assignment, then a decision on an old picture.

        Raises:
            NotFoundError: the assignment is another unit's.
            VersionConflictError: somebody changed it first.
        """
        row = next((row for row in work.assignments if row["id"] == self.assignment_id), None)
        if row is not None and self.unit_id is not None and row["unit_id"] != self.unit_id:
            raise NotFoundError("no such assignment", facts={"assignment_id": row["id"]})
        require_version(row or work.incident, self.expected_version)


class Edit:
    """The change in the making. Rows are altered in place; what was touched is what is saved."""

    def __init__(self, context: Context, connection: Connection, work: Work, actor: Actor) -> None:
        """Start from the rows as locked."""
        self.context = context
        self.connection = connection
        self.incident = work.incident
        self.assignments = work.assignments
        self.actor = actor
        self.now: datetime = context.now()
        self.effects = Effects()
        self.events: list[Event] = []
        self.besides: list[Edit] = []
        """Edits of other incidents, locked by the same act, that are saved and told with this one."""
        self._kept = Participants.of(work.participants)
        self._touched: dict[str, AssignmentRow] = {}
        self.incident["version"] += 1
        self.incident["updated_by"] = actor.name

    @property
    def reach(self) -> Reach:
        """Say how units are reached in this incident."""
        ladders = self.context.knowledge.directory.content.ladders
        return Reach(ladders, self.incident["urgency"], self.context.is_there)

    @property
    def is_actual(self) -> bool:
        """Say whether the incident is real: only then it takes crews."""
        return incident_states.is_actual(self.incident["exercise"])

    @property
    def participants(self) -> Participants | None:
        """Give who alone may be sent, if a drill says so: for good that in which the exercise was decided."""
        return self._kept or self.context.participants(self.incident["exercise"], self.incident["division_code"])

    @property
    def drill(self) -> Drill | None:
        """Give the drill whose recipients its messages go to: its own, as long as that stands; else one there now."""
        if self._kept is None or self._kept.drill_id is None:
            return self.context.drill_at(self.incident["division_code"])
        return self.context.knowledge.drills.find(self._kept.drill_id, self.now)

    @property
    def changed(self) -> list[AssignmentRow]:
        """List the assignments touched so far."""
        return list(self._touched.values())

    def assignment(self, assignment_id: str) -> AssignmentRow:
        """Give one of the incident's assignments."""
        return next(row for row in self.assignments if row["id"] == assignment_id)

    def tell(self, event: EventName, assignment_id: str | None = None, **facts: object) -> None:
        """Add an event."""
        self.events.append(Event(str(self.context.new_id()), event, assignment_id, facts))

    def touch(self, row: AssignmentRow) -> None:
        """Mark an assignment as changed: its version grows once, its timer follows its deadlines."""
        if row["id"] not in self._touched:
            row["version"] += 1
            row["updated_by"] = self.actor.name
            self._touched[row["id"]] = row

    def arm(self, row: AssignmentRow, due_at: datetime | None = None) -> None:
        """Arm or re-arm an open assignment's timer."""
        due_at = due_at or next_due(row, self.now)
        urgency = URGENCY_RANK[self.incident["urgency"]]
        self.effects.arm = [timer for timer in self.effects.arm if timer.subject_id != row["id"]]
        self.effects.arm.append(TimerSet(row["id"], "assignment", urgency, due_at))

    def attend(self, after: timedelta) -> None:
        """Arm the alarm of an incident whose plan has gaps."""
        urgency, own = URGENCY_RANK[self.incident["urgency"]], self.incident["id"]
        self.effects.arm = [t for t in self.effects.arm if (t.subject_id, t.kind) != (own, "incident")]
        self.effects.disarm = [subject_id for subject_id in self.effects.disarm if subject_id != own]
        self.effects.arm.append(TimerSet(own, "incident", urgency, self.now + after))

    def add(self, row: AssignmentRow) -> None:
        """Add a new assignment; a unit that was only told before is told no further: now it acts."""
        for told in self.open_assignments():
            if told["unit_id"] == row["unit_id"] and told["role"] == "notify":
                self.complete(told)
                self.tell("assignment.completed", told["id"], reason="notified")
        row["min_ack_revision"] = self.incident["revision"]
        self.assignments.append(row)
        self._touched[row["id"]] = row
        if row["unit_id"] not in self.incident["unit_ids"]:
            self.incident["unit_ids"].append(row["unit_id"])
        self.arm(row)
        self.tell("assignment.issued", row["id"])

    def end(self, row: AssignmentRow, verb: assignment_states.Verb, reason: str | None) -> None:
        """End an assignment by a verb of its state machine."""
        row["status"] = assignment_states.advance(cast("assignment_states.Status", row["status"]), verb)
        row["ended_at"] = row["ended_at"] or instant(self.now)
        row["reason"] = reason or row["reason"]
        self.touch(row)
        self.effects.disarm.append(row["id"])
        self.effects.release_units.append(row["unit_id"])

    def unlink(self, other_id: str) -> LinkData | None:
        """Take the link to another incident away; gives it, if there was one."""
        link = next((link for link in self.incident["links"] if link["incident_id"] == other_id), None)
        self.incident["links"] = [kept for kept in self.incident["links"] if kept is not link]
        return link

    def move_incident(self, verb: incident_states.Verb) -> None:
        """Move the incident by a verb of its state machine."""
        status = cast("incident_states.Status", self.incident["status"])
        self.incident["status"] = incident_states.advance(status, verb)

    def open_assignments(self) -> list[AssignmentRow]:
        """List the assignments that have not ended."""
        return [row for row in self.assignments if row["status"] in assignment_states.OPEN]

    def satisfy(self, slot: int) -> None:
        """Note that a place of the plan has done its part; close when it was the last."""
        self.incident["pending_slots"] = [s for s in self.incident["pending_slots"] if s != slot]
        self.close_if_finished()

    def close_if_finished(self) -> None:
        """Close an active incident whose places have all done their part."""
        active = self.incident["status"] in {"received", "dispatched", "in_progress", "resolved"}
        if active and incident_states.is_finished(self.incident["pending_slots"]):
            self.close(self.incident["disposition"] or "handled")

    def close(self, disposition: str) -> None:
        """Close the incident: who was only told is done, who is not needed is recalled.

        A lead that has fed back keeps its task until it says that it is done: its crew is not free before.
        """
        self.move_incident("close")
        self.incident["closed_at"] = instant(self.now)
        self.incident["disposition"] = disposition
        self.effects.disarm.append(self.incident["id"])
        self.incident["stages"] = []
        for row in self.open_assignments():
            if row["role"] == "notify":
                self.complete(row)
            elif row["role"] != "lead" or row["fed_back_at"] is None:
                self.end(row, "revoke", "closed")
                self.tell("assignment.revoked", row["id"], reason="closed")
        self.tell("incident.closed", disposition=disposition)

    def complete(self, row: AssignmentRow) -> None:
        """End the task of a unit that was only to be told."""
        row["status"], row["ended_at"] = "completed", instant(self.now)
        self.touch(row)
        self.effects.disarm.append(row["id"])
        self.effects.release_units.append(row["unit_id"])

    def fill_shortfall(self, slot: int) -> None:
        """Take a gap off the list; tell when it was the last."""
        before = len(self.incident["shortfalls"])
        self.incident["shortfalls"] = [gap for gap in self.incident["shortfalls"] if gap["slot"] != slot]
        if before and not self.incident["shortfalls"]:
            self.effects.disarm.append(self.incident["id"])
            self.tell("shortfall.cleared")

    def raise_shortfall(self, slot: int, unit_kind: str, role: str, reason: str) -> None:
        """Put a gap on the list and sound the alarm."""
        if any(gap["slot"] == slot for gap in self.incident["shortfalls"]):
            return
        self.incident["shortfalls"].append(
            {"slot": slot, "unit_kind": unit_kind, "role": role, "reason": reason, "count": 1}
        )
        self.attend(ATTEND_AGAIN)
        self.tell("shortfall.raised", shortfalls=self.incident["shortfalls"])

    def change(self) -> ChangeRow:
        """Give the change as it stands; a unit that joins or leads must learn of everybody: then all rows go along."""
        joins = any(event.event in _NEWS_OF_ALL for event in self.events)
        if any(event.event not in _NEWS_OF_DELIVERY for event in self.events):
            self.incident["settled_version"] = self.incident["version"]
        self.incident["lead_unit_id"] = assignment_states.lead_unit_id(self.assignments)
        return {
            "incident": self.incident,
            "assignments": self.assignments if joins else self.changed,
            "events": [event.data() for event in self.events],
            "unit": None,
            "occurred_at": instant(self.now),
            "recorded_at": instant(self.now),
        }

    def settle_stages(self) -> None:
        """Arm the timer of the units that are held back: at once when something they wait for has happened."""
        own, due_at = self.incident["id"], next_stage_at(self.incident, self.assignments, self.now)
        self.effects.arm = [timer for timer in self.effects.arm if timer.kind != "stage"]
        self.effects.no_stage = due_at is None
        if due_at is not None:
            self.effects.arm.append(TimerSet(own, "stage", URGENCY_RANK[self.incident["urgency"]], due_at))

    def _keep_claims(self) -> None:
        """Invariant: a crew at work here stays claimed, though it was only told before, or wanted twice in this act."""
        at_work = {row["unit_id"] for row in self.open_assignments() if row["role"] != "notify"}
        self.effects.release_units = [unit for unit in self.effects.release_units if unit not in at_work]

    async def save(self, once: Once | None) -> Written:
        """Write the change."""
        self.settle_stages()
        self._keep_claims()
        disarmed = set(self.effects.disarm)
        self.effects.arm = [t for t in self.effects.arm if t.kind == "stage" or t.subject_id not in disarmed]
        saving = Saving(
            change_id=str(self.context.new_id()),
            change=dumps(self.change()),
            assignments=dumps(self.assignments) if once else None,
            actor=dumps(self.actor.data()),
            occurred_at=self.now,
            once=once,
        )
        return await save_change(self.connection, saving, self.effects)


async def edit_incident(
    context: Context, name: str, *, request: Request, act: Callable[[Edit], Awaitable[None]]
) -> Answer:
    """Lock the incident, let `act` change it, save, commit, publish. A repeated key gets its first answer."""
    if replay := await find_replay(context, request.once):
        return replay
    try:
        async with context.database.transaction(name, waits_ms=request.waits_ms) as connection:
            work = await lock_work(connection, request.incident_id)
            request.require_current(work)
            edit = Edit(context, connection, work, request.actor)
            await act(edit)
            written = await edit.save(request.once)
            besides = [await other.save(None) for other in edit.besides]
    except (TwinError, DispatchError):
        if replay := await find_replay(context, request.once):
            return replay
        raise
    for other in besides:
        commit_seen(context, other)
    return replace(commit_seen(context, written), assignments=edit.assignments)
