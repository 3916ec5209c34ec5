"""Shapes of modes, for the documentation and the generated types."""

from dispatch.api.view_basics import View
from dispatch.domain.mode import ModeField


class ModeDivision(View):
    """Where it holds: the division and everything below it."""

    code: str
    name: str | None
    name_en: str | None


class ModeView(View):
    """A setting of an area. It stands from `starts_at` until `ends_at`, or until somebody ended it."""

    id: str
    division: ModeDivision
    field: ModeField
    value: str
    starts_at: str
    ends_at: str | None
    reason: str
    set_by: str
    set_at: str
    ended_at: str | None
    ended_by: str | None
    end_reason: str | None


class ModeLists(View):
    """What stands, what will, what ended lately."""

    standing: list[ModeView]
    coming: list[ModeView]
    ended: list[ModeView]
