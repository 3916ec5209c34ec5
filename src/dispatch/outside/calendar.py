"""The public holidays of mainland China and the weekends worked for them, as the State Council announces them.

They are announced a year ahead at most, so the calendar ends: days after it count by their weekday, and `last_year`
says until when it can be relied on. Updating the `chinesecalendar` package brings the next year.
"""

from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

from dispatch.domain.day import DayKind, plain_day_kind


class _Announced(NamedTuple):
    """Days off that were announced, and days that are worked although they lie on a weekend."""

    holidays: frozenset[date]
    worked: frozenset[date]

    def knows(self, year: int) -> bool:
        return min(self.holidays).year <= year <= max(self.holidays).year


@cache
def _announced() -> _Announced:
    # Not at the top: 35 ms that a command which needs no holidays should not wait for.
    from chinese_calendar.constants import holidays, workdays

    return _Announced(frozenset(holidays), frozenset(workdays))


@lru_cache(maxsize=512)
def day_kind(day: date) -> DayKind:
    """Tell a day's kind; in a year that is not known, Saturday and Sunday are the weekend and there are no holidays."""
    announced = _announced()
    if not announced.knows(day.year):
        return plain_day_kind(day)
    if day in announced.worked:
        return "makeup_workday"
    return "holiday" if day in announced.holidays else plain_day_kind(day)


def last_year() -> int:
    """Give the last year whose holidays are known."""
    return max(_announced().holidays).year
