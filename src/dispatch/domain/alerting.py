"""Changes that matter: what the units on an incident must be told at once and acknowledge anew.

A raised level, a tag that means danger, another address. Everything else is news that a console shows quietly.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dispatch.domain.assignment import SILENT
from dispatch.domain.clock_profile import ClockProfile
from dispatch.domain.incident import SEVERITIES, URGENCIES
from dispatch.domain.rows import AssignmentRow, IncidentRow, instant, parse_instant

DANGER_TAGS: Final = frozenset(
    {
        *("weapon", "knife", "gun", "violence", "hostage", "fire", "explosion_risk", "chemical_smell", "leaking"),
        *("evacuation", "mass_evacuation"),
    }
)
"""The tags that mean danger unless an installation says otherwise."""
CHANGE_STEPS: Final = frozenset({"change_urge", "change_overdue"})
CHANGE_TURN: Final = "change:"
"""Begins the name of the step that asking one channel about a change is."""


@dataclass(frozen=True, slots=True)
class Known:
    """What of an incident units have been told: compare it from before and after a change."""

    severity: str
    urgency: str
    tags: frozenset[str]
    whereabouts: tuple[object, ...]


def known_of(incident: IncidentRow) -> Known:
    """Take down what matters of an incident as it stands."""
    where = (incident["place_id"], incident["location"], incident["address"], incident["division_code"])
    return Known(incident["severity"], incident["urgency"], frozenset(incident["tags"]), where)


def what_matters(before: Known, after: Known, danger_tags: Collection[str] = DANGER_TAGS) -> tuple[str, ...]:
    """List what changed that matters: `severity`, `urgency`, `address`, and `tag:<code>` for each new danger."""
    found = []
    if SEVERITIES.index(after.severity) < SEVERITIES.index(before.severity):
        found.append("severity")
    if URGENCIES.index(after.urgency) < URGENCIES.index(before.urgency):
        found.append("urgency")
    if after.whereabouts != before.whereabouts:
        found.append("address")
    return (*found, *(f"tag:{tag}" for tag in sorted((after.tags - before.tags) & set(danger_tags))))


def demand_confirmation(row: AssignmentRow, revision: int, profile: ClockProfile, now: datetime) -> None:
    """Let an open assignment wait for the acknowledgement of a revision: urged after `urge_s`, then at the desk."""
    row["min_ack_revision"] = revision
    row["change_by"] = instant(now + timedelta(seconds=profile.urge_s))
    row["steps_done"] = [
        step for step in row["steps_done"] if step not in CHANGE_STEPS and not step.startswith(CHANGE_TURN)
    ]


def confirm(row: AssignmentRow, seen: int | None, revision: int) -> None:
    """Note which revision a unit acknowledges: the one it has seen, at most the one that stands."""
    acknowledged = max(row["acknowledged_revision"] or 0, min(seen or revision, revision))
    row["acknowledged_revision"] = acknowledged
    if acknowledged >= row["min_ack_revision"]:
        row["change_by"] = None


def wait_no_longer(row: AssignmentRow, now: datetime) -> None:
    """Let what follows silence follow now: help for a silent unit, the desk for a change that nobody was told of."""
    deadline = "acknowledge_by" if row["status"] in SILENT else "change_by"
    waits_until: str | None = row[deadline]  # type: ignore[literal-required]
    if waits_until is not None:
        row[deadline] = min(waits_until, instant(now), key=parse_instant)  # type: ignore[literal-required]


def is_unconfirmed(row: AssignmentRow) -> bool:
    """Say whether a unit that has acknowledged its task has not yet acknowledged the latest change that matters."""
    return row["acknowledged_at"] is not None and (row["acknowledged_revision"] or 0) < row["min_ack_revision"]
