"""Shapes of answers about people, the directory and health, for the documentation and the generated types."""

from typing import Literal

from pydantic import ConfigDict

from dispatch.api.device_views import DevicePlace
from dispatch.api.view_basics import Named, Severity, UnitView, Urgency, View


class MeUnit(UnitView):
    """The caller's unit."""

    status: str


class Me(View):
    """Who you are."""

    kind: Literal["person", "console", "device", "integrator", "wall", "gateway"]
    name: str
    role: Literal["operator", "shift_leader", "admin", "responder", "wall"] | None
    unit: MeUnit | None
    device_id: str | None
    division_codes: list[str]
    server_time: str
    version: str


class TypeView(Named):
    """An incident type."""

    model_config = ConfigDict(populate_by_name=True)

    severity: Severity
    urgency: Urgency


class DivisionView(View):
    """A division."""

    code: str
    name: str
    name_en: str
    parent_code: str | None
    level: str


class Catalogue(View):
    """Names of everything that has a code. `channels`: those of this installation besides consoles and buttons."""

    unit_kinds: dict[str, Named]
    incident_types: dict[str, TypeView]
    place_kinds: dict[str, Named]
    divisions: list[DivisionView]
    channels: list[str]


class UnitState(UnitView):
    """A unit with its state."""

    division_code: str
    status: str
    duty: str
    version: int


class ListedUnit(UnitState):
    """A unit as listed."""

    longitude: float
    latitude: float
    phone: str | None
    load: int


class UnitList(View):
    """A page of units."""

    items: list[ListedUnit]
    after: str | None


class ListedPlace(DevicePlace):
    """A place as listed."""

    longitude: float
    latitude: float
    phone: str | None


class PlaceList(View):
    """A page of places."""

    items: list[ListedPlace]
    after: str | None


class Accepted(View):
    """Whether the report was newer than what was known."""

    accepted: bool


class Health(View):
    """The process answers."""

    status: str


class Readiness(View):
    """Every check with its outcome. `warnings` do not keep calls from being taken, but somebody must look."""

    status: str
    checks: dict[str, bool]
    warnings: list[str]


class EscalationHealth(View):
    """How late the latest timer is."""

    status: str
    largest_overdue_ms: float
    unarmed_assignments: int
