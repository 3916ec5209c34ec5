"""Clock profiles: the time limits of an incident type, and the instants that follow from them.

Sources of the defaults: 110 practice (5 min urban, 10 suburb), Ankang weekly report (98.9 % signed within 30 s).
They are data; every city sets its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from dispatch.domain.rows import instant


@dataclass(frozen=True, slots=True)
class ClockProfile:
    """Limits in seconds after the assignment was issued (depart: after it was acknowledged is not used; one zero).

    `None` means that the clock does not run for this type.
    """

    code: str
    deliver_s: float
    urge_s: float
    acknowledge_s: float
    depart_s: float | None
    arrive_s: dict[str, float] | None
    feedback_s: float | None
    close_s: float
    remind_s: float


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The instants of one assignment, as text."""

    deliver_by: str | None
    urge_by: str | None
    acknowledge_by: str | None
    depart_by: str | None
    arrive_by: str | None
    feedback_by: str | None
    close_by: str | None


NOTIFY_CLOSE_S = 86_400.0


def deadlines(profile: ClockProfile, *, role: str, area_class: str, issued: datetime) -> Deadlines:
    """Compute the clocks of an assignment; a unit that is only notified has none but delivery and close."""
    known: dict[float | None, str | None] = {None: None}

    def by(seconds: float | None) -> str | None:
        if seconds not in known:
            known[seconds] = instant(issued + timedelta(seconds=cast("float", seconds)))
        return known[seconds]

    deliver = instant(issued + timedelta(seconds=profile.deliver_s))
    if role == "notify":
        return Deadlines(deliver, None, None, None, None, None, by(NOTIFY_CLOSE_S))
    arrive = None if profile.arrive_s is None else profile.arrive_s.get(area_class, profile.arrive_s.get("urban"))
    return Deadlines(
        deliver_by=deliver,
        urge_by=by(profile.urge_s),
        acknowledge_by=by(profile.acknowledge_s),
        depart_by=by(profile.depart_s),
        arrive_by=by(arrive),
        feedback_by=by(profile.feedback_s),
        close_by=by(profile.close_s),
    )
