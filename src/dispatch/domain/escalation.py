"""Silence and its consequences: a ladder of steps as data, and the step that is due now.

Urge is a nudge by the system, escalate adds the next unit or tier, supervise means that a leader watches.
Invariant: an open assignment always has a next due instant; `next_due` never gives None for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dispatch.domain.ladder import USUAL, Action, Ladder
from dispatch.domain.rows import AssignmentRow, instant, parse_instant

REMIND_AFTER: Final = timedelta(seconds=300)
"""When every step was taken and the unit still owes something, it is urged again this often."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: in these statuses, when this deadline has passed, once."""

    name: str
    action: Action
    statuses: frozenset[str]
    deadline: str


_SILENT: Final = frozenset({"issued", "delivered"})
_ON_IT: Final = frozenset({"acknowledged", "en_route", "on_scene"})
LADDER: Final[tuple[Step, ...]] = (
    Step("page", "page", frozenset({"issued"}), "deliver_by"),
    Step("urge", "urge", _SILENT, "urge_by"),
    Step("escalate", "escalate", _SILENT, "acknowledge_by"),
    Step("depart_overdue", "urge", frozenset({"acknowledged"}), "depart_by"),
    Step("change_urge", "urge", _ON_IT, "change_by"),
    Step("change_overdue", "supervise", _ON_IT, "change_by"),
    Step("arrive_overdue", "supervise", frozenset({"acknowledged", "en_route"}), "arrive_by"),
    Step("feedback_overdue", "urge", _ON_IT, "feedback_by"),
    Step("close_overdue", "supervise", _SILENT | _ON_IT, "close_by"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """A step that is due, with the deadline it missed."""

    step: str
    action: Action
    missed: str | None


def _applies(step: Step, assignment: AssignmentRow) -> bool:
    if step.name in assignment["steps_done"]:
        return False
    if step.name == "page" and assignment["selection"].get("on_call"):
        return assignment["status"] in _SILENT  # nobody sits at the console: a rendered page proves nothing
    if assignment["status"] not in step.statuses:
        return False
    return not (step.name == "feedback_overdue" and assignment["fed_back_at"])


def _deadline(step: Step, assignment: AssignmentRow) -> datetime | None:
    text = assignment[step.deadline]  # type: ignore[literal-required]
    return None if text is None else parse_instant(text)


def next_step(assignment: AssignmentRow, now: datetime, ladder: Ladder = USUAL) -> Due:
    """Give what must be done now; `remind` when nothing new is due but the unit still owes something."""
    for step in LADDER:
        deadline = _deadline(step, assignment)
        if deadline is not None and deadline <= now and _applies(step, assignment):
            ends = assignment["role"] == "notify" and step.action == "supervise"
            action: Action = "finish" if ends else ladder.steps.get(step.name, step.action)
            return Due(step.name, action, step.deadline)
    return Due("remind", "remind", None)


def next_due(assignment: AssignmentRow, now: datetime) -> datetime:
    """Give the instant of the next step still to come, at the latest REMIND_AFTER from now.

    A deadline that has already passed and was not acted on is due at once.
    """
    deadlines = (_deadline(step, assignment) for step in LADDER if _applies(step, assignment))
    known = [deadline for deadline in deadlines if deadline is not None]
    return min(known, default=now + REMIND_AFTER)


def owes_something(assignment: AssignmentRow, now: datetime) -> bool:
    """Say whether a reminder makes sense: some step was taken and the unit has not answered it."""
    silent = assignment["status"] in _SILENT and "urge" in assignment["steps_done"]
    return silent and assignment["role"] != "notify" and now >= parse_instant(assignment["issued_at"])


def overdue(assignment: AssignmentRow, now: datetime) -> list[str]:
    """List the deadlines that an open assignment has missed: derived, never a status.

    Instants are compared as they are written: one form, one zone, and `+` sorts before `.` and every digit.
    """
    missed: list[str] = []
    at = instant(now)
    for step in LADDER:
        deadline: str | None = assignment[step.deadline]  # type: ignore[literal-required]
        if deadline is None or deadline > at or assignment["status"] not in step.statuses:
            continue
        if step.deadline in missed or (step.deadline == "feedback_by" and assignment["fed_back_at"]):
            continue
        missed.append(step.deadline)
    return missed
