"""Units: who can be sent, where they stand, whether they are on duty.

A unit's status is derived from its duty, its schedule and its assignments; it is never inferred from a dispatch.
"""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Final, Literal, get_args

from dispatch.domain.geo import Point
from dispatch.domain.mode import NORMAL

Duty = Literal["available", "off_duty", "out_of_service"]
DUTIES: Final[tuple[Duty, ...]] = get_args(Duty)
CAPABILITY: Final = "capability:"
POSITION_FRESH_FOR_S: Final = 120.0
"""A position report older than this is not used to find the nearest unit (vocabulary: position report)."""


@dataclass(frozen=True, slots=True)
class ShiftWindow:
    """When a unit is manned: ISO weekdays and local hours; a window may pass midnight."""

    days: frozenset[int]
    starts: time
    ends: time

    def covers(self, local: datetime) -> bool:
        """Say whether a local instant lies in the window."""
        clock, day = local.time(), local.isoweekday()
        if self.starts <= self.ends:
            return day in self.days and self.starts <= clock < self.ends
        before = day in self.days and clock >= self.starts
        after = (day - 2) % 7 + 1 in self.days and clock < self.ends
        return before or after


@dataclass(frozen=True, slots=True)
class Contact:
    """Who answers when nobody sits at the console."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class UnitKind:
    """A kind of unit: exclusive crews can be at one place only; sensitive kinds may read health details."""

    code: str
    name: str
    name_en: str
    exclusive: bool
    sensitive: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as the directory knows it. A post that is manned in some response modes only names them in `modes`."""

    id: str
    code: str
    kind: str
    agency: str
    name: str
    name_en: str
    division_code: str
    point: Point
    phone: str | None
    rank: int
    superior_id: str | None
    capabilities: frozenset[str]
    jurisdiction: tuple[str, ...]
    schedule: tuple[ShiftWindow, ...] | None
    on_call: Contact | None
    exclusive: bool
    sensitive: bool
    modes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class UnitState:
    """What changes about a unit. `load` counts its open assignments, `released_at` is when the last one ended."""

    duty: Duty = "available"
    committed_to: str | None = None
    position: Point | None = None
    position_at: datetime | None = None
    load: int = 0
    version: int = 1
    released_at: datetime | None = None

    def fresh_position(self, now: datetime) -> Point | None:
        """Give the reported position unless it is older than 120 s."""
        if self.position is None or self.position_at is None:
            return None
        age = (now - self.position_at).total_seconds()
        return self.position if age <= POSITION_FRESH_FOR_S else None

    def position_age_s(self, now: datetime) -> float | None:
        """Give the age of the position report in seconds."""
        return None if self.position_at is None else max(0.0, (now - self.position_at).total_seconds())


FRESH_STATE: Final = UnitState()


def pools_of(unit: Unit) -> tuple[str, ...]:
    """List what a unit can be asked as: its kind, and `capability:<name>` for each thing it can do."""
    return (unit.kind, *(f"{CAPABILITY}{name}" for name in sorted(unit.capabilities)))


def is_posted(unit: Unit, response: str) -> bool:
    """Say whether a unit is there at all in a response mode: most are in every one."""
    return not unit.modes or response in unit.modes


def is_on_duty(unit: Unit, state: UnitState, local: datetime, *, response: str = NORMAL) -> bool:
    """Say whether somebody is at the unit: not switched off, and inside its schedule (none = day and night).

    `response` is the response mode that stands where the unit belongs: a post that it does not call out is off duty.
    """
    if state.duty != "available" or not is_posted(unit, response):
        return False
    return unit.schedule is None or any(window.covers(local) for window in unit.schedule)


def unit_status(unit: Unit, state: UnitState, local: datetime, *, response: str = NORMAL) -> str:
    """Derive the status that a console shows."""
    if state.duty == "out_of_service":
        return "out_of_service"
    if not is_on_duty(unit, state, local, response=response):
        return "off_duty"
    return "committed" if state.committed_to or state.load else "available"
