"""A routing rule: when it matches, who is required and who must never be sent."""

from dataclasses import dataclass
from typing import Final

from dispatch.domain.condition_tree import Condition, condition_data
from dispatch.domain.trigger import Trigger, trigger_data
from dispatch.domain.unit import CAPABILITY

ROLES: Final = ("lead", "support", "notify")
CRITERIA: Final = ("jurisdiction", "nearest", "load", "rank", "rest")
DEFAULT_CHOOSE: Final = ("jurisdiction", "nearest", "load")
LEVELS: Final = ("village", "township", "county", "city")
TIERS: Final = ("parent", *LEVELS)
JOINS: Final = ("auto", "suggest", "never")


@dataclass(frozen=True, slots=True)
class Requirement:
    """Units of one kind in one role; `choose` ranks the candidates, `substitutes` are asked in order when none is left.

    Without a `unit_kind` every kind is meant that has the `capability`. A lead requirement for several units makes the
    best of them the lead and the others its support. `within_m` is how far away a unit may be, `rest_s` how long it
    must have been free, `units` the codes of those meant, `language` what its people must speak (capability
    `lang.<language>`); `tier` asks those who answer for the area at one level, or one above the incident's own;
    `spread` takes each unit from another division of that level. `ask` units are asked where `count` are needed: with
    `claim` the first to acknowledge have it, without it all go and the rest may stay silent. `clocks` names a clock
    profile that counts instead of the incident type's. `release` holds the units back, `leads` makes the unit the lead
    later.
    """

    unit_kind: str | None
    role: str
    count: int = 1
    mandatory: bool = True
    choose: tuple[str, ...] = DEFAULT_CHOOSE
    substitutes: tuple[str, ...] = ()
    capability: str | None = None
    within_m: int | None = None
    rest_s: int | None = None
    units: tuple[str, ...] = ()
    clocks: str | None = None
    language: str | None = None
    tier: str | None = None
    spread: str | None = None
    ask: int | None = None
    claim: bool = False
    release: Trigger | None = None
    leads: Trigger | None = None

    @property
    def pool(self) -> str:
        """Name whom it is filled from: a unit kind, or `capability:<name>` for all kinds that have it."""
        return self.unit_kind or f"{CAPABILITY}{self.capability}"

    @property
    def asked(self) -> int:
        """Give how many units are asked."""
        return max(self.count, self.ask or 0)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A unit kind that must not be sent, and why; wins over every requirement."""

    unit_kind: str
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition and what follows from it.

    Reading stops after a `final` rule that matches. A catch-all has no condition: it applies when no final rule does.
    `clocks` names a clock profile for all requirements of the plan that name none; the first rule that matches counts.
    """

    id: str
    name_zh: str
    name_en: str
    priority: int
    final: bool
    when: Condition | None
    require: tuple[Requirement, ...]
    exclude: tuple[Exclusion, ...] = ()
    catch_all: bool = False
    clocks: str | None = None

    @property
    def order(self) -> tuple[int, str]:
        """Sort by this: the highest priority first, equal priorities by id."""
        return (-self.priority, self.id)


@dataclass(frozen=True, slots=True)
class Correlation:
    """When two calls of these types, or of types below them, may be one event: same place, or near in space and time.

    `auto` joins by itself, `suggest` links and lets a human decide, `never` does neither.
    """

    incident_types: tuple[str, ...]
    join: str = "suggest"
    within_m: int = 80
    within_s: int = 600


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A numbered set of rules in reading order; the order in which they were written means nothing."""

    version: int
    name_zh: str
    name_en: str
    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...] = ()


def ruleset_data(ruleset: Ruleset) -> dict[str, object]:
    """Turn a ruleset back into the plain data it is read from, every default written out."""
    return {
        "name": {"zh": ruleset.name_zh, "en": ruleset.name_en},
        "rules": [rule_data(rule) for rule in ruleset.rules],
        "correlations": [correlation_data(entry) for entry in ruleset.correlations],
    }


def correlation_data(correlation: Correlation) -> dict[str, object]:
    """Turn one correlation back into plain data."""
    return {
        "incident_types": list(correlation.incident_types),
        "join": correlation.join,
        "within_m": correlation.within_m,
        "within_s": correlation.within_s,
    }


def rule_data(rule: Rule) -> dict[str, object]:
    """Turn one rule back into plain data."""
    return {
        "id": rule.id,
        "name": {"zh": rule.name_zh, "en": rule.name_en},
        "priority": rule.priority,
        "final": rule.final,
        "catch_all": rule.catch_all,
        "clocks": rule.clocks,
        "when": None if rule.when is None else condition_data(rule.when),
        "require": [requirement_data(requirement) for requirement in rule.require],
        "exclude": [
            {"unit_kind": exclusion.unit_kind, "reason": {"zh": exclusion.reason_zh, "en": exclusion.reason_en}}
            for exclusion in rule.exclude
        ],
    }


def requirement_data(requirement: Requirement) -> dict[str, object]:
    """Turn a requirement back into plain data."""
    return {
        "unit_kind": requirement.unit_kind,
        "role": requirement.role,
        "count": requirement.count,
        "mandatory": requirement.mandatory,
        "choose": list(requirement.choose),
        "substitutes": list(requirement.substitutes),
        "capability": requirement.capability,
        "within_m": requirement.within_m,
        "rest_s": requirement.rest_s,
        "units": list(requirement.units),
        "clocks": requirement.clocks,
        "language": requirement.language,
        "tier": requirement.tier,
        "spread": requirement.spread,
        "ask": requirement.ask,
        "claim": requirement.claim,
        "release": trigger_data(requirement.release),
        "leads": trigger_data(requirement.leads),
    }
