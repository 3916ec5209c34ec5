"""A small world in memory: units, rules, rows and changes, without a database."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.domain.actor import SYSTEM
from dispatch.domain.call import CallReport, Where
from dispatch.domain.candidate import Request
from dispatch.domain.clock_profile import ClockProfile
from dispatch.domain.directory import Directory, DirectoryContent, Division, IncidentType, Place, States
from dispatch.domain.events import Event, EventName
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.intake import Opening, open_incident
from dispatch.domain.routing import Plan, decide
from dispatch.domain.rows import AssignmentRow, ChangeRow, IncidentRow, instant
from dispatch.domain.ruleset import CompiledRuleset, Exclusion, Requirement, Rule, Ruleset
from dispatch.domain.unit import Unit, pools_of
from dispatch.security import Principal

NOW = datetime(2026, 11, 23, 2, 17, tzinfo=UTC)
HERE = Point(112.9, 27.8)
VILLAGE, TOWNSHIP, COUNTY, CITY, ELSEWHERE = "430304005003", "430304005", "430304", "430300", "430302"
PROFILE = ClockProfile("p", 15, 30, 60, 180, {"urban": 300.0, "suburb": 600.0}, 1800, 86_400, 300)
SENSITIVE = IncidentType("psychiatric.x", "x", "x", "x", "IV", "urgent", "p", sensitive=True)
PLAIN = replace(SENSITIVE, code="noise.x", sensitive=False)
LEVELS = {
    CITY: (None, "city"),
    COUNTY: (CITY, "county"),
    ELSEWHERE: (CITY, "county"),
    TOWNSHIP: (COUNTY, "township"),
    VILLAGE: (TOWNSHIP, "village"),
}
HOSPITAL = Place("hospital", "H6", "hospital", "医院", "Hospital", "演示路6号", VILLAGE, Point(112.91, 27.81), None)


def unit(code: str, kind: str = "police", areas: Sequence[str] = (VILLAGE,), **changes: Any) -> Unit:
    made = Unit(
        id=code,
        code=code,
        kind=kind,
        agency="a",
        name=code,
        name_en=code,
        division_code=areas[0] if areas else COUNTY,
        point=Point(112.9, 27.8),
        phone=None,
        rank=100,
        superior_id=None,
        capabilities=frozenset(),
        jurisdiction=tuple(areas),
        schedule=None,
        on_call=None,
        exclusive=kind == "crew",
        sensitive=kind == "health",
    )
    return replace(made, **changes)


class Space:
    """Everything in one list; a point lies in the division it was told to lie in."""

    def __init__(self, units: Sequence[Unit], division: str | None = None) -> None:
        self.units = units
        self.division = division

    def nearest(self, kind: str, point: Point, limit: int) -> list[str]:
        found = sorted(
            (u for u in self.units if kind in pools_of(u)), key=lambda u: (distance_m(u.point, point), u.code)
        )
        return [u.id for u in found[:limit]]

    def division_at(self, point: Point) -> str | None:
        return self.division

    def near_boundary(self, point: Point, within_m: float) -> bool | None:
        return None


def directory(units: Sequence[Unit] = (), *, division: str | None = None) -> Directory:
    divisions = {
        code: Division(code, code, code, parent, level, "suburb" if code == TOWNSHIP else "urban", HERE)
        for code, (parent, level) in LEVELS.items()
    }
    types = {kind.code: kind for kind in (SENSITIVE, PLAIN)}
    content = DirectoryContent(
        3, {}, {u.id: u for u in units}, {HOSPITAL.id: HOSPITAL}, {}, divisions, types, {"p": PROFILE}, {}
    )
    return Directory(content, Space(units, division))


def rule(*require: Requirement, name: str = "r", exclude: Sequence[str] = (), final: bool = True) -> Rule:
    """Make a rule without a condition; of several, the final one is the catch-all."""
    exclusions = tuple(Exclusion(kind, "不派", "never") for kind in exclude)
    return Rule(name, name, name, 0 if final else 9, final, None, require, exclusions, catch_all=final)


def ruleset(*rules: Rule) -> CompiledRuleset:
    return CompiledRuleset(Ruleset(7, "r", "r", rules))


def request(**changes: Any) -> Request:
    return replace(Request({"incident_type": "x"}, VILLAGE, HERE, NOW, NOW), **changes)


def planned(units: Sequence[Unit], *require: Requirement, states: States | None = None, **changes: Any) -> Plan:
    return decide(request(**changes), ruleset(rule(*require)), directory(units), states or States())


def ids() -> Callable[[], UUID]:
    numbers = itertools.count(1)
    return lambda: UUID(int=next(numbers))


def opening(*, kind: IncidentType = SENSITIVE, **report: Any) -> Opening:
    told = {"description": "病房里有人砸东西", "caller": {"name": "护士", "phone": "0731"}, "source_id": "his"} | report
    return Opening(
        report=CallReport(kind.code, "api", **told),
        where=Where(HOSPITAL, VILLAGE, HOSPITAL.point),
        kind=kind,
        profile=PROFILE,
        actor=SYSTEM,
        now=NOW,
        call_id="call",
    )


FOUR = (
    unit("police"),
    unit("justice", "justice", [TOWNSHIP]),
    unit("health", "health", [COUNTY]),
    unit("community", "community"),
)
REQUIRE = (
    Requirement("police", "lead"),
    Requirement("justice", "support"),
    Requirement("health", "support"),
    Requirement("community", "notify"),
)


def opened(units: Sequence[Unit] = FOUR, *require: Requirement, **report: Any) -> ChangeRow:
    """Give the change of a fresh incident."""
    plan = planned(units, *(require or REQUIRE))
    return open_incident(opening(**report), plan, new_id=ids(), directory=directory(units))


def incident_of(change: ChangeRow) -> IncidentRow:
    assert change["incident"] is not None
    return change["incident"]


def assignment_of(change: ChangeRow, unit_id: str) -> AssignmentRow:
    return next(row for row in change["assignments"] if row["unit_id"] == unit_id)


def later(
    change: ChangeRow, event: EventName, rows: Sequence[AssignmentRow] = (), *, seconds: int = 1, **fields: Any
) -> ChangeRow:
    """Give the next change of an incident: its version grows; the rows named are those that changed."""
    incident = incident_of(change)
    following = incident | {"version": incident["version"] + 1} | fields
    told = Event(f"{event}-{following['version']}", event, rows[0]["id"] if rows else None)
    return {
        "incident": following,  # type: ignore[typeddict-item]
        "assignments": list(rows),
        "events": [told.data()],
        "unit": None,
        "occurred_at": instant(NOW + timedelta(seconds=seconds)),
        "recorded_at": instant(NOW + timedelta(seconds=seconds)),
    }


def moved(row: AssignmentRow, status: str, **fields: Any) -> AssignmentRow:
    return row | {"status": status, "version": row["version"] + 1} | fields  # type: ignore[return-value]


def principal(kind: str = "person", role: str | None = None, **fields: Any) -> Principal:
    made = Principal(kind, f"{kind}-id", "name", role, None, None, (), b"hash", is_session=False)
    return replace(made, **fields)


DESK = principal(role="operator", division_codes=("4303",))
WALL = principal("wall", division_codes=("4303",))
INTEGRATOR = principal("integrator", id="his")


def console(unit_id: str) -> Principal:
    return principal("console", unit_id=unit_id)
