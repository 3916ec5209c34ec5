"""Correlation: whether a call and an open incident may be the same event, and what follows from that.

The ruleset says per type whether such a call joins by itself, is only linked, or neither. Invariants: a drill and a
real alarm are never one event; where one person is in danger no call joins by itself, whatever a ruleset says.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch.domain.call import LOCATION_DOUBTFUL, CallReport, Where
from dispatch.domain.directory import Directory, Place
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.rows import IncidentRow, LinkData, LocationData
from dispatch.domain.rule import Correlation
from dispatch.domain.ruleset_parse import is_under

UNNAMED: Final = Correlation(())
"""What counts for a type that no entry names: suggested within 80 m and 10 minutes."""
REASONS: Final = ("same_device", "same_place", "near")
"""Why a call may be about an incident, the strongest first."""
JOINABLE: Final = frozenset({"received", "dispatched", "in_progress"})
"""A call joins by itself only what is being worked on: a lead that is done would not look again."""
MOST_LINKS: Final = 5
_STRENGTH: Final = {"never": 0, "suggest": 1, "auto": 2}


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a call, or of the incident it opened, tells whether another is the same event.

    `point` is where it was said to be, or the registered place's: never the seat of a division, which all calls of a
    village would share. `accuracy_m` is how far off it may be, if that is known.
    """

    incident_type: str
    exercise: str
    device_id: str | None
    place_id: str | None
    point: Point | None
    accuracy_m: float | None


@dataclass(slots=True)
class OpenIncident:
    """An incident that has not ended, as far as correlation looks at it. Status and version follow its changes."""

    id: str
    number: str
    traits: Traits
    division_code: str
    opened_at: datetime
    status: str
    version: int


@dataclass(frozen=True, slots=True)
class Match:
    """An open incident that may be the same event; `join` is `auto` or `suggest`."""

    incident: OpenIncident
    reason: str
    distance_m: float | None
    age_s: float
    join: str

    @property
    def order(self) -> "Closeness":
        """Sort by this."""
        return (REASONS.index(self.reason), self.distance_m or 0.0, self.age_s, self.incident.id)

    def link(self) -> LinkData:
        """Write it down as the new incident keeps it."""
        return {
            "incident_id": self.incident.id,
            "number": self.incident.number,
            "division_code": self.incident.division_code,
            "reason": self.reason,
            "distance_m": self.distance_m,
            "age_s": self.age_s,
        }


def traits_of_call(report: CallReport, where: Where) -> Traits:
    """Take from a call what correlation looks at."""
    location = None if LOCATION_DOUBTFUL in where.doubts else report.location
    return Traits(report.incident_type, report.exercise, report.device_id, *_spot(where.place, location))


def traits_of_incident(row: IncidentRow, directory: Directory) -> Traits:
    """Take from an incident what correlation looks at: the same as from the call that opened it."""
    location = None if LOCATION_DOUBTFUL in row["tags"] else row["location"]
    place = directory.content.places.get(row["place_id"] or "")
    return Traits(row["incident_type"], row["exercise"], row["device_id"], *_spot(place, location))


def _spot(place: Place | None, location: LocationData | None) -> tuple[str | None, Point | None, float | None]:
    place_id = None if place is None else place.id
    if location is None:
        return place_id, None if place is None else place.point, None
    point = Point(location["wgs84"]["longitude"], location["wgs84"]["latitude"])
    return place_id, point, location["accuracy_m"]


class Correlations:
    """The entries of a ruleset with the types at which one person is in danger; remembers what it found out."""

    def __init__(self, entries: Sequence[Correlation], personal: Collection[str]) -> None:
        """Take the entries in their order: the first that covers a type counts for it."""
        self._entries = entries
        self._personal = personal
        self._of: dict[str, Correlation] = {}
        self._joins: dict[tuple[str, str], str] = {}
        self.longest_s = max((entry.within_s for entry in (*entries, UNNAMED) if entry.join != "never"), default=0)

    def of(self, incident_type: str) -> Correlation:
        """Give the entry that counts for a type."""
        found = self._of.get(incident_type)
        if found is None:
            covering = (entry for entry in self._entries if _covers(entry, incident_type))
            found = self._of[incident_type] = next(covering, UNNAMED)
        return found

    def joins_by_itself(self, incident_type: str) -> bool:
        """Say whether a call of this type can join an incident at all without a human."""
        return self.of(incident_type).join == "auto" and incident_type not in self._personal

    def join(self, call_type: str, incident_type: str) -> str:
        """Say what becomes of a call of one type beside an open incident of another: `auto`, `suggest` or `never`.

        Types are related when they are equal, when one lies under the other, or when the call's entry covers both.
        Of the two types' entries the more careful one counts.
        """
        found = self._joins.get((call_type, incident_type))
        if found is None:
            found = self._joins[call_type, incident_type] = self._weigh(call_type, incident_type)
        return found

    def _weigh(self, call_type: str, incident_type: str) -> str:
        entry, other = self.of(call_type), self.of(incident_type)
        akin = is_under(call_type, incident_type) or is_under(incident_type, call_type)
        if not akin and not _covers(entry, incident_type):
            return "never"
        weaker = min(entry.join, other.join, key=_STRENGTH.__getitem__)
        personal = call_type in self._personal or incident_type in self._personal
        return "suggest" if personal and weaker == "auto" else weaker


def _covers(entry: Correlation, incident_type: str) -> bool:
    return any(is_under(incident_type, wanted) for wanted in entry.incident_types)


def match(call: Traits, incident: OpenIncident, correlations: Correlations, now: datetime) -> Match | None:
    """Say whether an open incident may be what a call is about."""
    known = incident.traits
    join = correlations.join(call.incident_type, known.incident_type)
    if join == "never" or call.exercise != known.exercise:
        return None
    entry = correlations.of(call.incident_type)
    age_s = max(0.0, (now - incident.opened_at).total_seconds())
    if age_s > entry.within_s:
        return None
    away = _away(call.point, known.point)
    reason = _reason(call, known, away, entry.within_m)
    if reason is None:
        return None
    vague = reason == "near" and not _is_exact(call, known, entry.within_m)
    join = "suggest" if incident.status not in JOINABLE or vague else join
    return Match(incident, reason, None if away is None else round(away, 1), round(age_s, 1), join)


Closeness = tuple[int, float, float, str]
"""Sort by this: the strongest reason first, then the nearest, then the youngest."""


class Gauge:
    """Tells how close open incidents are to one call, quickly: what follows from the call alone is looked up once.

    Many are gauged where one event makes hundreds of calls; only of the closest a `Match` is made.
    """

    __slots__ = ("_correlations", "_entry", "_exercise", "_now", "_traits", "_type")

    def __init__(self, call: Traits, correlations: Correlations, now: datetime) -> None:
        """Take the call."""
        self._traits, self._now, self._correlations = call, now, correlations
        self._type, self._exercise = call.incident_type, call.exercise
        self._entry = correlations.of(call.incident_type)

    def closeness(self, incident: OpenIncident) -> Closeness | None:
        """Give how close an incident is; None if it cannot be what the call is about. Agrees with `match`."""
        call, known, entry = self._traits, incident.traits, self._entry
        if known.exercise != self._exercise or self._correlations.join(self._type, known.incident_type) == "never":
            return None
        age_s = max(0.0, (self._now - incident.opened_at).total_seconds())
        if age_s > entry.within_s:
            return None
        away = _away(call.point, known.point)
        reason = _reason(call, known, away, entry.within_m)
        return None if reason is None else (REASONS.index(reason), round(away or 0.0, 1), round(age_s, 1), incident.id)


def _away(a: Point | None, b: Point | None) -> float | None:
    if a is None or b is None:
        return None
    if a.longitude == b.longitude and a.latitude == b.latitude:  # one registered place, one mast
        return 0.0
    return distance_m(a, b)


def _reason(call: Traits, known: Traits, away: float | None, within_m: int) -> str | None:
    if call.device_id is not None and call.device_id == known.device_id:
        return "same_device"
    if call.place_id is not None and call.place_id == known.place_id:
        return "same_place"
    return "near" if away is not None and away <= within_m else None


def _is_exact(call: Traits, known: Traits, within_m: int) -> bool:
    """Say whether both points are good enough: phones at one mast give the same point, whole streets apart."""
    return all(one.accuracy_m is None or one.accuracy_m <= within_m for one in (call, known))
