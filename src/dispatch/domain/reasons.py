"""Why a unit goes or does not, and why a place stays empty: one sentence in both languages for every code.

The plain sentence is always there; where more is known (how far, how many, which rule) a fuller one is told.
Invariant: every code that routing can give has a sentence (`tests/unit/test_reasons.py`).
"""

from collections.abc import Mapping
from string import Formatter
from typing import Final

from dispatch.domain.words import Words, named

CHOSEN: Final[Mapping[str, Words]] = {
    "jurisdiction": Words("辖区单位", "answers for the area"),
    "nearest": Words("距离最近", "the nearest that can go"),
    "on_call": Words("不在班，由备勤人员出动", "off duty; whoever is on call goes"),
    "substitute": Words("替代单位：所需单位均不能出动", "stands in: nobody of the kind that is asked for can go"),
    "manual": Words("人工指定", "named by hand"),
    "superior": Words("上级单位", "the superior of a unit that stays silent"),
}
"""Why a unit was chosen."""

REFUSED: Final[Mapping[str, Words]] = {
    "excluded_by_rule": Words("规则禁止派出该类单位", "a rule forbids this kind of unit"),
    "not_in_drill": Words("不参加本次演练", "does not take part in the drill"),
    "capability": Words("不具备所需能力", "cannot do what is needed"),
    "out_of_service": Words("停用", "out of service"),
    "already_sent": Words("已在本警情中", "on this incident already"),
    "committed": Words("正在处置其他警情", "committed to another incident"),
    "off_duty": Words("不在班", "off duty"),
    "not_posted": Words("现行响应模式下不设岗", "a post that the response mode does not call out"),
    "not_named": Words("规则未点名该单位", "not among the units that the rule names"),
    "language": Words("不会所需语言", "does not speak the language that is needed"),
    "too_far": Words("距离过远", "too far away"),
    "resting": Words("休整时间不足", "has not rested long enough"),
}
"""Why a unit that was looked at could not go."""

SPARE: Final[Mapping[str, Words]] = {
    "outside_jurisdiction": Words(
        "辖区不同，仅在辖区单位不足时派出", "answers for another area; asked only if others lack"
    ),
    "not_needed": Words("排名靠后，已有足够单位", "ranked behind those who were enough"),
}
"""Why a unit that could go was not needed."""

SHORT: Final[Mapping[str, Words]] = {
    "no_candidates": Words("没有这类单位", "there is no such unit"),
    "outside_jurisdiction": Words("辖区内没有，辖区外不强制派出", "none of the area; others are not asked for this"),
    "off_duty": Words("均不在班", "all are off duty"),
    "all_committed": Words("均在处置其他警情", "all are committed to other incidents"),
    "position_stale": Words("位置均已过期", "no position is fresh"),
    "no_live_console": Words("控制台均不在线", "no console is live"),
    "no_answer": Words("均无应答", "nobody answers"),
    "excluded_by_rule": Words("规则禁止派出该类单位", "a rule forbids this kind of unit"),
    "too_far": Words("均超出距离限制", "all are too far away"),
    "resting": Words("休整时间均不足", "none has rested long enough"),
    "not_in_drill": Words("没有其他单位参加本次演练", "no other unit takes part in the drill"),
    "already_sent": Words("该类单位均已派出", "every one there is was sent already"),
}
"""Why a place stays empty."""

ASIDE: Final[Mapping[str, Words]] = {
    "other_kind": Words("不属于所需的单位类别", "not of a kind that is asked for"),
    "held_back": Words("暂不派出，等待触发条件", "this kind waits until something happens"),
    "other_tier": Words("不属于所需层级", "does not answer for the area at the level that is asked"),
    "not_among_nearest": Words("不在最近的单位之中", "farther away than those who were looked at"),
    "same_side": Words("同一区划已派出单位，须分散派出", "its division sends somebody already; others come first"),
    "substitute_not_needed": Words("替代类别，未轮到替代", "of a kind that stands in; nobody had to"),
    "unknown_unit": Words("名录中没有该单位", "the directory has no such unit"),
    "not_recorded": Words("当时未考虑该单位", "it was not looked at then"),
    "directory_changed": Words("按现行名录会派出，当时未派", "would go by the directory of today; then it did not"),
}
"""Why a unit was not looked at."""

ASSUMPTIONS: Final[Mapping[str, Words]] = {
    "directory_in_force": Words(
        "按现行名录（单位、辖区、值班时间）计算", "by the directory in force: units, areas, hours"
    ),
    "present_states": Words("按各单位此刻的状态计算", "with the units as they are now"),
    "all_free": Words("假定所有单位空闲并在驻地", "with every unit free and at its base"),
    "recorded_states": Words(
        "按当时记录的单位状态计算；当时未考虑的单位按空闲、照常值班计",
        "with the unit states recorded then; a unit that was not looked at then counts as free and on its schedule",
    ),
}
"""What a simulation or back-test takes for granted; told with every answer."""

_FULLER: Final[Mapping[str, Words]] = {
    "excluded_by_rule": Words("被规则“{rule.zh}”排除：{reason.zh}", "excluded by the rule '{rule.en}': {reason.en}"),
    "too_far": Words("距离过远：{away.zh}，限 {limit.zh}", "too far: {away.en} of {limit.en}"),
    "resting": Words("刚休整 {rested.zh}，须 {limit.zh}", "rested {rested.en} of {limit.en}"),
    "capability": Words("不具备“{ability}”能力", "cannot do '{ability}'"),
    "language": Words("不会所需语言（{ability}）", "does not speak '{ability}'"),
    "off_duty": Words("不在班：{duty.zh}", "off duty: {duty.en}"),
    "not_posted": Words("仅在响应模式 {modes} 下设岗", "a post in response mode {modes} only"),
    "committed": Words("正在处置其他警情（{incident}）", "committed to another incident ({incident})"),
    "not_needed": Words("排{rank.zh}，共 {of} 个，需要 {needed} 个", "ranked {rank.en} of {of}; {needed} needed"),
    "outside_jurisdiction": Words(
        "辖区不同，距现场 {away.zh}；仅在辖区单位不足时派出",
        "answers for another area, {away.en} away; asked only if others lack",
    ),
    "other_kind": Words(
        "单位类别为“{kind.zh}”，需要的是{asked.zh}", "is of the kind '{kind.en}'; asked for: {asked.en}"
    ),
    "held_back": Words("“{kind.zh}”暂不派出，等待：{trigger.zh}", "'{kind.en}' is held back until {trigger.en}"),
    "other_tier": Words("须由{tier.zh}单位负责", "asked for at {tier.en}"),
}
_KINDS: Final = (CHOSEN, REFUSED, SPARE, ASIDE)


def sentence(code: str, facts: Mapping[str, object] | None = None) -> Words:
    """Say why about a unit: as full as the facts allow."""
    fuller = _FULLER.get(code)
    if fuller is not None and facts and _names(fuller.en) <= facts.keys():
        return Words(fuller.zh.format_map(facts), fuller.en.format_map(facts))
    known = next((kind for kind in _KINDS if code in kind), {})
    return named(known, code)


def shortfall_sentence(reason: str) -> Words:
    """Say why a place stays empty."""
    return named(SHORT, reason)


def _names(template: str) -> set[str]:
    return {name.partition(".")[0] for _, name, _, _ in Formatter().parse(template) if name}
