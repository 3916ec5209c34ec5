"""Why not this unit: answers for any unit of the directory by deciding again and looking where it stands.

Pure. Invariant: `chosen` is answered exactly for those whom the plan sends (`tests/unit/test_why_not.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dispatch.domain.candidate import OUTSIDE, Candidate, Request, Search, Want
from dispatch.domain.decided import Decided, Seen
from dispatch.domain.directory import Directory, States
from dispatch.domain.explanation import (
    ExcludedKind,
    Standing,
    UnitAnswer,
    demand_facts,
    excluded_kinds,
    exclusion_facts,
    told_as,
)
from dispatch.domain.geo import distance_m
from dispatch.domain.reasons import sentence
from dispatch.domain.routing import Plan, decide
from dispatch.domain.rule import Requirement
from dispatch.domain.ruleset import CompiledRuleset
from dispatch.domain.unit import Unit, pools_of
from dispatch.domain.wire import unit_view
from dispatch.domain.words import LEVEL_WORDS, Words, duration, joined, kind_words, named, ordinal, trigger_words

_DUTY = {
    "off_duty": Words("已停班", "switched off"),
    "available": Words("不在值班时间", "outside its hours"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a decision is made from."""

    request: Request
    ruleset: CompiledRuleset
    directory: Directory
    states: States


def why_not(question: Question, unit_id: str) -> UnitAnswer:
    """Say why a unit is sent or not, by deciding now."""
    directory = question.directory
    unit = directory.units.get(unit_id)
    if unit is None:
        return _answer_unknown(unit_id, directory)
    plan = decide(question.request, question.ruleset, directory, question.states)
    decided = Decided.of_plan(plan)
    excluded = tuple(excluded_kinds(decided, question.ruleset, directory))
    return _answer(unit, tuple(_Look(question, plan, decided, excluded, unit).standings()), excluded, directory)


def why_not_stored(decided: Decided, question: Question | None, unit_id: str, *, directory: Directory) -> UnitAnswer:
    """Say why a unit was sent or not: as it was recorded, else by deciding again from what is left of that day.

    Who would be sent by the directory of today, but was not, is told so.
    """
    unit = directory.units.get(unit_id)
    recorded = {seen.requirement: seen for seen in decided.seen if seen.unit_id == unit_id}
    if unit is None and not recorded:
        return _answer_unknown(unit_id, directory)
    again = {} if question is None or unit is None else _again(decided, question, unit)
    excluded = tuple(excluded_kinds(decided, None if question is None else question.ruleset, directory))
    standings = []
    for number, requirement in enumerate(decided.requirements):
        seen = recorded.get(number)
        if seen is not None:
            facts = demand_facts(seen.reason, requirement, away_m=seen.distance_m)
            if unit is not None and seen.reason == "excluded_by_rule":
                facts |= exclusion_facts(unit.kind, excluded)
            standings.append(_recorded(seen, requirement, again.get(number), facts))
        elif number in again:
            standings.append(_unless_chosen(again[number]))
        else:
            standings.append(Standing(number, requirement.pool, "aside", "not_recorded", sentence("not_recorded")))
    if unit is None:
        unit_seen = min(standings, key=lambda standing: standing.outcome != "chosen")
        return UnitAnswer(
            unit_view(unit_id, directory), unit_seen.outcome, unit_seen.code, unit_seen.sentence, tuple(standings)
        )
    return _answer(unit, tuple(standings), excluded, directory)


def _again(decided: Decided, question: Question, unit: Unit) -> dict[int, Standing]:
    """Decide again; nothing is said where that does not ask for the same as was asked then."""
    plan = decide(question.request, question.ruleset, question.directory, question.states)
    fresh = Decided.of_plan(plan)
    if [entry.pool for entry in fresh.requirements] != [entry.pool for entry in decided.requirements]:
        return {}
    excluded = tuple(excluded_kinds(fresh, question.ruleset, question.directory))
    return {entry.requirement: entry for entry in _Look(question, plan, fresh, excluded, unit).standings()}


def _recorded(seen: Seen, requirement: Requirement, again: Standing | None, facts: dict[str, object]) -> Standing:
    same = again is not None and (again.outcome, again.code, again.rank) == (seen.outcome, seen.reason, seen.rank)
    told = again.sentence if again is not None and same else sentence(told_as(seen.reason, requirement), facts)
    ranked = again.ranked if again is not None and same else None
    return Standing(seen.requirement, requirement.pool, seen.outcome, seen.reason, told, seen.rank, ranked)


def _unless_chosen(again: Standing) -> Standing:
    if again.outcome != "chosen":
        return again
    code = "directory_changed"
    return Standing(again.requirement, again.pool, "aside", code, sentence(code))


def _answer_unknown(unit_id: str, directory: Directory) -> UnitAnswer:
    return UnitAnswer(unit_view(unit_id, directory), "aside", "unknown_unit", sentence("unknown_unit"), ())


def _answer(
    unit: Unit, standings: tuple[Standing, ...], excluded: tuple[ExcludedKind, ...], directory: Directory
) -> UnitAnswer:
    """Put what is most telling first: sent, forbidden, ranked, held back, of another kind."""
    named_unit = unit_view(unit.id, directory)
    chosen = next((entry for entry in standings if entry.outcome == "chosen"), None)
    if chosen is None and any(entry.unit_kind == unit.kind for entry in excluded):
        code = "excluded_by_rule"
        told = sentence(code, exclusion_facts(unit.kind, excluded))
        return UnitAnswer(named_unit, "rejected", code, told, standings)
    best = chosen or min(standings, key=lambda entry: _TELLING.get(entry.outcome, 9) + (entry.code == "other_kind"),
                         default=None)  # fmt: skip
    if best is None:
        return UnitAnswer(named_unit, "aside", "not_recorded", sentence("not_recorded"), standings)
    told = best.sentence
    if best.code == "other_kind":
        pools = joined((kind_words(entry.pool, directory) for entry in standings), last=True)
        told = sentence("other_kind", {"kind": kind_words(unit.kind, directory), "asked": pools})
    return UnitAnswer(named_unit, best.outcome, best.code, told, standings)


_TELLING = {"chosen": 0, "rejected": 1, "reserve": 2, "aside": 3}


@dataclass(frozen=True, slots=True)
class _Look:
    """One unit in one decision."""

    question: Question
    plan: Plan
    decided: Decided
    excluded: tuple[ExcludedKind, ...]
    unit: Unit

    def standings(self) -> Iterator[Standing]:
        for number, requirement in enumerate(self.plan.requirements):
            yield self._standing(number, requirement)

    def _standing(self, number: int, requirement: Requirement) -> Standing:
        sent = next(
            (entry for entry in self.plan.planned if (entry.requirement, entry.unit.id) == (number, self.unit.id)), None
        )
        if sent is not None:
            return Standing(number, requirement.pool, "chosen", sent.code, sentence(sent.code), sent.rank)
        stands_in = requirement.pool not in pools_of(self.unit)
        if stands_in and self.unit.kind not in requirement.substitutes:
            return self._aside(number, requirement, "other_kind", self._kinds(requirement))
        waits = self.decided.waits_for(number)
        if waits is not None:
            facts = {"kind": kind_words(requirement.pool, self.question.directory), "trigger": trigger_words(waits)}
            return self._aside(number, requirement, "held_back", facts)
        return self._looked_at(number, requirement, stands_in=stands_in)

    def _looked_at(self, number: int, requirement: Requirement, *, stands_in: bool) -> Standing:
        want = Want(number, requirement, self.unit.kind if stands_in else requirement.pool)
        before = frozenset(entry.unit.id for entry in self.plan.planned if entry.requirement < number)
        found = self._search().candidates(want, self.plan.on_incident | before)
        place = next((place for place, entry in enumerate(found) if entry.unit.id == self.unit.id), None)
        if place is None:
            return self._not_looked_at(number, requirement)
        candidate = found[place]
        outcome, code = self._outcome(requirement, candidate, rank=place + 1, stands_in=stands_in)
        told = code if stands_in else told_as(code, requirement)
        facts = self._facts(code, requirement, candidate) | {
            "rank": ordinal(place + 1),
            "of": len(found),
            "needed": requirement.asked,
        }
        return Standing(
            number, requirement.pool, outcome, code, sentence(told, facts), rank=place + 1, ranked=len(found)
        )

    def _search(self) -> Search:
        request = self.question.request
        forbidden = frozenset(self.decided.excluded) | request.excluded
        return Search(request, self.question.directory, self.question.states, forbidden)

    def _outcome(
        self, requirement: Requirement, candidate: Candidate, *, rank: int, stands_in: bool
    ) -> tuple[str, str]:
        if candidate.refusal is not None:
            return "rejected", candidate.refusal
        if candidate.tier == OUTSIDE:
            return "reserve", "outside_jurisdiction"
        if stands_in:
            return "aside", "substitute_not_needed"
        passed = any(
            entry.requirement == candidate.requirement
            and entry.candidate.unit.kind == self.unit.kind
            and entry.rank > rank
            for entry in self.plan.planned
        )
        return "reserve", "same_side" if passed and requirement.spread is not None else "not_needed"

    def _not_looked_at(self, number: int, requirement: Requirement) -> Standing:
        if requirement.tier is not None:
            return self._aside(number, requirement, "other_tier", {"tier": named(LEVEL_WORDS, requirement.tier)})
        if "jurisdiction" not in requirement.choose:
            return self._aside(number, requirement, "not_among_nearest", {})
        point = self.question.request.point
        away = None if point is None else round(distance_m(self.unit.point, point), 1)
        return self._aside(
            number, requirement, "outside_jurisdiction", demand_facts("outside_jurisdiction", requirement, away_m=away)
        )

    def _aside(self, number: int, requirement: Requirement, code: str, facts: Mapping[str, object]) -> Standing:
        return Standing(number, requirement.pool, "aside", code, sentence(code, facts))

    def _kinds(self, requirement: Requirement) -> dict[str, object]:
        directory = self.question.directory
        return {"kind": kind_words(self.unit.kind, directory), "asked": kind_words(requirement.pool, directory)}

    def _facts(self, code: str, requirement: Requirement, candidate: Candidate) -> dict[str, object]:
        facts = demand_facts(code, requirement, away_m=candidate.distance_m)
        state = self.question.states.of(self.unit.id)
        if code == "excluded_by_rule":
            facts |= exclusion_facts(self.unit.kind, self.excluded)
        if code == "resting" and candidate.rested_s is not None and requirement.rest_s is not None:
            facts |= {"rested": duration(candidate.rested_s), "limit": duration(requirement.rest_s)}
        if code == "not_posted":
            facts["modes"] = ", ".join(sorted(self.unit.modes))
        if code == "off_duty" and state.duty in _DUTY:
            facts["duty"] = _DUTY[state.duty]
        if code == "committed" and state.committed_to is not None:
            facts["incident"] = state.committed_to
        return facts
