"""What a process learns from changes: who is busy, with how much, on duty or not."""

from dataclasses import replace

from dispatch.domain.geo import Point
from dispatch.domain.rows import ChangeRow, IncidentRow, instant
from dispatch.domain.rule import Correlation
from dispatch.domain.ruleset import CompiledRuleset, Requirement
from dispatch.domain.unit import UnitState
from dispatch.operations.context import Knowledge, local_facts, once_scope
from tests.support.world import NOW, assignment_of, directory, incident_of, later, moved, opened, rule, ruleset, unit

UNITS = (unit("police"), unit("c", "crew"), unit("told", "crew", ()))
CREW = opened(UNITS, Requirement("police", "lead"), Requirement("crew", "support"))


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
    known.begin_reload()
    known.learn(unit_change(9, "off_duty"))
    known.end_reload({"police": UnitState(version=2), "c": UnitState(load=4)})
    assert known.states.of("police").duty == "off_duty"
    assert known.states.of("c").load == 4
    known.end_reload({})
    assert known.states.of("police") == UnitState()


def test_facts_take_the_local_hour_and_weekday() -> None:
    assert local_facts({"channel": "api"}, NOW) == {"channel": "api", "hour": 2, "weekday": 1}
    assert once_scope("device", "7") != once_scope("device", None)


def test_an_incident_is_known_from_its_opening_to_its_end_and_a_reload_heals() -> None:
    known, name = knowledge(), incident_of(CREW)["id"]
    known.learn(CREW)
    assert known.incidents.find(name) is not None
    known.end_reload({})
    assert known.incidents.find(name) is None
    known.begin_reload()
    known.learn(CREW)
    known.end_reload({})
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
