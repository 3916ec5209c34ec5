"""Who could fill a requirement at all: the units of its pool that meet what never changes about a unit.

Duty, hours, response modes and where a crew happens to be are left out: they come and go.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dispatch.domain.directory import Directory
from dispatch.domain.rule import Requirement
from dispatch.domain.unit import CAPABILITY, Unit, pools_of

LANGUAGE = "lang."


@dataclass(slots=True)
class Pools:
    """The units of a directory by pool, and what was found out about them."""

    directory: Directory
    _by_pool: dict[str, list[Unit]] = field(default_factory=dict)
    _able: dict[tuple[object, ...], tuple[Unit, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the units."""
        for unit in self.directory.units.values():
            for pool in pools_of(unit):
                self._by_pool.setdefault(pool, []).append(unit)

    def units_of(self, pool: str) -> list[Unit]:
        """List the units of a pool."""
        return self._by_pool.get(pool, [])

    def able(self, requirement: Requirement, pool: str) -> tuple[Unit, ...]:
        """List the units of a pool (the requirement's own or a substitute) that it does not rule out."""
        own = pool == requirement.pool
        capability = requirement.capability if own and requirement.unit_kind is not None else None
        key = (pool, capability, requirement.language, requirement.units)
        if key not in self._able:
            self._able[key] = tuple(self._select(requirement, pool, capability))
        return self._able[key]

    def _select(self, requirement: Requirement, pool: str, capability: str | None) -> Iterator[Unit]:
        for unit in self._named(requirement, pool):
            spoken = requirement.language is None or f"{LANGUAGE}{requirement.language}" in unit.capabilities
            if spoken and (capability is None or capability in unit.capabilities):
                yield unit

    def _named(self, requirement: Requirement, pool: str) -> Iterator[Unit]:
        if not requirement.units:
            yield from self.units_of(pool)
        for code in dict.fromkeys(requirement.units):
            unit = self.directory.unit_by_code.get(code)
            if unit is not None and pool in pools_of(unit):
                yield unit


def is_needed(requirement: Requirement) -> bool:
    """Say whether the incident waits for it: its lead, and support that is mandatory."""
    return requirement.role == "lead" or (requirement.mandatory and requirement.role != "notify")


def pool_zh(directory: Directory, pool: str) -> str:
    """Name a pool in Chinese."""
    if pool.startswith(CAPABILITY):
        return f"具备 {pool.removeprefix(CAPABILITY)} 能力的单位"
    kind = directory.content.unit_kinds.get(pool)
    return pool if kind is None else f"{kind.name}({pool})"


def pool_en(directory: Directory, pool: str) -> str:
    """Name a pool in English."""
    if pool.startswith(CAPABILITY):
        return f"units with the capability {pool.removeprefix(CAPABILITY)}"
    kind = directory.content.unit_kinds.get(pool)
    return pool if kind is None else f"{kind.name_en} ({pool})"


def wanted_zh(directory: Directory, requirement: Requirement) -> str:
    """Say in Chinese who is wanted, with every demand on the unit itself."""
    return pool_zh(directory, requirement.pool) + "".join(_demands(requirement, ("，能力 ", "，语言 ", "，指名单位")))


def wanted_en(directory: Directory, requirement: Requirement) -> str:
    """Say in English who is wanted, with every demand on the unit itself."""
    demands = _demands(requirement, (" with the capability ", " speaking ", " of those named"))
    return pool_en(directory, requirement.pool) + "".join(demands)


def _demands(requirement: Requirement, words: tuple[str, str, str]) -> Iterator[str]:
    able, speaking, named = words
    if requirement.unit_kind is not None and requirement.capability is not None:
        yield able + requirement.capability
    if requirement.language is not None:
        yield speaking + requirement.language
    if requirement.units:
        yield named
