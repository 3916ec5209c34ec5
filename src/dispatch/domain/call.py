"""Calls: what came in, and where that is.

A call opens an incident or joins one; it is never dropped. Its location is kept as given and normalised once.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from dispatch.domain.directory import Directory, Place
from dispatch.domain.errors import WrongStateError
from dispatch.domain.geo import Point
from dispatch.domain.rows import IncidentRow, LocationData

FALLBACK_DIVISION = "000000"
Status = Literal["received", "accepted", "rejected", "opened", "joined", "restored", "restored_unacknowledged"]
Verb = Literal["accept", "reject", "open", "join", "restore", "restore_unacknowledged"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
TRANSITIONS: Final[dict[tuple[Status, Verb], Status]] = {
    ("received", "accept"): "accepted",
    ("received", "reject"): "rejected",
    ("accepted", "open"): "opened",
    ("accepted", "join"): "joined",
    ("opened", "restore"): "restored",
    ("joined", "restore"): "restored",
    ("opened", "restore_unacknowledged"): "restored_unacknowledged",
    ("joined", "restore_unacknowledged"): "restored_unacknowledged",
}
"""A call that passed the door is accepted in the same act that opens or joins; it is never dropped."""


def advance(status: Status, verb: Verb) -> Status:
    """Give the status after a verb.

    Raises:
        WrongStateError: the verb is not possible in this status.
    """
    try:
        return TRANSITIONS[status, verb]
    except KeyError:
        raise WrongStateError(
            f"a call that is {status} cannot {verb}", facts={"current": {"status": status}, "verb": verb}
        ) from None


@dataclass(frozen=True, slots=True)
class CallReport:
    """A call as received, checked for form. Instants are aware."""

    incident_type: str
    channel: str
    place_id: str | None = None
    place_kind: str | None = None
    location: LocationData | None = None
    division_code: str | None = None
    address: str | None = None
    description: str | None = None
    severity: str | None = None
    urgency: str | None = None
    tags: tuple[str, ...] = ()
    caller: dict[str, object] | None = None
    occurred_at: datetime | None = None
    exercise: str = "actual"
    source_reference: str | None = None
    source_id: str | None = None
    device_id: str | None = None


def report_of(incident: IncidentRow) -> CallReport:
    """Give the call that would report an incident as it is known now."""
    return CallReport(
        incident_type=incident["incident_type"],
        channel=incident["channel"],
        place_id=incident["place_id"],
        location=incident["location"],
        division_code=incident["division_code"],
        severity=incident["severity"],
        urgency=incident["urgency"],
        tags=tuple(incident["tags"]),
        exercise=incident["exercise"],
    )


DIVISION_UNKNOWN: Final = "division_unknown"
LOCATION_DOUBTFUL: Final = "location_doubtful"


@dataclass(frozen=True, slots=True)
class Where:
    """Where a call is: the place if registered, the most specific division known, a WGS-84 point if any.

    `doubts` are tags that say what of the report was not believed; the report itself is kept as it came.
    """

    place: Place | None
    division_code: str
    point: Point | None
    doubts: tuple[str, ...] = ()


def locate(report: CallReport, directory: Directory) -> Where:
    """Find out where a call is: the division given wins, then the place's; a point refines.

    Never refuses: a division that nobody here knows is taken for the nearest wider one that is known, a point far away
    from all of them counts for nothing, and a call about which nothing is known belongs to the city, without a point:
    better an alarm at the command centre than the crew that happens to be nearest to the middle of the map.
    """
    place = directory.content.places.get(report.place_id) if report.place_id else None
    given = report.location["wgs84"] if report.location else None
    point = Point(given["longitude"], given["latitude"]) if given else None
    far = point is not None and not directory.is_near(point)
    point = (place.point if place else None) if point is None or far else point
    division = _known_division(report.division_code, directory) or (place.division_code if place else None)
    at_point = directory.space.division_at(point) if point is not None else None
    if at_point is not None and (division is None or at_point.startswith(division)):
        division = at_point
    known = division is not None
    division = division or _city(directory)
    told = report.division_code
    doubts = [DIVISION_UNKNOWN] if told is not None and told not in directory.content.divisions else []
    doubts += [LOCATION_DOUBTFUL] if far else []
    return Where(place, division, point or (directory.division_point(division) if known else None), tuple(doubts))


def _known_division(code: str | None, directory: Directory) -> str | None:
    if code is None:
        return None
    return next((known for known in directory.chain(code) if known in directory.content.divisions), None)


def _city(directory: Directory) -> str:
    cities = [code for code, division in directory.content.divisions.items() if division.level == "city"]
    return min(cities, default=FALLBACK_DIVISION)
