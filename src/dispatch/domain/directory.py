"""The directory: who exists, who answers for where. One immutable version, swapped whole.

Unit states (duty, position, load) change between versions and live beside it, in `States`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dispatch.domain.clock_profile import ClockProfile
from dispatch.domain.geo import Point
from dispatch.domain.ladder import Ladders
from dispatch.domain.unit import FRESH_STATE, Unit, UnitKind, UnitState, pools_of


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative division; its point is its seat or centre, its boundary rings in WGS-84 if they are known."""

    code: str
    name: str
    name_en: str
    parent_code: str | None
    level: str
    area_class: str
    point: Point
    boundary: tuple[tuple[Point, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentType:
    """A type of incident with its defaults.

    `personal`: one person is in danger; two such calls of different people are never joined by themselves.
    """

    code: str
    name: str
    name_en: str
    incident_class: str
    severity: str
    urgency: str
    clock_profile: str
    sensitive: bool
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A registered location."""

    id: str
    code: str
    kind: str
    name: str
    name_en: str
    address: str
    division_code: str
    point: Point
    phone: str | None


@dataclass(frozen=True, slots=True)
class Device:
    """A one-key button as enrolled. Its changing state is in the database."""

    id: str
    code: str
    place_id: str
    name: str
    name_en: str
    trigger_mode: str
    hold_ms: int
    silent: bool
    choices: tuple[str, ...]
    default_incident_type: str
    phone: str | None
    merge_window_s: int


class Space(Protocol):
    """Where things are: the spatial index, built by the storage layer."""

    def nearest(self, pool: str, point: Point, limit: int) -> Sequence[str]:
        """List the ids of the nearest units of a pool by base point, nearest first."""

    def division_at(self, point: Point) -> str | None:
        """Give the most specific division known at a point."""

    def near_boundary(self, point: Point, within_m: float) -> bool | None:
        """Say whether two districts are so near; None when no boundary is known."""


@dataclass(frozen=True, slots=True)
class DirectoryContent:
    """What a directory is built from."""

    version: int
    unit_kinds: Mapping[str, UnitKind]
    units: Mapping[str, Unit]
    places: Mapping[str, Place]
    devices: Mapping[str, Device]
    divisions: Mapping[str, Division]
    incident_types: Mapping[str, IncidentType]
    clock_profiles: Mapping[str, ClockProfile]
    place_kinds: Mapping[str, tuple[str, str]]
    ladders: Ladders = field(default_factory=Ladders)


NEAR_DEGREES = 0.3


class Directory:
    """One version of the directory with its indexes."""

    def __init__(self, content: DirectoryContent, space: Space) -> None:
        """Index units by kind, by code and by the division they answer for."""
        self.content = content
        self.version = content.version
        self.space = space
        self.units = content.units
        self.unit_by_code = {unit.code: unit for unit in content.units.values()}
        self._answering = _index(content.units.values())
        self._chains = {code: self._walk(code) for code in content.divisions}
        self._span = _span([division.point for division in content.divisions.values()])

    def answering(self, pool: str, division_code: str) -> Sequence[Unit]:
        """List the units of a pool (a kind, or `capability:<name>`) that answer for exactly this division."""
        return self._answering.get((pool, division_code), ())

    def chain(self, division_code: str) -> tuple[str, ...]:
        """List a division and its parents, most specific first; unknown codes fall back to their prefixes."""
        return self._chains.get(division_code) or self._walk(division_code)

    def _walk(self, division_code: str) -> tuple[str, ...]:
        chain: list[str] = []
        code: str | None = division_code
        while code is not None and code not in chain:
            division = self.content.divisions.get(code)
            chain.append(code)
            code = division.parent_code if division else _parent_by_prefix(code)
        return tuple(chain)

    def area_class(self, division_code: str) -> str:
        """Give urban, suburb or rural of the most specific known division."""
        for code in self.chain(division_code):
            if division := self.content.divisions.get(code):
                return division.area_class
        return "urban"

    def clocks_of(self, kind: IncidentType, urgency: str) -> ClockProfile:
        """Give the clocks of a type; with another urgency than its usual one, those of that urgency if there are."""
        usual = self.content.clock_profiles[kind.clock_profile]
        return usual if urgency == kind.urgency else self.content.clock_profiles.get(urgency, usual)

    def is_near(self, point: Point) -> bool:
        """Say whether a point is in the area that the divisions span, or within 0.3 degrees (some 30 km) of it."""
        if self._span is None:
            return True
        (west, south), (east, north) = self._span
        return (
            west - NEAR_DEGREES <= point.longitude <= east + NEAR_DEGREES
            and south - NEAR_DEGREES <= point.latitude <= north + NEAR_DEGREES
        )

    def level(self, division_code: str) -> str | None:
        """Give the level of a division: village, township, county, city; None when it is not known."""
        division = self.content.divisions.get(division_code)
        return division.level if division else None

    def division_point(self, division_code: str) -> Point | None:
        """Give the point of the most specific known division."""
        for code in self.chain(division_code):
            if division := self.content.divisions.get(code):
                return division.point
        return None


def _span(points: Sequence[Point]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    if not points:
        return None
    longitudes, latitudes = [p.longitude for p in points], [p.latitude for p in points]
    return (min(longitudes), min(latitudes)), (max(longitudes), max(latitudes))


_PREFIXES = (12, 9, 6)
"""Lengths of village, township and county codes (statistical division codes; GB/T 2260 for the first six digits)."""


def _parent_by_prefix(code: str) -> str | None:
    for length in _PREFIXES:
        if len(code) > length:
            return code[:length]
    return code[:4] + "00" if len(code) == _PREFIXES[-1] and not code.endswith("00") else None


def _index(units: Iterable[Unit]) -> dict[tuple[str, str], tuple[Unit, ...]]:
    index: defaultdict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: unit.code):
        for division_code in unit.jurisdiction:
            for pool in pools_of(unit):
                index[pool, division_code].append(unit)
    return {key: tuple(found) for key, found in index.items()}


class States:
    """The changing side of units: a mirror of the database, kept by the relay."""

    def __init__(self) -> None:
        """Start with every unit available and idle."""
        self._states: dict[str, UnitState] = {}
        self._positioned: dict[str, UnitState] = {}

    def of(self, unit_id: str) -> UnitState:
        """Give a unit's state; a unit never heard of is available."""
        return self._states.get(unit_id, FRESH_STATE)

    def put(self, unit_id: str, state: UnitState) -> None:
        """Replace a unit's state."""
        self._states[unit_id] = state
        if state.position is not None:
            self._positioned[unit_id] = state
        else:
            self._positioned.pop(unit_id, None)

    def positioned(self) -> Iterable[tuple[str, UnitState]]:
        """List the units that have reported where they are."""
        return self._positioned.items()

    def replace_all(self, states: dict[str, UnitState]) -> None:
        """Start over from what the database says."""
        self._states = states
        self._positioned = {unit_id: state for unit_id, state in states.items() if state.position is not None}
