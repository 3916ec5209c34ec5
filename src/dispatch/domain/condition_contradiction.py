"""Finds conditions that can never be true: parts of one `all` that shut each other out.

It looks at one field at a time and only at comparisons that stand directly in the `all`, also negated. What it reports
is certain; it does not claim to find every contradiction.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dispatch.domain.condition_compile import Test, compile_compare
from dispatch.domain.condition_fields import FIELDS
from dispatch.domain.condition_text import compare_text, negated
from dispatch.domain.condition_tree import All, Compare, Condition, Not, steps

_MOST_CHECKS: Final = 20_000
_SHOWN_PARTS: Final = 3
_SHOWN_CHARACTERS: Final = 80


@dataclass(frozen=True, slots=True)
class _Demand:
    compare: Compare
    wanted: bool

    @property
    def text(self) -> str:
        text = compare_text(self.compare)
        text = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
        return text if self.wanted else negated(text)


def find_contradictions(condition: Condition, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Walk the parts that can never be true, each with its JSON pointer and the comparisons that collide."""
    demands, rest = _flatten(condition, pointer)
    by_field: dict[str, list[_Demand]] = defaultdict(list)
    for demand in demands:
        by_field[demand.compare.field].append(demand)
    for name, group in by_field.items():
        if not _is_possible(name, group):
            texts = " && ".join(demand.text for demand in group[:_SHOWN_PARTS])
            yield pointer, f"this can never be true: {texts}"
    for place, part in rest:
        yield from find_contradictions(part, place)


def _flatten(condition: Condition, pointer: str) -> tuple[list[_Demand], list[tuple[str, Condition]]]:
    """Part what the condition demands for certain from the parts that must be looked at on their own."""
    match condition:
        case Compare():
            return [_Demand(condition, wanted=True)], []
        case Not(Compare() as compare):
            return [_Demand(compare, wanted=False)], []
        case All():
            demands: list[_Demand] = []
            rest: list[tuple[str, Condition]] = []
            for step, part in steps(condition):
                found, left = _flatten(part, pointer + step) if isinstance(part, All) else _part(part, pointer + step)
                demands += found
                rest += left
            return demands, rest
    return [], [(pointer + step, part) for step, part in steps(condition)]


def _part(part: Condition, pointer: str) -> tuple[list[_Demand], list[tuple[str, Condition]]]:
    if isinstance(part, Compare) or (isinstance(part, Not) and isinstance(part.part, Compare)):
        return _flatten(part, pointer)
    return [], [(pointer, part)]


def _is_possible(name: str, group: Sequence[_Demand]) -> bool:
    if FIELDS[name].kind == "set":
        return _is_set_possible(name, group)
    wanted = [demand.compare for demand in group if demand.wanted]
    candidates, demands = _candidates(name, wanted, group)
    if not wanted or not demands or len(candidates) * len(demands) > _MOST_CHECKS:
        return True
    tests = [(compile_compare(demand.compare), demand.wanted) for demand in demands]
    return any(_holds_all(name, value, tests) for value in candidates)


def _holds_all(name: str, value: str | int, tests: list[tuple[Test, bool]]) -> bool:
    return all(test({name: value}) is wanted for test, wanted in tests)


def _candidates(
    name: str, wanted: list[Compare], group: Sequence[_Demand]
) -> tuple[Sequence[str | int], Sequence[_Demand]]:
    """List the values that could satisfy the group, and the demands that are worth trying on them."""
    if FIELDS[name].universe:
        return FIELDS[name].universe, group
    for compare in wanted:
        if compare.op in {"eq", "in"}:
            return compare.values, group
    # Without a closed list only prefixes can collide: the longest of them satisfies all that agree.
    prefixes = [demand for demand in group if demand.wanted and demand.compare.op == "under"]
    return [value for demand in prefixes for value in demand.compare.values], prefixes


def _is_set_possible(name: str, group: Sequence[_Demand]) -> bool:
    """Try the smallest set that has what is demanded: more tags only make a negated demand harder to meet."""
    needed = frozenset(
        str(value)
        for demand in group
        if demand.wanted and demand.compare.op in {"has", "has_all"}
        for value in demand.compare.values
    )
    return not any(compile_compare(demand.compare)({name: needed}) for demand in group if not demand.wanted)
