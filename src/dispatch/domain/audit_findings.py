"""What an audit looks for, from when on it is a finding, and which alarms follow: pure, over what was counted.

An audit proves from the stored rows alone that nobody is forgotten. It shares no code with what arms timers, sends
pages or moves cursors: a bug there must not hide itself here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from dispatch.domain.rows import instant
from dispatch.domain.wire import Json

Code = Literal[
    "assignment_without_timer",
    "timer_late",
    "silence_without_step",
    "deadline_without_step",
    "place_without_anybody",
    "incident_without_anybody",
    "watermark_held",
    "delivery_late",
    "kit_old",
    "relay_stuck",
    "audit_unsealed",
    "servers_silent",
]
CODES: Final[tuple[Code, ...]] = get_args(Code)
WORSE: Final = 2
"""So many times as many as when the alarm was raised are a new alarm: who has handled the first must hear of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is a finding, in seconds."""

    timer_s: float = 10.0
    """How late a timer may be acted on: the loop needs less than one, a storm of them some more."""
    silence_s: float = 30.0
    """How long after a deadline that was missed an assignment may be without the ladder's step for it."""
    settle_s: float = 2.0
    """How long after a change of its incident a deadline is not looked at: who answers late owes the next at once."""
    nobody_s: float = 60.0
    """How long an incident may be open with nobody on it: a desk needs time to send somebody by hand."""
    watermark_s: float = 30.0
    """How long one transaction may keep every cursor where it is; our own sessions end after 10 s."""
    delivery_s: float = 60.0
    """How long an attempt may wait after its time to be sent."""
    kit_s: float = 180.0
    """How old the kit for the hours without the service may be; it is written every 60 s."""
    relay_s: float = 15.0
    """How long the relay of a living server may look away, or leave out what it should tell: it looks four times a
    second, and starts over within some seconds where another database has taken over."""
    seal_s: float = 60.0
    """How long a row of the audit trail may be without a seal: it gets one within a second or two."""
    server_s: float = 20.0
    """How long no server may have given a sign of life."""

    def of(self, code: Code) -> float:
        """Give the limit of a finding; what must never be has none."""
        return {
            "timer_late": self.timer_s,
            "silence_without_step": self.silence_s,
            "deadline_without_step": self.silence_s,
            "incident_without_anybody": self.nobody_s,
            "watermark_held": self.watermark_s,
            "delivery_late": self.delivery_s,
            "kit_old": self.kit_s,
            "relay_stuck": self.relay_s,
            "audit_unsealed": self.seal_s,
            "servers_silent": self.server_s,
        }.get(code, 0.0)


LIMITS: Final = Limits()
"""What a running service keeps to."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an audit looked at: nothing found among many says more than nothing found among none."""

    incidents: int
    assignments: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Finding:
    """How many break a rule, how far the worst is over, and names of some: incident numbers, channels, no persons."""

    code: Code
    count: int
    worst_s: float | None
    limit_s: float
    names: tuple[str, ...] = ()

    def data(self) -> Json:
        """Give the finding as plain data, with its words."""
        return {
            "code": self.code,
            "count": self.count,
            "worst_s": None if self.worst_s is None else round(self.worst_s, 1),
            "limit_s": self.limit_s,
            "names": list(self.names),
            "words": words(self.code, self.count),
        }


@dataclass(frozen=True, slots=True)
class Alarm:
    """A finding that every desk was told of, until it is gone."""

    id: str
    code: str
    count: int
    worst_s: float | None
    limit_s: float
    raised_at: datetime
    cleared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is to be raised and cleared, so that the alarms say what was found."""

    to_raise: tuple[Finding, ...]
    to_clear: tuple[Alarm, ...]


def settle(standing: Iterable[Alarm], findings: Iterable[Finding]) -> Settlement:
    """Compare what was found with the alarms that stand: each finding is one alarm, a much worse one a new alarm."""
    found = {finding.code: finding for finding in findings}
    kept: set[str] = set()
    gone: list[Alarm] = []
    for alarm in standing:
        finding = found.get(alarm.code)  # type: ignore[call-overload]
        if finding is None or finding.count >= WORSE * alarm.count:
            gone.append(alarm)
        else:
            kept.add(alarm.code)
    return Settlement(tuple(finding for code, finding in found.items() if code not in kept), tuple(gone))


def alarm_view(alarm: Alarm) -> Json:
    """Shape an alarm for desks: how many and how far, nothing about any incident: a desk sees those of its area."""
    return {
        "id": alarm.id,
        "code": alarm.code,
        "count": alarm.count,
        "worst_s": None if alarm.worst_s is None else round(alarm.worst_s, 1),
        "limit_s": alarm.limit_s,
        "words": words(alarm.code, alarm.count),
        "raised_at": instant(alarm.raised_at),
        "cleared_at": None if alarm.cleared_at is None else instant(alarm.cleared_at),
    }


def words(code: str, count: int) -> dict[str, str]:
    """Word a finding for people, in both languages."""
    zh, en = _WORDS.get(code, (code, code))
    return {"zh": zh.format(n=count), "en": en.format(n=count)}


_WORDS: Final[dict[str, tuple[str, str]]] = {
    "assignment_without_timer": (
        "{n} 个未结任务没有计时器：超时不会被发现，请人工盯办",
        "{n} open assignment(s) without a timer: silence would not be noticed, watch them yourself",
    ),
    "timer_late": (
        "{n} 个计时器已到点未处理：催办和升级可能停了",
        "{n} timer(s) due and not acted on: urging and escalating may have stopped",
    ),
    "silence_without_step": (
        "{n} 个任务超时未签收且未催办：请电话联系单位",
        "{n} assignment(s) unanswered after their time and nobody was urged: call the units",
    ),
    "deadline_without_step": (
        "{n} 个时限已过（出发、到场、变更确认、反馈或结束）而系统未处理：请电话联系单位",
        "{n} deadline(s) to depart, arrive, confirm a change, answer or end missed, nobody was urged: call the units",
    ),
    "place_without_anybody": (
        "{n} 起警情有岗位无人负责且无告警：请核对并人工派警",
        "{n} incident(s) with a place that nobody fills and no alarm: check and dispatch by hand",
    ),
    "incident_without_anybody": (
        "{n} 起未结警情无任何单位负责：请人工派警",
        "{n} open incident(s) with nobody on them: dispatch by hand",
    ),
    "watermark_held": (
        "数据库有事务长时间未结束：断线重连的控制台可能要重新载入",
        "A database transaction stays open: consoles that reconnect may have to load everything anew",
    ),
    "delivery_late": (
        "{n} 条通知滞留未发：请电话联系单位",
        "{n} page(s) waiting to be sent for too long: call the units",
    ),
    "kit_old": (
        "停机应急包已过期：现有副本不是最新",
        "The kit for the hours without the service is out of date",
    ),
    "relay_stuck": (
        "{n} 个服务进程停止转发：其控制台收不到新任务和变更，请电话联系单位并重启该进程",
        "{n} server(s) tell their consoles nothing any more: call the units, restart the server",
    ),
    "audit_unsealed": (
        "{n} 条审计记录未封存：事后篡改无法发现，请通知系统管理员",
        "{n} audit row(s) not sealed: nobody would notice if they were rewritten, tell whoever runs the system",
    ),
    "servers_silent": (
        "没有服务进程在运行",
        "No server gives a sign of life",
    ),
}
