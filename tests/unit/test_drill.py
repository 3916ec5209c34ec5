"""Who takes part in a drill, which drill counts where, and that a decision remembers it."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.decision_input import input_data, read_input
from dispatch.domain.drill import Drill, Drills, Participants
from dispatch.domain.ruleset import Requirement
from tests.support.world import COUNTY, NOW, TOWNSHIP, VILLAGE, planned, request, unit

CHAIN = (VILLAGE, TOWNSHIP, COUNTY)
UNITS = (unit("here"), unit("there"), unit("county", areas=(COUNTY,)))


def drill(division: str, begins: int, lasts: int = 10, **changes: object) -> Drill:
    start = NOW + timedelta(minutes=begins)
    made = Drill(
        id=f"{division}-{begins}",
        name="x",
        participants=Participants(division),
        recipients=(),
        starts_at=start,
        ends_at=start + timedelta(minutes=lasts),
        announced_by="x",
        announced_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def sent(participants: Participants | None, count: int = 3) -> set[str]:
    plan = planned(UNITS, Requirement("police", "lead", count=count), participants=participants)
    return {entry.unit.id for entry in plan.planned}


def test_nobody_goes_who_does_not_take_part() -> None:
    assert sent(None) == {"here", "there", "county"}
    assert sent(Participants(VILLAGE, frozenset({"county"}))) == {"county"}
    assert sent(Participants(VILLAGE)) == {"here", "there"}, "none is named: every unit of the division"


def test_the_drill_of_the_smallest_area_counts_then_the_latest() -> None:
    wide, small, later = drill(COUNTY, -5), drill(VILLAGE, -9), drill(VILLAGE, -3)
    assert Drills((wide, small)).standing(CHAIN, NOW) == small
    assert Drills((small, later, wide)).standing(CHAIN, NOW) == later
    assert Drills((drill("430302", -5),)).standing(CHAIN, NOW) is None


@given(begins=st.integers(-30, 30), lasts=st.integers(1, 30), ended=st.none() | st.integers(-30, 30))
def test_a_drill_counts_only_between_its_start_and_its_end(begins: int, lasts: int, ended: int | None) -> None:
    at: datetime | None = None if ended is None else NOW + timedelta(minutes=ended)
    found = Drills((drill(VILLAGE, begins, lasts, ended_at=at),)).standing(CHAIN, NOW)
    assert (found is not None) == (ended is None and begins <= 0 < begins + lasts)


@given(st.none() | st.builds(Participants, st.just(VILLAGE), st.frozensets(st.sampled_from(["here", "there"]))))
def test_a_decision_made_again_asks_the_same_units(participants: Participants | None) -> None:
    asked = request(participants=participants)
    kept = input_data(asked, {})
    assert ("participants" in kept) == (participants is not None)
    assert read_input(kept, asked.facts)[0] == asked
    assert read_input(input_data(asked, None), asked.facts) == (asked, None), (
        "states that nobody knows are not all free"
    )
