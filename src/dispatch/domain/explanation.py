"""One explanation of a decision, for API, desk and command line: which rules, who was asked, who goes, why not others.

Made from what was decided, the ruleset that decided it and the names of the directory; it decides nothing itself.
Invariant: every code in it stands beside its sentence in both languages.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dispatch.domain.condition import ConditionResult, Facts
from dispatch.domain.decided import Decided, Line, Seen, lines
from dispatch.domain.decision_input import facts_data
from dispatch.domain.directory import Directory
from dispatch.domain.reasons import sentence, shortfall_sentence
from dispatch.domain.requirement_words import asked_words
from dispatch.domain.rule import Requirement, requirement_data
from dispatch.domain.ruleset import CompiledRuleset
from dispatch.domain.trigger import Trigger, trigger_data
from dispatch.domain.wire import Json, unit_view
from dispatch.domain.words import FIELD_WORDS, Words, distance, joined, kind_words, named, same, trigger_words

NEAR_MISSES: Final = 5


@dataclass(frozen=True, slots=True)
class RuleLines:
    """A rule with each condition's actual value; of a near miss only those that kept it from matching."""

    rule: str
    name: Words
    conditions: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule that would have matched but for one comparison, and what that is about."""

    rule: str
    name: Words
    conditions: tuple[Line, ...]
    fields: tuple[str, ...]
    sentence: Words


@dataclass(frozen=True, slots=True)
class ExcludedKind:
    """A kind that must not be sent; rule and reason are missing where the ruleset can no longer be read."""

    unit_kind: str
    name: Words
    rule: str | None
    rule_name: Words | None
    reason: Words | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit that was looked at, its place in the order and why."""

    unit: Json
    rank: int
    outcome: str
    reason: str
    sentence: Words
    distance_m: float | None
    position_age_s: float | None
    load: int


@dataclass(frozen=True, slots=True)
class Missing:
    """What nobody fills, and why."""

    reason: str
    count: int
    sentence: Words


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is waited for."""

    trigger: Json
    sentence: Words


@dataclass(frozen=True, slots=True)
class Asked:
    """One requirement: what was asked, who is sent in the order of their rank, who else was looked at, what is missing.

    `held_back` are units that wait; `takes_lead` says when one that supports takes the lead.
    """

    number: int
    pool: str
    name: Words
    requirement: Json
    sentence: Words
    chosen: tuple[Ranked, ...]
    reserves: tuple[Ranked, ...]
    rejected: tuple[Ranked, ...]
    shortfall: Missing | None
    held_back: Waiting | None
    takes_lead: Waiting | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a unit at one requirement; `rank` of `ranked` where it was ranked."""

    requirement: int
    pool: str
    outcome: str
    code: str
    sentence: Words
    rank: int | None = None
    ranked: int | None = None


@dataclass(frozen=True, slots=True)
class UnitAnswer:
    """Why a unit is sent or not: the answer, then each requirement. Outcomes: `chosen reserve rejected aside`."""

    unit: Json
    outcome: str
    code: str
    sentence: Words
    requirements: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why these units. `is_complete` unless the ruleset that decided can no longer be read: no near misses then."""

    ruleset_version: int
    directory_version: int
    facts: Json
    matched: tuple[RuleLines, ...]
    near_misses: tuple[NearMiss, ...]
    excluded: tuple[ExcludedKind, ...]
    requirements: tuple[Asked, ...]
    is_complete: bool
    unit: UnitAnswer | None = None

    def with_unit(self, answer: UnitAnswer) -> "Explanation":
        """Answer for one unit too."""
        return replace(self, unit=answer)


def explain(decided: Decided, ruleset: CompiledRuleset | None, directory: Directory) -> Explanation:
    """Explain a decision."""
    excluded = tuple(excluded_kinds(decided, ruleset, directory))
    return Explanation(
        ruleset_version=decided.ruleset_version,
        directory_version=decided.directory_version,
        facts=facts_data(decided.facts),
        matched=tuple(
            RuleLines(rule.rule, Words(rule.name_zh, rule.name_en), rule.conditions) for rule in decided.matched
        ),
        near_misses=() if ruleset is None else tuple(near_misses(decided.facts, ruleset)),
        excluded=excluded,
        requirements=tuple(_asked(decided, number, directory, excluded) for number in range(len(decided.requirements))),
        is_complete=ruleset is not None,
    )


def near_misses(facts: Facts, ruleset: CompiledRuleset) -> Iterator[NearMiss]:
    """Give the rules that would have matched but for one comparison."""
    for rule, missed in ruleset.near_misses(facts, NEAR_MISSES):
        fields = tuple(dict.fromkeys(result.field for result in missed))
        yield NearMiss(rule.id, Words(rule.name_zh, rule.name_en), lines(missed), fields, _near_words(fields, missed))


def _near_words(fields: tuple[str, ...], missed: tuple[ConditionResult, ...]) -> Words:
    about = joined((named(FIELD_WORDS, field) for field in fields), last=True)
    wanted = joined(same(result.text) for result in missed)
    values = joined(_value(value) for value in dict.fromkeys(result.value for result in missed))
    one = Words("", "") if len(missed) == 1 else Words("其一", "one of ")
    return Words(
        f"仅差{about.zh}：实际为{values.zh}，须满足{one.zh} {wanted.zh}",
        f"would have matched but for the {about.en}: it is {values.en}, the rule wants {one.en}{wanted.en}",
    )


def _value(value: str | int | tuple[str, ...] | None) -> Words:
    if value is None or value == ():
        return Words("空", "empty")
    return same(", ".join(value) if isinstance(value, tuple) else str(value))


def excluded_kinds(decided: Decided, ruleset: CompiledRuleset | None, directory: Directory) -> Iterator[ExcludedKind]:
    """Give the kinds that must not be sent, with the first matching rule that forbids each."""
    matched = [entry.rule for entry in decided.matched]
    wanted = frozenset(matched)
    rules = {rule.id: rule for rule in ruleset.ruleset.rules if rule.id in wanted} if ruleset else {}
    for kind in decided.excluded:
        found = next(
            (
                (rule, exclusion)
                for rule in (rules[rule_id] for rule_id in matched if rule_id in rules)
                for exclusion in rule.exclude
                if exclusion.unit_kind == kind
            ),
            None,
        )
        name = kind_words(kind, directory)
        if found is None:
            yield ExcludedKind(kind, name, None, None, None)
        else:
            rule, exclusion = found
            reason = Words(exclusion.reason_zh, exclusion.reason_en)
            yield ExcludedKind(kind, name, rule.id, Words(rule.name_zh, rule.name_en), reason)


def _asked(decided: Decided, number: int, directory: Directory, excluded: Sequence[ExcludedKind]) -> Asked:
    requirement = decided.requirements[number]
    gap = next((gap for gap in decided.gaps if gap.requirement == number), None)
    ranked = [
        _ranked(seen, requirement, directory, excluded)
        for seen in sorted((seen for seen in decided.seen if seen.requirement == number), key=lambda seen: seen.rank)
    ]
    leads = requirement.leads if requirement.role == "support" else None
    return Asked(
        number=number,
        pool=requirement.pool,
        name=kind_words(requirement.pool, directory),
        requirement=requirement_data(requirement),
        sentence=asked_words(requirement, directory),
        chosen=_with_outcome(ranked, "chosen"),
        reserves=_with_outcome(ranked, "reserve"),
        rejected=_with_outcome(ranked, "rejected"),
        shortfall=None if gap is None else Missing(gap.reason, gap.count, shortfall_sentence(gap.reason)),
        held_back=_waiting(decided.waits_for(number)),
        takes_lead=_waiting(leads),
    )


def _with_outcome(ranked: Iterable[Ranked], outcome: str) -> tuple[Ranked, ...]:
    return tuple(entry for entry in ranked if entry.outcome == outcome)


def _waiting(trigger: Trigger | None) -> Waiting | None:
    return None if trigger is None else Waiting(trigger_data(trigger) or {}, trigger_words(trigger))


def _ranked(seen: Seen, requirement: Requirement, directory: Directory, excluded: Sequence[ExcludedKind]) -> Ranked:
    unit = directory.units.get(seen.unit_id)
    facts = demand_facts(seen.reason, requirement, away_m=seen.distance_m)
    if unit is not None and seen.reason == "excluded_by_rule":
        facts |= exclusion_facts(unit.kind, excluded)
    return Ranked(
        unit=unit_view(seen.unit_id, directory),
        rank=seen.rank,
        outcome=seen.outcome,
        reason=seen.reason,
        sentence=sentence(told_as(seen.reason, requirement), facts),
        distance_m=seen.distance_m,
        position_age_s=seen.position_age_s,
        load=seen.load,
    )


def told_as(code: str, requirement: Requirement) -> str:
    """Give the code whose sentence is true: where areas do not count, a unit of another area only ranks behind."""
    return "not_needed" if code == "outside_jurisdiction" and "jurisdiction" not in requirement.choose else code


def demand_facts(code: str, requirement: Requirement, *, away_m: float | None) -> dict[str, object]:
    """Give what a sentence may tell beside the code: how far of how much, which ability."""
    facts: dict[str, object] = {}
    if away_m is not None:
        facts["away"] = distance(away_m)
    if code == "too_far" and requirement.within_m is not None:
        facts["limit"] = distance(requirement.within_m)
    if code in {"capability", "language"}:
        facts["ability"] = getattr(requirement, code)
    return facts


def exclusion_facts(kind: str, excluded: Sequence[ExcludedKind]) -> dict[str, object]:
    """Give which rule forbids a kind, and why; nothing where that is not known."""
    found = next((entry for entry in excluded if entry.unit_kind == kind and entry.reason is not None), None)
    return {} if found is None else {"rule": found.rule_name, "reason": found.reason}
