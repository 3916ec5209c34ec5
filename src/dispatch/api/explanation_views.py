"""Shapes of explanations, simulations and back-tests."""

from typing import Any, Literal

from dispatch.api.decision_views import MatchedView
from dispatch.api.view_basics import Named, Role, TriggerView, UnitView, View


class NearMissView(MatchedView):
    """A rule that would have matched but for one comparison; several stand where one of them would have done."""

    fields: list[str]
    sentence: Named


class ExcludedView(View):
    """A kind that must not be sent; rule and reason are null where the ruleset can no longer be read."""

    unit_kind: str
    name: Named
    rule: str | None
    rule_name: Named | None
    reason: Named | None


class RankedView(View):
    """A unit that was looked at, its place in the order and why."""

    unit: UnitView
    rank: int
    outcome: Literal["chosen", "reserve", "rejected"]
    reason: str
    sentence: Named
    distance_m: float | None
    position_age_s: float | None
    load: int


class MissingView(View):
    """What nobody fills, and why."""

    reason: str
    count: int
    sentence: Named


class WaitingView(View):
    """What is waited for."""

    trigger: TriggerView
    sentence: Named


class DemandView(View):
    """A requirement as the rules state it, merged over all that matched."""

    unit_kind: str | None
    role: Role
    count: int
    mandatory: bool
    choose: list[str]
    substitutes: list[str]
    capability: str | None
    within_m: int | None
    rest_s: int | None
    units: list[str]
    clocks: str | None
    language: str | None
    tier: str | None
    spread: str | None
    ask: int | None
    claim: bool
    release: TriggerView | None
    leads: TriggerView | None


class AskedView(View):
    """What was asked, who goes in the order of rank, who else was looked at, what is missing, what is waited for."""

    number: int
    pool: str
    name: Named
    requirement: DemandView
    sentence: Named
    chosen: list[RankedView]
    reserves: list[RankedView]
    rejected: list[RankedView]
    shortfall: MissingView | None
    held_back: WaitingView | None
    takes_lead: WaitingView | None


class StandingView(View):
    """What became of a unit at one requirement."""

    requirement: int
    pool: str
    outcome: Literal["chosen", "reserve", "rejected", "aside"]
    code: str
    sentence: Named
    rank: int | None
    ranked: int | None


class UnitAnswerView(View):
    """Why a unit was sent or not: the answer, then each requirement."""

    unit: UnitView
    outcome: Literal["chosen", "reserve", "rejected", "aside"]
    code: str
    sentence: Named
    requirements: list[StandingView]


class ExplanationView(View):
    """Why these units. Not `is_complete`: the ruleset that decided can no longer be read, there are no near misses."""

    ruleset_version: int
    directory_version: int
    facts: dict[str, Any]
    matched: list[MatchedView]
    near_misses: list[NearMissView]
    excluded: list[ExcludedView]
    requirements: list[AskedView]
    is_complete: bool
    unit: UnitAnswerView | None


class AssumptionView(View):
    """Something that the answer takes for granted."""

    code: str
    sentence: Named


class SentView(View):
    """A unit that goes, and as what."""

    unit: UnitView
    role: Role


class TurnView(View):
    """Something about a unit that goes both times."""

    unit: UnitView
    what: Literal["role", "mandatory", "clocks", "offer"]
    before: str | None
    after: str | None


class LackView(View):
    """Places of one kind and role that stay empty."""

    unit_kind: str
    name: Named
    role: Role
    reason: str
    sentence: Named
    count: int


class HeldView(View):
    """Units that wait: to be sent, or to take the lead."""

    action: Literal["send", "lead"]
    unit_kind: str
    name: Named
    count: int


class DifferenceView(View):
    """From what the rules in force do to what the tried version does."""

    differs: bool
    joins: list[SentView]
    leaves: list[SentView]
    turns: list[TurnView]
    lead_changes: bool
    lead_before: UnitView | None
    lead_after: UnitView | None
    new_shortfalls: list[LackView]
    ended_shortfalls: list[LackView]
    newly_held_back: list[HeldView]
    no_longer_held_back: list[HeldView]


class SimulationView(View):
    """What a version would do, what the version in force does, what they differ in."""

    ruleset_version: int
    in_force_version: int
    directory_version: int
    decided_at: str
    assumptions: list[AssumptionView]
    explanation: ExplanationView
    in_force: ExplanationView
    difference: DifferenceView


class RuleCount(View):
    """How often a rule matched, by the rules that decided and by the tried version."""

    rule: str
    name: Named | None
    before: int
    after: int


class BacktestSummary(View):
    """Totals. `drifted` incidents give other units than were recorded even by the rules that decided them."""

    incidents: int
    differing: int
    units_joining: int
    units_leaving: int
    lead_changes: int
    new_shortfalls: int
    ended_shortfalls: int
    drifted: int
    skipped: dict[str, int]
    rows: int
    rules: list[RuleCount]


class BacktestView(View):
    """A back-test: what was asked, how far it is, what it has found."""

    id: str
    ruleset_version: int
    directory_version: int
    state: Literal["running", "done", "cancelled", "failed"]
    days: int
    since: str
    until: str
    incident_type: str | None
    division: str | None
    done: int
    total: int | None
    seconds: float
    eta_s: float | None
    assumptions: list[AssumptionView]
    summary: BacktestSummary


class BacktestRow(View):
    """What would have been different at one incident. Units are `CODE role`."""

    incident_id: str
    number: str
    incident_type: str
    division_code: str
    opened_at: str
    ruleset_version: int
    differs: bool
    before: list[str]
    after: list[str]
    joins: list[str]
    leaves: list[str]
    turns: list[str]
    lead_changes: bool
    lead_before: str | None
    lead_after: str | None
    new_shortfalls: list[str]
    ended_shortfalls: list[str]
    newly_held_back: list[str]
    no_longer_held_back: list[str]
    rules_before: list[str]
    rules_after: list[str]


class BacktestRows(View):
    """A page of rows."""

    items: list[BacktestRow]
    after: str | None
