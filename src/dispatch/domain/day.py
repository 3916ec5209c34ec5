"""What kind of day it is: rules speak of holidays and of the weekends that are worked to make up for them."""

from datetime import date
from typing import Final, Literal, get_args

DayKind = Literal["workday", "makeup_workday", "weekend", "holiday"]
DAY_KINDS: Final[tuple[DayKind, ...]] = get_args(DayKind)
_SATURDAY: Final = 6


def plain_day_kind(day: date) -> DayKind:
    """Tell by the weekday alone: what stands in where no calendar of holidays is known."""
    return "weekend" if day.isoweekday() >= _SATURDAY else "workday"
