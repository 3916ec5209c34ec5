"""Says why a condition holds or not, comparison by comparison, and what is missing when it nearly holds.

A comparison below a `not` is shown as its opposite, so that a line that is met always speaks for the rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dispatch.domain.condition_compile import compile_compare
from dispatch.domain.condition_text import compare_text, negated
from dispatch.domain.condition_tree import All, Compare, Condition, Facts, Not, steps


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """One line of the explanation; `value` is what the facts hold, sets in alphabetical order."""

    text: str
    value: str | int | tuple[str, ...] | None
    met: bool
    field: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A comparison and whether the rule wants it to hold."""

    compare: Compare
    wanted: bool

    def is_met(self, facts: Facts) -> bool:
        return compile_compare(self.compare)(facts) is self.wanted

    def result(self, facts: Facts) -> ConditionResult:
        text, value = compare_text(self.compare), facts.get(self.compare.field)
        return ConditionResult(
            text=text if self.wanted else negated(text),
            value=tuple(sorted(value)) if isinstance(value, frozenset) else value,
            met=self.is_met(facts),
            field=self.compare.field,
        )


def explain_condition(condition: Condition, facts: Facts) -> tuple[ConditionResult, ...]:
    """List every comparison in the order of the tree, with its actual value; none is skipped."""
    return tuple(line.result(facts) for line in _lines(condition, wanted=True))


def is_explained_met(condition: Condition, results: tuple[ConditionResult, ...]) -> bool:
    """Decide the whole condition from its explanation: the same answer that the compiled condition gave."""
    return _overall(condition, iter(results), wanted=True)


def unmet_conditions(condition: Condition, facts: Facts) -> tuple[int, tuple[ConditionResult, ...]]:
    """Count how many comparisons at least would have to turn out otherwise, and list which.

    Where one of several alternatives would do, the count is that of the cheapest and the list names each that is as
    cheap. (0, ()) when the condition holds.
    """
    count, lines = _unmet(condition, facts, wanted=True)
    return count, tuple(line.result(facts) for line in lines)


def _lines(condition: Condition, *, wanted: bool) -> Iterator[_Line]:
    if isinstance(condition, Compare):
        yield _Line(condition, wanted)
        return
    for _, part in steps(condition):
        yield from _lines(part, wanted=wanted is not isinstance(condition, Not))


def _overall(condition: Condition, results: Iterator[ConditionResult], *, wanted: bool) -> bool:
    if isinstance(condition, Compare):
        return next(results).met
    if isinstance(condition, Not):
        return _overall(condition.part, results, wanted=not wanted)
    outcomes = [_overall(part, results, wanted=wanted) for part in condition.parts]
    return all(outcomes) if isinstance(condition, All) is wanted else any(outcomes)


def _unmet(condition: Condition, facts: Facts, *, wanted: bool) -> tuple[int, tuple[_Line, ...]]:
    if isinstance(condition, Compare):
        line = _Line(condition, wanted)
        return (0, ()) if line.is_met(facts) else (1, (line,))
    if isinstance(condition, Not):
        return _unmet(condition.part, facts, wanted=not wanted)
    found = [_unmet(part, facts, wanted=wanted) for part in condition.parts]
    if isinstance(condition, All) is not wanted:
        least = min(count for count, _ in found)
        return least, tuple(line for count, lines in found if count == least for line in lines)
    return sum(count for count, _ in found), tuple(line for _, lines in found for line in lines)
