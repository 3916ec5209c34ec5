"""Routing: which units go, why these, why not others. Pure; the same input and versions give the same decision.

Filling a place of the plan, in this order: answering for the area and on duty · answering but only on call · a
substitute kind that answers · the nearest outside (mandatory places only: better a neighbour than nobody) ·
a shortfall with its reason. Invariant: exactly one lead; a unit is chosen once; nobody is sent in silence.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Literal

from dispatch.domain.condition import ConditionResult, Facts, explain_condition
from dispatch.domain.directory import Directory, States
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.ruleset import CompiledRuleset, Requirement, Rule
from dispatch.domain.unit import Unit, is_on_duty

NEIGHBOURS = 6
"""So many of the nearest units are looked at beyond those that answer for the area; more while too few can go."""
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
]


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit looked at for one requirement."""

    unit: Unit
    requirement: int
    tier: int
    distance_m: float | None
    position_age_s: float | None
    load: int
    refusal: str | None
    code: str

    def rank_key(self) -> tuple[int, float, int, int, str]:
        """Order: how close its answering area is, distance, load, rank, code."""
        away = self.distance_m if self.distance_m is not None else 1e9
        return (self.tier, away, self.load, self.unit.rank, self.unit.code)


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
        _fill(plan, number, requirement, _Search(request, directory, states, excluded))
    return plan


_STRENGTH = {"lead": 2, "support": 1, "notify": 0}


def merge_requirements(matched: tuple[Rule, ...]) -> tuple[Requirement, ...]:
    """Join the requirements of several rules, one place in the plan per unit kind and capability.

    The stronger role, the larger number and the stricter demand win; of two kinds that want to lead, the first does.
    """
    merged: dict[tuple[str, str | None], Requirement] = {}
    for requirement in (requirement for rule in matched for requirement in rule.require):
        key = (requirement.unit_kind, requirement.capability)
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


@dataclass(frozen=True, slots=True)
class _Want:
    """What is looked for: a kind, perhaps a capability; an acting unit must be free, a notified one need not."""

    number: int
    kind: str
    capability: str | None
    acting: bool
    count: int = 1


@dataclass(frozen=True, slots=True)
class _Search:
    request: Request
    directory: Directory
    states: States
    excluded: frozenset[str]

    def candidates(self, want: "_Want", taken: frozenset[str]) -> list[Candidate]:
        """List everyone who could be asked, best first; those who cannot carry their refusal.

        Neighbours are looked at only where those who answer for the area do not suffice.
        """
        found: dict[str, Candidate] = {}
        for tier, code in enumerate(self.directory.chain(self.request.division_code)):
            for unit in self.directory.answering(want.kind, code):
                if unit.id not in found:
                    found[unit.id] = self._candidate(want, unit, tier, taken)
        able = sum(candidate.refusal is None for candidate in found.values())
        if able < want.count:
            for looked, unit in enumerate(self._neighbours(want.kind)):
                if looked >= NEIGHBOURS and able >= want.count:
                    break
                if unit.id not in found:
                    found[unit.id] = self._candidate(want, unit, OUTSIDE, taken)
                    able += found[unit.id].refusal is None
        return sorted(found.values(), key=Candidate.rank_key)

    def _neighbours(self, kind: str) -> Iterator[Unit]:
        """Give the units of a kind: first those on the road that have just said where they are, then by base point."""
        point, units = self.request.point, self.directory.units
        if point is None:
            return
        for unit_id, state in self.states.positioned():
            unit = units.get(unit_id)
            if unit is not None and unit.kind == kind and state.fresh_position(self.request.now) is not None:
                yield unit
        looked, limit = 0, NEIGHBOURS
        while len(nearest := self.directory.space.nearest(kind, point, limit)) > looked:
            yield from (units[unit_id] for unit_id in nearest[looked:])
            looked, limit = len(nearest), limit * 4

    def _candidate(self, want: "_Want", unit: Unit, tier: int, taken: frozenset[str]) -> Candidate:
        state = self.states.of(unit.id)
        fresh = state.fresh_position(self.request.now)
        point = self.request.point
        return Candidate(
            unit=unit,
            requirement=want.number,
            tier=tier,
            distance_m=None if point is None else round(distance_m(fresh or unit.point, point), 1),
            position_age_s=state.position_age_s(self.request.now),
            load=state.load,
            refusal=self._refusal(want, unit, taken),
            code="nearest" if tier == OUTSIDE else "jurisdiction",
        )

    def _refusal(self, want: "_Want", unit: Unit, taken: frozenset[str]) -> str | None:
        state = self.states.of(unit.id)
        if unit.kind in self.excluded:
            return "excluded_by_rule"
        if want.capability is not None and want.capability not in unit.capabilities:
            return "capability"
        if state.duty == "out_of_service":
            return "out_of_service"
        if unit.id in taken:
            return "already_sent"
        busy = state.committed_to is not None or unit.id in self.request.lost
        if want.acting and unit.exclusive and busy:
            return "committed"
        return None if is_on_duty(unit, state, self.request.local) else "off_duty"


OUTSIDE = 99
"""The tier of a unit that does not answer for the area."""


def _want(number: int, requirement: Requirement) -> _Want:
    acting = requirement.role != "notify"
    by_area = "jurisdiction" in requirement.choose
    count = requirement.count if by_area else NEIGHBOURS
    return _Want(number, requirement.unit_kind, requirement.capability, acting=acting, count=count)


def _fill(plan: Plan, number: int, requirement: Requirement, search: _Search) -> None:
    candidates = search.candidates(_want(number, requirement), plan.taken())
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
            plan.shortfalls.append(Shortfall(slot, requirement.unit_kind, role, reason, number, requirement.mandatory))
    _consider(plan, number, candidates, picks)


def next_unit(request: Request, requirement: Requirement, *, directory: Directory, states: States) -> Planned | None:
    """Choose who is added when a unit declines or stays silent: the best candidate not yet on the incident."""
    search = _Search(request, directory, states, request.excluded)
    candidates = search.candidates(_want(0, requirement), request.taken)
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


def _picks(filling: _Filling, candidates: list[Candidate], search: _Search) -> Iterator[_Pick]:
    """Give picks in the order in which places are filled; the caller takes as many as it needs."""
    seen: set[str] = set()
    for pick in _in_order(filling, candidates, search):
        if pick.candidate.unit.id not in seen:
            seen.add(pick.candidate.unit.id)
            yield pick


def _in_order(filling: _Filling, candidates: list[Candidate], search: _Search) -> Iterator[_Pick]:
    requirement = filling.requirement
    home = [c for c in candidates if c.tier != OUTSIDE]
    if "jurisdiction" not in requirement.choose:
        home = sorted(
            candidates, key=lambda c: (c.distance_m if c.distance_m is not None else 1e9, c.load, c.unit.code)
        )
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


def _substitutes(filling: _Filling, search: _Search) -> Iterator[_Pick]:
    for kind in filling.requirement.substitutes:
        want = _Want(filling.number, kind, None, acting=filling.requirement.role != "notify")
        for rank, candidate in enumerate(search.candidates(want, filling.taken), 1):
            if candidate.refusal is None and candidate.tier != OUTSIDE:
                yield _Pick(candidate, rank, "substitute", substitute_for=filling.requirement.unit_kind)


def _shortfall_reason(candidates: list[Candidate]) -> ShortfallReason:
    refusals = {candidate.refusal for candidate in candidates}
    if "excluded_by_rule" in refusals:
        return "excluded_by_rule"
    if "committed" in refusals:
        return "all_committed"
    if "off_duty" in refusals or "out_of_service" in refusals:
        return "off_duty"
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
