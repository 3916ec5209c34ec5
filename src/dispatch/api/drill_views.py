"""Shapes of drills, for the documentation and the generated types."""

from dispatch.api.mode_views import ModeDivision
from dispatch.api.view_basics import UnitView, View


class DrillRecipientView(View):
    """To whom a drill's messages go; without a channel on every one that there is."""

    channel: str | None
    address: str
    name: str


class DrillView(View):
    """A drill. It stands from `starts_at` until `ends_at`, or until somebody ended it.

    `units` are those who take part; none are named: every unit of the division.
    """

    id: str
    name: str
    division: ModeDivision
    units: list[UnitView]
    recipients: list[DrillRecipientView]
    starts_at: str
    ends_at: str
    announced_by: str
    announced_at: str
    ended_at: str | None
    ended_by: str | None


class DrillLists(View):
    """What stands, what will, what ended lately."""

    standing: list[DrillView]
    coming: list[DrillView]
    ended: list[DrillView]
