"""What a process learns from changes: who is busy, with how much, on duty or not."""

from dataclasses import replace

from dispatch.domain.geo import Point
from dispatch.domain.rows import ChangeRow, IncidentRow, instant
from dispatch.domain.rule import Correlation
from dispatch.domain.ruleset import CompiledRuleset, Requirement
from dispatch.domain.unit import UnitState
from dispatch.operations.context import Knowledge, local_facts, once_scope
from dispatch.storage.changes import Position
from dispatch.storage.written import Place
from tests.support.world import NOW, assignment_of, directory, incident_of, later, moved, opened, rule, ruleset, unit

UNITS = (unit("police"), unit("c", "crew"), unit("told", "crew", ()))
CREW = opened(UNITS, Requirement("police", "lead"), Requirement("crew", "support"))


BEFORE = Position(0)


def forget(known: Knowledge) -> None:
    """Read all anew from a database that holds nothing."""
    with known.reloading() as reload:
        known.end_reload(reload, BEFORE, {})


def knowledge() -> Knowledge:
    return Knowledge(directory(UNITS), ruleset(rule()))


def ended() -> ChangeRow:
    at = later(CREW, "assignment.completed", seconds=60)["occurred_at"]
    row = moved(assignment_of(CREW, "c"), "completed", ended_at=at)
    return later(CREW, "assignment.completed", [row], seconds=60)


def unit_change(version: int, duty: str, **fields: object) -> ChangeRow:
    row: dict[str, object] = {"id": "police", "duty": duty, "version": version, "committed_to": None} | fields
    return {
        "incident": None,
        "assignments": [],
        "events": [],
        "unit": row,
        "occurred_at": instant(NOW),
        "recorded_at": instant(NOW),
    }


def test_an_exclusive_crew_is_committed_from_issue_to_end() -> None:
    known = knowledge()
    known.learn(CREW)
    assert (known.states.of("c").committed_to, known.states.of("c").load) == (incident_of(CREW)["id"], 1)
    assert (known.states.of("police").committed_to, known.states.of("police").load) == (None, 1)
    known.learn(ended())
    assert (known.states.of("c").committed_to, known.states.of("c").load) == (None, 0)


def test_an_exercise_keeps_nobody_busy() -> None:
    known = knowledge()
    exercise: IncidentRow = {**incident_of(CREW), "exercise": "exercise"}
    for change in (CREW, ended()):
        known.learn({**change, "incident": exercise})
        assert known.states.of("c") == known.states.of("police") == UnitState()


def test_steps_between_do_not_change_the_load() -> None:
    known = knowledge()
    known.learn(CREW)
    known.learn(later(CREW, "assignment.acknowledged", [moved(assignment_of(CREW, "police"), "acknowledged")]))
    assert known.states.of("police").load == 1


def test_a_load_never_falls_below_nothing() -> None:
    known = knowledge()
    known.learn(ended())
    assert known.states.of("c").load == 0


def test_a_unit_s_own_news_count_unless_they_are_older() -> None:
    known = knowledge()
    known.learn(unit_change(3, "off_duty", position={"longitude": 112.9, "latitude": 27.8}, position_at=instant(NOW)))
    assert known.states.of("police").duty == "off_duty"
    assert known.states.of("police").position == Point(112.9, 27.8)
    known.learn(unit_change(2, "available"))
    assert known.states.of("police").duty == "off_duty"
    known.learn(unit_change(4, "available"))
    assert known.states.of("police").position is None


def test_what_is_learnt_during_a_reload_is_not_lost() -> None:
    known = knowledge()
    with known.reloading() as reload:
        known.learn(unit_change(9, "off_duty"))
        known.end_reload(reload, BEFORE, {"police": UnitState(version=2), "c": UnitState(load=4)})
    assert known.states.of("police").duty == "off_duty"
    assert known.states.of("c").load == 4
    forget(known)
    assert known.states.of("police") == UnitState()


def test_of_two_loops_that_read_all_anew_neither_forgets_that_a_unit_went_off_duty() -> None:
    for first_ends in (True, False):
        known = knowledge()
        with known.reloading() as one:
            known.learn(unit_change(9, "off_duty"))
            with known.reloading() as other:
                held = [(one, {"police": UnitState(version=2)}), (other, {"police": UnitState("off_duty", version=9)})]
                for reload, states in held if first_ends else reversed(held):
                    known.learn(CREW)
                    known.end_reload(reload, BEFORE, states)
        assert known.states.of("police").duty == "off_duty"
        assert known.states.of("c").committed_to == incident_of(CREW)["id"]


def test_whom_a_reading_counts_already_is_not_taken_for_twice_as_busy() -> None:
    known = knowledge()
    with known.reloading() as reload:
        known.learn(CREW, Place(seq=7, xid=99, id=""))
        known.end_reload(reload, Position(xmin=100), {"police": UnitState(load=1)})
    assert known.states.of("police").load == 1
    with known.reloading() as reload:
        known.learn(ended(), Place(seq=8, xid=101, id=""))
        known.end_reload(reload, Position(100, {8: 101}), {"police": UnitState(load=1)})
    assert known.states.of("police").load == 1


def test_a_reading_of_the_former_primary_does_not_come_back_after_all_started_over() -> None:
    known = knowledge()
    with known.reloading() as reload:
        fresh = knowledge()
        fresh.learn(unit_change(3, "out_of_service"))
        known.start_over(fresh)
        known.end_reload(reload, BEFORE, {"police": UnitState(version=9)})
    assert known.states.of("police").duty == "out_of_service"


def test_facts_take_the_local_hour_and_weekday() -> None:
    assert local_facts({"channel": "api"}, NOW) == {"channel": "api", "hour": 2, "weekday": 1}
    assert once_scope("device", "7") != once_scope("device", None)


def test_an_incident_is_known_from_its_opening_to_its_end_and_a_reload_heals() -> None:
    known, name = knowledge(), incident_of(CREW)["id"]
    known.learn(CREW)
    assert known.incidents.find(name) is not None
    forget(known)
    assert known.incidents.find(name) is None
    with known.reloading() as reload:
        known.learn(CREW)
        known.end_reload(reload, BEFORE, {})
    assert known.incidents.find(name) is not None
    known.learn(later(CREW, "incident.closed", status="closed"))
    assert known.incidents.find(name) is None


def test_a_new_ruleset_counts_from_the_next_call_on() -> None:
    known = knowledge()
    assert known.correlations is known.correlations
    assert known.correlations.of("noise.x").join == "suggest"
    rules = replace(known.ruleset.ruleset, correlations=(Correlation(("noise",), "auto", 5, 7_200),))
    known.ruleset = CompiledRuleset(rules)
    assert known.correlations.joins_by_itself("noise.x")
    assert known.correlations.longest_s == 7_200
