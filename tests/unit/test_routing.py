"""Who goes, why, and never two leads, never somebody excluded, never silence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.candidate import Request, Search
from dispatch.domain.clock_profile import ClockProfile, deadlines
from dispatch.domain.directory import Directory, DirectoryContent, Division, States
from dispatch.domain.escalation import LADDER, REMIND_AFTER, next_due, next_step, overdue
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.intake import Clocks, issue
from dispatch.domain.routing import decide, next_unit
from dispatch.domain.rows import AssignmentRow, instant, parse_instant
from dispatch.domain.ruleset import CompiledRuleset, Exclusion, Requirement, Rule, Ruleset
from dispatch.domain.unit import Contact, ShiftWindow, Unit, UnitState, is_on_duty

NOW = datetime(2026, 11, 23, 2, 17, tzinfo=UTC)
HERE = Point(112.9, 27.8)
KINDS = ("police", "justice", "health", "community", "crew", "platform")


def unit(code: str, kind: str, areas: Sequence[str], **changes: object) -> Unit:
    made = Unit(
        id=code, code=code, kind=kind, agency="a", name=code, name_en=code, division_code=areas[0] if areas else "4303",
        point=Point(112.9 + len(code) * 0.01, 27.8), phone="1", rank=100, superior_id=None, capabilities=frozenset(),
        jurisdiction=tuple(areas), schedule=None, on_call=None, exclusive=kind == "crew", sensitive=False,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


class Space:
    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = units

    def nearest(self, kind: str, point: Point, limit: int) -> list[str]:
        found = sorted((u for u in self.units if u.kind == kind), key=lambda u: (distance_m(u.point, point), u.code))
        return [u.id for u in found[:limit]]

    def division_at(self, point: Point) -> str | None:
        del point
        return None


def city(units: Sequence[Unit]) -> Directory:
    levels = {"430300": None, "430304": "430300", "430304005": "430304", "430304005003": "430304005"}
    divisions = {c: Division(c, c, c, parent, "x", "urban", HERE) for c, parent in levels.items()}
    content = DirectoryContent(1, {}, {u.id: u for u in units}, {}, {}, divisions, {}, {}, {})
    return Directory(content, Space(units))


def rules(*requirements: Requirement, exclude: tuple[str, ...] = ()) -> CompiledRuleset:
    rule = Rule("r", "r", "r", 1, True, None, requirements, tuple(Exclusion(k, "", "") for k in exclude), True)
    return CompiledRuleset(Ruleset(1, "r", "r", (rule,)))


def ask(**changes: object) -> Request:
    made = Request({"incident_type": "x"}, "430304005003", HERE, NOW, NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


LEAD = Requirement("police", "lead")
SUPPORT = Requirement("justice", "support", substitutes=("platform",))


def chosen(
    units: Sequence[Unit], *requirements: Requirement, states: States | None = None, **more: object
) -> list[str]:
    plan = decide(ask(**more), rules(*requirements), city(units), states or States())
    return [planned.unit.code for planned in plan.planned]


def test_the_village_goes_before_the_township_and_the_township_before_a_nearer_stranger() -> None:
    stranger = unit("s", "police", ["430302"])
    township, village = unit("t", "police", ["430304005"]), unit("v", "police", ["430304005003"])
    assert chosen([stranger, township, village], LEAD) == ["v"]
    assert chosen([stranger, township], LEAD) == ["t"]
    assert chosen([stranger], LEAD) == ["s"]


def test_a_mere_notice_is_not_sent_to_a_stranger() -> None:
    plan = decide(ask(), rules(LEAD, Requirement("health", "notify", mandatory=False)), city([
        unit("p", "police", ["430304"]), unit("h", "health", ["430302"])]), States())  # fmt: skip
    assert [planned.unit.code for planned in plan.planned] == ["p"]
    assert [gap.reason for gap in plan.shortfalls] == ["outside_jurisdiction"]


def test_off_duty_the_on_call_person_comes_before_a_substitute_and_that_before_a_gap() -> None:
    night = (ShiftWindow(frozenset(range(1, 8)), NOW.time().replace(hour=8), NOW.time().replace(hour=17)),)
    police, platform = unit("p", "police", ["430304"]), unit("f", "platform", ["430304005"])
    asleep = unit("j", "justice", ["430304005"], schedule=night)
    reachable = replace(asleep, on_call=Contact("duty", "1"))
    assert chosen([police, reachable, platform], LEAD, SUPPORT) == ["p", "j"]
    assert chosen([police, asleep, platform], LEAD, SUPPORT) == ["p", "f"]
    plan = decide(ask(), rules(LEAD, SUPPORT), city([police, asleep]), States())
    assert [gap.reason for gap in plan.shortfalls] == ["off_duty"]


def test_a_crew_that_is_taken_or_was_lost_is_passed_over_and_all_taken_is_said() -> None:
    crews = [unit("c1", "crew", ["430304"]), unit("c22", "crew", ["430304"])]
    states = States()
    states.put("c1", UnitState(committed_to="other"))
    need = Requirement("crew", "lead")
    assert chosen(crews, need, states=states) == ["c22"]
    assert chosen(crews, need, lost=frozenset({"c1"})) == ["c22"]
    plan = decide(ask(lost=frozenset({"c22"})), rules(need), city(crews), states)
    assert [gap.reason for gap in plan.shortfalls] == ["all_committed"]


def test_a_fresh_position_decides_between_two_of_the_same_area_and_an_old_one_does_not() -> None:
    crews = [unit("c1", "crew", ["430304"]), unit("c22", "crew", ["430304"])]
    for age, expected in ((60, "c22"), (121, "c1")):
        states = States()
        states.put("c22", UnitState(position=HERE, position_at=NOW - timedelta(seconds=age)))
        assert chosen(crews, Requirement("crew", "lead"), states=states) == [expected]


def test_when_the_nearest_are_all_taken_a_free_one_farther_away_goes() -> None:
    crews = [unit(f"c{'x' * n}", "crew", ["430302"]) for n in range(9)]
    states = States()
    for crew in crews[:8]:
        states.put(crew.id, UnitState(committed_to="other"))
    assert chosen(crews, Requirement("crew", "lead"), states=states) == [crews[8].code]


def test_a_crew_on_the_road_beside_the_scene_goes_before_one_whose_station_is_nearer() -> None:
    crews = [unit(f"c{'x' * n}", "crew", ["430302"]) for n in range(9)]
    states = States()
    states.put(crews[8].id, UnitState(position=HERE, position_at=NOW - timedelta(seconds=20)))
    assert chosen(crews, Requirement("crew", "lead"), states=states) == [crews[8].code]


def test_the_order_of_the_criteria_is_the_rules_own() -> None:
    crews = [unit("a", "crew", ["430304"]), unit("bbb", "crew", ["430304"]), unit("cc", "crew", ["430304"], rank=1)]
    states = States()
    for code, minutes in (("a", 5), ("bbb", 60), ("cc", 10)):
        states.put(code, UnitState(released_at=NOW - timedelta(minutes=minutes)))
    for choose, expected in (
        (("jurisdiction", "nearest", "load"), "a"),
        (("rest", "nearest"), "bbb"),
        (("rank",), "cc"),
        (("nearest",), "a"),
    ):
        assert chosen(crews, Requirement("crew", "lead", choose=choose), states=states) == [expected], choose


def test_who_has_never_been_out_is_rested_best_and_who_came_back_too_recently_stays() -> None:
    crews = [unit("a", "crew", ["430304"]), unit("bb", "crew", ["430304"])]
    states = States()
    states.put("bb", UnitState(released_at=NOW - timedelta(minutes=5)))
    assert chosen(crews, Requirement("crew", "lead", choose=("rest",)), states=states) == ["a"]
    states.put("a", UnitState(released_at=NOW - timedelta(minutes=9)))
    plan = decide(ask(), rules(Requirement("crew", "lead", rest_s=600)), city(crews), states)
    assert plan.planned == []
    assert {entry.reason for entry in plan.considered} == {"resting"}
    assert [gap.reason for gap in plan.shortfalls] == ["resting"]


def test_a_unit_beyond_the_radius_and_one_that_is_not_named_are_not_sent() -> None:
    crews = [unit("a", "crew", ["430304"]), unit("bbbb", "crew", ["430304"])]
    assert chosen(crews, Requirement("crew", "lead", units=("bbbb",))) == ["bbbb"]
    assert chosen(crews, Requirement("crew", "lead", count=2, within_m=2_000)) == ["a"]
    plan = decide(ask(), rules(Requirement("crew", "lead", count=2, within_m=2_000)), city(crews), States())
    assert [gap.reason for gap in plan.shortfalls] == ["too_far"]


def test_two_stations_for_one_lead_requirement_are_one_lead_and_one_support() -> None:
    stations = [unit("p1", "police", ["430304005"]), unit("p22", "police", ["430302"])]
    plan = decide(ask(), rules(Requirement("police", "lead", count=2)), city(stations), States())
    assert [(planned.unit.code, planned.role) for planned in plan.planned] == [("p1", "lead"), ("p22", "support")]


def test_the_next_unit_is_never_one_that_is_on_the_incident() -> None:
    stations = [unit(f"p{'x' * n}", "police", ["430304"]) for n in range(4)]
    taken: set[str] = set()
    for _ in stations:
        found = next_unit(LEAD, Search(ask(taken=frozenset(taken)), city(stations), States(), frozenset()))
        assert found is not None
        assert found.unit.id not in taken
        taken.add(found.unit.id)
    assert next_unit(LEAD, Search(ask(taken=frozenset(taken)), city(stations), States(), frozenset())) is None


UNITS = st.lists(
    st.builds(
        lambda n, kind, area, call: unit(f"u{n}", kind, [area], on_call=Contact("x", "1") if call else None),
        st.integers(0, 40), st.sampled_from(KINDS),
        st.sampled_from(["430304005003", "430304005", "430304", "430300", "430302"]), st.booleans(),
    ),
    max_size=20, unique_by=lambda u: u.id,
)  # fmt: skip
STATES = st.dictionaries(
    st.integers(0, 40).map(lambda n: f"u{n}"),
    st.builds(UnitState, duty=st.sampled_from(["available", "off_duty", "out_of_service"]),
              committed_to=st.sampled_from([None, "other"]), load=st.integers(0, 3)),
)  # fmt: skip
SUPPORTS = st.lists(
    st.builds(
        Requirement, st.sampled_from(KINDS[1:]), st.sampled_from(["support", "notify"]),
        st.integers(1, 3), st.booleans(),
        substitutes=st.sampled_from([(), ("platform",)]),
    ),
    max_size=5,
)  # fmt: skip


@given(UNITS, STATES, SUPPORTS, st.sets(st.sampled_from(KINDS), max_size=2))
def test_one_lead_nobody_twice_nobody_excluded_and_no_place_in_silence(
    units: list[Unit], states: dict[str, UnitState], supports: list[Requirement], excluded: set[str]
) -> None:
    known = States()
    known.replace_all(states)
    compiled = rules(LEAD, *supports, exclude=tuple(sorted(excluded)))
    plan = decide(ask(), compiled, city(units), known)
    codes = [planned.unit.code for planned in plan.planned]
    assert len(codes) == len(set(codes))
    assert not {planned.unit.kind for planned in plan.planned} & excluded
    leads = [planned for planned in plan.planned if planned.role == "lead"]
    gaps = [gap for gap in plan.shortfalls if gap.role == "lead"]
    assert len(leads) + len(gaps) == 1
    slots = sorted([p.slot for p in plan.planned] + [gap.slot for gap in plan.shortfalls])
    assert slots == list(range(sum(requirement.count for requirement in plan.requirements)))
    for planned in plan.planned:
        assert planned.on_call or is_on_duty(planned.unit, known.of(planned.unit.id), NOW)
        if planned.unit.exclusive and planned.role != "notify":
            assert known.of(planned.unit.id).committed_to is None
    again = decide(ask(), compiled, city(list(reversed(units))), known)
    assert [(p.unit.code, p.slot, p.role, p.code) for p in again.planned] == [
        (p.unit.code, p.slot, p.role, p.code) for p in plan.planned
    ]


PROFILE = ClockProfile("p", 15, 30, 60, 180, {"urban": 300.0, "rural": 1200.0}, 1800, 86400, 300)


def issued(role: str = "support") -> AssignmentRow:
    plan = decide(ask(), rules(LEAD), city([unit("p", "police", ["430304"])]), States())
    clocks = Clocks(PROFILE, "urban", NOW)
    return issue(
        replace(plan.planned[0], role=role),
        incident_id="i",
        new_id=lambda: __import__("uuid").UUID(int=7),
        clocks=clocks,
    )


def test_the_ladder_pages_urges_and_escalates_in_this_order_each_once() -> None:
    row, taken = issued(), []
    for second in range(0, 70, 5):
        now = NOW + timedelta(seconds=second)
        while (step := next_step(row, now)).action != "remind":
            taken.append((second, step.step))
            row["steps_done"].append(step.step)
    assert taken == [(15, "page"), (30, "urge"), (60, "escalate")]


def test_a_unit_that_is_only_told_is_never_urged_and_finishes_by_itself() -> None:
    row = issued("notify")
    row["status"] = "delivered"
    assert next_step(row, NOW + timedelta(hours=23)).action == "remind"
    assert next_step(row, NOW + timedelta(hours=25)).action == "finish"


@given(
    st.sampled_from(["issued", "delivered", "acknowledged", "en_route", "on_scene"]),
    st.sets(st.sampled_from([step.name for step in LADDER])),
    st.integers(-10, 200_000),
    st.booleans(),
)
def test_an_open_assignment_always_has_a_next_instant(status: str, done: set[str], after: int, fed_back: bool) -> None:
    row, now = issued(), NOW + timedelta(seconds=after)
    row["status"], row["steps_done"] = status, sorted(done)
    row["fed_back_at"] = instant(NOW) if fed_back else None
    due = next_due(row, now)
    assert due <= max(now + REMIND_AFTER, NOW + timedelta(days=2))
    step = next_step(row, now)
    if step.action != "remind":
        assert step.step not in done
        assert step.missed in overdue(row, now) or step.step == "page"


def test_deadlines_follow_the_area_and_a_missing_clock_stays_missing() -> None:
    rural = deadlines(PROFILE, role="lead", area_class="rural", issued=NOW)
    assert parse_instant(str(rural.arrive_by)) == NOW + timedelta(seconds=1200)
    none = deadlines(replace(PROFILE, arrive_s=None, depart_s=None), role="lead", area_class="urban", issued=NOW)
    assert (none.arrive_by, none.depart_by) == (None, None)


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_an_instant_survives_its_text_and_has_no_trailing_zero(moment: datetime) -> None:
    text = instant(moment)
    assert parse_instant(text) == moment
    assert text.endswith("+00:00")
    assert "." not in text or not text[:-6].endswith("0")


def test_a_window_that_passes_midnight_covers_both_sides_of_it() -> None:
    window = ShiftWindow(frozenset({1}), NOW.time().replace(hour=22, minute=0), NOW.time().replace(hour=6, minute=0))
    monday = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    assert window.covers(monday)
    assert window.covers(monday + timedelta(hours=5))
    assert not window.covers(monday + timedelta(hours=8))
    assert not window.covers(monday - timedelta(hours=20))
