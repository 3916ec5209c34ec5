"""What happened, in the words that consoles, integrators and the timeline use.

A change is what one operation did: the rows it left behind and the events that tell of it. Answers, frames and
replays are views of changes.
"""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

EventName = Literal[
    "incident.opened",
    "incident.call_joined",
    "incident.linked",
    "incident.unlinked",
    "incident.updated",
    "incident.relocated",
    "incident.noted",
    "incident.lead_changed",
    "incident.disclosed",
    "incident.stage_released",
    "incident.stage_skipped",
    "incident.resolved",
    "incident.closed",
    "incident.cancelled",
    "incident.reopened",
    "incident.merged",
    "incident.transferred",
    "incident.suspended",
    "incident.resumed",
    "assignment.issued",
    "assignment.delivered",
    "assignment.seen",
    "assignment.acknowledged",
    "assignment.confirmed",
    "assignment.alerted",
    "assignment.reopened",
    "assignment.declined",
    "assignment.departed",
    "assignment.arrived",
    "assignment.fed_back",
    "assignment.completed",
    "assignment.returned",
    "assignment.revoked",
    "assignment.reassigned",
    "assignment.excused",
    "assignment.urged",
    "assignment.escalated",
    "assignment.overdue",
    "assignment.paged",
    "assignment.page_sent",
    "assignment.page_failed",
    "assignment.page_delivered",
    "assignment.page_seen",
    "unit.status_changed",
    "unit.position",
    "mode.changed",
    "mode.recalled",
    "drill.changed",
    "test.called",
    "test.ended",
    "test.scheduled",
    "device.fault",
    "device.restored",
    "shortfall.raised",
    "shortfall.cleared",
    "audit.alarmed",
    "audit.cleared",
]


class EventData(TypedDict):
    """One event inside a change."""

    event_id: str
    event: str
    assignment_id: str | None
    facts: dict[str, object]


@dataclass(frozen=True, slots=True)
class Event:
    """An event before it is written."""

    event_id: str
    event: EventName
    assignment_id: str | None = None
    facts: dict[str, object] = field(default_factory=dict)

    def data(self) -> EventData:
        """Give the event as it is stored and sent."""
        return {
            "event_id": self.event_id,
            "event": self.event,
            "assignment_id": self.assignment_id,
            "facts": self.facts,
        }
