"""Shapes of answers about calls that may be one event, for the documentation and the generated types."""

from typing import Literal

from dispatch.api.view_basics import View
from dispatch.api.views import IncidentView


class MatchView(View):
    """An open incident that a call may be about. `auto`: such a call would join it by itself."""

    join: Literal["auto", "suggest"]
    reason: Literal["same_device", "same_place", "near"]
    distance_m: float | None
    age_s: float
    incident: IncidentView


class MatchList(View):
    """What a call may be about, best first."""

    matches: list[MatchView]
