"""Clocks that contradict one another, and triggers that come too early, too late or at cross purposes.

Looked at are the profiles that rules, requirements and incident types name. What follows from another urgency than a
type's usual one is not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from dispatch.domain.clock_profile import ClockProfile
from dispatch.domain.lint_finding import Finding
from dispatch.domain.lint_region import meet_all
from dispatch.domain.lint_subject import Placed, Subject, name_en, name_zh
from dispatch.domain.rule import Requirement
from dispatch.domain.trigger import Trigger

_MOST_PAIRS: Final = 20_000
_ANSWERS: Final = frozenset({"lead_acknowledged", "lead_arrived", "lead_fed_back"})


def find_contradicting_clocks(subject: Subject) -> Iterator[Finding]:
    """Find profiles whose limits are not in order: an error where the ruleset names them, else a warning."""
    named: dict[str, tuple[str, str]] = {}
    for placed in subject.each():
        rule = placed.rule
        clocks = [(f"{placed.pointer}/clocks", rule.clocks)]
        clocks += [(f"{pointer}/clocks", requirement.clocks) for pointer, requirement in placed.requirements()]
        for pointer, name in clocks:
            if name is not None:
                named.setdefault(name, (pointer, rule.id))
    content = subject.directory.content
    usual = {kind.clock_profile for kind in content.incident_types.values()}
    for name in (*named, *sorted(usual - named.keys())):
        pointer, rule_id = named.get(name, ("", None))
        profile = content.clock_profiles.get(name)
        if profile is None:
            zh, en = f"时限方案 {name} 不存在", f"there is no clock profile {name}"
            yield Finding("error", "unknown_clock_profile", pointer, rule_id, zh, en)
            continue
        level = "error" if name in named else "warning"
        for zh, en in _contradictions(profile):
            yield Finding(
                level, "clocks_contradict", pointer, rule_id, f"时限方案 {name}：{zh}", f"clocks {name}: {en}"
            )
        yield from _arrivals(subject, profile, (pointer, rule_id))


@dataclass(frozen=True, slots=True)
class _Limit:
    zh: str
    en: str
    seconds: float | None


def _contradictions(profile: ClockProfile) -> Iterator[tuple[str, str]]:
    """Walk the pairs of limits of which the earlier one comes later."""
    deliver = _Limit("送达", "delivery", profile.deliver_s)
    urge = _Limit("催办", "the urge", profile.urge_s)
    acknowledge = _Limit("签收", "acknowledgement", profile.acknowledge_s)
    depart = _Limit("出动", "departure", profile.depart_s)
    feedback = _Limit("反馈", "feedback", profile.feedback_s)
    close = _Limit("办结", "closing", profile.close_s)
    arrivals = [_Limit(f"到场({kind})", f"arrival ({kind})", limit) for kind, limit in (profile.arrive_s or {}).items()]
    if profile.urge_s == profile.acknowledge_s:
        yield "催办与签收时限相同，催办没有意义", "the urge comes when acknowledgement is due: it is of no use"
    first = depart if profile.depart_s is not None else acknowledge
    ordered = [(deliver, acknowledge), (urge, acknowledge), (acknowledge, depart), (acknowledge, feedback)]
    ordered += [(first, arrival) for arrival in arrivals]
    ordered += [(arrival, close) for arrival in arrivals]
    ordered += [(acknowledge, close), (depart, close), (feedback, close)]
    for earlier, later in ordered:
        if earlier.seconds is not None and later.seconds is not None and earlier.seconds > later.seconds:
            yield (
                f"{earlier.zh}({earlier.seconds:g}秒)晚于{later.zh}({later.seconds:g}秒)",
                f"{earlier.en} ({earlier.seconds:g} s) is due after {later.en} ({later.seconds:g} s)",
            )


def _arrivals(subject: Subject, profile: ClockProfile, place: tuple[str, str | None]) -> Iterator[Finding]:
    """Find area classes that a profile has no arrival for: that of the town counts, or none."""
    if profile.arrive_s is None:
        return
    pointer, rule_id = place
    classes = {division.area_class for division in subject.directory.content.divisions.values()}
    for missing in sorted(classes - profile.arrive_s.keys()):
        zh, en = (
            f"时限方案 {profile.code} 没有{missing}的到场时限",
            f"clocks {profile.code} have no arrival for {missing}",
        )
        if "urban" in profile.arrive_s:
            zh, en = f"{zh}，按urban计算", f"{en}: that of urban counts"
            yield Finding("note", "arrival_missing", pointer, rule_id, zh, en)
        else:
            yield Finding("warning", "arrival_missing", pointer, rule_id, f"{zh}，不计到场", f"{en}: none runs there")


def find_mistimed_triggers(subject: Subject) -> Iterator[Finding]:
    """Find stages that come after the end or before the lead could answer, and leads that two units would take."""
    taking: list[tuple[Placed, str, Requirement]] = []
    for placed in subject.each():
        for pointer, requirement in placed.requirements():
            for step, trigger in (("release", requirement.release), ("leads", requirement.leads)):
                if trigger is not None:
                    yield from _mistimed(subject, placed, (f"{pointer}/{step}", trigger))
            if requirement.leads is not None:
                taking.append((placed, f"{pointer}/leads", requirement))
    yield from _takeovers(subject, taking)


def _mistimed(subject: Subject, placed: Placed, at: tuple[str, Trigger]) -> Iterator[Finding]:
    pointer, trigger = at
    profiles = _profiles(subject, placed)
    if not profiles:
        return
    close, acknowledge = max(p.close_s for p in profiles), min(p.acknowledge_s for p in profiles)
    if trigger.after_s is not None and trigger.after_s > close:
        zh = f"{trigger.after_s}秒后才触发，而警情最迟{close:g}秒应办结"
        en = f"comes after {trigger.after_s} s, but the incident should be closed after {close:g} s at the latest"
        yield Finding("warning", "trigger_after_close", pointer, placed.rule.id, zh, en)
    if trigger.event == "lead_silent" and (trigger.after_s or 0) < acknowledge:
        zh = f"主办的签收时限至少{acknowledge:g}秒，{trigger.after_s or 0}秒时还谈不上未签收；请写 after_s"
        en = (
            f"the lead has at least {acknowledge:g} s to acknowledge: after {trigger.after_s or 0} s its silence means "
            "nothing yet; give after_s"
        )
        yield Finding("warning", "silence_too_early", pointer, placed.rule.id, zh, en)


def _profiles(subject: Subject, placed: Placed) -> list[ClockProfile]:
    """List the profiles that may count in a plan with this rule: those rules name, and the usual ones of its types."""
    content, universe = subject.directory.content, subject.universe
    types = universe.types if placed.types is None else universe.types_in(placed.types)
    names = {content.incident_types[code].clock_profile for code in types} | subject.named_clocks
    return [content.clock_profiles[name] for name in sorted(names) if name in content.clock_profiles]


def _takeovers(subject: Subject, taking: list[tuple[Placed, str, Requirement]]) -> Iterator[Finding]:
    left = _MOST_PAIRS
    for (placed, _, first), (other, pointer, second) in combinations(taking, 2):
        if (first.pool, first.capability) == (second.pool, second.capability) or not _at_once(
            first.leads, second.leads
        ):
            continue
        left -= 1
        if left < 0:
            subject.note_gave_up(other.rule)
            return
        if placed is not other and not _meet(subject, placed, other):
            continue
        zh = f"与{name_zh(placed.rule)}中{first.pool}接任主办的条件可同时成立，主办会来回移交"
        en = f"can hold together with that of {first.pool} in {name_en(placed.rule)}: the lead goes back and forth"
        yield Finding("warning", "lead_contested", pointer, other.rule.id, zh, en)


def _at_once(one: Trigger | None, other: Trigger | None) -> bool:
    """Say whether two triggers can hold at once: only a lead that is silent has answered nothing."""
    events = {one.event if one else None, other.event if other else None}
    return not ("lead_silent" in events and events & _ANSWERS)


def _meet(subject: Subject, first: Placed, second: Placed) -> bool:
    """Say whether one call certainly comes to both rules; the second stands later."""
    if first.rule.final or first.regions is None or second.regions is None:
        return False
    return subject.seek(meet_all(first.regions, second.regions), second.rule).facts is not None
