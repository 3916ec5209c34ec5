"""Shapes of decisions: what matched, what was asked for, who was looked at."""

from typing import Any, Literal

from dispatch.api.view_basics import Named, Role, TriggerView, UnitView, View


class ConditionView(View):
    """A condition with its actual value."""

    text: str
    value: str | int | list[str] | None
    met: bool


class MatchedView(View):
    """A rule that matched."""

    rule: str
    name: Named
    conditions: list[ConditionView]


class RequirementShortfall(View):
    """What is missing of a requirement."""

    reason: str
    count: int


class RequirementView(View):
    """What the plan asked for."""

    unit_kind: str | None
    role: Role
    required_count: int
    mandatory: bool
    choose: list[str]
    substitutes: list[str]
    capability: str | None
    within_m: int | None
    rest_s: int | None
    units: list[str]
    clocks: str | None
    language: str | None = None
    tier: str | None = None
    spread: str | None = None
    ask: int | None = None
    claim: bool = False
    release: TriggerView | None = None
    leads: TriggerView | None = None
    filled: list[str]
    shortfall: RequirementShortfall | None


class ConsideredView(View):
    """A unit that was looked at."""

    unit: UnitView
    requirement: int
    rank: int
    outcome: Literal["chosen", "rejected", "reserve"]
    reason: str
    distance_m: float | None
    position_age_s: float | None
    load: int


class DecisionView(View):
    """Who goes and why, on which versions."""

    ruleset_version: int
    directory_version: int
    decided_at: str
    facts: dict[str, Any]
    matched: list[MatchedView]
    unmatched_nearby: list[MatchedView]
    excluded: list[str]
    requirements: list[RequirementView]
    considered: list[ConsideredView]


class ReplayView(View):
    """A stored decision beside the same one made again; `again` is null when both are identical.

    `scope` is `demands` for a paper record: what the rules demand is decided again, who went was decided by people.
    """

    identical: bool
    scope: Literal["whole", "demands"]
    stored: DecisionView
    again: DecisionView | None
