"""Rules of equal priority whose order matters: ids decide it, which nobody means to say with an id.

Two final rules that can take the same call and require different things are an error; where one or both are read on
from, and an example shows that the other order would require something else, a warning. Not found: that the same
requirements come out in another order, so that one unit fills another place.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from dispatch.domain.condition_tree import Facts
from dispatch.domain.lint_finding import Finding
from dispatch.domain.lint_region import bits, meet_all
from dispatch.domain.lint_subject import Placed, Subject, example_text, name_en, name_zh
from dispatch.domain.routing import merge_requirements
from dispatch.domain.rule import Requirement, Rule

_MOST_PAIRS: Final = 500_000
_MOST_COMPARED: Final = 2_000
"""So many pairs are looked at closely; each costs as much as all rules that match with them."""
_MOST_READ: Final = 50
_ANY: Final = -1


def find_equal_priorities(subject: Subject) -> Iterator[Finding]:
    """Find pairs of one priority whose order changes what is required."""
    left, compared = _MOST_PAIRS, 0
    rules = [placed for placed in subject.each() if not placed.rule.catch_all]
    for _, group in groupby(rules, key=lambda placed: placed.rule.priority):
        for first, second in _pairs(list(group)):
            left -= 1
            if left < 0:
                subject.note_gave_up(second.rule)
                return
            if _may_differ(first.rule, second.rule):
                compared += 1
                if compared > _MOST_COMPARED:
                    subject.note_gave_up(second.rule)
                    return
                yield from _compared(subject, first, second)


def _pairs(group: Sequence[Placed]) -> Iterator[tuple[Placed, Placed]]:
    """Walk the pairs that can have a type of incident in common, each once, in reading order."""
    by_type: defaultdict[int, list[int]] = defaultdict(list)
    for number, placed in enumerate(group):
        types = (_ANY,) if placed.types is None else tuple(bits(placed.types))
        earlier = tuple(by_type) if placed.types is None else (*types, _ANY)
        for before in sorted({before for kind in earlier for before in by_type.get(kind, ())}):
            yield group[before], placed
        for kind in types:
            by_type[kind].append(number)


def _compared(subject: Subject, first: Placed, second: Placed) -> Iterator[Finding]:
    if first.regions is None or second.regions is None:
        subject.note_gave_up(second.rule)
        return
    common = meet_all(first.regions, second.regions)
    sought = subject.seek(common, first.rule if first.rule.final else second.rule)
    if sought.gave_up:
        subject.note_gave_up(second.rule)
    both = first.rule.final and second.rule.final
    if sought.facts is None or not (both or _differs(subject, sought.facts, (first.rule, second.rule))):
        return
    zh = "两者要求不同，只有先读的一条生效" if both else "先后不同，派出的单位也不同"
    en = "they require different things, and only the first one read acts" if both else "the other order sends others"
    example = example_text(sought.facts, common)
    yield Finding(
        "error" if both else "warning",
        "order_by_id",
        f"{second.pointer}/priority",
        second.rule.id,
        f"与{name_zh(first.rule)}优先级相同，可同时命中一个警情，先后只由编号决定：{zh}（例：{example}）",
        f"has the priority of {name_en(first.rule)}, both can match one call and only their ids decide which is read "
        f"first: {en} (e.g. {example})",
    )


def _may_differ(first: Rule, second: Rule) -> bool:
    """Say in short whether the order of two matching rules can matter at all."""
    if first.final and second.final:
        return (first.require, first.exclude, first.clocks) != (second.require, second.exclude, second.clocks)
    if first.final or second.final:
        return True
    pools = {_pool(requirement) for requirement in first.require}
    return (
        (_leads(first) and _leads(second))
        or (first.clocks is not None and second.clocks is not None)
        or any(_pool(requirement) in pools for requirement in second.require)
    )


def _differs(subject: Subject, facts: Facts, pair: tuple[Rule, Rule]) -> bool:
    """Say whether one call's requirements would be others if the two rules were read the other way round."""
    first, second = pair
    read = subject.compiled.matching(facts)
    if len(read) > _MOST_READ:
        subject.note_gave_up(second)
        return False
    place = next(number for number, rule in enumerate(read) if rule is first)
    turned = (*read[:place], second)
    if not second.final:
        turned = (*turned, first, *(rule for rule in read[place + 1 :] if rule is not second))
    return _required(read) != _required(turned)


def _required(rules: tuple[Rule, ...]) -> tuple[object, ...]:
    excluded = frozenset(exclusion.unit_kind for rule in rules for exclusion in rule.exclude)
    clocks = next((rule.clocks for rule in rules if rule.clocks is not None), None)
    return frozenset(merge_requirements(rules)), excluded, clocks


def _leads(rule: Rule) -> bool:
    return any(requirement.role == "lead" for requirement in rule.require)


def _pool(requirement: Requirement) -> tuple[str, str | None]:
    return requirement.pool, requirement.capability
