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
        """List the units of a pool (the requirement's own or a substitute) that it does not rule out.

        As in routing: whoever stands in for the kind that is meant stands in for its names and languages too.
        """
        if pool != requirement.pool:
            return self._kept(pool, None, None, ())
        capability = requirement.capability if requirement.unit_kind is not None else None
        return self._kept(pool, capability, requirement.language, requirement.units)

    def _kept(
        self, pool: str, capability: str | None, language: str | None, named: tuple[str, ...]
    ) -> tuple[Unit, ...]:
        key = (pool, capability, language, named)
        if key not in self._able:
            demanded = {capability, language and f"{LANGUAGE}{language}"} - {None}
            self._able[key] = tuple(unit for unit in self._named(pool, named) if demanded <= unit.capabilities)
        return self._able[key]

    def _named(self, pool: str, named: tuple[str, ...]) -> Iterator[Unit]:
        if not named:
            yield from self.units_of(pool)
        for code in dict.fromkeys(named):
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
