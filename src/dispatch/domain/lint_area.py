"""Townships, and which of them a pool of units reaches: as masks, one bit per township.

Where a directory has no townships, its counties take their place, and where it has no levels at all, every division.
A pool reaches a township when one of its units answers for it, for a division above it or for a part of it; a distance
is measured from the points of the township and its parts to the units' base points. So a township that is not reached
is certain; a part of one that is left out is not found.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Final

from dispatch.domain.directory import Directory, Division
from dispatch.domain.lint_near import Near
from dispatch.domain.lint_pool import Pools
from dispatch.domain.lint_region import bits
from dispatch.domain.rule import Requirement
from dispatch.domain.unit import Unit

MOST_MEASURED: Final = 3_000_000
"""So many distances are looked at."""
_LEVELS: Final = ("township", "county")


@dataclass(slots=True)
class Areas:
    """The townships of a directory."""

    directory: Directory
    townships: tuple[Division, ...] = ()
    parts: list[list[Division]] = field(default_factory=list)
    """Of each township: itself and what lies in it."""
    _masks: dict[str, int] = field(default_factory=dict)
    _answered: dict[tuple[object, ...], int] = field(default_factory=dict)
    _near: dict[tuple[object, ...], "_Measured"] = field(default_factory=dict)
    _measured: int = 0

    def __post_init__(self) -> None:
        """File every division under its township."""
        divisions = self.directory.content.divisions
        levels = [[division for division in divisions.values() if division.level == level] for level in _LEVELS]
        found = next((level for level in levels if level), list(divisions.values()))
        self.townships = tuple(sorted(found, key=lambda division: division.code))
        places = {division.code: place for place, division in enumerate(self.townships)}
        self.parts = [[] for _ in self.townships]
        for division in divisions.values():
            chain = self.directory.chain(division.code)
            place = next((places[code] for code in chain if code in places), None)
            if place is None:
                continue
            self.parts[place].append(division)
            for code in chain:
                self._masks[code] = self._masks.get(code, 0) | 1 << place

    @property
    def everywhere(self) -> int:
        """Give the mask of all townships."""
        return (1 << len(self.townships)) - 1

    @property
    def is_exhausted(self) -> bool:
        """Say whether so much was measured that nothing more is: what is not measured counts as near."""
        return self._measured > MOST_MEASURED

    def at(self, divisions: Iterable[str]) -> int:
        """Give the townships in which divisions lie, or which lie in them."""
        return reduce(or_, (self._masks.get(code, 0) for code in divisions), 0)

    def reached(self, requirement: Requirement, pools: Pools, among: int) -> int:
        """Give the townships in which a requirement could be filled, by a neighbour where neighbours are asked."""
        reached = self.answered(requirement, pools, among)
        by_distance = "jurisdiction" not in requirement.choose
        if requirement.tier is None and (by_distance or (requirement.mandatory and requirement.role != "notify")):
            reached |= self._near_to(requirement, requirement.pool, pools, among & ~reached)
        return reached

    def answered(self, requirement: Requirement, pools: Pools, among: int) -> int:
        """Give the townships that a unit of the pool or a substitute answers for."""
        answered = 0
        for pool in (requirement.pool, *requirement.substitutes):
            key = (pool, requirement.capability, requirement.language, requirement.units, requirement.tier)
            if key not in self._answered:
                self._answered[key] = self._answered_by(pools.able(requirement, pool), requirement.tier)
            here = self._answered[key] & among & ~answered
            answered |= self._near_to(requirement, pool, pools, here)
        return answered

    def _answered_by(self, units: Iterable[Unit], tier: str | None) -> int:
        known, mask = self.directory.content.divisions, 0
        for unit in units:
            for code in unit.jurisdiction:
                level = known[code].level if code in known else None
                if tier is None or (level != "village" if tier == "parent" else level == tier):
                    mask |= self._masks.get(code, 0)
        return mask

    def _near_to(self, requirement: Requirement, pool: str, pools: Pools, among: int) -> int:
        """Give those of the townships that are near enough to a unit; all of them where no distance is named."""
        units = pools.able(requirement, pool)
        if requirement.within_m is None or not units or not among:
            return among if units else 0
        key = (pool, requirement.capability, requirement.language, requirement.units, requirement.within_m)
        if key not in self._near:
            if self.is_exhausted:
                return among
            self._near[key] = _Measured(Near(units, requirement.within_m))
            self._measured += len(units)
        found = self._near[key]
        for place in bits(among & ~found.known):
            if self.is_exhausted:
                return among & (found.near | ~found.known)
            before = found.bases.compared
            found.known |= 1 << place
            found.near |= int(any(found.bases.reaches(part.point) for part in self.parts[place])) << place
            self._measured += found.bases.compared - before
        return among & found.near


@dataclass(slots=True)
class _Measured:
    """What was measured from some bases: which townships, and which of them are near."""

    bases: Near
    known: int = 0
    near: int = 0
