"""A back-test's book: one row for each incident, totals, how often each rule matched before and after.

Pure and bounded: rows beyond the limit are counted, not kept. `before` is what the version that decided the incident
gives today, so that a difference comes from the rules alone, not from a directory that has changed since.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from sys import intern
from typing import Final

from dispatch.domain.difference import Difference, compare
from dispatch.domain.routing import Plan
from dispatch.domain.wire import Json

MOST_ROWS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Past:
    """A stored incident, as far as a row names it."""

    incident_id: str
    number: str
    incident_type: str
    division_code: str
    opened_at: str


@dataclass(frozen=True, slots=True)
class Row:
    """What would have been different at one incident. Units are `CODE`, with their role after a space."""

    incident_id: str
    number: str
    incident_type: str
    division_code: str
    opened_at: str
    ruleset_version: int
    differs: bool
    before: tuple[str, ...]
    after: tuple[str, ...]
    joins: tuple[str, ...]
    leaves: tuple[str, ...]
    turns: tuple[str, ...]
    lead_changes: bool
    lead_before: str | None
    lead_after: str | None
    new_shortfalls: tuple[str, ...]
    ended_shortfalls: tuple[str, ...]
    newly_held_back: tuple[str, ...]
    no_longer_held_back: tuple[str, ...]
    rules_before: tuple[str, ...]
    rules_after: tuple[str, ...]

    def data(self) -> Json:
        """Give it as plain data."""
        return asdict(self)

    def cell(self, column: str) -> str | int | bool | None:
        """Give one column for a table: a list stands in one cell, parted by `; `."""
        value: str | int | bool | tuple[str, ...] | None = getattr(self, column)
        return "; ".join(value) if isinstance(value, tuple) else value


COLUMNS: Final = tuple(column.name for column in fields(Row))


def compare_row(past: Past, before: Plan, after: Plan) -> tuple[Row, Difference]:
    """Write the row of one incident."""
    found = compare(before, after)
    units, rules = _units(before), tuple(rule.id for rule in before.matched)
    row = Row(
        **asdict(past),
        ruleset_version=before.ruleset_version,
        differs=bool(found),
        before=units,
        after=units if (goes := _units(after)) == units else goes,
        joins=tuple(f"{sent.unit.code} {sent.role}" for sent in found.joins),
        leaves=tuple(f"{sent.unit.code} {sent.role}" for sent in found.leaves),
        turns=tuple(f"{turn.unit.code} {turn.what} {turn.before or '-'}→{turn.after or '-'}" for turn in found.turns),
        lead_changes=found.lead_changes,
        lead_before=None if found.lead_before is None else found.lead_before.code,
        lead_after=None if found.lead_after is None else found.lead_after.code,
        new_shortfalls=tuple(
            f"{lack.unit_kind} {lack.role} {lack.reason} ×{lack.count}" for lack in found.new_shortfalls
        ),
        ended_shortfalls=tuple(f"{lack.unit_kind} {lack.role} ×{lack.count}" for lack in found.ended_shortfalls),
        newly_held_back=tuple(f"{held.unit_kind} {held.action} ×{held.count}" for held in found.newly_held_back),
        no_longer_held_back=tuple(
            f"{held.unit_kind} {held.action} ×{held.count}" for held in found.no_longer_held_back
        ),
        rules_before=rules,
        rules_after=rules if (matched := tuple(rule.id for rule in after.matched)) == rules else matched,
    )
    return row, found


def _units(plan: Plan) -> tuple[str, ...]:
    """Name the units; the same few names come again and again, a row holds no copy of them."""
    return tuple(intern(f"{entry.unit.code} {entry.role}") for entry in plan.planned)


@dataclass(slots=True)
class Book:
    """What a back-test has found so far.

    A `drifted` incident gives other units than were recorded even by its own rules: the directory has changed, units
    count whose state that day is not known, or a crew was lost to another incident at the same moment.
    """

    rows: list[Row] = field(default_factory=list)
    done: int = 0
    differing: int = 0
    units_joining: int = 0
    units_leaving: int = 0
    lead_changes: int = 0
    new_shortfalls: int = 0
    ended_shortfalls: int = 0
    drifted: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rules_before: Counter[str] = field(default_factory=Counter)
    rules_after: Counter[str] = field(default_factory=Counter)

    def enter(self, past: Past, before: Plan, after: Plan, *, recorded: frozenset[str]) -> None:
        """Take one incident in; `recorded` are the units that were sent that day."""
        row, found = compare_row(past, before, after)
        self.done += 1
        if len(self.rows) < MOST_ROWS:
            self.rows.append(row)
        self.differing += row.differs
        self.units_joining += len(found.joins)
        self.units_leaving += len(found.leaves)
        self.lead_changes += found.lead_changes
        self.new_shortfalls += sum(lack.count for lack in found.new_shortfalls)
        self.ended_shortfalls += sum(lack.count for lack in found.ended_shortfalls)
        self.drifted += frozenset(entry.unit.id for entry in before.planned) != recorded
        self.rules_before.update(row.rules_before)
        self.rules_after.update(row.rules_after)

    def skip(self, reason: str) -> None:
        """Count an incident that cannot be decided again: `no_input`, `back_entry`, `unreadable_ruleset`."""
        self.done += 1
        self.skipped[reason] += 1

    def summary(self, names: Mapping[str, Json]) -> Json:
        """Give the totals; `names` are those of rules, in both languages."""
        rules = sorted(self.rules_before.keys() | self.rules_after.keys())
        return {
            "incidents": self.done - self.skipped.total(),
            "differing": self.differing,
            "units_joining": self.units_joining,
            "units_leaving": self.units_leaving,
            "lead_changes": self.lead_changes,
            "new_shortfalls": self.new_shortfalls,
            "ended_shortfalls": self.ended_shortfalls,
            "drifted": self.drifted,
            "skipped": dict(sorted(self.skipped.items())),
            "rows": len(self.rows),
            "rules": [
                {
                    "rule": rule,
                    "name": names.get(rule),
                    "before": self.rules_before[rule],
                    "after": self.rules_after[rule],
                }
                for rule in rules
            ],
        }
