"""Shapes of answers, for the documentation and the generated types. Answers themselves are built in `domain/wire`."""

from typing import Any, Literal

from dispatch.api.decision_views import DecisionView
from dispatch.api.view_basics import (
    ActorView,
    Exercise,
    Role,
    Severity,
    TriggerView,
    UnitView,
    Urgency,
    View,
)


class PlaceView(View):
    """A registered place."""

    id: str
    kind: str
    name: str
    name_en: str
    address: str


class PointView(View):
    """A point in WGS-84."""

    longitude: float
    latitude: float


class LocationView(View):
    """A location as given, and normalised."""

    longitude: float
    latitude: float
    crs: str
    accuracy_m: float | None
    wgs84: PointView


class ShortfallView(View):
    """A place in the plan that nobody fills."""

    slot: int
    unit_kind: str
    role: Role
    reason: str
    count: int


class StageView(View):
    """Units of the plan that are held back, or a lead that will pass on."""

    action: Literal["send", "lead"]
    requirement: int
    unit_kind: str
    role: Role
    slots: list[int]
    mandatory: bool
    trigger: TriggerView
    due_at: str | None


class SelectionView(View):
    """Why this unit."""

    code: str
    distance_m: float | None
    rank: int
    substitute_for: str | None
    on_call: bool
    backup_for: str | None
    requirement: int | None
    offer: Literal["claim", "enough"] | None = None


class FeedbackView(View):
    """How it went."""

    outcome: str
    text: str


class AssignmentView(View):
    """One unit's task on one incident, with its own clocks. A missing stamp is null, never 0."""

    id: str
    incident_id: str
    unit: UnitView
    role: Role
    mandatory: bool
    slot: int
    status: Literal[
        "issued",
        "delivered",
        "acknowledged",
        "en_route",
        "on_scene",
        "completed",
        "declined",
        "returned",
        "revoked",
        "reassigned",
    ]
    version: int
    selection: SelectionView
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
    overdue: list[str]
    reason: str | None
    feedback: FeedbackView | None
    backup_for: str | None
    min_ack_revision: int
    acknowledged_revision: int | None
    change_by: str | None
    updated_by: str


class LinkView(View):
    """Another incident that may be the same event: why, how far away, and how old it was at the call."""

    incident_id: str
    number: str
    division_code: str
    reason: Literal["same_device", "same_place", "near"]
    distance_m: float | None
    age_s: float


class IncidentView(View):
    """An incident. `restricted`: description and caller are withheld from you. `links` are for the desk alone."""

    id: str
    number: str
    source_reference: str | None
    version: int
    status: Literal[
        "received",
        "dispatched",
        "in_progress",
        "resolved",
        "closed",
        "cancelled",
        "merged",
        "transferred",
        "suspended",
    ]
    incident_type: str
    channel: str
    place: PlaceView | None
    location: LocationView | None
    division_code: str
    area_class: str
    address: str | None
    description: str | None
    caller: dict[str, str | None] | None
    restricted: bool
    confidential: bool
    severity: Severity
    urgency: Urgency
    tags: list[str]
    exercise: Exercise
    device_id: str | None
    call_count: int
    revision: int
    shortfalls: list[ShortfallView]
    stages: list[StageView]
    opened_at: str
    closed_at: str | None
    disposition: str | None
    merged_into: str | None
    updated_by: str
    links: list[LinkView]
    assignments: list[AssignmentView]


class CallOutcome(View):
    """What became of the call."""

    id: str | None
    outcome: Literal["opened", "joined"]


class DecidedIncidentView(IncidentView):
    """An incident with calls and decision."""

    calls: list[dict[str, Any]]
    decision: DecisionView | None


class DeliveryView(View):
    """One try on one channel to reach somebody: who has it, since when, and what became of it.

    `message_id` holds the tries of one message together. The console is a channel, too: its receipts are its states.
    """

    id: str
    message_id: str
    assignment_id: str | None
    unit: UnitView | None
    channel: str
    recipient: str
    recipient_kind: Literal["console", "duty_phone", "on_call", "subscription", "drill", "none"]
    reason: str
    state: Literal["queued", "sending", "sent", "delivered", "seen", "failed_temporary", "failed_permanent", "expired"]
    attempt: int
    queued_at: str
    sent_at: str | None
    delivered_at: str | None
    seen_at: str | None
    finished_at: str | None
    next_at: str | None
    provider_id: str | None
    error: str | None


class FullIncidentView(DecidedIncidentView):
    """An incident with all that is kept of it. `deliveries` are for the desk; others get none."""

    deliveries: list[DeliveryView]


class IntakeAnswer(View):
    """The answer to a call."""

    call: CallOutcome
    incident: DecidedIncidentView


class IncidentList(View):
    """A page of incidents."""

    items: list[IncidentView]
    after: str | None


class AssignmentList(View):
    """A page of assignments."""

    items: list[AssignmentView]
    after: str | None


class TimelineEntry(View):
    """One thing that happened."""

    at: str
    recorded_at: str
    actor: ActorView
    event: str
    assignment_id: str | None
    unit: UnitView | None
    facts: dict[str, Any]


class Timeline(View):
    """What happened, oldest first."""

    items: list[TimelineEntry]
