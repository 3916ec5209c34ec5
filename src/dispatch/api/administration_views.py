"""Shapes of what administration and desk look up, for the documentation and the generated types."""

from typing import Literal

from pydantic import Field

from dispatch.api.device_views import DeviceView
from dispatch.api.view_basics import Severity, UnitView, Urgency, View


class Agency(View):
    """An organisation; reports list those of the lowest `rank` first."""

    code: str
    name: str
    name_en: str
    rank: int


class AgencyList(View):
    """A page of agencies."""

    items: list[Agency]
    after: str | None


class Person(View):
    """Somebody who may log in."""

    id: str
    login: str
    name: str
    role: Literal["operator", "shift_leader", "admin", "responder", "wall"]
    unit: UnitView | None
    division_codes: list[str]
    disabled_at: str | None


class PersonList(View):
    """A page of people."""

    items: list[Person]
    after: str | None


class ShiftHours(View):
    """Local hours on ISO weekdays; they may pass midnight."""

    days: list[int]
    starts: str = Field(examples=["08:00:00"])
    ends: str


class OnCall(View):
    """Who answers when nobody sits at the console."""

    name: str
    phone: str


class Shift(View):
    """When a unit is manned; null hours are day and night. Who is on call is told to administration only."""

    unit: UnitView
    hours: list[ShiftHours] | None
    has_on_call: bool
    on_call: OnCall | None


class ShiftList(View):
    """A page of shifts."""

    items: list[Shift]
    after: str | None


class ListedDevice(DeviceView):
    """A device as enrolled, and how it is."""

    default_incident_type: str
    merge_window_s: int
    last_check_in_at: str | None
    battery_percent: int | None
    tamper: bool
    false_alarm_count: int


class DeviceList(View):
    """A page of devices."""

    items: list[ListedDevice]
    after: str | None


class ListedType(View):
    """An incident type with its defaults."""

    code: str
    name: str
    name_en: str
    incident_class: str
    severity: Severity
    urgency: Urgency
    clock_profile: str
    sensitive: bool


class IncidentTypeList(View):
    """A page of incident types."""

    items: list[ListedType]
    after: str | None


class ListedProfile(View):
    """Limits in seconds after an assignment was issued; null is a clock that does not run."""

    code: str
    deliver_s: float
    urge_s: float
    acknowledge_s: float
    depart_s: float | None
    arrive_s: dict[str, float] | None
    feedback_s: float | None
    close_s: float
    remind_s: float


class ClockProfileList(View):
    """A page of clock profiles."""

    items: list[ListedProfile]
    after: str | None


class ListedLadder(View):
    """What follows when a unit of an agency stays silent; null is every agency, every urgency. Times in seconds."""

    code: str
    agency: str | None
    urgency: Urgency | None
    channels: list[str]
    next_channel_s: float
    limits: dict[str, float]
    escalate: list[str]
    steps: dict[str, str]
    silent_s: float


class LadderList(View):
    """A page of ladders."""

    items: list[ListedLadder]
    after: str | None


class Jurisdiction(View):
    """What a unit answers for."""

    unit: UnitView
    division_codes: list[str]


class JurisdictionList(View):
    """A page of jurisdictions."""

    items: list[Jurisdiction]
    after: str | None
