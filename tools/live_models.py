"""The messages of the live link with their whole shapes: `live/messages.py` leaves open what it only hands through."""

from typing import Literal

from generated import ROOT  # noqa: F401 - makes the package importable
from pydantic import BaseModel, ConfigDict

from dispatch.api.directory_views import UnitState
from dispatch.api.drill_views import DrillView
from dispatch.api.mode_views import ModeView
from dispatch.api.view_basics import Named
from dispatch.api.views import AssignmentView, IncidentView, PointView, View
from dispatch.domain.audit_findings import Code
from dispatch.domain.events import EventName
from dispatch.live import messages
from dispatch.live.messages import Goodbye, Heartbeat, Hello, Receipt


class LiveUnit(UnitState):
    """A unit's state, what holds it, and where it is."""

    committed_to: str | None
    position: PointView | None
    position_at: str | None


class EventIncident(IncidentView):
    """An incident as events tell it: `assignments` are those that this change touched.

    Description, caller and `restricted` are said when it opens, when a unit is sent and when the lead changes.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    description: str | None = None
    caller: dict[str, str | None] | None = None
    restricted: bool = False


class Scope(View):
    """What this socket will hear of."""

    kind: Literal["person", "console", "device", "integrator", "wall"]
    role: Literal["operator", "shift_leader", "admin", "responder", "wall"] | None
    unit_id: str | None
    device_id: str | None
    division_codes: list[str]


class AuditAlarm(View):
    """Something that the auditor found: how many, how far over the limit. `cleared_at` is null until it is gone."""

    id: str
    code: Code
    count: int
    worst_s: float | None
    limit_s: float
    words: Named
    raised_at: str
    cleared_at: str | None


class Welcome(messages.Welcome):
    """The server's first message; `resume` says what follows."""

    heartbeat_s: float
    scope: Scope  # type: ignore[assignment]


class Snapshot(messages.Snapshot):
    """Everything open in your scope. A unit's console gets its unit; a desk the units that are switched off.

    `modes` are those that stand, or will, in the area of a desk or unit. For desks alone: `drills` held or announced in
    their area, and the auditor's `alarms`.
    """

    incidents: list[IncidentView]  # type: ignore[assignment]
    units: list[LiveUnit]  # type: ignore[assignment]
    modes: list[ModeView]  # type: ignore[assignment]
    drills: list[DrillView]  # type: ignore[assignment]
    alarms: list[AuditAlarm]  # type: ignore[assignment]


class EventFrame(messages.EventFrame):
    """Something happened. Either `incident` (and, if it is about one, `assignment`) or `unit` is there, or neither.

    `mode.`, `drill.`, `test.` and `device.` tell all they have in `facts`.
    """

    event: EventName
    incident: EventIncident | None = None  # type: ignore[assignment]
    assignment: AssignmentView | None = None  # type: ignore[assignment]
    unit: LiveUnit | None = None  # type: ignore[assignment]


FROM_CLIENT: dict[str, type[BaseModel]] = {"hello": Hello, "receipt": Receipt}
FROM_SERVER: dict[str, type[BaseModel]] = {
    "welcome": Welcome,
    "snapshot": Snapshot,
    "event": EventFrame,
    "heartbeat": Heartbeat,
    "goodbye": Goodbye,
}
