"""Candidates: who could be asked to fill a place of the plan, in which order, and what keeps somebody from going.

A requirement's `choose` is the order of its criteria; what they leave equal is decided by rank and code, so that the
same question always has the same answer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from typing import Final

from dispatch.domain.condition import Facts
from dispatch.domain.directory import Directory, States
from dispatch.domain.drill import Participants
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.mode import NORMAL, response_at
from dispatch.domain.rule import Requirement
from dispatch.domain.unit import Unit, UnitState, is_on_duty, is_posted, pools_of

NEIGHBOURS: Final = 6
"""So many of the nearest units are looked at beyond those that answer for the area; more while too few can go."""
LANGUAGE: Final = "lang."
"""A unit whose people speak English has the capability `lang.en`."""
OUTSIDE: Final = 99
"""The tier of a unit that does not answer for the area."""
_FAR: Final = 1e9


@dataclass(frozen=True, slots=True)
class Request:
    """What routing needs to know of a call: `lost` units another incident took, `taken` are on this one already."""

    facts: Facts
    division_code: str
    point: Point | None
    local: datetime
    now: datetime
    lost: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    responses: Mapping[str, str] = field(default_factory=dict)
    """The response modes that were set, by division."""
    participants: Participants | None = None
    """In a drill: who alone may be sent."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit looked at for one requirement. `rested_s` is how long ago its last task ended; None when long ago."""

    unit: Unit
    requirement: int
    tier: int
    distance_m: float | None
    position_age_s: float | None
    load: int
    rested_s: float | None
    refusal: str | None
    code: str


SortKey = Callable[[Candidate], tuple[float | str, ...]]
_CRITERIA: Final[dict[str, Callable[[Candidate], float]]] = {
    "jurisdiction": lambda candidate: candidate.tier,
    "nearest": lambda candidate: _FAR if candidate.distance_m is None else candidate.distance_m,
    "load": lambda candidate: candidate.load,
    "rank": lambda candidate: candidate.unit.rank,
    "rest": lambda candidate: -_FAR if candidate.rested_s is None else -candidate.rested_s,
}


def order_by(choose: tuple[str, ...]) -> SortKey:
    """Make the sort key of a requirement's criteria, first things first."""
    keys = [_CRITERIA[criterion] for criterion in choose]
    return lambda candidate: (*(key(candidate) for key in keys), candidate.unit.rank, candidate.unit.code)


@dataclass(frozen=True, slots=True)
class Want:
    """What is looked for: the requirement, of which kind; an acting unit must be free, a notified one need not."""

    number: int
    requirement: Requirement
    kind: str

    @property
    def acting(self) -> bool:
        """Say whether the unit is to do something."""
        return self.requirement.role != "notify"

    @property
    def stands_in(self) -> bool:
        """Say whether another kind is looked for than the requirement means."""
        return self.kind != self.requirement.pool

    @property
    def enough(self) -> int:
        """Give how many able candidates make looking further needless."""
        return self.requirement.asked if "jurisdiction" in self.requirement.choose else NEIGHBOURS

    def areas(self, directory: Directory, division_code: str) -> Iterator[tuple[int, str]]:
        """Walk the divisions whose units are asked, the most specific first, each with its tier."""
        tier = None if self.stands_in else self.requirement.tier
        for number, code in enumerate(directory.chain(division_code)):
            if tier is None or (number > 0 if tier == "parent" else directory.level(code) == tier):
                yield number, code


@dataclass(frozen=True, slots=True)
class Search:
    """Looks for candidates of one call."""

    request: Request
    directory: Directory
    states: States
    excluded: frozenset[str]

    def candidates(self, want: Want, taken: frozenset[str]) -> list[Candidate]:
        """List everyone who could be asked, best first; those who cannot carry their refusal.

        Neighbours are looked at only where those who answer for the area do not suffice.
        """
        found: dict[str, Candidate] = {}
        for tier, code in want.areas(self.directory, self.request.division_code):
            for unit in self.directory.answering(want.kind, code):
                if unit.id not in found:
                    found[unit.id] = self._candidate(want, unit, tier, taken)
        able = self._able(want, found.values())
        if able < want.enough and (want.requirement.tier is None or want.stands_in):
            for looked, unit in enumerate(self._neighbours(want.kind)):
                if looked >= NEIGHBOURS and able >= want.enough:
                    break
                if unit.id not in found:
                    found[unit.id] = self._candidate(want, unit, OUTSIDE, taken)
                    able = (
                        self._able(want, found.values())
                        if want.requirement.spread
                        else able + (found[unit.id].refusal is None)
                    )
        return sorted(found.values(), key=order_by(want.requirement.choose))

    def side(self, want_level: str, unit: Unit) -> str:
        """Give the division of a level to which a unit belongs."""
        chain = self.directory.chain(unit.division_code)
        return next((code for code in chain if self.directory.level(code) == want_level), unit.division_code)

    def _able(self, want: Want, found: Iterable[Candidate]) -> int:
        """Count who can go; where they are spread, how many divisions can send somebody."""
        able = [candidate.unit for candidate in found if candidate.refusal is None]
        level = want.requirement.spread
        return len(able) if level is None else len({self.side(level, unit) for unit in able})

    def _neighbours(self, kind: str) -> Iterator[Unit]:
        """Give the units of a pool, nearest first: by the position just reported, else by base point."""
        point = self.request.point
        if point is None:
            return
        moving = sorted(self._moving(kind, point), key=lambda found: found[:2])
        on_the_road = {unit.id for _, _, unit in moving}
        based = (found for found in self._based(kind, point) if not self._is_among(found[2], on_the_road))
        yield from (unit for _, _, unit in merge(moving, based, key=lambda found: found[:2]))

    def _is_among(self, unit: Unit, on_the_road: set[str]) -> bool:
        """Say whether a unit is on the road; its state was looked at then, and is kept with the decision."""
        return unit.id in on_the_road and self.states.of(unit.id).position is not None

    def _moving(self, kind: str, point: Point) -> Iterator[tuple[float, str, Unit]]:
        for unit_id, state in self.states.positioned():
            unit, fresh = self.directory.units.get(unit_id), state.fresh_position(self.request.now)
            if unit is not None and fresh is not None and kind in pools_of(unit):
                yield distance_m(fresh, point), unit.code, unit

    def _based(self, kind: str, point: Point) -> Iterator[tuple[float, str, Unit]]:
        looked, limit = 0, NEIGHBOURS
        while len(nearest := self.directory.space.nearest(kind, point, limit)) > looked:
            for unit in (self.directory.units[unit_id] for unit_id in nearest[looked:]):
                yield distance_m(unit.point, point), unit.code, unit
            looked, limit = len(nearest), limit * 4

    def _candidate(self, want: Want, unit: Unit, tier: int, taken: frozenset[str]) -> Candidate:
        state = self.states.of(unit.id)
        fresh = state.fresh_position(self.request.now)
        point = self.request.point
        away = None if point is None else round(distance_m(fresh or unit.point, point), 1)
        rested = None if state.released_at is None else (self.request.now - state.released_at).total_seconds()
        return Candidate(
            unit=unit,
            requirement=want.number,
            tier=tier,
            distance_m=away,
            position_age_s=state.position_age_s(self.request.now),
            load=state.load,
            rested_s=rested,
            refusal=self._stranger(unit)
            or self._refusal(want, unit, taken)
            or _limit(want, unit, away, rested)
            or self._absence(unit, state),
            code="nearest" if tier == OUTSIDE else "jurisdiction",
        )

    def _stranger(self, unit: Unit) -> str | None:
        """Say that a unit does not take part, where a drill says who does."""
        participants = self.request.participants
        return None if participants is None or participants.include(unit, self.directory) else "not_in_drill"

    def _refusal(self, want: Want, unit: Unit, taken: frozenset[str]) -> str | None:
        state, capability = self.states.of(unit.id), want.requirement.capability
        if unit.kind in self.excluded:
            return "excluded_by_rule"
        if capability is not None and unit.kind == want.requirement.unit_kind and capability not in unit.capabilities:
            return "capability"
        if state.duty == "out_of_service":
            return "out_of_service"
        if unit.id in taken:
            return "already_sent"
        busy = state.committed_to is not None or unit.id in self.request.lost
        if want.acting and unit.exclusive and busy:
            return "committed"
        return None

    def _absence(self, unit: Unit, state: UnitState) -> str | None:
        """Say why nobody is at the unit: a post that the response mode at the unit does not call out, or off duty."""
        chain, responses = self.directory.chain, self.request.responses
        response = response_at(chain(unit.division_code), responses) if unit.modes else NORMAL
        if not is_posted(unit, response):
            return "not_posted"
        return None if is_on_duty(unit, state, self.request.local, response=response) else "off_duty"


def _limit(want: Want, unit: Unit, away_m: float | None, rested_s: float | None) -> str | None:
    """Say which of the requirement's own limits a unit that could go does not meet.

    Names and languages are asked of the kind that is meant; whoever stands in for it stands in for all it is.
    """
    requirement = want.requirement
    if requirement.units and not want.stands_in and unit.code not in requirement.units:
        return "not_named"
    if requirement.language is not None and not want.stands_in and not _speaks(unit, requirement.language):
        return "language"
    if requirement.within_m is not None and away_m is not None and away_m > requirement.within_m:
        return "too_far"
    if requirement.rest_s is not None and rested_s is not None and rested_s < requirement.rest_s:
        return "resting"
    return None


def _speaks(unit: Unit, language: str) -> bool:
    return f"{LANGUAGE}{language}" in unit.capabilities
