"""Tests of communication: who is called on which channel, who has answered, when a scheduled one is due.

A test proves consoles, buttons and channels without an incident. Invariant: nobody is called who was not meant, and
whoever did not answer is named.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, get_args

from dispatch.domain.directory import Directory
from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.rows import instant
from dispatch.domain.suggest import did_you_mean
from dispatch.domain.trigger import instant_or_none
from dispatch.domain.wire import Json, unit_view

CONSOLE: Final = "console"
BUTTON: Final = "button"
USUAL: Final = (CONSOLE, BUTTON)
"""What is tested unless other channels are named: what disturbs nobody."""
MOST_LATE: Final = timedelta(hours=1)
"""A scheduled test that nobody could start for so long is left out on that day."""
DAYS_OF_A_WEEK: Final = 7

CallState = Literal["called", "sent", "delivered", "seen", "answered", "failed", "silent"]
STATES: Final[tuple[CallState, ...]] = get_args(CallState)
Course = Literal["sent", "delivered", "seen", "failed"]
"""What becomes of a message."""
# A receipt may overtake the sending, and come after the end: it says who can be reached. Of several messages to a unit
# on one channel the one that came furthest counts, so that a failure takes nothing back but what was merely sent.
MOVED_BY: Final[dict[Course, tuple[CallState, ...]]] = {
    "sent": ("called", "failed", "silent"),
    "delivered": ("called", "failed", "silent", "sent"),
    "seen": ("called", "failed", "silent", "sent", "delivered"),
    "failed": ("called", "sent"),
}
Subject = Literal["unit", "device"]


@dataclass(frozen=True, slots=True)
class RollCall:
    """One subject called on one channel.

    `delivered` is what a machine said; `seen` (a message was touched) and `answered` are what a person did.
    """

    subject_kind: Subject
    subject_id: str
    channel: str
    state: CallState
    called_at: datetime
    delivered_at: datetime | None = None
    answered_at: datetime | None = None
    error: str | None = None
    sent_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CommunicationTest:
    """One test. Answers count from `started_at` until `ends_at`."""

    id: str
    name: str
    division_code: str
    channels: tuple[str, ...]
    window_s: int
    started_at: datetime
    ends_at: datetime
    started_by: str
    schedule_id: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which test is wanted: of a division and all below it, on which channels, how long answers count."""

    name: str
    division_code: str
    channels: tuple[str, ...] = USUAL
    window_s: int = 60
    schedule_id: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A test that comes again: on weekdays (1 is Monday) at a local time. `last_run_on` is the last local date."""

    id: str
    asked: Asked
    weekdays: tuple[int, ...]
    at: time
    enabled: bool
    last_run_on: date | None
    set_by: str
    set_at: datetime

    def is_due(self, local: datetime) -> bool:
        """Say whether it is to be started now: once a local date, not long after its time."""
        today = local.date()
        if not self.enabled or not self._may_run_on(today):
            return False
        late = datetime.combine(today, local.time()) - datetime.combine(today, self.at)
        return timedelta(0) <= late < MOST_LATE

    def next_run_at(self, local: datetime) -> datetime | None:
        """Give when it starts next: in the past while it is due, None while it is switched off."""
        if not self.enabled:
            return None
        dates = (local.date() + timedelta(days=days) for days in range(2 * DAYS_OF_A_WEEK))
        ahead = (datetime.combine(one, self.at, local.tzinfo) for one in dates if self._may_run_on(one))
        return next((at for at in ahead if local - at < MOST_LATE), None)

    def _may_run_on(self, day: date) -> bool:
        return day.isoweekday() in self.weekdays and (self.last_run_on is None or self.last_run_on < day)


def require_known(asked: Asked, directory: Directory, messaging: Collection[str]) -> None:
    """Refuse an unknown division or channel.

    Raises:
        InvalidRequestError: with a pointer to every fault.
    """
    faults: list[Fault] = []
    if asked.division_code not in directory.content.divisions:
        hint = did_you_mean(asked.division_code, directory.content.divisions)
        faults.append(Fault("/division_code", "unknown_division", f"no such division{hint}"))
    known = (*USUAL, *messaging)
    faults += [
        Fault(f"/channels/{at}", "unknown_channel", f"channels of this installation: {', '.join(known)}")
        for at, channel in enumerate(asked.channels)
        if channel not in known
    ]
    if faults:
        raise InvalidRequestError(tuple(faults))


def units_of(division_code: str, directory: Directory) -> list[str]:
    """List the units of a division and all below it, by code."""
    units = sorted(directory.units.values(), key=lambda unit: unit.code)
    return [unit.id for unit in units if division_code in directory.chain(unit.division_code)]


def devices_of(division_code: str, directory: Directory) -> list[str]:
    """List the devices that hang in a division or below it, by code."""
    devices, places = directory.content.devices, directory.content.places
    return [
        device.id
        for device in sorted(devices.values(), key=lambda device: device.code)
        if division_code in directory.chain(places[device.place_id].division_code)
    ]


def communication_view(test: CommunicationTest, totals: Mapping[str, Mapping[str, int]], directory: Directory) -> Json:
    """Shape a test with its totals by channel and state."""
    division = directory.content.divisions.get(test.division_code)
    return {
        "id": test.id,
        "name": test.name,
        "division": {
            "code": test.division_code,
            "name": division.name if division else None,
            "name_en": division.name_en if division else None,
        },
        "channels": list(test.channels),
        "window_s": test.window_s,
        "started_at": instant(test.started_at),
        "ends_at": instant(test.ends_at),
        "started_by": test.started_by,
        "schedule_id": test.schedule_id,
        "ended_at": instant_or_none(test.ended_at),
        "totals": [_total(channel, totals.get(channel, {})) for channel in test.channels],
    }


def _total(channel: str, states: Mapping[str, int]) -> Json:
    return {"channel": channel, "total": sum(states.values()), **{state: states.get(state, 0) for state in STATES}}


def count_states(calls: Iterable[RollCall]) -> dict[str, Counter[str]]:
    """Count the calls of each channel by their state."""
    counted: dict[str, Counter[str]] = {}
    for call in calls:
        counted.setdefault(call.channel, Counter())[call.state] += 1
    return counted


def call_view(call: RollCall, directory: Directory) -> Json:
    """Shape one line of the report: who, on which channel, after how many seconds, and why not."""
    return {
        "subject": call.subject_kind,
        "unit": unit_view(call.subject_id, directory) if call.subject_kind == "unit" else None,
        "device": _device(call.subject_id, directory) if call.subject_kind == "device" else None,
        "channel": call.channel,
        "state": call.state,
        "called_at": instant(call.called_at),
        "sent_after_s": _seconds(call, call.sent_at),
        "delivered_after_s": _seconds(call, call.delivered_at),
        "seen_after_s": _seconds(call, call.seen_at),
        "answered_after_s": _seconds(call, call.answered_at),
        "error": call.error,
    }


def _seconds(call: RollCall, at: datetime | None) -> float | None:
    return None if at is None else round((at - call.called_at).total_seconds(), 3)


def _device(device_id: str, directory: Directory) -> Json:
    device = directory.content.devices.get(device_id)
    if device is None:
        return {"id": device_id, "code": None, "name": None, "name_en": None, "place": None}
    place = directory.content.places[device.place_id]
    return {"id": device.id, "code": device.code, "name": device.name, "name_en": device.name_en, "place": place.name}


def schedule_view(schedule: Schedule, local: datetime) -> Json:
    """Shape a schedule as of a local time."""
    asked = schedule.asked
    return {
        "id": schedule.id,
        "name": asked.name,
        "division_code": asked.division_code,
        "channels": list(asked.channels),
        "window_s": asked.window_s,
        "weekdays": list(schedule.weekdays),
        "at": schedule.at.isoformat("minutes"),
        "enabled": schedule.enabled,
        "last_run_on": None if schedule.last_run_on is None else schedule.last_run_on.isoformat(),
        "next_run_at": instant_or_none(schedule.next_run_at(local)),
        "set_by": schedule.set_by,
        "set_at": instant(schedule.set_at),
    }
