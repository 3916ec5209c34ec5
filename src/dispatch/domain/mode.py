"""Modes: what an area is set to for a while: a response mode, a warning colour, the weather.

A setting holds for a division and everything below it, from its start to its end. Where several hold, the highest
response mode and the highest warning colour count, and the weather that was said of the smallest area. The clock alone
starts and ends them: whoever asks says when.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from dispatch.domain.condition_fields import FIELDS

ModeField = Literal["response_mode", "warning_colour", "weather"]
MODE_FIELDS: Final[tuple[ModeField, ...]] = get_args(ModeField)
NORMAL: Final = "normal"
REMIND_BEFORE: Final = timedelta(minutes=30)
"""So long before its end a mode is recalled to the desk; of a short one at half its time."""
REMIND_EVERY: Final = timedelta(hours=24)
"""A response mode without an end is recalled so often: nobody shall forget that it stands."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One setting. It stands from `starts_at` until `ends_at` (none: until somebody ends it)."""

    id: str
    division_code: str
    field: ModeField
    value: str
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    set_by: str
    set_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = None
    reminded_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Say whether it was ended or its time has passed."""
        return self.ended_at is not None or (self.ends_at is not None and self.ends_at <= now)

    def stands(self, now: datetime) -> bool:
        """Say whether it holds now."""
        return self.starts_at <= now and not self.is_over(now)

    def recall_at(self) -> datetime | None:
        """Give the instant at which the desk is to be reminded of it next; None when never (again)."""
        if self.ends_at is not None:
            before = max(self.ends_at - REMIND_BEFORE, self.starts_at + (self.ends_at - self.starts_at) / 2)
            return before if self.reminded_at is None else None
        if self.field != "response_mode" or self.value == NORMAL:
            return None
        return (self.reminded_at or self.starts_at) + REMIND_EVERY

    def is_to_be_recalled(self, now: datetime) -> bool:
        """Say whether the desk must be reminded of it now."""
        at = self.recall_at()
        return self.stands(now) and at is not None and at <= now


def rank(name: ModeField, value: str) -> int:
    """Give the place of a value on its scale, the highest first; all of what has no scale are equal."""
    scale = FIELDS[name].values
    return scale.index(value) if value in scale else len(scale)


@dataclass(frozen=True, slots=True)
class Modes:
    """Every setting that stands or will; never changes. `stamp` tells of which stored state, None when of none."""

    by_division: Mapping[str, tuple[Mode, ...]] = field(default_factory=dict)
    stamp: int | None = None

    @classmethod
    def of(cls, modes: Iterable[Mode], stamp: int | None = None) -> "Modes":
        """Index settings by their division."""
        by_division: dict[str, tuple[Mode, ...]] = {}
        for mode in modes:
            by_division[mode.division_code] = (*by_division.get(mode.division_code, ()), mode)
        return cls(by_division, stamp)

    def learn(self, mode: Mode) -> "Modes":
        """Give what is known when a setting was made or ended; it is of no stored state until all are read anew."""
        others = [known for group in self.by_division.values() for known in group if known.id != mode.id]
        return Modes.of(others if mode.ended_at is not None else (*others, mode))

    def standing(self, name: ModeField, chain: Sequence[str], now: datetime) -> Mode | None:
        """Give what counts in a division, which is given with all that it lies in, the smallest first.

        Of equals the one of the smaller area counts, then the one that started last.
        """
        found = [
            (rank(name, mode.value), tier, -mode.starts_at.timestamp(), mode.id, mode)
            for tier, code in enumerate(chain)
            for mode in self.by_division.get(code, ())
            if mode.field == name and mode.stands(now)
        ]
        return min(found)[-1] if found else None

    def facts(self, chain: Sequence[str], now: datetime) -> dict[str, str | None]:
        """Give what conditions may ask of a division now; its response mode is normal when none was set."""
        standing = [(name, self.standing(name, chain, now)) for name in MODE_FIELDS]
        values: dict[str, str | None] = {name: None if mode is None else mode.value for name, mode in standing}
        return {**values, "response_mode": values["response_mode"] or NORMAL}

    def responses(self, now: datetime) -> dict[str, str]:
        """Give the highest response mode that was set for each division, where one stands."""
        found = {code: self.standing("response_mode", (code,), now) for code in self.by_division}
        return {code: mode.value for code, mode in found.items() if mode is not None}


def response_at(chain: Sequence[str], responses: Mapping[str, str]) -> str:
    """Give the response mode that counts in a division out of those set for it and what it lies in."""
    found = [responses[code] for code in chain if code in responses]
    return min(found, key=lambda value: rank("response_mode", value), default=NORMAL)
