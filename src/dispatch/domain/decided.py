"""A decision as something to look at: the same whether it was just made or read back from where it is kept.

Pure reading; a decision kept by an older version lacks the newer keys and is read all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from dispatch.domain.condition import ConditionResult, Facts
from dispatch.domain.decision_input import read_facts
from dispatch.domain.routing import Plan, excluded_kinds
from dispatch.domain.rule import DEFAULT_CHOOSE, Requirement
from dispatch.domain.trigger import Trigger, trigger_of


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison of a condition with its actual value."""

    text: str
    value: str | int | tuple[str, ...] | None
    met: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """A rule that matched."""

    rule: str
    name_zh: str
    name_en: str
    conditions: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A unit that was looked at for a requirement."""

    unit_id: str
    requirement: int
    rank: int
    outcome: str
    reason: str
    distance_m: float | None
    position_age_s: float | None
    load: int


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing of a requirement."""

    requirement: int
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision."""

    ruleset_version: int
    directory_version: int
    facts: Facts
    matched: tuple[Matched, ...]
    excluded: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    seen: tuple[Seen, ...]
    gaps: tuple[Gap, ...]

    @classmethod
    def of_plan(cls, plan: Plan) -> "Decided":
        """Look at a decision just made."""
        short = [entry.requirement for entry in plan.shortfalls]
        reasons = {entry.requirement: entry.reason for entry in reversed(plan.shortfalls)}
        return cls(
            ruleset_version=plan.ruleset_version,
            directory_version=plan.directory_version,
            facts=plan.facts,
            matched=tuple(
                Matched(rule.id, rule.name_zh, rule.name_en, lines(conditions))
                for rule, conditions in plan.conditions()
            ),
            excluded=tuple(sorted(excluded_kinds(plan.matched))),
            requirements=plan.requirements,
            seen=tuple(
                Seen(
                    entry.candidate.unit.id,
                    entry.candidate.requirement,
                    entry.rank,
                    entry.outcome,
                    entry.reason,
                    entry.candidate.distance_m,
                    entry.candidate.position_age_s,
                    entry.candidate.load,
                )
                for entry in plan.considered
            ),
            gaps=tuple(Gap(number, reasons[number], short.count(number)) for number in sorted(reasons)),
        )

    @classmethod
    def of_stored(cls, stored: Mapping[str, object]) -> "Decided":
        """Look at a decision as `decision_data` wrote it."""
        requirements = _records(stored, "requirements")
        return cls(
            ruleset_version=cast("int", stored["ruleset_version"]),
            directory_version=cast("int", stored["directory_version"]),
            facts=read_facts(cast("Mapping[str, object]", stored["facts"])),
            matched=tuple(_matched(record) for record in _records(stored, "matched")),
            excluded=tuple(cast("list[str]", stored["excluded"])),
            requirements=tuple(requirement_of(record) for record in requirements),
            seen=tuple(_seen(record) for record in _records(stored, "considered")),
            gaps=tuple(
                Gap(number, str(gap["reason"]), cast("int", gap["count"]))
                for number, record in enumerate(requirements)
                if (gap := cast("Mapping[str, object] | None", record["shortfall"])) is not None
            ),
        )

    def waits_for(self, number: int) -> Trigger | None:
        """Give what the units of a requirement were held back for when it was decided; None: they were sent."""
        release = self.requirements[number].release
        if release is None or self.requirements[number].role == "lead":
            return None
        tags = self.facts.get("tags")
        at_once = release == Trigger(tag=release.tag) and isinstance(tags, frozenset) and release.tag in tags
        return None if at_once else release


def lines(conditions: tuple[ConditionResult, ...]) -> tuple[Line, ...]:
    """Take over what a condition's explanation says."""
    return tuple(Line(result.text, result.value, result.met) for result in conditions)


def requirement_of(stored: Mapping[str, object]) -> Requirement:
    """Read a requirement back from a stored decision."""
    return Requirement(
        unit_kind=_text(stored, "unit_kind"),
        role=str(stored["role"]),
        count=cast("int", stored["required_count"]),
        mandatory=bool(stored["mandatory"]),
        choose=_texts(stored, "choose") or DEFAULT_CHOOSE,
        substitutes=_texts(stored, "substitutes"),
        capability=_text(stored, "capability"),
        within_m=_number(stored, "within_m"),
        rest_s=_number(stored, "rest_s"),
        units=_texts(stored, "units"),
        clocks=_text(stored, "clocks"),
        language=_text(stored, "language"),
        tier=_text(stored, "tier"),
        spread=_text(stored, "spread"),
        ask=_number(stored, "ask"),
        claim=bool(stored.get("claim")),
        release=_trigger(stored, "release"),
        leads=_trigger(stored, "leads"),
    )


def _text(stored: Mapping[str, object], key: str) -> str | None:
    return cast("str | None", stored.get(key))


def _number(stored: Mapping[str, object], key: str) -> int | None:
    return cast("int | None", stored.get(key))


def _texts(stored: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", stored.get(key, ())))


def _trigger(stored: Mapping[str, object], key: str) -> Trigger | None:
    held = cast("dict[str, object] | None", stored.get(key))
    return None if held is None else trigger_of(held)


def _records(stored: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    return cast("list[Mapping[str, object]]", stored[key])


def _matched(record: Mapping[str, object]) -> Matched:
    name = cast("Mapping[str, str]", record["name"])
    return Matched(str(record["rule"]), name["zh"], name["en"], tuple(map(_line, _records(record, "conditions"))))


def _line(record: Mapping[str, object]) -> Line:
    value = record["value"]
    kept = tuple(value) if isinstance(value, list) else value
    return Line(str(record["text"]), cast("str | int | tuple[str, ...] | None", kept), bool(record["met"]))


def _seen(record: Mapping[str, object]) -> Seen:
    return Seen(
        unit_id=str(record["unit_id"]),
        requirement=cast("int", record["requirement"]),
        rank=cast("int", record["rank"]),
        outcome=str(record["outcome"]),
        reason=str(record["reason"]),
        distance_m=cast("float | None", record["distance_m"]),
        position_age_s=cast("float | None", record["position_age_s"]),
        load=cast("int", record["load"]),
    )
