"""What a requirement asks for, in words: kind, number, role, how to choose, limits, who is asked and who waits."""

from collections.abc import Iterator

from dispatch.domain.directory import Directory
from dispatch.domain.rule import Requirement
from dispatch.domain.words import (
    CRITERION_WORDS,
    LEVEL_WORDS,
    ROLE_WORDS,
    Words,
    distance,
    duration,
    joined,
    kind_words,
    named,
    same,
    trigger_words,
)


def asked_words(requirement: Requirement, directory: Directory) -> Words:
    """Say it in one sentence."""
    parts = [*_who(requirement, directory), *_which(requirement, directory), *_when(requirement)]
    return Words("；".join(part.zh for part in parts), "; ".join(part.en for part in parts))


def _who(requirement: Requirement, directory: Directory) -> Iterator[Words]:
    role, kind = named(ROLE_WORDS, requirement.role), kind_words(requirement.pool, directory)
    yield Words(f"{role.zh}：{kind.zh} {requirement.count} 个", f"{role.en}: {requirement.count} × {kind.en}")
    yield Words("必须", "mandatory") if requirement.mandatory else Words("可缺", "may be missing")
    order = joined(named(CRITERION_WORDS, criterion) for criterion in requirement.choose)
    yield Words(f"依次按{order.zh}选择", f"chosen by {order.en}")
    if requirement.substitutes:
        kinds = joined(kind_words(kind, directory) for kind in requirement.substitutes)
        yield Words(f"可由{kinds.zh}替代", f"else {kinds.en}")


def _which(requirement: Requirement, directory: Directory) -> Iterator[Words]:
    if requirement.capability is not None and requirement.unit_kind is not None:
        yield Words(f"须具备“{requirement.capability}”能力", f"able to do '{requirement.capability}'")
    if requirement.language is not None:
        yield Words(f"会语言 {requirement.language}", f"speaks '{requirement.language}'")
    if requirement.within_m is not None:
        limit = distance(requirement.within_m)
        yield Words(f"{limit.zh}以内", f"within {limit.en}")
    if requirement.rest_s is not None:
        limit = duration(requirement.rest_s)
        yield Words(f"已休整 {limit.zh}", f"rested for {limit.en}")
    if requirement.units:
        units = joined(_unit(code, directory) for code in requirement.units)
        yield Words(f"限{units.zh}", f"only {units.en}")
    if requirement.tier is not None:
        tier = named(LEVEL_WORDS, requirement.tier)
        yield Words(f"须由{tier.zh}单位负责", f"at {tier.en}")
    if requirement.spread is not None:
        level = named(LEVEL_WORDS, requirement.spread)
        yield Words(f"分散于不同区划（{level.zh}）", f"each from another division ({level.en})")


def _unit(code: str, directory: Directory) -> Words:
    unit = directory.unit_by_code.get(code)
    return same(code) if unit is None else Words(unit.name, unit.name_en)


def _when(requirement: Requirement) -> Iterator[Words]:
    if requirement.asked > requirement.count and requirement.claim:
        yield Words(
            f"同时询问 {requirement.asked} 个，先签收者出动",
            f"{requirement.asked} are asked, the first to acknowledge have it",
        )
    elif requirement.asked > requirement.count:
        yield Words(
            f"派出 {requirement.asked} 个，{requirement.count} 个签收即可",
            f"{requirement.asked} are sent, {requirement.count} have to acknowledge",
        )
    if requirement.release is not None:
        trigger = trigger_words(requirement.release)
        yield Words(f"等待：{trigger.zh}", f"held back until {trigger.en}")
    if requirement.leads is not None:
        trigger = trigger_words(requirement.leads)
        yield Words(f"此时转为主办：{trigger.zh}", f"takes the lead when {trigger.en}")
    if requirement.clocks is not None:
        yield Words(f"时限：{requirement.clocks}", f"clocks: {requirement.clocks}")
