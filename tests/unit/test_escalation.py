"""Silence and its consequences over an assignment's whole life, and the same ladder in SQL."""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.assignment import OPEN, STATUSES, TRANSITIONS, VERBS
from dispatch.domain.clock_profile import NOTIFY_CLOSE_S, Deadlines, deadlines
from dispatch.domain.escalation import (
    LADDER,
    REMIND_AFTER,
    next_due,
    next_step,
    overdue,
    owes_something,
)
from dispatch.domain.intake import Clocks, issue
from dispatch.domain.rows import AssignmentRow, instant, parse_instant
from dispatch.domain.ruleset import Requirement
from dispatch.storage.verb import verb_statement
from tests.support.world import NOW, PROFILE, ids, planned, unit

NAMES = [step.name for step in LADDER]
DEADLINES = [field.name for field in fields(Deadlines)]


def issued(role: str = "support", *, on_call: bool = False, **changes: Any) -> AssignmentRow:
    entry = planned([unit("p")], Requirement("police", "lead")).planned[0]
    clocks = Clocks(PROFILE, "urban", NOW)
    row = issue(replace(entry, role=role, on_call=on_call), incident_id="i", new_id=ids(), clocks=clocks)
    return row | changes  # type: ignore[return-value]


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def follow(
    row: AssignmentRow, until: float, *, live: Callable[[AssignmentRow, float], None]
) -> list[tuple[float, str]]:
    """Fire every timer as it falls due; `live` lets the unit act before each."""
    fired: list[tuple[float, str]] = []
    now = after(0)
    while (now := max(now, next_due(row, now))) <= after(until):
        seconds = (now - NOW).total_seconds()
        live(row, seconds)
        due = next_step(row, now)
        if due.action == "remind":
            now += REMIND_AFTER
            continue
        fired.append((seconds, due.step))
        row["steps_done"].append(due.step)
    return fired


def test_a_silent_unit_is_paged_urged_escalated_and_at_last_watched() -> None:
    fired = follow(issued(), 2 * 86_400, live=lambda _row, _s: None)
    assert fired == [(15, "page"), (30, "urge"), (60, "escalate"), (86_400, "close_overdue")]


def test_a_unit_that_went_but_tells_nothing_is_urged_for_every_missed_step() -> None:
    row = issued(status="acknowledged")
    fired = follow(row, 2 * 86_400, live=lambda _row, _s: None)
    assert fired == [
        (180, "depart_overdue"),
        (300, "arrive_overdue"),
        (1800, "feedback_overdue"),
        (86_400, "close_overdue"),
    ]


def test_a_unit_that_is_in_time_is_left_alone() -> None:
    def live(row: AssignmentRow, seconds: float) -> None:
        row["status"] = "on_scene" if seconds >= 180 else "acknowledged"
        row["fed_back_at"] = instant(after(1700)) if seconds >= 1700 else None

    assert follow(issued(), 80_000, live=live) == []


def test_a_render_does_not_save_from_being_urged() -> None:
    row = issued(status="delivered")
    assert next_step(row, after(29)).action == "remind"
    assert (next_step(row, after(30)).step, next_step(row, after(30)).action) == ("urge", "urge")


def test_a_rung_is_taken_once_and_in_the_ladder_s_order() -> None:
    row, taken = issued(), []
    while (due := next_step(row, after(100))).action != "remind":
        taken.append(due.step)
        row["steps_done"].append(due.step)
    assert taken == ["page", "urge", "escalate"]


def test_when_every_step_is_taken_a_reminder_is_left() -> None:
    row = issued(steps_done=list(NAMES))
    for status in sorted(OPEN):
        row["status"] = status
        assert next_step(row, after(10**6)).action == "remind"
        assert next_due(row, after(10**6)) == after(10**6) + REMIND_AFTER


def test_only_a_silent_unit_that_was_urged_is_reminded() -> None:
    assert not owes_something(issued(), after(10))
    assert owes_something(issued(steps_done=["page", "urge"]), after(100))
    assert not owes_something(issued(status="acknowledged", steps_done=["page", "urge"]), after(100))
    assert not owes_something(issued("notify", steps_done=["page", "urge"]), after(100))


def test_feedback_given_ends_its_clock() -> None:
    row = issued(status="on_scene", fed_back_at=instant(after(100)))
    assert next_due(row, after(1900)) == after(86_400)
    assert "feedback_by" not in overdue(row, after(1900))
    assert next_step(row, after(1900)).action == "remind"
    assert next_step(row, after(86_400)).action == "supervise"


def test_somebody_on_call_is_paged_at_once_even_when_a_console_shows_it() -> None:
    row = issued(on_call=True)
    assert next_due(row, after(0)) == NOW
    row["status"] = "delivered"
    assert (next_step(row, after(1)).action, next_due(row, after(1))) == ("page", NOW)
    row["status"] = "acknowledged"
    assert next_step(row, after(1)).action == "remind"


def test_a_unit_that_is_only_told_is_paged_and_then_finished_by_the_system() -> None:
    row = issued("notify")
    assert follow(row, 2 * 86_400, live=lambda _row, _s: None) == [(15, "page"), (NOTIFY_CLOSE_S, "close_overdue")]
    row["steps_done"] = ["page"]
    assert next_step(row, after(NOTIFY_CLOSE_S)).action == "finish"


@pytest.mark.parametrize("role", ["lead", "support", "notify"])
def test_the_first_timer_is_the_one_the_ladder_asks_for(role: str) -> None:
    limits = deadlines(PROFILE, role=role, area_class="urban", issued=NOW)
    first = min(filter(None, (limits.deliver_by, limits.urge_by, limits.acknowledge_by)))
    assert parse_instant(first) == next_due(issued(role), NOW)


@pytest.mark.parametrize(("area", "arrive_s"), [("urban", 300), ("suburb", 600), ("rural", 300)])
@pytest.mark.parametrize("role", ["lead", "support"])
def test_every_clock_runs_from_the_issue_and_an_unknown_area_counts_as_urban(
    role: str, area: str, arrive_s: int
) -> None:
    limits = deadlines(PROFILE, role=role, area_class=area, issued=NOW)
    seconds = {
        name: (parse_instant(text) - NOW).total_seconds()
        for name in DEADLINES
        if (text := getattr(limits, name)) is not None
    }
    assert seconds == {
        "deliver_by": 15,
        "urge_by": 30,
        "acknowledge_by": 60,
        "depart_by": 180,
        "arrive_by": arrive_s,
        "feedback_by": 1800,
        "close_by": 86_400,
    }


def test_a_profile_without_a_city_limit_has_no_arrival_clock_where_it_says_nothing() -> None:
    limits = deadlines(replace(PROFILE, arrive_s={"rural": 9.0}), role="lead", area_class="urban", issued=NOW)
    assert limits.arrive_by is None


def test_a_unit_that_is_only_told_has_two_clocks() -> None:
    limits = deadlines(PROFILE, role="notify", area_class="urban", issued=NOW)
    assert [name for name in DEADLINES if getattr(limits, name)] == ["deliver_by", "close_by"]


ROWS = st.builds(
    lambda role, status, done, fed_back, on_call: issued(
        role, on_call=on_call, status=status, steps_done=sorted(done), fed_back_at=instant(NOW) if fed_back else None
    ),
    st.sampled_from(["lead", "support", "notify"]),
    st.sampled_from(sorted(OPEN)),
    st.sets(st.sampled_from(NAMES)),
    st.booleans(),
    st.booleans(),
)
SECONDS = st.integers(-10, 200_000)


@given(ROWS, SECONDS)
def test_an_open_assignment_always_has_a_next_instant_and_something_to_do_then(row: AssignmentRow, at: int) -> None:
    due = next_due(row, after(at))
    step = next_step(row, max(due, after(at)))
    assert step.action == "remind" or step.step not in row["steps_done"]
    assert step.action != "remind" or due == after(at) + REMIND_AFTER


@given(ROWS, SECONDS)
def test_before_the_next_instant_there_is_nothing_to_do(row: AssignmentRow, at: int) -> None:
    due = next_due(row, after(at))
    assert next_step(row, min(due, after(at)) - timedelta(microseconds=1)).action == "remind"


@given(ROWS, SECONDS, st.integers(0, 200_000))
def test_what_is_overdue_stays_overdue_until_somebody_acts(row: AssignmentRow, at: int, longer: int) -> None:
    assert set(overdue(row, after(at))) <= set(overdue(row, after(at + longer)))


@pytest.mark.parametrize("status", [status for status in STATUSES if status not in OPEN])
def test_what_has_ended_is_never_overdue(status: str) -> None:
    row = issued(status=status)
    assert overdue(row, after(10**6)) == []
    assert next_step(row, after(10**6)).action == "remind"


def test_every_rung_waits_for_a_deadline_that_there_is() -> None:
    assert {step.deadline for step in LADDER} <= {*DEADLINES, "change_by"}


ARM = re.compile(r"CASE WHEN (?P<when>.*?) THEN a\.(?P<deadline>\w+) END")
MOVING = [verb for verb in VERBS if any(target in OPEN for (_, known), target in TRANSITIONS.items() if known == verb)]


def due_by_sql(row: AssignmentRow, now: datetime) -> datetime:
    """Read the statement's own expression: CASE WHEN … THEN a.deadline END, the least of them, else the reminder."""
    found: list[datetime] = []
    for arm in ARM.finditer(_timer("deliver")):
        text: str | None = row[arm["deadline"]]  # type: ignore[literal-required]
        if text is not None and _holds(arm["when"], row):
            found.append(parse_instant(text))
    return min(found, default=now + REMIND_AFTER)


def _timer(verb: str) -> str:
    return verb_statement(verb).partition("UPDATE timer SET due_at = ")[2].partition("FROM a")[0]  # type: ignore[arg-type]


def _holds(when: str, row: AssignmentRow) -> bool:
    text = re.sub(r"a\.status IN \((.*?)\)", lambda m: str(row["status"] in re.findall(r"'(\w+)'", m[1])), when)
    text = re.sub(r"a\.status = '(\w+)'", lambda m: str(row["status"] == m[1]), text)
    text = re.sub(r"'(\w+)' = ANY\(a\.steps_done\)", lambda m: str(m[1] in row["steps_done"]), text)
    text = text.replace("a.fed_back_at IS NULL", str(row["fed_back_at"] is None))
    on_call = str(bool(row["selection"].get("on_call")))
    text = re.sub(r"(coalesce\()?\(a\.selection\s*->>\s*'on_call'\)::boolean(, false\))?", on_call, text)
    text = re.sub(r"a\.selection\s*->>\s*'on_call' = 'true'", on_call, text)
    assert re.fullmatch(r"(True|False|AND|OR|NOT|[() ])*", text), text
    return bool(eval(re.sub(r"AND|OR|NOT", lambda m: m[0].lower(), text)))  # only True, False, AND, OR, NOT


@given(ROWS.filter(lambda row: not row["selection"]["on_call"]), SECONDS)
def test_the_statement_arms_the_timer_as_the_ladder_does(row: AssignmentRow, at: int) -> None:
    assert due_by_sql(row, after(at)) == next_due(row, after(at))


def test_a_receipt_does_not_put_off_the_page_of_somebody_on_call() -> None:
    row = issued(on_call=True, status="delivered")
    assert due_by_sql(row, after(0)) == next_due(row, after(0))


@pytest.mark.parametrize("verb", MOVING)
def test_every_verb_that_leaves_an_assignment_open_arms_all_rungs(verb: str) -> None:
    if any(target not in OPEN for (_, known), target in TRANSITIONS.items() if known == verb):
        pytest.skip("it ends the assignment as well")
    text = _timer(verb)
    assert re.findall(r"'(\w+)' = ANY\(a\.steps_done\)", text) == NAMES
    assert [arm["deadline"] for arm in ARM.finditer(text)] == [step.deadline for step in LADDER]
    assert "interval '300 s'" in text


@pytest.mark.parametrize("verb", VERBS)
def test_a_statement_moves_exactly_as_the_table_says(verb: str) -> None:
    moves = {source: target for (source, known), target in TRANSITIONS.items() if known == verb}
    statement = verb_statement(verb)
    case = re.search(r"CASE assignment\.status (.*?) END", statement)
    assert case is not None
    assert dict(re.findall(r"WHEN '(\w+)' THEN '(\w+)'", case[1])) == moves
    sources = re.search(r"assignment\.status IN \((.*?)\)", statement)
    assert sources is not None
    assert set(re.findall(r"'(\w+)'", sources[1])) == set(moves)
    ends = any(target not in OPEN for target in moves.values())
    assert ("DELETE FROM timer USING a " in statement) is ends
    assert ("ended_at = coalesce(assignment.ended_at, $4::timestamptz)," in statement) is ends
