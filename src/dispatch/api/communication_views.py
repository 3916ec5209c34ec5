"""Shapes of communication tests, for the documentation and the generated types."""

from typing import Literal

from dispatch.api.mode_views import ModeDivision
from dispatch.api.view_basics import UnitView, View
from dispatch.domain.communication import CallState


class TotalView(View):
    """How many were called on a channel, and what became of them."""

    channel: str
    total: int
    called: int
    sent: int
    delivered: int
    seen: int
    answered: int
    failed: int
    silent: int


class CommunicationTestView(View):
    """A test of communication: answers count from `started_at` until `ends_at`."""

    id: str
    name: str
    division: ModeDivision
    channels: list[str]
    window_s: int
    started_at: str
    ends_at: str
    started_by: str
    schedule_id: str | None
    ended_at: str | None
    totals: list[TotalView]


class CalledDevice(View):
    """A device that a test calls."""

    id: str
    code: str | None
    name: str | None
    name_en: str | None
    place: str | None


class RollCallView(View):
    """One unit or device called on one channel.

    `sent`: the gateway has taken the message; `delivered`: it was shown, or arrived; `seen`: somebody touched it;
    `answered`: somebody confirmed it. Of several messages to a unit the one that came furthest counts. `error` says why
    not: `no_console`, `off_duty`, `no_number`, `no_subscription`, or what the gateway said.
    """

    subject: Literal["unit", "device"]
    unit: UnitView | None
    device: CalledDevice | None
    channel: str
    state: CallState
    called_at: str
    sent_after_s: float | None
    delivered_after_s: float | None
    seen_after_s: float | None
    answered_after_s: float | None
    error: str | None


class CommunicationReport(CommunicationTestView):
    """A test with everybody whom it calls: who said nothing first."""

    calls: list[RollCallView]


class CommunicationTestList(View):
    """A page of tests."""

    items: list[CommunicationTestView]
    after: str | None


class ScheduleView(View):
    """A test that comes again, on weekdays (1 is Monday) at a local time; `next_run_at` is null while switched off."""

    id: str
    name: str
    division_code: str
    channels: list[str]
    window_s: int
    weekdays: list[int]
    at: str
    enabled: bool
    last_run_on: str | None
    next_run_at: str | None
    set_by: str
    set_at: str


class ScheduleList(View):
    """All schedules of your area."""

    items: list[ScheduleView]
