"""What the shapes of answers are made of: words, names, units, refusals."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Role = Literal["lead", "support", "notify"]
Severity = Literal["I", "II", "III", "IV", "NONE"]
Urgency = Literal["critical", "urgent", "normal", "routine"]
Exercise = Literal["actual", "exercise", "test"]
WaitedFor = Literal["confirmed", "lead_silent", "lead_acknowledged", "lead_arrived", "lead_fed_back", "shortfall"]


class View(BaseModel):
    """An answer's part. All fields listed are always there; those that may be null say so."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Named(View):
    """A name in both languages."""

    zh: str
    en: str


class ActorView(View):
    """Who did it."""

    kind: str
    id: str | None
    name: str


class FaultView(View):
    """One thing that is wrong."""

    pointer: str
    code: str
    detail: str


class Problem(View):
    """A refusal (RFC 9457). `code` is stable; further members carry facts such as `current`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FaultView]


class UnitView(View):
    """A unit."""

    id: str
    code: str | None
    name: str | None
    name_en: str | None
    kind: str | None
    agency: str | None


class TriggerView(View):
    """What is waited for: everything that is named; what is not named is not there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    after_s: int | None = None
    event: WaitedFor | None = None
    tag: str | None = None
