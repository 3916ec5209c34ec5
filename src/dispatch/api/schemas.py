"""What requests may contain. Unknown fields are refused, every string is bounded, no NUL, no lone surrogate."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from dispatch.api.errors import FaultError
from dispatch.domain.geo import CoordinateError, to_wgs84
from dispatch.domain.mode import ModeField
from dispatch.domain.rows import LocationData


def _clean(text: str) -> str:
    if "\x00" in text:
        raise FaultError("nul_character", "text must not contain a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FaultError("lone_surrogate", "text contains half of a surrogate pair") from None
    return text


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise FaultError("offset_required", "an instant needs its offset, for example 2026-11-23T08:50:53Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise FaultError("instant_out_of_range", "the instant is out of range") from None


def _text_instant(value: object) -> object:
    if not isinstance(value, str):
        raise FaultError("instant_expected", "an instant is text: 2026-11-23T08:50:53Z")
    return value


Text = Annotated[str, AfterValidator(_clean)]
Code = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_clean)]
Short = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean)]
Long = Annotated[str, Field(max_length=4000), AfterValidator(_clean)]
Instant = Annotated[datetime, BeforeValidator(_text_instant), AfterValidator(_aware)]
Severity = Literal["I", "II", "III", "IV", "NONE"]
Urgency = Literal["critical", "urgent", "normal", "routine"]
Exercise = Literal["actual", "exercise", "test"]
Crs = Literal["WGS84", "CGCS2000", "GCJ02", "BD09"]


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", strict=False, frozen=True)


class Location(Body):
    """Where, in the coordinate system that `crs` names: GCJ-02 read as WGS-84 is 656 m off in Xiangtan."""

    longitude: Annotated[float, Field(strict=True, allow_inf_nan=False)]
    latitude: Annotated[float, Field(strict=True, allow_inf_nan=False)]
    crs: Crs
    accuracy_m: Annotated[float, Field(strict=True, ge=0, le=1_000_000, allow_inf_nan=False)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _needs_crs(cls, given: object) -> object:
        if isinstance(given, dict) and given.get("crs") is None:
            raise FaultError("crs_required", "say which coordinate system: WGS84, CGCS2000, GCJ02 or BD09", "/crs")
        return given

    @model_validator(mode="after")
    def _on_earth(self) -> "Location":
        self.data()
        return self

    def data(self) -> LocationData:
        """Give the location as stored: as given, and normalised."""
        try:
            point = to_wgs84(self.longitude, self.latitude, self.crs)
        except CoordinateError as error:
            raise FaultError(error.code, error.detail) from None
        return {
            "longitude": self.longitude,
            "latitude": self.latitude,
            "crs": self.crs,
            "accuracy_m": self.accuracy_m,
            "wgs84": {"longitude": round(point.longitude, 7), "latitude": round(point.latitude, 7)},
        }


class Caller(Body):
    """Who called."""

    name: Short | None = None
    phone: Annotated[str, Field(max_length=40, pattern=r"^[0-9+()#*,; -]*$")] | None = None


class IncidentReport(Body):
    """A call from an integrator or an operator. `incident_type` and one way of saying where are enough."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "incident_type": "psychiatric.disturbance",
                    "place_kind": "hospital",
                    "location": {"longitude": 112.964, "latitude": 27.875, "crs": "WGS84", "accuracy_m": 30},
                    "division_code": "430304005",
                    "description": "疑似精神障碍患者损坏病房设施",
                    "tags": ["property_damage"],
                    "source_reference": "HIS-20200818-7",
                }
            ]
        },
    )

    incident_type: Code
    place_kind: Code | None = None
    place_id: UUID | None = None
    location: Location | None = None
    division_code: Annotated[str, Field(max_length=20, pattern=r"^[0-9]{4,20}$")] | None = None
    address: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_clean)] | None = None
    description: Long | None = None
    severity: Severity | None = None
    urgency: Urgency | None = None
    tags: Annotated[list[Code], Field(max_length=32)] = []
    caller: Caller | None = None
    occurred_at: Instant | None = None
    exercise: Exercise = "actual"
    source_reference: Short | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> "IncidentReport":
        if not (self.place_id or self.location or self.division_code or self.address):
            raise FaultError("where_required", "say where: place_id, location, division_code or address")
        return self


class Press(Body):
    """One press of a one-key device. `press_id` stays the same over every retry of this press."""

    press_id: UUID
    pressed_at: Instant | None = None
    choice: Code | None = None
    exercise: Exercise = "actual"


class CheckIn(Body):
    """What a device says of itself."""

    battery_percent: Annotated[int, Field(strict=True, ge=0, le=100)] | None = None
    tamper: Annotated[bool, Field(strict=True)] = False


class DeviceCancel(Body):
    """The caller says that it was a false alarm."""

    reason: Short | None = None


class Change(Body):
    """What can clash with somebody else's change: `expected_version` is the one that the decision was made on."""

    expected_version: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] | None = None


class Act(Change):
    """A step without further words. `occurred_at` is for work done offline."""

    occurred_at: Instant | None = None


class Acknowledge(Act):
    """The unit has it. `incident_revision`: the one that was before your eyes; without it, the one that stands."""

    incident_revision: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Reasoned(Change):
    """A step that needs a reason."""

    reason: Short


class Decline(Change):
    """Why a unit cannot go."""

    reason: Literal["busy", "too_far", "no_vehicle", "not_ours", "off_duty", "other"]
    text: Long | None = None


class Feedback(Act):
    """How it went."""

    outcome: Literal["handled", "handed_over", "person_taken_to_hospital", "unfounded", "other"]
    text: Long = ""


class ReceiptBody(Body):
    """A console has rendered an assignment, or somebody has looked at it."""

    state: Literal["delivered", "seen"]


class Urge(Change):
    """A nudge, with or without a word."""

    reason: Short | None = None


class NamedUnit(Body):
    """A unit chosen by hand."""

    unit_id: UUID
    role: Literal["lead", "support", "notify"] = "support"


class DispatchByHand(Change):
    """Units to be sent in addition. `override` sends also a kind that the rules forbid here; it needs a reason."""

    units: Annotated[list[NamedUnit], Field(min_length=1, max_length=20)]
    reason: Short | None = None
    override: Annotated[bool, Field(strict=True)] = False


class Note(Body):
    """A note for the timeline."""

    text: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_clean)]


class Disclose(Change):
    """Nothing to say: it is opened for everybody on the incident."""


class Raise(Change):
    """A new level, further tags."""

    severity: Severity | None = None
    urgency: Urgency | None = None
    tags: Annotated[list[Code], Field(max_length=32)] = []
    reason: Short

    @model_validator(mode="after")
    def _something(self) -> "Raise":
        if self.severity is None and self.urgency is None and not self.tags:
            raise FaultError("level_required", "give severity, urgency or tags")
        return self


class Relocate(Change):
    """Another place than was first reported: what you give replaces all of the whereabouts."""

    place_id: UUID | None = None
    location: Location | None = None
    division_code: Annotated[str, Field(max_length=20, pattern=r"^[0-9]{4,20}$")] | None = None
    address: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_clean)] | None = None
    reason: Short

    @model_validator(mode="after")
    def _somewhere(self) -> "Relocate":
        if not (self.place_id or self.location or self.division_code or self.address):
            raise FaultError("where_required", "say where: place_id, location, division_code or address")
        return self


class Finding(Change):
    """What a unit found: tags such as `weapon` or `fire` release whoever waits for them."""

    tags: Annotated[list[Code], Field(min_length=1, max_length=32)]
    text: Long | None = None


class Stage(Change):
    """Units that are held back, or a lead that will pass on, by the number of their requirement in the decision."""

    requirement: Annotated[int, Field(strict=True, ge=0, le=1000)]
    action: Literal["send", "lead"] = "send"


class Skip(Stage):
    """Who is held back and not needed, and why."""

    reason: Short


class Cancel(Change):
    """Everybody is called back."""

    reason: Short | None = None
    false_alarm: Annotated[bool, Field(strict=True)] = False


class Close(Change):
    """How it ended."""

    disposition: Code = "handled"
    text: Long | None = None


class Transfer(Change):
    """To whom and why."""

    receiver: Short
    reason: Short


class Unlink(Change):
    """Which incident is another event, and why."""

    incident_id: UUID
    reason: Short


class MergeBody(Change):
    """Into which incident and why."""

    into: UUID
    reason: Short


class Excuse(Change):
    """Which gap of the plan may stay open, and why."""

    slot: Annotated[int, Field(strict=True, ge=0, le=1000)]
    reason: Short


class Recommend(Body):
    """Who would go now; nothing is written."""


class Login(Body):
    """Name and password."""

    login: Short
    password: Annotated[str, Field(min_length=1, max_length=200)]


class UnitStatus(Body):
    """A unit's duty."""

    status: Literal["available", "off_duty", "out_of_service"]
    reason: Short | None = None


class ModeSetting(Body):
    """What is to hold for a division and everything below it, from when until when, and why."""

    division_code: Annotated[str, Field(max_length=20, pattern=r"^[0-9]{4,20}$")]
    field: ModeField
    value: Code
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    reason: Short


class EndMode(Body):
    """Why a mode ends."""

    reason: Short


class PushKeys(Body):
    """What a browser's messages are sealed with, base64url."""

    p256dh: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean)]
    auth: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean)]


class PushSubscriptionBody(Body):
    """A browser's push subscription: `endpoint` and `keys` of `PushSubscription.toJSON()`."""

    endpoint: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_clean)]
    keys: PushKeys


class PushTest(Body):
    """Nothing needs to be said."""


class Position(Body):
    """Where a unit is."""

    location: Location
    reported_at: Instant | None = None
