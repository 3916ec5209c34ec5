"""Routing: which units go, why these, why not others. Pure; the same input and versions give the same decision.

Filling a place of the plan, in this order: answering for the area and on duty · answering but only on call · a
substitute kind that answers · the nearest outside (mandatory places only: better a neighbour than nobody) ·
a shortfall with its reason. Invariant: exactly one lead; a unit is chosen once; nobody is sent in silence.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, Literal

from dispatch.domain.candidate import OUTSIDE, Candidate, Request, Search, Want
from dispatch.domain.condition import ConditionResult, Facts, explain_condition
from dispatch.domain.directory import Directory, States
from dispatch.domain.ruleset import CompiledRuleset, Requirement, Rule
from dispatch.domain.trigger import Trigger
from dispatch.domain.unit import Unit

RESERVES_SHOWN = 4
REFUSED_NEIGHBOURS_SHOWN = 8

Offer = Literal["claim", "enough"]
"""Asked together with others: the first to acknowledge have it, or all go and some may stay silent."""

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
    "not_in_drill",
    "already_sent",
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
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class Staged:
    """Units that wait for their trigger: `send` sends them to their places, `lead` gives one of them the lead."""

    action: str
    requirement: int
    slots: tuple[int, ...]
    trigger: Trigger


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
    stages: list[Staged] = field(default_factory=list)
    slots: int = 0
    on_incident: frozenset[str] = frozenset()

    def taken(self) -> frozenset[str]:
        """List the units already chosen, and those that are on the incident from before."""
        return self.on_incident | frozenset(entry.unit.id for entry in self.planned)

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
    plan = Plan(ruleset.version, directory.version, matched, requirements, request.facts, on_incident=request.taken)
    search = Search(request, directory, states, excluded_kinds(matched) | request.excluded)
    for number, requirement in enumerate(requirements):
        at_once = requirement.role == "lead" or requirement.release is None
        if requirement.release is None or at_once or is_released(requirement.release, request.facts):
            fill(plan, number, requirement, search)
        else:
            _hold_back(plan, number, requirement, requirement.release)
        if requirement.leads is not None and requirement.role == "support":
            plan.stages.append(Staged("lead", number, (), requirement.leads))
    _give_the_lead(plan)
    return plan


def _give_the_lead(plan: Plan) -> None:
    """Where nobody can take the place of the lead, let the next kind lead that a rule wanted to: it would have led."""
    if any(entry.role == "lead" for entry in plan.planned):
        return
    wanted = {_place(r) for rule in plan.matched for r in rule.require if r.role == "lead"}
    for index, entry in enumerate(plan.planned):
        if entry.role == "support" and _place(plan.requirements[entry.requirement]) in wanted:
            plan.planned[index] = replace(entry, role="lead", mandatory=True)
            plan.shortfalls[:] = [
                replace(gap, role="support") if gap.role == "lead" else gap for gap in plan.shortfalls
            ]
            return


def excluded_kinds(matched: Iterable[Rule]) -> frozenset[str]:
    """List the kinds that the rules forbid."""
    return frozenset(exclusion.unit_kind for rule in matched for exclusion in rule.exclude)


def is_released(trigger: Trigger, facts: Facts) -> bool:
    """Say whether what is waited for was reported with the call itself: then nothing is held back."""
    tags = facts.get("tags")
    known = isinstance(tags, frozenset) and trigger.tag in tags
    return known and trigger.after_s is None and trigger.event is None


def _hold_back(plan: Plan, number: int, requirement: Requirement, trigger: Trigger) -> None:
    slots = tuple(range(plan.slots, plan.slots + requirement.count))
    plan.slots += requirement.count
    plan.stages.append(Staged("send", number, slots, trigger))


_STRENGTH = {"lead": 2, "support": 1, "notify": 0}


def merge_requirements(matched: tuple[Rule, ...]) -> tuple[Requirement, ...]:
    """Join the requirements of several rules, one place in the plan per pool and capability that a rule names once.

    The stronger role, the larger number and the stricter demand win, and who is wanted at once is not held back; of two
    kinds that want to lead, the first does. A requirement without clocks gets those of the first rule that names some.
    """
    merged: dict[_Place, Requirement] = {}
    for rule in matched:
        named: Counter[_Place] = Counter()
        for requirement in rule.require:
            place = _place(requirement)
            key = (*place, named[place])  # the second of a rule's own stays a second one: a wider circle later
            named[place] += 1
            known = merged.get(key)
            merged[key] = requirement if known is None else _stronger(known, requirement)
    leads = [key for key, requirement in merged.items() if requirement.role == "lead"]
    for key in leads[1:]:
        merged[key] = replace(merged[key], role="support")
    clocks = next((rule.clocks for rule in matched if rule.clocks is not None), None)
    if clocks is not None:
        merged = {key: replace(found, clocks=found.clocks or clocks) for key, found in merged.items()}
    return tuple(sorted(merged.values(), key=lambda requirement: requirement.role != "lead"))


_Place = tuple[object, ...]


def _place(requirement: Requirement) -> _Place:
    """Tell whom a requirement means: rules that mean different ones ask for both."""
    return (requirement.pool, requirement.capability, requirement.language, requirement.tier, requirement.units)


def _stronger(known: Requirement, other: Requirement) -> Requirement:
    role = max(known.role, other.role, key=_STRENGTH.__getitem__)
    at_once = role == "lead" or known.release is None or other.release is None
    return replace(
        known,
        role=role,
        count=max(known.count, other.count),
        mandatory=known.mandatory or other.mandatory,
        ask=max(known.ask or 0, other.ask or 0) or None,
        claim=known.claim and role != "notify",
        release=None if at_once else known.release,
        leads=(known.leads or other.leads) if role == "support" else None,
        within_m=min(filter(None, (known.within_m, other.within_m)), default=None),
        rest_s=max(filter(None, (known.rest_s, other.rest_s)), default=None),
        spread=known.spread or other.spread,
        substitutes=tuple(dict.fromkeys((*known.substitutes, *other.substitutes))),
    )


def fill(plan: Plan, number: int, requirement: Requirement, search: Search) -> None:
    """Fill the places of one requirement, or note what is missing and why."""
    taken = plan.taken()
    candidates = search.candidates(Want(number, requirement, requirement.pool), taken)
    ranked = _picks(_Filling(number, requirement, taken), candidates, search)
    picks = list(islice(ranked, requirement.asked))
    first = plan.slots
    plan.slots += requirement.count
    for index, pick in enumerate(picks):
        role = requirement.role if index == 0 or requirement.role != "lead" else "support"
        slot = first + index % requirement.count
        plan.planned.append(_planned(pick, role=role, slot=slot, requirement=requirement))
    picked = {pick.candidate.unit.id for pick in picks}
    for index in range(len(picks), requirement.count):
        role = requirement.role if index == 0 or requirement.role != "lead" else "support"
        reason = _shortfall_reason([c for c in candidates if c.unit.id not in picked], sent=bool(picked))
        plan.shortfalls.append(Shortfall(first + index, requirement.pool, role, reason, number, requirement.mandatory))
    _consider(plan, number, candidates, picks)


def next_unit(requirement: Requirement, search: Search) -> Planned | None:
    """Choose who is added when a unit declines or stays silent: the best candidate not yet on the incident."""
    taken = search.request.taken
    candidates = search.candidates(Want(0, requirement, requirement.pool), taken)
    pick = next(_picks(_Filling(0, requirement, taken), candidates, search), None)
    return None if pick is None else _planned(pick, role="support", slot=0, requirement=requirement)


def why_nobody(requirement: Requirement, search: Search) -> ShortfallReason:
    """Say why nobody can be added, where `next_unit` finds none."""
    return _shortfall_reason(search.candidates(Want(0, requirement, requirement.pool), search.request.taken))


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
        offer=_offer(requirement),
    )


def _offer(requirement: Requirement) -> Offer | None:
    if requirement.asked == requirement.count:
        return None
    return "claim" if requirement.claim else "enough"


@dataclass(frozen=True, slots=True)
class _Filling:
    """One requirement being filled; `taken` units are on the incident already."""

    number: int
    requirement: Requirement
    taken: frozenset[str]


def _picks(filling: _Filling, candidates: list[Candidate], search: Search) -> Iterator[_Pick]:
    """Give picks in the order in which places are filled; the caller takes as many as it needs.

    Where the units are spread, those of another division come first: better two from one bank than one in all.
    """
    seen: set[str] = set()
    sides: set[str] = set()
    waiting: list[_Pick] = []
    for pick in _in_order(filling, candidates, search):
        if pick.candidate.unit.id in seen:
            continue
        seen.add(pick.candidate.unit.id)
        side = pick.candidate.unit.id
        if filling.requirement.spread is not None:
            side = search.side(filling.requirement.spread, pick.candidate.unit)
        if side in sides:
            waiting.append(pick)
            continue
        sides.add(side)
        yield pick
    yield from waiting


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


def _shortfall_reason(candidates: list[Candidate], *, sent: bool = False) -> ShortfallReason:
    """Say what keeps those who do not go; `sent` says that one goes, and that more of them were wanted."""
    refusals = {candidate.refusal for candidate in candidates}
    told = next((reason for found, reason in _TELLING if not refusals.isdisjoint(found)), None)
    if told is None and None not in refusals and (sent or "already_sent" in refusals):
        return "already_sent"
    return told or ("outside_jurisdiction" if None in refusals else "no_candidates")


_TELLING: Final[tuple[tuple[frozenset[str], ShortfallReason], ...]] = (
    (frozenset({"excluded_by_rule"}), "excluded_by_rule"),
    (frozenset({"committed"}), "all_committed"),
    (frozenset({"off_duty", "not_posted", "out_of_service"}), "off_duty"),
    (frozenset({"too_far"}), "too_far"),
    (frozenset({"resting"}), "resting"),
    (frozenset({"not_in_drill"}), "not_in_drill"),
)
"""Which refusals explain a gap, the most telling first."""


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
