"""Reads a ruleset from untrusted plain data, checked against the unit kinds and incident types that exist.

Invariant: a ruleset that is read has exactly one catch-all, and each of its final rules names exactly one lead:
whatever matches, somebody is responsible.
"""

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, TypeVar

from dispatch.domain.condition_parse import read_condition
from dispatch.domain.condition_tree import Condition, condition_size, leaves
from dispatch.domain.rule import CRITERIA, DEFAULT_CHOOSE, ROLES, Exclusion, Requirement, Rule, Ruleset
from dispatch.domain.rule_document import Entry, Problems, RuleProblemsError, shown
from dispatch.domain.suggest import did_you_mean

MAX_RULES: Final = 20_000
MAX_SIZE: Final = 200_000
MAX_REQUIREMENTS: Final = 50
MAX_COUNT: Final = 50
MAX_PRIORITY: Final = 1_000_000
MAX_ID: Final = 100

_ID_CHARACTERS: Final = frozenset(string.ascii_letters + string.digits + "._-")
_RULE_KEYS: Final = ("id", "name", "priority", "final", "catch_all", "when", "require", "exclude")
_REQUIREMENT_KEYS: Final = (
    *("unit_kind", "role", "count", "mandatory", "choose", "substitutes", "capability"),
    *("within_m", "rest_s", "units", "clocks"),
)
MAX_WITHIN_M: Final = 200_000
MAX_REST_S: Final = 7 * 86_400

Item = TypeVar("Item")


def parse_ruleset(data: object, *, version: int, unit_kinds: frozenset[str], incident_types: frozenset[str]) -> Ruleset:
    """Read a ruleset; its rules come out in reading order.

    Raises RuleProblemsError with everything that is wrong (at most 100 problems), each with its JSON pointer.
    """
    problems = Problems(RuleProblemsError)
    ruleset = _Reader(unit_kinds, incident_types, _with_parents(incident_types)).read(
        Entry(data, "", problems), version=version
    )
    if ruleset is None or problems.found:
        raise problems.failure()
    return ruleset


def _with_parents(names: frozenset[str]) -> frozenset[str]:
    """Add "a" and "a.b" to "a.b.c"."""
    return frozenset(parent for name in names for parent in accumulate(name.split("."), "{}.{}".format))


@dataclass(frozen=True, slots=True)
class _Reader:
    unit_kinds: frozenset[str]
    incident_types: frozenset[str]
    incident_type_parents: frozenset[str]

    def read(self, entry: Entry, *, version: int) -> Ruleset | None:
        record = entry.record(("name", "rules"), required=("name", "rules"))
        if record is None or len(record) < 2:  # noqa: PLR2004 - the two keys above
            return None
        names = _read_names(record["name"])
        rules = self._read_rules(record["rules"])
        if names is None or rules is None:
            return None
        return Ruleset(version, *names, tuple(sorted(rules, key=lambda rule: rule.order)))

    def _read_rules(self, entry: Entry) -> list[Rule] | None:
        entries = entry.items(MAX_RULES)
        if entries is None:
            return None
        rules: list[Rule] = []
        size = 0
        for item in entries:
            rule = self._read_rule(item)
            if rule is not None:
                rules.append(rule)
                size += _size(rule)
            if size > MAX_SIZE:
                item.refuse("too_many", f"all rules together have at most {MAX_SIZE} parts")
                return None
        _check_ids(entries)
        _check_catch_all(entry, entries)
        return rules

    def _read_rule(self, entry: Entry) -> Rule | None:
        before = len(entry.problems.found)
        record = entry.record(_RULE_KEYS, required=("id", "name", "priority", "require"))
        if record is None:
            return None
        rule_id = _read_id(record["id"]) if "id" in record else None
        names = _read_names(record["name"]) if "name" in record else None
        priority = record["priority"].whole(-MAX_PRIORITY, MAX_PRIORITY) if "priority" in record else None
        final, catch_all = _flag(record, "final", default=True), _flag(record, "catch_all", default=False)
        when = self._read_when(entry, record.get("when"), catch_all=catch_all)
        require = self._read_list(record.get("require"), self._read_requirement)
        exclude = self._read_list(record.get("exclude"), self._read_exclusion)
        if rule_id is None or names is None or priority is None or len(entry.problems.found) > before:
            return None
        rule = Rule(rule_id, *names, priority, final, when, tuple(require), tuple(exclude), catch_all)
        _check_rule(entry, rule)
        return rule

    def _read_when(self, entry: Entry, when: Entry | None, *, catch_all: bool) -> Condition | None:
        if when is None or when.value is None:
            if not catch_all:
                entry.refuse("missing", "'when' is missing: only the catch-all has no condition")
            return None
        if catch_all:
            when.refuse("catch_all_condition", "the catch-all has no condition: it applies whenever no final rule does")
        condition = read_condition(when)
        if condition is not None:
            self._check_incident_types(when, condition)
        return condition

    def _check_incident_types(self, entry: Entry, condition: Condition) -> None:
        for pointer, compare in leaves(condition, entry.pointer):
            if compare.field != "incident_type":
                continue
            known = self.incident_type_parents if compare.op == "under" else self.incident_types
            for value in compare.values:
                if value not in known:
                    near = did_you_mean(str(value), known)
                    detail = f"unknown incident type {shown(value)}{near}"
                    entry.problems.add(f"{pointer}/value", "unknown_incident_type", detail)

    def _read_list(self, entry: Entry | None, read: Callable[[Entry], Item | None]) -> list[Item]:
        entries = None if entry is None else entry.items(MAX_REQUIREMENTS, empty=True)
        return [item for found in entries or () if (item := read(found)) is not None]

    def _read_requirement(self, entry: Entry) -> Requirement | None:
        record = entry.record(_REQUIREMENT_KEYS, required=("unit_kind", "role"))
        if record is None:
            return None
        unit_kind = self._read_kind(record.get("unit_kind"))
        role = record["role"].name(ROLES, "unknown_role") if "role" in record else None
        count = record["count"].whole(1, MAX_COUNT) if "count" in record else 1
        mandatory = _flag(record, "mandatory", default=True)
        choose = _read_choose(record.get("choose"))
        substitutes = self._read_list(record.get("substitutes"), self._read_kind)
        capability = _text(record, "capability")
        if unit_kind is None or role is None or count is None or choose is None:
            return None
        return Requirement(
            *(unit_kind, role, count, mandatory, choose, tuple(substitutes), capability),
            within_m=_whole(record, "within_m", MAX_WITHIN_M),
            rest_s=_whole(record, "rest_s", MAX_REST_S),
            units=tuple(self._read_list(record.get("units"), Entry.text)),
            clocks=_text(record, "clocks"),
        )

    def _read_exclusion(self, entry: Entry) -> Exclusion | None:
        record = entry.record(("unit_kind", "reason"), required=("unit_kind", "reason"))
        if record is None:
            return None
        unit_kind = self._read_kind(record.get("unit_kind"))
        reason = _read_names(record["reason"]) if "reason" in record else None
        return None if unit_kind is None or reason is None else Exclusion(unit_kind, *reason)

    def _read_kind(self, entry: Entry | None) -> str | None:
        return None if entry is None else entry.name(self.unit_kinds, "unknown_unit_kind")


def _size(rule: Rule) -> int:
    conditions = 0 if rule.when is None else condition_size(rule.when)
    return conditions + len(rule.require) + len(rule.exclude)


def _read_names(entry: Entry) -> tuple[str, str] | None:
    record = entry.record(("zh", "en"), required=("zh", "en"))
    if record is None:
        return None
    chinese = record["zh"].text() if "zh" in record else None
    english = record["en"].text() if "en" in record else None
    return None if chinese is None or english is None else (chinese, english)


def _read_id(entry: Entry) -> str | None:
    rule_id = entry.text(MAX_ID)
    if rule_id is not None and not _ID_CHARACTERS.issuperset(rule_id):
        entry.refuse("bad_value", f"{shown(rule_id)} is not an id of letters, digits, '.', '_' and '-'")
    return rule_id


def _flag(record: dict[str, Entry], key: str, *, default: bool) -> bool:
    entry = record.get(key)
    flag = default if entry is None else entry.flag()
    return default if flag is None else flag


def _text(record: dict[str, Entry], key: str) -> str | None:
    entry = record.get(key)
    return None if entry is None or entry.value is None else entry.text()


def _whole(record: dict[str, Entry], key: str, most: int) -> int | None:
    entry = record.get(key)
    return None if entry is None or entry.value is None else entry.whole(1, most)


def _read_choose(entry: Entry | None) -> tuple[str, ...] | None:
    if entry is None:
        return DEFAULT_CHOOSE
    entries = entry.items(len(CRITERIA))
    if entries is None:
        return None
    chosen = tuple(name for item in entries if (name := item.name(CRITERIA, "unknown_criterion")) is not None)
    if len(set(chosen)) < len(chosen):
        entry.refuse("duplicate", "a criterion is named twice")
    return chosen


def _check_rule(entry: Entry, rule: Rule) -> None:
    leads = sum(requirement.role == "lead" for requirement in rule.require)
    place = Entry(rule.require, f"{entry.pointer}/require", entry.problems)
    if rule.catch_all and not rule.final:
        entry.refuse("catch_all_not_final", "the catch-all is final: nothing is read after it")
    if leads > 1:
        place.refuse("many_leads", f"{leads} requirements have the role lead, exactly one may")
    elif not rule.require and (rule.final or not rule.exclude):
        place.refuse("empty", "nobody is required")
    elif rule.final and not leads:
        place.refuse("no_lead", "no requirement has the role lead, a final rule needs exactly one")


def _raw(entries: list[Entry], key: str) -> Iterator[tuple[Entry, object]]:
    """Walk one key of the rules as written, also of those that were refused for something else."""
    for entry in entries:
        if isinstance(entry.value, dict):
            yield entry, entry.value.get(key)


def _check_ids(entries: list[Entry]) -> None:
    seen: set[str] = set()
    for entry, rule_id in _raw(entries, "id"):
        if not isinstance(rule_id, str):
            continue
        if rule_id in seen:
            entry.problems.add(f"{entry.pointer}/id", "duplicate", f"another rule has the id {shown(rule_id)}")
        seen.add(rule_id)


def _check_catch_all(rules: Entry, entries: list[Entry]) -> None:
    found = [entry for entry, value in _raw(entries, "catch_all") if value is True]
    if not found:
        rules.refuse("no_catch_all", "no rule is the catch-all: what no rule knows would reach nobody")
    for entry in found[1:]:
        entry.problems.add(f"{entry.pointer}/catch_all", "many_catch_alls", "another rule is the catch-all already")
