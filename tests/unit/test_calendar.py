"""Public holidays and the weekends that are worked for them; beyond the last announcement the weekday counts."""

import subprocess
import sys
from datetime import date

import pytest

from dispatch.domain.day import plain_day_kind
from dispatch.outside.calendar import day_kind, last_year


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 2, 17), "holiday"),  # Spring Festival
        (date(2026, 2, 14), "makeup_workday"),  # a Saturday
        (date(2026, 2, 28), "makeup_workday"),
        (date(2026, 10, 1), "holiday"),
        (date(2026, 10, 10), "makeup_workday"),
        (date(2026, 11, 22), "weekend"),
        (date(2026, 11, 23), "workday"),
    ],
)
def test_the_announced_days_of_2026_are_known(day: date, kind: str) -> None:
    assert day_kind(day) == kind


@pytest.mark.parametrize("year", [1999, 2199])
def test_a_year_that_is_not_known_counts_by_the_weekday(year: int) -> None:
    days = [date(year, month, day) for month in (1, 5, 10) for day in range(1, 29)]
    assert [day_kind(day) for day in days] == [plain_day_kind(day) for day in days]
    assert {day_kind(day) for day in days} == {"weekend", "workday"}


def test_the_last_known_year_is_told() -> None:
    assert 2026 <= last_year() < 2199


def test_a_command_that_asks_for_no_day_does_not_load_the_calendar() -> None:
    asked = "import sys, dispatch.cli; sys.exit('chinese_calendar' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
