"""Finds the rules that match, in a time that hardly depends on how many others there are.

Each rule is filed once under what it demands: incident type, then place kind, then division prefix, each of them
"anything" where it demands nothing. A call looks only into the few drawers that its own facts open.

Invariant: the answer is the one that reading every rule in order would give (`tests/unit/test_ruleset_index.py`).
"""

from collections.abc import Iterator
from itertools import chain, product
from typing import Final

from dispatch.domain.condition import (
    ConditionResult,
    Facts,
    Test,
    compile_condition,
    leaves,
    required_prefixes,
    required_values,
    unmet_conditions,
)
from dispatch.domain.requirement_parse import Known
from dispatch.domain.rule import Exclusion, Requirement, Rule, Ruleset, rule_data, ruleset_data
from dispatch.domain.rule_document import Problem, RuleProblemsError
from dispatch.domain.ruleset_parse import parse_ruleset

__all__ = [
    "CompiledRuleset",
    "Exclusion",
    "Known",
    "Problem",
    "Requirement",
    "Rule",
    "RuleProblemsError",
    "Ruleset",
    "parse_ruleset",
    "rule_data",
    "ruleset_data",
]

# A rule that lists more combinations than this is filed under fewer demands: memory stays linear in the rules.
_MOST_DRAWERS: Final = 32
_ANYTHING: Final = None

_Key = str | None
_Drawers = dict[_Key, dict[_Key, dict[_Key, list[int]]]]


class CompiledRuleset:
    """A ruleset ready to decide. Never changes; safe to share."""

    __slots__ = ("_catch_all", "_drawers", "_prefix_lengths", "_rules", "fields", "ruleset", "version")

    def __init__(self, ruleset: Ruleset) -> None:
        """Compile every condition and file every rule."""
        self.ruleset = ruleset
        self.version = ruleset.version
        self.fields = _fields(ruleset)
        ordered = sorted(ruleset.rules, key=lambda rule: rule.order)
        self._catch_all = tuple(rule for rule in ordered if rule.catch_all)[:1]
        self._rules = tuple((rule, _test(rule)) for rule in ordered if not rule.catch_all)
        self._drawers: _Drawers = {}
        for place, (rule, _) in enumerate(self._rules):
            for incident_type, place_kind, prefix in _demands(rule):
                by_place_kind = self._drawers.setdefault(incident_type, {})
                by_place_kind.setdefault(place_kind, {}).setdefault(prefix, []).append(place)
        self._prefix_lengths = tuple(sorted({len(prefix) for prefix in self._prefixes() if prefix is not None}))

    def matching(self, facts: Facts) -> tuple[Rule, ...]:
        """List the rules that match: the highest priority first, equal priorities by id.

        Reading stops after the first final rule. The catch-all stands last, and only when no final rule matched.
        """
        matched: list[Rule] = []
        for place in self._filed(facts):
            rule, test = self._rules[place]
            if test(facts):
                matched.append(rule)
                if rule.final:
                    return tuple(matched)
        return (*matched, *self._catch_all)

    def near_misses(self, facts: Facts, limit: int = 10) -> tuple[tuple[Rule, tuple[ConditionResult, ...]], ...]:
        """List rules that one comparison kept from matching, with that comparison.

        Looks at the rules that name this incident type and at those filed under these facts. Where one of several
        comparisons would have done, all of them are listed. In reading order; not for the hot path.
        """
        found: list[tuple[Rule, tuple[ConditionResult, ...]]] = []
        for place in sorted({*self._filed(facts), *self._of_type(_text(facts, "incident_type"))}):
            if len(found) >= limit:
                break
            rule = self._rules[place][0]
            count, unmet = (0, ()) if rule.when is None else unmet_conditions(rule.when, facts)
            if count == 1:
                found.append((rule, unmet))
        return tuple(found)

    def _filed(self, facts: Facts) -> list[int]:
        """List the places of the rules that these facts do not rule out by type, place kind or division."""
        found: list[int] = []
        place_kind = _text(facts, "place_kind")
        prefixes = self._opened(_text(facts, "division_code"))
        for incident_type in _or_anything(_text(facts, "incident_type")):
            by_place_kind = self._drawers.get(incident_type, {})
            for kind in _or_anything(place_kind):
                by_prefix = by_place_kind.get(kind)
                if by_prefix:
                    found += chain.from_iterable(by_prefix.get(prefix, ()) for prefix in prefixes)
        found.sort()
        return found

    def _opened(self, division_code: str | None) -> list[_Key]:
        if division_code is None:
            return [_ANYTHING]
        size = len(division_code)
        return [_ANYTHING, *(division_code[:length] for length in self._prefix_lengths if length <= size)]

    def _of_type(self, incident_type: str | None) -> Iterator[int]:
        by_place_kind = {} if incident_type is None else self._drawers.get(incident_type, {})
        for by_prefix in by_place_kind.values():
            yield from chain.from_iterable(by_prefix.values())

    def _prefixes(self) -> Iterator[_Key]:
        for by_place_kind in self._drawers.values():
            yield from chain.from_iterable(by_place_kind.values())


def _fields(ruleset: Ruleset) -> frozenset[str]:
    """List the fields that any condition names: a fact that costs something is looked up only for those."""
    conditions = [rule.when for rule in ruleset.rules if rule.when is not None]
    return frozenset(compare.field for condition in conditions for _, compare in leaves(condition))


def _demands(rule: Rule) -> Iterator[tuple[_Key, ...]]:
    """Walk the drawers for one rule: every combination of what it demands of type, place kind and division."""
    if rule.when is None:
        return iter([(_ANYTHING, _ANYTHING, _ANYTHING)])
    demands = [
        required_values(rule.when, "incident_type"),
        required_values(rule.when, "place_kind"),
        _widest(required_prefixes(rule.when, "division_code")),
    ]
    choices: list[tuple[_Key, ...]] = [(_ANYTHING,) if texts is None else tuple(texts) for texts in demands]
    while len(choices[0]) * len(choices[1]) * len(choices[2]) > _MOST_DRAWERS:
        longest = max(range(len(choices)), key=lambda index: len(choices[index]))
        choices[longest] = (_ANYTHING,)
    return product(*choices)


def _widest(prefixes: frozenset[str] | None) -> frozenset[str] | None:
    """Drop the prefixes that another one covers, so that no call opens two drawers with the same rule."""
    if prefixes is None:
        return None
    return frozenset(text for text in prefixes if not any(text[:length] in prefixes for length in range(1, len(text))))


def _or_anything(key: _Key) -> tuple[_Key, ...]:
    return (_ANYTHING,) if key is None else (key, _ANYTHING)


def _test(rule: Rule) -> Test:
    return (lambda _: True) if rule.when is None else compile_condition(rule.when)


def _text(facts: Facts, field: str) -> str | None:
    value = facts.get(field)
    return value if isinstance(value, str) else None
