"""Triggers: when units that are held back are released, or when a unit that supports takes the lead.

Everything that a trigger names must hold at once; time counts from the opening of the incident. Pure: what holds is
read from the rows, so that a process that starts in the middle sees the same.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dispatch.domain.rows import AssignmentRow, IncidentRow, StageData, instant, parse_instant

EVENTS: Final = ("confirmed", "lead_silent", "lead_acknowledged", "lead_arrived", "lead_fed_back", "shortfall")
CERTAIN: Final = frozenset({"lead_acknowledged", "lead_arrived", "lead_fed_back"})
"""Events that come in every incident that is handled: what waits for them belongs to the plan from the start."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """`after_s` seconds after the opening, an event that has happened, a tag of the incident: all that is named.

    `confirmed` never comes by itself: an operator releases the stage.
    """

    after_s: int | None = None
    event: str | None = None
    tag: str | None = None

    @property
    def is_certain(self) -> bool:
        """Say whether this comes in every incident that is handled to its end: a step that its lead takes."""
        return self.tag is None and self.event in CERTAIN

    def due_at(self, opened_at: datetime) -> datetime | None:
        """Give the instant before which it cannot hold; None when time plays no part."""
        return None if self.after_s is None else opened_at + timedelta(seconds=self.after_s)

    def holds(self, incident: IncidentRow, assignments: Collection[AssignmentRow], now: datetime) -> bool:
        """Say whether everything named holds now."""
        due = self.due_at(parse_instant(incident["opened_at"]))
        if due is not None and due > now:
            return False
        if self.tag is not None and self.tag not in incident["tags"]:
            return False
        return self.event is None or _happened(self.event, incident, assignments)


_STAMPS: Final = {
    "lead_acknowledged": ("acknowledged_at", "en_route_at", "on_scene_at", "fed_back_at"),
    "lead_arrived": ("on_scene_at", "fed_back_at"),
    "lead_fed_back": ("fed_back_at",),
}


def _happened(event: str, incident: IncidentRow, assignments: Collection[AssignmentRow]) -> bool:
    if event == "shortfall":
        return bool(incident["shortfalls"])
    leads = [row for row in assignments if row["role"] == "lead"]
    if event == "lead_silent":
        return not any(row["acknowledged_at"] for row in leads)
    stamps = _STAMPS.get(event, ())
    return any(row[stamp] is not None for row in leads for stamp in stamps)  # type: ignore[literal-required]


def trigger_data(trigger: Trigger | None) -> dict[str, object] | None:
    """Turn a trigger back into plain data; only what it names."""
    if trigger is None:
        return None
    named = {"after_s": trigger.after_s, "event": trigger.event, "tag": trigger.tag}
    return {key: value for key, value in named.items() if value is not None}


def trigger_of(data: dict[str, object]) -> Trigger:
    """Read stored plain data back."""
    after_s, event, tag = data.get("after_s"), data.get("event"), data.get("tag")
    return Trigger(
        after_s if isinstance(after_s, int) else None,
        event if isinstance(event, str) else None,
        tag if isinstance(tag, str) else None,
    )


def instant_or_none(moment: datetime | None) -> str | None:
    """Write an instant that may be missing."""
    return None if moment is None else instant(moment)


def is_due(stage: StageData, incident: IncidentRow, assignments: Collection[AssignmentRow], now: datetime) -> bool:
    """Say whether a stage is to be released now. The lead waits for its unit as long as that is held back itself."""
    others = (other for other in incident["stages"] if other["requirement"] == stage["requirement"])
    if stage["action"] == "lead" and any(other["action"] == "send" for other in others):
        return False
    return trigger_of(stage["trigger"]).holds(incident, assignments, now)


def next_stage_at(incident: IncidentRow, assignments: Collection[AssignmentRow], now: datetime) -> datetime | None:
    """Give when the stages of an incident must be looked at again by time alone; None: only when something happens."""
    if incident["closed_at"] is not None or incident["status"] == "suspended":
        return None
    instants: list[datetime] = []
    for stage in incident["stages"]:
        due = parse_instant(stage["due_at"]) if stage["due_at"] is not None else None
        if is_due(stage, incident, assignments, now):
            return now
        if due is not None and due > now:
            instants.append(due)
    return min(instants, default=None)
