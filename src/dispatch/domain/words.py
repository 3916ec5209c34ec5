"""Words in both languages: what numbers, codes and names are called in a sentence. No sentence of its own.

Invariant: what has no name here is shown by its code, never left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dispatch.domain.directory import Directory
from dispatch.domain.trigger import Trigger
from dispatch.domain.unit import CAPABILITY

_KILOMETRE: Final = 1000
_MINUTE: Final = 60
_HOUR: Final = 3600
_TEENS: Final = range(11, 14)


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    zh: str
    en: str


def same(text: str) -> Words:
    """Give a code or number that reads alike in both."""
    return Words(text, text)


def joined(parts: Iterable[Words], *, last: bool = False) -> Words:
    """Put parts together as a list; with `last` its end is an "or"."""
    found = list(parts)
    if last and len(found) > 1:
        zh = "、".join(part.zh for part in found[:-1]) + f"或{found[-1].zh}"
        return Words(zh, ", ".join(part.en for part in found[:-1]) + f" or {found[-1].en}")
    return Words("、".join(part.zh for part in found), ", ".join(part.en for part in found))


def distance(metres: float) -> Words:
    """Say how far: `420 m`, `4.2 km`."""
    if metres < _KILOMETRE:
        return Words(f"{metres:.0f} 米", f"{metres:.0f} m")
    return Words(f"{metres / _KILOMETRE:.1f} 公里", f"{metres / _KILOMETRE:.1f} km")


def duration(seconds: float) -> Words:
    """Say how long: the two units that matter would be one too many, so one decimal at most."""
    if seconds < _MINUTE:
        return Words(f"{seconds:.0f} 秒", f"{seconds:.0f} s")
    if seconds < _HOUR:
        return Words(f"{seconds / _MINUTE:.3g} 分钟", f"{seconds / _MINUTE:.3g} min")
    return Words(f"{seconds / _HOUR:.3g} 小时", f"{seconds / _HOUR:.3g} h")


def counted(number: int, thing: str) -> str:
    """Say how many, in English: `1 unit`, `2 units`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def ordinal(number: int) -> Words:
    """Say which one: 第5, 5th."""
    ending = "th" if number % 100 in _TEENS else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return Words(f"第{number}", f"{number}{ending}")


ROLE_WORDS: Final[Mapping[str, Words]] = {
    "lead": Words("主办", "lead"),
    "support": Words("协办", "support"),
    "notify": Words("知悉", "to be told"),
}
TAG_WORDS: Final[Mapping[str, Words]] = {
    "violence": Words("有暴力行为", "Violence"),
    "weapon": Words("有凶器", "Weapon"),
    "knife": Words("有刀具", "Knife"),
    "gun": Words("有枪", "Gun"),
    "hostage": Words("有人被劫持", "Hostage"),
    "fire": Words("起火", "Fire"),
    "injured": Words("有人受伤", "Injured"),
    "transfer": Words("需转运", "Needs transport"),
    "minor": Words("未成年人", "Minor"),
    "sensitive_health": Words("涉健康隐私", "Health, confidential"),
    "victim_privacy": Words("保护求助人隐私", "Victim's privacy"),
    "property_damage": Words("财物损坏", "Property damage"),
    "explosion_risk": Words("有爆炸危险", "Risk of explosion"),
    "chemical_smell": Words("有化学异味", "Chemical smell"),
    "leaking": Words("有泄漏", "Leak"),
    "evacuation": Words("需疏散", "Evacuation"),
    "mass_evacuation": Words("需大规模疏散", "Mass evacuation"),
    "division_unknown": Words("区划待核实", "Division to be verified"),
    "location_doubtful": Words("坐标存疑", "Coordinates doubtful"),
    "search": Words("需搜寻", "Search"),
}
"""What an incident's tags are called, as at the consoles."""
CRITERION_WORDS: Final[Mapping[str, Words]] = {
    "jurisdiction": Words("辖区", "area"),
    "nearest": Words("距离", "distance"),
    "load": Words("任务量", "load"),
    "rank": Words("级别", "rank"),
    "rest": Words("休整时间", "rest"),
}
LEVEL_WORDS: Final[Mapping[str, Words]] = {
    "village": Words("村（社区）级", "village level"),
    "township": Words("乡镇（街道）级", "township level"),
    "county": Words("区县级", "county level"),
    "city": Words("市级", "city level"),
    "parent": Words("上一级", "the level above"),
}
EVENT_WORDS: Final[Mapping[str, Words]] = {
    "confirmed": Words("由指挥员确认", "an operator confirms"),
    "lead_silent": Words("主办单位无人签收", "the lead is silent"),
    "lead_acknowledged": Words("主办单位签收", "the lead has acknowledged"),
    "lead_arrived": Words("主办单位到场", "the lead is on scene"),
    "lead_fed_back": Words("主办单位反馈", "the lead has fed back"),
    "shortfall": Words("出现缺口", "a place stays unfilled"),
}
FIELD_WORDS: Final[Mapping[str, Words]] = {
    "incident_type": Words("警情类型", "incident type"),
    "place_kind": Words("场所类别", "place kind"),
    "urgency": Words("紧急程度", "urgency"),
    "severity": Words("事件等级", "severity"),
    "tags": Words("标签", "tags"),
    "division_code": Words("区划", "division"),
    "area_class": Words("区域类别", "area class"),
    "channel": Words("来源", "channel"),
    "exercise": Words("演练标记", "exercise flag"),
    "hour": Words("时段", "hour"),
    "weekday": Words("星期", "weekday"),
    "day_kind": Words("日期类别", "kind of day"),
    "response_mode": Words("响应模式", "response mode"),
    "warning_colour": Words("预警颜色", "warning colour"),
    "weather": Words("天气", "weather"),
    "near_boundary": Words("临近边界", "nearness to a boundary"),
}


def named(words: Mapping[str, Words], code: str) -> Words:
    """Look a code up; one without a name stands for itself."""
    return words.get(code) or same(code)


def kind_words(pool: str, directory: Directory) -> Words:
    """Name a unit kind, or what units are asked for that can do something, whatever their kind."""
    if pool.startswith(CAPABILITY):
        ability = pool.removeprefix(CAPABILITY)
        return Words(f"具备“{ability}”能力的单位", f"units that can do '{ability}'")
    kind = directory.content.unit_kinds.get(pool)
    return same(pool) if kind is None else Words(kind.name, kind.name_en)


def trigger_words(trigger: Trigger) -> Words:
    """Say what is waited for."""
    parts: list[Words] = []
    if trigger.after_s is not None:
        after = duration(trigger.after_s)
        parts.append(Words(f"立案 {after.zh}后", f"{after.en} after the opening"))
    if trigger.event is not None:
        parts.append(named(EVENT_WORDS, trigger.event))
    if trigger.tag is not None:
        parts.append(Words(f"报告“{trigger.tag}”", f"'{trigger.tag}' is reported"))
    return Words("，且".join(part.zh for part in parts), " and ".join(part.en for part in parts))
