"""What a message to people's telephones says: number, urgency, part.

Nothing about persons or places: a lock screen is public.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypedDict

Reason = Literal["not_delivered", "no_console", "on_call", "changed", "test"]
_URGENCIES: Final[Mapping[str, str]] = {"critical": "特急", "urgent": "紧急", "normal": "一般", "routine": "常规"}
_ROLES: Final[Mapping[str, str]] = {"lead": "主办", "support": "协办", "notify": "知悉"}
_DRILLS: Final[Mapping[str, str]] = {"exercise": "【演练 EXERCISE】", "test": "【测试 TEST】"}


class NoticeData(TypedDict):
    """What a notice is made of, as the ledger keeps it."""

    number: str
    urgency: str
    role: str
    reason: str
    exercise: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice in words."""

    title: str
    text: str


def word(data: Mapping[str, str]) -> Notice:
    """Word a notice; an exercise says so first."""
    urgency, role = data["urgency"], data.get("role", "")
    mark = _DRILLS.get(data.get("exercise", "actual"), "")
    if data.get("reason") == "test":
        return Notice(
            f"{mark or _DRILLS['test']}通信测试", "请打开控制台确认收到。Communication test: open your console."
        )
    title = f"{mark}[派警] {_URGENCIES.get(urgency, urgency)}警情 {data['number']}({_ROLES.get(role, role)})"
    if data.get("reason") == "changed":
        return Notice(title, f"情况有变,请立即打开控制台确认。The {urgency} incident has changed, open your console.")
    return Notice(title, f"控制台未签收,请立即登录处置。New {urgency} incident, open your console.")
