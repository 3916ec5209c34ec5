"""What changed between two rulesets, rule by rule and field by field, whatever the order they were written in.

Compared is what rules mean: defaults count as said, the parts of `all` and `any` and the entries of lists that are sets
have no order. The order of requirements and of choices is part of the meaning and is compared.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dispatch.domain.condition_parse import parse_condition
from dispatch.domain.condition_text import condition_text
from dispatch.domain.rule_document import ConditionError
from dispatch.domain.ruleset_diff_words import said
from dispatch.domain.ruleset_plain import CORRELATION_DEFAULTS, REQUIREMENT_DEFAULTS, Plain, full

_SETS: Final = frozenset({"incident_types", "units"})
_USUAL: Final = {**REQUIREMENT_DEFAULTS, **CORRELATION_DEFAULTS}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a rule: `before` and `after` as plain data, None where there is nothing.

    The field is a path such as `priority`, `name.en`, `when` or `require[police_station lead].count`.
    """

    field: str
    before: object
    after: object

    def data(self) -> Plain:
        """Give the change as plain data, with words in both languages."""
        zh, en = said(self.field, _shown(self.field, self.before), _shown(self.field, self.after))
        return {"field": self.field, "before": self.before, "after": self.after, "text": {"zh": zh, "en": en}}


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """A rule that was added, removed or changed; `name` is the newer one."""

    rule: str
    name: object
    changes: tuple[Change, ...] = ()

    def data(self) -> Plain:
        """Give the rule as plain data."""
        return {"rule": self.rule, "name": self.name, "fields": [change.data() for change in self.changes]}


@dataclass(frozen=True, slots=True)
class RulesetDiff:
    """Everything that is different. `fields` are of the ruleset itself: its names and correlations."""

    added: tuple[RuleDiff, ...]
    removed: tuple[RuleDiff, ...]
    changed: tuple[RuleDiff, ...]
    fields: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Say whether both mean the same."""
        return not (self.added or self.removed or self.changed or self.fields)

    def data(self) -> Plain:
        """Give the difference as plain data."""
        return {
            "added": [{"rule": entry.rule, "name": entry.name} for entry in self.added],
            "removed": [{"rule": entry.rule, "name": entry.name} for entry in self.removed],
            "changed": [entry.data() for entry in self.changed],
            "fields": [change.data() for change in self.fields],
        }

    def names(self, most: int = 50) -> Plain:
        """Give the ids of the rules only, and how many there are where there are too many."""
        ids = {
            "added": [entry.rule for entry in self.added],
            "removed": [entry.rule for entry in self.removed],
            "changed": [entry.rule for entry in self.changed],
            "fields": [change.field for change in self.fields],
        }
        return {key: found if len(found) <= most else len(found) for key, found in ids.items()}


def diff_rulesets(before: object, after: object) -> RulesetDiff:
    """Compare the plain data of two rulesets."""
    old, new = _Read.of(before), _Read.of(after)
    changed = (
        RuleDiff(rule, new.rules[rule].get("name"), tuple(_rule_changes(old.rules[rule], new.rules[rule])))
        for rule in new.rules
        if rule in old.rules
    )
    return RulesetDiff(
        added=tuple(RuleDiff(rule, new.rules[rule].get("name")) for rule in new.rules if rule not in old.rules),
        removed=tuple(RuleDiff(rule, old.rules[rule].get("name")) for rule in old.rules if rule not in new.rules),
        changed=tuple(entry for entry in changed if entry.changes),
        fields=tuple(_field_changes(old.rest, new.rest)),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    rules: dict[str, Plain]
    rest: Plain

    @classmethod
    def of(cls, data: object) -> "_Read":
        whole = full(data)
        if not isinstance(whole, dict):
            return cls({}, {})
        rules = {str(rule.get("id")): rule for rule in _objects(whole.get("rules"))}
        correlations = _keyed(whole.get("correlations"), "correlations", ("incident_types",))
        rest = {key: value for key, value in whole.items() if key not in {"rules", "correlations"}}
        return cls(rules, rest | correlations)


def _rule_changes(before: Plain, after: Plain) -> Iterator[Change]:
    keyed = {"require": ("unit_kind", "capability", "role"), "exclude": ("unit_kind",)}
    yield from _field_changes(
        {key: value for key, value in before.items() if key not in keyed},
        {key: value for key, value in after.items() if key not in keyed},
    )
    for key, names in keyed.items():
        old, new = _keyed(before.get(key), key, names), _keyed(after.get(key), key, names)
        yield from _field_changes(old, new)
        if key == "require" and [name for name in old if name in new] != [name for name in new if name in old]:
            yield Change("require.order", [*map(_about, old)], [*map(_about, new)])


def _field_changes(before: Plain, after: Plain, path: str = "") -> Iterator[Change]:
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if _canonical(key, old) == _canonical(key, new):
            continue
        field = f"{path}.{key}" if path else key
        if isinstance(old, dict) and isinstance(new, dict) and key != "when":
            yield from _field_changes(old, new, field)
        else:
            yield Change(field, old, new)


def _keyed(value: object, key: str, names: tuple[str, ...]) -> Plain:
    """Give the entries of a list by what they are about; those about the same are counted."""
    found: Plain = {}
    for entry in _objects(value):
        about = " ".join(_word(entry.get(name)) for name in names if entry.get(name) is not None)
        number, label = 2, f"{key}[{about}]"
        while label in found:
            label, number = f"{key}[{about} #{number}]", number + 1
        found[label] = dict(entry)
    return found


def _about(label: str) -> str:
    return label.partition("[")[2].removesuffix("]")


def _word(value: object) -> str:
    return ",".join(sorted(map(str, value))) if isinstance(value, list) else str(value)


def _objects(value: object) -> list[Plain]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _canonical(key: str, value: object) -> object:
    """Give a form in which what means the same is equal."""
    if key == "when":
        return _canonical_condition(value)
    if key in _SETS and isinstance(value, list):
        return sorted(value, key=_text)
    if isinstance(value, dict):
        return {name: _canonical(name, part) for name, part in value.items()}
    return value


def _canonical_condition(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {
        name: sorted((_canonical_condition(item) for item in part), key=_text)
        if isinstance(part, list)
        else _canonical_condition(part)
        for name, part in value.items()
    }


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _shown(field: str, value: object) -> str | None:
    """Write a value as people read it: conditions as text, of objects what does not go without saying."""
    if value is None:
        return None
    if field == "when":
        try:
            return condition_text(parse_condition(value))
        except ConditionError:
            return _text(value)
    if isinstance(value, dict):
        parts = (f"{key} {_shown(key, part)}" for key, part in value.items() if not _is_usual(key, part))
        return f"({', '.join(parts)})"
    if isinstance(value, list):
        return ", ".join(_shown("", part) or "–" for part in value) or "–"
    return value if isinstance(value, str) else _text(value)


def _is_usual(key: str, value: object) -> bool:
    return value is None or (key in _USUAL and value == _USUAL[key])
