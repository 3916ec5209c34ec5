"""Reads a ruleset from untrusted plain data, checked against the unit kinds and incident types that exist.

Invariant: a ruleset that is read has exactly one catch-all, and each of its final rules names exactly one lead:
whatever matches, somebody is responsible.
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from dispatch.domain.condition_parse import read_condition
from dispatch.domain.condition_tree import Condition, condition_size, leaves
from dispatch.domain.requirement_parse import (
    MAX_AFTER_S,
    MAX_WITHIN_M,
    Known,
    read_clocks,
    read_exclusion,
    read_flag,
    read_list,
    read_names,
    read_requirement,
)
from dispatch.domain.rule import JOINS, Correlation, Rule, Ruleset
from dispatch.domain.rule_document import Entry, Problems, RuleProblemsError, shown
from dispatch.domain.suggest import did_you_mean

MAX_RULES: Final = 20_000
MAX_SIZE: Final = 200_000
MAX_PRIORITY: Final = 1_000_000
MAX_ID: Final = 100
MAX_CORRELATIONS: Final = 500

_ID_CHARACTERS: Final = frozenset(string.ascii_letters + string.digits + "._-")
_RULE_KEYS: Final = ("id", "name", "priority", "final", "catch_all", "clocks", "when", "require", "exclude")
_CORRELATION_KEYS: Final = ("incident_types", "join", "within_m", "within_s")


def parse_ruleset(data: object, *, version: int, known: Known) -> Ruleset:
    """Read a ruleset; its rules come out in reading order.

    Raises RuleProblemsError with everything that is wrong (at most 100 problems), each with its JSON pointer.
    """
    problems = Problems(RuleProblemsError)
    ruleset = _Reader(known, _with_parents(known.incident_types)).read(Entry(data, "", problems), version=version)
    if ruleset is None or problems.found:
        raise problems.failure()
    return ruleset


def _with_parents(names: frozenset[str]) -> frozenset[str]:
    """Add "a" and "a.b" to "a.b.c"."""
    return frozenset(parent for name in names for parent in accumulate(name.split("."), "{}.{}".format))


@dataclass(frozen=True, slots=True)
class _Reader:
    known: Known
    incident_type_parents: frozenset[str]

    def read(self, entry: Entry, *, version: int) -> Ruleset | None:
        record = entry.record(("name", "rules", "correlations"), required=("name", "rules"))
        if record is None or not {"name", "rules"} <= record.keys():
            return None
        names = read_names(record["name"])
        rules = self._read_rules(record["rules"])
        correlations = self._read_correlations(record.get("correlations"))
        if names is None or rules is None:
            return None
        return Ruleset(version, *names, tuple(sorted(rules, key=lambda rule: rule.order)), correlations)

    def _read_correlations(self, entry: Entry | None) -> tuple[Correlation, ...]:
        entries = None if entry is None else entry.items(MAX_CORRELATIONS, empty=True)
        return tuple(made for item in entries or () if (made := self._read_correlation(item)) is not None)

    def _read_correlation(self, entry: Entry) -> Correlation | None:
        record = entry.record(_CORRELATION_KEYS, required=("incident_types",))
        types = None if record is None or "incident_types" not in record else record["incident_types"].items(MAX_SIZE)
        if record is None or types is None:
            return None
        names = [item.name(self.incident_type_parents, "unknown_incident_type") for item in types]
        join = record["join"].name(JOINS, "unknown_join") if "join" in record else "suggest"
        within_m = record["within_m"].whole(1, MAX_WITHIN_M) if "within_m" in record else 80
        within_s = record["within_s"].whole(1, MAX_AFTER_S) if "within_s" in record else 600
        if join is None or within_m is None or within_s is None or None in names:
            return None
        made = Correlation(tuple(name for name in names if name is not None), join, within_m, within_s)
        touched = sorted(code for code in self.known.personal for name in made.incident_types if is_under(code, name))
        if join == "auto" and touched:
            detail = f"two calls of {touched[0]} may be of two people in danger: they are never joined by themselves"
            record["join"].refuse("personal", detail)
        return made

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
        names = read_names(record["name"]) if "name" in record else None
        priority = record["priority"].whole(-MAX_PRIORITY, MAX_PRIORITY) if "priority" in record else None
        final, catch_all = read_flag(record, "final", default=True), read_flag(record, "catch_all", default=False)
        when = self._read_when(entry, record.get("when"), catch_all=catch_all)
        require = read_list(record.get("require"), lambda item: read_requirement(item, self.known))
        exclude = read_list(record.get("exclude"), lambda item: read_exclusion(item, self.known))
        clocks = read_clocks(record, self.known)
        if rule_id is None or names is None or priority is None or len(entry.problems.found) > before:
            return None
        rule = Rule(rule_id, *names, priority, final, when, tuple(require), tuple(exclude), catch_all, clocks)
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
            known = self.incident_type_parents if compare.op == "under" else self.known.incident_types
            for value in compare.values:
                if value not in known:
                    near = did_you_mean(str(value), known)
                    detail = f"unknown incident type {shown(value)}{near}"
                    entry.problems.add(f"{pointer}/value", "unknown_incident_type", detail)


def is_under(incident_type: str, wanted: str) -> bool:
    """Say whether a type is the wanted one or below it."""
    return incident_type == wanted or incident_type.startswith(f"{wanted}.")


def _size(rule: Rule) -> int:
    conditions = 0 if rule.when is None else condition_size(rule.when)
    return conditions + len(rule.require) + len(rule.exclude)


def _read_id(entry: Entry) -> str | None:
    rule_id = entry.text(MAX_ID)
    if rule_id is not None and not _ID_CHARACTERS.issuperset(rule_id):
        entry.refuse("bad_value", f"{shown(rule_id)} is not an id of letters, digits, '.', '_' and '-'")
    return rule_id


def _check_rule(entry: Entry, rule: Rule) -> None:
    leads = sum(requirement.role == "lead" for requirement in rule.require)
    place = Entry(rule.require, f"{entry.pointer}/require", entry.problems)
    if rule.catch_all and not rule.final:
        entry.refuse("catch_all_not_final", "the catch-all is final: nothing is read after it")
    if leads > 1:
        place.refuse("many_leads", f"{leads} requirements have the role lead, exactly one may")
    elif not rule.require and (rule.final or not (rule.exclude or rule.clocks)):
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
