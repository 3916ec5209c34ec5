"""Turns conditions into closures, and says what facts must hold for a condition to be possible at all."""

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final

from dispatch.domain.condition_fields import FIELDS, Operator
from dispatch.domain.condition_tree import All, AnyOf, Compare, Condition, Constants, Facts, Not

Test = Callable[[Facts], bool]


def compile_condition(condition: Condition) -> Test:
    """Make a function that decides the condition for facts; a field without a value makes its comparison false."""
    match condition:
        case Compare():
            return compile_compare(condition)
        case Not(part):
            test = compile_condition(part)
            return lambda facts: not test(facts)
        case All(parts):
            return _conjunction([compile_condition(part) for part in parts])
        case AnyOf(parts):
            return _disjunction([compile_condition(part) for part in parts])


@lru_cache(maxsize=4096)
def compile_compare(compare: Compare) -> Test:
    """Make a function that decides one comparison; remembered like its text."""
    return _TESTS[compare.op](compare.field, compare.values)


def _equal(name: str, values: Constants) -> Test:
    value = values[0]
    return lambda facts: facts.get(name) == value


def _one_of(name: str, values: Constants) -> Test:
    allowed = frozenset(values)
    return lambda facts: facts.get(name) in allowed


def _none_of(name: str, values: Constants) -> Test:
    # The empty string stands for "no value" in the readable text, so it never counts as another value.
    refused = frozenset((*values, None, ""))
    return lambda facts: facts.get(name) not in refused


def _under(name: str, values: Constants) -> Test:
    value = str(values[0])
    if FIELDS[name].kind == "code":
        return lambda facts: isinstance(actual := facts.get(name), str) and actual.startswith(value)
    below = f"{value}."
    return lambda facts: isinstance(actual := facts.get(name), str) and (actual == value or actual.startswith(below))


def _has_any(name: str, values: Constants) -> Test:
    wanted = frozenset(values)
    return lambda facts: isinstance(actual := facts.get(name), frozenset) and not wanted.isdisjoint(actual)


def _has_all(name: str, values: Constants) -> Test:
    wanted = frozenset(values)
    return lambda facts: isinstance(actual := facts.get(name), frozenset) and wanted <= actual


def _ordered(op: Operator, holds: Callable[[int, int], bool], name: str, values: Constants) -> Test:
    bound = values[0]
    if isinstance(bound, str):
        return _one_of(name, FIELDS[name].scale_values(op, bound))
    return lambda facts: isinstance(actual := facts.get(name), int) and holds(actual, bound)


_TESTS: Final[Mapping[Operator, Callable[[str, Constants], Test]]] = {
    "eq": _equal,
    "ne": _none_of,
    "in": _one_of,
    "not_in": _none_of,
    "under": _under,
    "has": _has_any,
    "has_any": _has_any,
    "has_all": _has_all,
    "lt": partial(_ordered, "lt", operator.lt),
    "le": partial(_ordered, "le", operator.le),
    "gt": partial(_ordered, "gt", operator.gt),
    "ge": partial(_ordered, "ge", operator.ge),
}


def _conjunction(tests: list[Test]) -> Test:
    match tests:
        case [first]:
            return first
        case [first, second]:
            return lambda facts: first(facts) and second(facts)
        case [first, second, third]:
            return lambda facts: first(facts) and second(facts) and third(facts)
    return partial(_every, tests)


def _disjunction(tests: list[Test]) -> Test:
    match tests:
        case [first]:
            return first
        case [first, second]:
            return lambda facts: first(facts) or second(facts)
    return partial(_some, tests)


def _every(tests: list[Test], facts: Facts) -> bool:
    # A loop, not all(...): a generator costs as much as three comparisons.
    for test in tests:  # noqa: SIM110
        if not test(facts):
            return False
    return True


def _some(tests: list[Test], facts: Facts) -> bool:
    for test in tests:  # noqa: SIM110
        if test(facts):
            return True
    return False


def required_values(condition: Condition, field: str) -> frozenset[str] | None:
    """List the values of which `field` must have one for the condition to be possible; None when it may be anything.

    Only `eq` and `in` constrain; what stands below a `not` does not. Empty means that the condition is impossible.
    """
    match condition:
        case Compare(name, "eq" | "in") if name == field:
            return frozenset(value for value in condition.values if isinstance(value, str))
        case All(parts):
            known = [values for part in parts if (values := required_values(part, field)) is not None]
            return frozenset.intersection(*known) if known else None
        case AnyOf(parts):
            branches = [required_values(part, field) for part in parts]
            known = [values for values in branches if values is not None]
            return frozenset().union(*known) if len(known) == len(branches) else None
    return None


def required_prefixes(condition: Condition, field: str) -> frozenset[str] | None:
    """List the texts of which the value of `field` must start with one; None when it may be anything.

    `under` constrains too. Of several demands on the field the one with the fewest texts is answered.
    """
    match condition:
        case Compare(name, "eq" | "in" | "under") if name == field:
            return frozenset(str(value) for value in condition.values)
        case All(parts):
            known = [texts for part in parts if (texts := required_prefixes(part, field)) is not None]
            return min(known, key=len, default=None)
        case AnyOf(parts):
            branches = [required_prefixes(part, field) for part in parts]
            known = [texts for texts in branches if texts is not None]
            return frozenset().union(*known) if len(known) == len(branches) else None
    return None
