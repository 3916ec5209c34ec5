"""Everybody who is sent away has a moment to come back, and all of them are back before anybody is missed."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.presence import GRACE
from dispatch.live.closing import MOST_OF_GRACE, RETURNING_PER_S, returns_after_ms

crowds = st.integers(1, 200_000)


@given(crowds, st.integers(0, 199_999))
def test_however_many_are_sent_away_all_are_called_back_before_they_count_as_gone(count: int, index: int) -> None:
    moment = returns_after_ms(index % count, count, GRACE)
    assert 0 <= moment <= MOST_OF_GRACE * GRACE.total_seconds() * 1000 < GRACE.total_seconds() * 1000


@given(crowds, st.floats(0, 600))
def test_moments_are_spread_evenly_and_never_more_slowly_than_a_process_admits(count: int, grace_s: float) -> None:
    grace = timedelta(seconds=grace_s)
    first, last = (returns_after_ms(index, count, grace) for index in (0, count - 1))
    assert first == 0
    assert last <= count * 1000 / RETURNING_PER_S
    halfway = returns_after_ms(count // 2, count, grace)
    assert abs(last / 2 - halfway) <= 1000 / RETURNING_PER_S + 1


def test_a_small_crowd_does_not_wait_longer_than_it_must() -> None:
    assert [returns_after_ms(index, 1000, GRACE) for index in (0, 1, 500, 999)] == [0, 2, 1000, 1998]


def test_twenty_thousand_come_back_in_time() -> None:
    assert returns_after_ms(19_999, 20_000, GRACE) <= 10_000, "at 500 a second it were 40 s, and all were called absent"
