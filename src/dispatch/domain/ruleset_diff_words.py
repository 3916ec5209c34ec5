"""Words for what changed in a ruleset, in both languages."""

import re
from typing import Final

_WORDS: Final = {
    "name": ("名称", "name"),
    "zh": ("中文", "Chinese"),
    "en": ("英文", "English"),
    "priority": ("优先级", "priority"),
    "final": ("终止匹配", "final"),
    "catch_all": ("兜底规则", "catch-all"),
    "clocks": ("时限方案", "clock profile"),
    "when": ("条件", "condition"),
    "require": ("派警要求", "requirement"),
    "order": ("次序", "order"),
    "exclude": ("禁派", "exclusion"),
    "reason": ("原因", "reason"),
    "correlations": ("关联规则", "correlation"),
    "role": ("角色", "role"),
    "unit_kind": ("单位类型", "unit kind"),
    "count": ("数量", "count"),
    "mandatory": ("必须到位", "mandatory"),
    "choose": ("选择顺序", "order of choice"),
    "substitutes": ("替补类型", "substitutes"),
    "capability": ("能力", "capability"),
    "within_m": ("距离上限（米）", "within metres"),
    "within_s": ("时间上限（秒）", "within seconds"),
    "rest_s": ("休整时间（秒）", "rest in seconds"),
    "units": ("指定单位", "named units"),
    "language": ("语言", "language"),
    "tier": ("层级", "tier"),
    "spread": ("分散层级", "spread over"),
    "ask": ("征询数量", "asked"),
    "claim": ("先到先得", "first to claim"),
    "release": ("释放条件", "released"),
    "leads": ("接任主办条件", "takes the lead"),
    "after_s": ("延时（秒）", "after seconds"),
    "event": ("事件", "event"),
    "tag": ("标签", "tag"),
    "join": ("合并方式", "join"),
    "incident_types": ("警情类型", "incident types"),
}
_STEP: Final = re.compile(r"(\w+)(?:\[([^\]]*)\])?")
_LONGEST: Final = 300


def said(field: str, before: str | None, after: str | None) -> tuple[str, str]:
    """Say in Chinese and English what became of a field."""
    zh, en = _label(field, 0, " · "), _label(field, 1, ", ")
    if before is None:
        return f"新增{zh}：{_short(after)}", f"{en}: added {_short(after)}"
    if after is None:
        return f"删除{zh}：{_short(before)}", f"{en}: removed {_short(before)}"
    return f"{zh}：{_short(before)} → {_short(after)}", f"{en}: {_short(before)} → {_short(after)}"


def _label(field: str, language: int, between: str) -> str:
    labels = []
    for name, about in _STEP.findall(field):
        word = _WORDS[name][language] if name in _WORDS else name
        labels.append(f"{word} {about}" if about else word)
    return between.join(labels)


def _short(text: str | None) -> str:
    if text is None:
        return "–"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
