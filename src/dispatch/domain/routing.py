"""Routing: which units go, why these, why not others. Pure; the same input and versions give the same decision.

Filling a place of the plan, in this order: answering for the area and on duty · answering but only on call · a
substitute kind that answers · the nearest outside (mandatory places only: better a neighbour than nobody) ·
a shortfall with its reason. Invariant: exactly one lead; a unit is chosen once; nobody is sent in silence.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from dispatch.domain.candidate import OUTSIDE, Candidate, Request, Search, Want
from dispatch.domain.condition import ConditionResult, Facts, explain_condition
from dispatch.domain.directory import Directory, States
from dispatch.domain.ruleset import CompiledRuleset, Requirement, Rule
from dispatch.domain.unit import Unit

RESERVES_SHOWN = 4
REFUSED_NEIGHBOURS_SHOWN = 8

ShortfallReason = Literal[
    "no_candidates",
    "outside_jurisdiction",
    "off_duty",
    "all_committed",
    "position_stale",
    "no_live_console",
    "no_answer",
    "excluded_by_rule",
    "too_far",
    "resting",
]


@dataclass(frozen=True, slots=True)
class Planned:
    """One assignment to be written."""

    unit: Unit
    role: str
    mandatory: bool
    slot: int
    requirement: int
    candidate: Candidate
    rank: int
    code: str
    substitute_for: str | None = None
    on_call: bool = False


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A place that nobody fills, and why."""

    slot: int
    unit_kind: str
    role: str
    reason: ShortfallReason
    requirement: int
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Considered:
    """A unit with its outcome: chosen, reserve or rejected."""

    candidate: Candidate
    rank: int
    outcome: str
    reason: str


@dataclass(slots=True)
class Plan:
    """A decision under construction, and when done the decision itself."""

    ruleset_version: int
    directory_version: int
    matched: tuple[Rule, ...]
    requirements: tuple[Requirement, ...]
    facts: Facts
    planned: list[Planned] = field(default_factory=list)
    shortfalls: list[Shortfall] = field(default_factory=list)
    considered: list[Considered] = field(default_factory=list)
    slots: int = 0

    def taken(self) -> frozenset[str]:
        """List the units already chosen."""
        return frozenset(entry.unit.id for entry in self.planned)

    def conditions(self) -> Iterator[tuple[Rule, tuple[ConditionResult, ...]]]:
        """Explain each matched rule, condition by condition."""
        for rule in self.matched:
            yield rule, () if rule.when is None else explain_condition(rule.when, self.facts)


def decide(request: Request, ruleset: CompiledRuleset, directory: Directory, states: States) -> Plan:
    """Decide who goes.

    Returns a plan with exactly one lead, unless no unit at all can lead: then a shortfall says so.
    """
    matched = ruleset.matching(request.facts)
    requirements = merge_requirements(matched)
    plan = Plan(ruleset.version, directory.version, matched, requirements, request.facts)
    excluded = frozenset(exclusion.unit_kind for rule in matched for exclusion in rule.exclude)
    for number, requirement in enumerate(requirements):
        _fill(plan, number, requirement, Search(request, directory, states, excluded))
    return plan


_STRENGTH = {"lead": 2, "support": 1, "notify": 0}


def merge_requirements(matched: tuple[Rule, ...]) -> tuple[Requirement, ...]:
    """Join the requirements of several rules, one place in the plan per unit kind and capability.

    The stronger role, the larger number and the stricter demand win; of two kinds that want to lead, the first does.
    """
    merged: dict[tuple[str, str | None], Requirement] = {}
    for requirement in (requirement for rule in matched for requirement in rule.require):
        key = (requirement.pool, requirement.capability)
        known = merged.get(key)
        merged[key] = requirement if known is None else _stronger(known, requirement)
    leads = [key for key, requirement in merged.items() if requirement.role == "lead"]
    for key in leads[1:]:
        merged[key] = replace(merged[key], role="support")
    return tuple(sorted(merged.values(), key=lambda requirement: requirement.role != "lead"))


def _stronger(known: Requirement, other: Requirement) -> Requirement:
    return replace(
        known,
        role=max(known.role, other.role, key=_STRENGTH.__getitem__),
        count=max(known.count, other.count),
        mandatory=known.mandatory or other.mandatory,
    )


def _fill(plan: Plan, number: int, requirement: Requirement, search: Search) -> None:
    candidates = search.candidates(Want(number, requirement, requirement.pool), plan.taken())
    ranked = _picks(_Filling(number, requirement, plan.taken()), candidates, search)
    picks = list(islice(ranked, requirement.count))
    for index in range(requirement.count):
        slot, role = plan.slots, requirement.role if index == 0 or requirement.role != "lead" else "support"
        plan.slots += 1
        if index < len(picks):
            plan.planned.append(_planned(picks[index], role=role, slot=slot, requirement=requirement))
        else:
            picked = {pick.candidate.unit.id for pick in picks}
            reason = _shortfall_reason([c for c in candidates if c.unit.id not in picked])
            plan.shortfalls.append(Shortfall(slot, requirement.pool, role, reason, number, requirement.mandatory))
    _consider(plan, number, candidates, picks)


def next_unit(request: Request, requirement: Requirement, *, directory: Directory, states: States) -> Planned | None:
    """Choose who is added when a unit declines or stays silent: the best candidate not yet on the incident."""
    search = Search(request, directory, states, request.excluded)
    candidates = search.candidates(Want(0, requirement, requirement.pool), request.taken)
    pick = next(_picks(_Filling(0, requirement, request.taken), candidates, search), None)
    return None if pick is None else _planned(pick, role="support", slot=0, requirement=requirement)


@dataclass(frozen=True, slots=True)
class _Pick:
    candidate: Candidate
    rank: int
    code: str
    substitute_for: str | None = None
    on_call: bool = False


def _planned(pick: _Pick, *, role: str, slot: int, requirement: Requirement) -> Planned:
    return Planned(
        unit=pick.candidate.unit,
        role=role,
        mandatory=requirement.mandatory and role != "notify",
        slot=slot,
        requirement=pick.candidate.requirement,
        candidate=pick.candidate,
        rank=pick.rank,
        code=pick.code,
        substitute_for=pick.substitute_for,
        on_call=pick.on_call,
    )


@dataclass(frozen=True, slots=True)
class _Filling:
    """One requirement being filled; `taken` units are on the incident already."""

    number: int
    requirement: Requirement
    taken: frozenset[str]


def _picks(filling: _Filling, candidates: list[Candidate], search: Search) -> Iterator[_Pick]:
    """Give picks in the order in which places are filled; the caller takes as many as it needs."""
    seen: set[str] = set()
    for pick in _in_order(filling, candidates, search):
        if pick.candidate.unit.id not in seen:
            seen.add(pick.candidate.unit.id)
            yield pick


def _in_order(filling: _Filling, candidates: list[Candidate], search: Search) -> Iterator[_Pick]:
    requirement = filling.requirement
    by_area = "jurisdiction" in requirement.choose
    home = [c for c in candidates if c.tier != OUTSIDE] if by_area else candidates
    for rank, candidate in enumerate(home, 1):
        if candidate.refusal is None:
            yield _Pick(candidate, rank, candidate.code)
    for rank, candidate in enumerate(home, 1):
        if candidate.refusal == "off_duty" and candidate.unit.on_call is not None:
            yield _Pick(candidate, rank, "on_call", on_call=True)
    yield from _substitutes(filling, search)
    if requirement.mandatory and requirement.role != "notify":
        for rank, candidate in enumerate(candidates, 1):
            if candidate.refusal is None:
                yield _Pick(candidate, rank, "nearest")


def _substitutes(filling: _Filling, search: Search) -> Iterator[_Pick]:
    for kind in filling.requirement.substitutes:
        for rank, candidate in enumerate(
            search.candidates(Want(filling.number, filling.requirement, kind), filling.taken), 1
        ):
            if candidate.refusal is None and candidate.tier != OUTSIDE:
                yield _Pick(candidate, rank, "substitute", substitute_for=filling.requirement.pool)


def _shortfall_reason(candidates: list[Candidate]) -> ShortfallReason:
    refusals = {candidate.refusal for candidate in candidates}
    if "excluded_by_rule" in refusals:
        return "excluded_by_rule"
    if "committed" in refusals:
        return "all_committed"
    if not refusals.isdisjoint({"off_duty", "not_posted", "out_of_service"}):
        return "off_duty"
    if "too_far" in refusals:
        return "too_far"
    if "resting" in refusals:
        return "resting"
    return "outside_jurisdiction" if None in refusals else "no_candidates"


def _consider(plan: Plan, number: int, candidates: list[Candidate], picks: list[_Pick]) -> None:
    chosen = {pick.candidate.unit.id: pick for pick in picks}
    reserves = refused_neighbours = 0
    for rank, candidate in enumerate(candidates, 1):
        pick = chosen.pop(candidate.unit.id, None)
        if pick is not None:
            plan.considered.append(Considered(candidate, rank, "chosen", pick.code))
        elif candidate.refusal is not None:
            refused_neighbours += candidate.tier == OUTSIDE
            if refused_neighbours <= REFUSED_NEIGHBOURS_SHOWN:
                plan.considered.append(Considered(candidate, rank, "rejected", candidate.refusal))
        elif reserves < RESERVES_SHOWN:
            reserves += 1
            reason = "outside_jurisdiction" if candidate.tier == OUTSIDE else "not_needed"
            plan.considered.append(Considered(candidate, rank, "reserve", reason))
    for pick in chosen.values():  # substitutes are of another kind: not among the candidates
        plan.considered.append(Considered(replace(pick.candidate, requirement=number), pick.rank, "chosen", pick.code))
