"""The states of a delivery attempt under whatever is reported: monotone, and the first end stands."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.attempt import REPORTS, State, after, moving_from

STATES = get_args(State)
ORDER = ("sending", "sent", "delivered", "seen")


@given(st.sampled_from(STATES), st.lists(st.sampled_from(REPORTS), max_size=6))
def test_nothing_that_is_reported_makes_an_attempt_less(state: State, reports: list[str]) -> None:
    for report in reports:
        moved = after(state, report)  # type: ignore[arg-type]
        assert after(moved, report) == moved, "twice is once"  # type: ignore[arg-type]
        if state in ORDER and moved in ORDER:
            assert ORDER.index(moved) >= ORDER.index(state)
        if state in {"failed_permanent", "seen"}:
            assert moved == state
        if state == "delivered":
            assert moved in {"delivered", "seen"}
        state = moved


def test_what_has_not_been_sent_cannot_have_arrived() -> None:
    assert all(after("queued", report) == "queued" for report in REPORTS)


def test_a_report_names_the_states_that_it_moves() -> None:
    for report in REPORTS:
        assert set(moving_from(report)) == {state for state in STATES if after(state, report) != state}
