"""The open incidents as a process knows them: a mirror of the database, kept by the relay, for correlation only.

Filed by device, by place and by a coarse cell, so that a call looks at its neighbours and at nobody else. Bounded: only
what is young enough to be matched is kept, and never more than `MOST_KEPT`.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import nsmallest
from itertools import islice
from typing import Final, Generic, TypeVar

from dispatch.domain.correlation import (
    MOST_LINKS,
    Closeness,
    Correlations,
    Gauge,
    Match,
    OpenIncident,
    Traits,
    match,
    traits_of_incident,
)
from dispatch.domain.directory import Directory
from dispatch.domain.geo import Point
from dispatch.domain.incident import OPEN
from dispatch.domain.rows import IncidentRow, parse_instant

MOST_KEPT: Final = 50_000
MOST_LOOKED_AT: Final = 32
"""So many of the youngest in one drawer are looked at: a thousand calls about one explosion stay cheap."""
_MOST_ENDED: Final = 1_000
_CELL_DEGREES: Final = 0.005
_METRES_PER_DEGREE: Final = 110_000.0
"""A little less than the true 111,195: a cell too many is looked at rather than one too few."""
_Cell = tuple[int, int]


_Key = TypeVar("_Key")


class _Drawers(Generic[_Key]):
    """Incidents under a key, each drawer in the order in which they came; empty drawers are thrown away."""

    def __init__(self) -> None:
        self.drawers: dict[_Key, dict[str, OpenIncident]] = {}

    def add(self, key: _Key | None, incident: OpenIncident) -> None:
        if key is not None:
            self.drawers.setdefault(key, {})[incident.id] = incident

    def remove(self, key: _Key | None, incident: OpenIncident) -> None:
        drawer = None if key is None else self.drawers.get(key)
        if key is not None and drawer is not None:
            drawer.pop(incident.id, None)
            if not drawer:
                del self.drawers[key]

    def youngest(self, key: _Key | None) -> Iterable[OpenIncident]:
        drawer = None if key is None else self.drawers.get(key)
        return () if drawer is None else islice(reversed(drawer.values()), MOST_LOOKED_AT)


class OpenIncidents:
    """Which incidents are open, and which of them may be what a call is about."""

    def __init__(self) -> None:
        """Start with none."""
        self._ended: dict[str, int] = {}
        self._clear()

    def _clear(self) -> None:
        self._by_id: dict[str, OpenIncident] = {}
        self._by_device: _Drawers[str] = _Drawers()
        self._by_place: _Drawers[str] = _Drawers()
        self._by_cell: _Drawers[_Cell] = _Drawers()

    def __len__(self) -> int:
        """Count them."""
        return len(self._by_id)

    def find(self, incident_id: str) -> OpenIncident | None:
        """Give one by its id."""
        return self._by_id.get(incident_id)

    def put(self, incident: OpenIncident) -> None:
        """Add one; the one that came first leaves when there are too many."""
        self._drop(incident.id)
        self._by_id[incident.id] = incident
        traits = incident.traits
        self._by_device.add(traits.device_id, incident)
        self._by_place.add(traits.place_id, incident)
        self._by_cell.add(_cell_of(traits.point), incident)
        if len(self._by_id) > MOST_KEPT:
            self._drop(next(iter(self._by_id)))

    def replace_all(self, incidents: Iterable[OpenIncident]) -> None:
        """Start over from what the database says, the oldest first."""
        self._clear()
        for incident in incidents:
            self.put(incident)

    def learn(self, row: IncidentRow, directory: Directory, *, recorded_at: str, keep_for_s: float) -> None:
        """Follow a committed change of an incident.

        Race: changes of several processes arrive in any order; an older one neither revives what has ended nor turns
        a newer status back.
        """
        known, version = self._by_id.get(row["id"]), row["version"]
        if version < (known.version if known else self._ended.get(row["id"], 0)):
            return
        if row["status"] not in OPEN:
            self._end(row["id"], version)
        elif known is not None:
            known.status, known.version, known.division_code = row["status"], version, row["division_code"]
        elif (parse_instant(recorded_at) - parse_instant(row["opened_at"])).total_seconds() <= keep_for_s:
            self.put(open_incident_of(row, directory))

    def matches(self, call: Traits, correlations: Correlations, now: datetime) -> list[Match]:
        """List what a call may be about, best first, at most five."""
        gauge = Gauge(call, correlations, now)
        found = _gauged(gauge, self._by_device.youngest(call.device_id))
        found |= _gauged(gauge, self._by_place.youngest(call.place_id))
        if len(found) < MOST_LINKS and call.point is not None:
            within_m = correlations.of(call.incident_type).within_m
            found |= _gauged(gauge, self._around(call.point, within_m))
        closest = nsmallest(MOST_LINKS, found.values())
        made = (match(call, self._by_id[incident_id], correlations, now) for *_, incident_id in closest)
        return [one for one in made if one is not None]

    def _around(self, point: Point, within_m: float) -> Iterator[OpenIncident]:
        """Give the incidents in all cells that a circle touches. The 180th meridian is no neighbour of itself."""
        high = within_m / _METRES_PER_DEGREE
        wide = high / max(0.01, math.cos(math.radians(min(89.0, abs(point.latitude) + high))))
        west, south = _cell(point.longitude - wide, point.latitude - high)
        east, north = _cell(point.longitude + wide, point.latitude + high)
        few = (east - west + 1) * (north - south + 1) <= len(self._by_cell.drawers)
        every = ((x, y) for x in range(west, east + 1) for y in range(south, north + 1))
        occupied = ((x, y) for x, y in list(self._by_cell.drawers) if west <= x <= east and south <= y <= north)
        for cell in every if few else occupied:
            yield from self._by_cell.youngest(cell)

    def _end(self, incident_id: str, version: int) -> None:
        self._drop(incident_id)
        self._ended.pop(incident_id, None)
        self._ended[incident_id] = version
        if len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def _drop(self, incident_id: str) -> None:
        incident = self._by_id.pop(incident_id, None)
        if incident is not None:
            traits = incident.traits
            self._by_device.remove(traits.device_id, incident)
            self._by_place.remove(traits.place_id, incident)
            self._by_cell.remove(_cell_of(traits.point), incident)


def _gauged(gauge: Gauge, incidents: Iterable[OpenIncident]) -> dict[str, Closeness]:
    closeness = gauge.closeness
    return {one.id: close for one in incidents if (close := closeness(one)) is not None}


def _cell(longitude: float, latitude: float) -> _Cell:
    return math.floor(longitude / _CELL_DEGREES), math.floor(latitude / _CELL_DEGREES)


def _cell_of(point: Point | None) -> _Cell | None:
    return None if point is None else _cell(point.longitude, point.latitude)


def open_incident_of(row: IncidentRow, directory: Directory) -> OpenIncident:
    """Take from an incident's row what is kept."""
    return OpenIncident(
        id=row["id"],
        number=row["number"],
        traits=traits_of_incident(row, directory),
        division_code=row["division_code"],
        opened_at=parse_instant(row["opened_at"]),
        status=row["status"],
        version=row["version"],
    )
