"""The shapes of stored incidents, assignments and changes, as PostgreSQL prints a row as JSON.

Instants are strings, "2026-11-23T08:50:53.123456+00:00": what is written, sent and replayed is one and the same.
"""

from datetime import UTC, datetime
from typing import TypedDict

from dispatch.domain.events import EventData


class LocationData(TypedDict):
    """A location as given, and where that is in WGS-84."""

    longitude: float
    latitude: float
    crs: str
    accuracy_m: float | None
    wgs84: dict[str, float]


class ShortfallData(TypedDict):
    """A place in the plan that nobody fills."""

    slot: int
    unit_kind: str
    role: str
    reason: str
    count: int


class StageData(TypedDict):
    """Units of the plan that wait for their trigger: `send` sends them, `lead` gives the lead to one already there.

    `slots` are the places of the plan they will fill; `due_at` is when time alone may release them.
    """

    action: str
    requirement: int
    unit_kind: str
    role: str
    slots: list[int]
    mandatory: bool
    trigger: dict[str, object]
    due_at: str | None


class LinkData(TypedDict):
    """Another incident that may be the same event: a suggestion of the correlation, with why."""

    incident_id: str
    number: str
    division_code: str
    reason: str
    distance_m: float | None
    age_s: float


class IncidentRow(TypedDict):
    """An incident as stored.

    `revision` grows with each change that the units must acknowledge again. `settled_version` is the version of the
    last change that a decision may clash with: news of deliveries and receipts come after it.
    """

    id: str
    number: str
    source_id: str | None
    source_reference: str | None
    version: int
    status: str
    incident_type: str
    channel: str
    place: dict[str, object] | None
    place_id: str | None
    location: LocationData | None
    division_code: str
    area_class: str
    address: str | None
    description: str | None
    caller: dict[str, object] | None
    severity: str
    urgency: str
    tags: list[str]
    exercise: str
    sensitive: bool
    disclosed: bool
    device_id: str | None
    call_count: int
    shortfalls: list[ShortfallData]
    pending_slots: list[int]
    stages: list[StageData]
    links: list[LinkData]
    unit_ids: list[str]
    lead_unit_id: str | None
    revision: int
    settled_version: int
    opened_at: str
    closed_at: str | None
    disposition: str | None
    merged_into: str | None
    updated_by: str


class AssignmentRow(TypedDict):
    """An assignment as stored.

    Its unit must acknowledge the incident's `min_ack_revision`, by `change_by`; it has acknowledged
    `acknowledged_revision`.
    """

    id: str
    incident_id: str
    unit_id: str
    role: str
    mandatory: bool
    slot: int
    status: str
    version: int
    selection: dict[str, object]
    issued_at: str
    deliver_by: str | None
    urge_by: str | None
    acknowledge_by: str | None
    depart_by: str | None
    arrive_by: str | None
    feedback_by: str | None
    close_by: str | None
    delivered_at: str | None
    seen_at: str | None
    acknowledged_at: str | None
    en_route_at: str | None
    on_scene_at: str | None
    fed_back_at: str | None
    completed_at: str | None
    ended_at: str | None
    excused_at: str | None
    steps_done: list[str]
    reason: str | None
    feedback: dict[str, object] | None
    backup_for: str | None
    min_ack_revision: int
    acknowledged_revision: int | None
    change_by: str | None
    updated_by: str


class ChangeRow(TypedDict):
    """What one operation left behind: when that happened, and when it was learnt and written."""

    incident: IncidentRow | None
    assignments: list[AssignmentRow]
    events: list[EventData]
    unit: dict[str, object] | None
    occurred_at: str
    recorded_at: str


def instant(moment: datetime) -> str:
    """Write an aware datetime exactly as PostgreSQL's to_json does in a UTC session."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    if moment.microsecond % 10:  # nine times in ten: no zeros to drop
        return moment.isoformat()
    text = moment.replace(tzinfo=None).isoformat()
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "+00:00"


def parse_instant(text: str) -> datetime:
    """Read an instant back."""
    return datetime.fromisoformat(text)
