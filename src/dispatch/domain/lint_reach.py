"""Rules that never act, and types of incident that no rule knows.

Not found: a rule that is reached but some of whose alternatives are not; a type whose own rules leave gaps (by day
only, say). A response mode is taken as if it could hold at any time and anywhere.
"""

from collections.abc import Iterator
from typing import Final

from dispatch.domain.condition_tree import leaves
from dispatch.domain.lint_finding import Finding, listed_en, listed_zh
from dispatch.domain.lint_subject import Placed, Subject, name_en, name_zh
from dispatch.domain.lint_universe import DIVISION, TYPE
from dispatch.domain.rule import Rule

_FALLBACKS: Final = frozenset({"other", "unknown", "misc"})
_MODE: Final = "response_mode"


def find_unreached(subject: Subject) -> Iterator[Finding]:
    """Find what no call reaches: values that do not exist, conditions that never hold, rules that others cover."""
    for placed in subject.each():
        if placed.rule.catch_all:
            continue
        lost = list(_lost_values(subject, placed))
        yield from lost
        if placed.regions is None:
            subject.note_gave_up(placed.rule)
        elif placed.regions:
            yield from _covered(subject, placed)
        elif not any(finding.code == "unknown_incident_type" for finding in lost):
            yield Finding(
                "error",
                "never_true",
                f"{placed.pointer}/when",
                placed.rule.id,
                "这个条件在现有的警情类型和区划中永远不成立",
                "with the incident types and divisions that exist this condition can never be true",
            )


def _lost_values(subject: Subject, placed: Placed) -> Iterator[Finding]:
    if placed.rule.when is None:
        return
    for pointer, compare in leaves(placed.rule.when, f"{placed.pointer}/when"):
        if compare.field not in {TYPE, DIVISION}:
            continue
        for value in map(str, compare.values):
            if not subject.universe.knows(compare, value):
                yield _lost(compare.field, f"{pointer}/value", placed.rule, value)


def _lost(field: str, pointer: str, rule: Rule, value: str) -> Finding:
    if field == TYPE:
        zh, en = f"警情类型 {value} 不存在", f"there is no incident type {value}"
        return Finding("error", "unknown_incident_type", pointer, rule.id, zh, en)
    zh, en = f"区划 {value} 不存在", f"there is no division {value}"
    return Finding("warning", "unknown_division", pointer, rule.id, zh, en)


def _covered(subject: Subject, placed: Placed) -> Iterator[Finding]:
    sought = subject.seek(placed.regions or (), placed.rule)
    if sought.gave_up:
        subject.note_gave_up(placed.rule)
    if not sought.covered_by:
        return
    others = sought.covered_by
    zh = f"永远不会生效：它的警情都先被{listed_zh([name_zh(rule) for rule in others])}处理，之后不再往下读"
    names = listed_en([name_en(rule) for rule in others])
    en = f"never acts: all its calls are taken before by {names}, after which nothing is read"
    if _names_mode(placed.rule) and not all(_names_mode(rule) for rule in others):
        zh += "；响应模式下的规则要排在普通规则之前（优先级更高）才会生效"
        en += "; a rule for a response mode must stand above the rule for ordinary times (a higher priority)"
    yield Finding("error", "shadowed", placed.pointer, placed.rule.id, zh, en)


def _names_mode(rule: Rule) -> bool:
    return rule.when is not None and any(compare.field == _MODE for _, compare in leaves(rule.when))


def find_idle_catch_all(subject: Subject) -> Iterator[Finding]:
    """Find a catch-all that nothing reaches, because a final rule holds for every call."""
    catch_all = next((placed for placed in subject.rules if placed.rule.catch_all), None)
    if catch_all is None:
        return
    for placed in subject.each():
        if placed.rule.final and not placed.rule.catch_all and subject.holds_always(placed.rule):
            zh = f"兜底规则永远不会生效：{name_zh(placed.rule)}对任何警情都成立"
            en = f"the catch-all never acts: {name_en(placed.rule)} holds for every call"
            yield Finding("warning", "idle_catch_all", catch_all.pointer, catch_all.rule.id, zh, en)
            return


def find_types_without_a_rule(subject: Subject) -> Iterator[Finding]:
    """Find incident types that no final rule names, alone or with the types above it."""
    named = 0
    for placed in subject.each():
        if placed.rule.final and placed.types is not None and placed.regions != []:
            named |= placed.types
    for place, code in enumerate(subject.universe.types):
        if named >> place & 1:
            continue
        kind = subject.directory.content.incident_types[code]
        level = "note" if code.rpartition(".")[2] in _FALLBACKS else "warning"
        zh = f"警情类型「{kind.name}」({code})没有自己的规则，由兜底规则处理"
        en = f'no rule is for the incident type "{kind.name_en}" ({code}): the catch-all takes it'
        yield Finding(level, "type_without_rule", "/rules", None, zh, en)
