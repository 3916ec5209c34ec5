"""The demo city as its tests look at it: rows by code, the plan that its rules make, who would be asked."""

from datetime import time

from dispatch.demo.city import bundle
from dispatch.domain.clock_profile import ClockProfile
from dispatch.domain.directory import Directory, DirectoryContent, Division, IncidentType, Place
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.routing import merge_requirements
from dispatch.domain.ruleset import CompiledRuleset, Known, parse_ruleset
from dispatch.domain.unit import Contact, ShiftWindow, Unit, UnitKind
from dispatch.storage.space import SpatialIndex

CITY = bundle()
NEAREST_ASKED = 6
"""As many of the nearest units routing looks at beyond those that answer for the area."""

UNITS = {unit["code"]: unit for unit in CITY["units"]}
KINDS = {kind["code"]: kind for kind in CITY["unit_kinds"]}
DIVISIONS = {division["code"]: division for division in CITY["divisions"]}
TYPES = {row["code"]: row for row in CITY["incident_types"]}
PROFILES = {row["code"]: row for row in CITY["clock_profiles"]}
PLACES = {row["code"]: row for row in CITY["places"]}
RULES = CompiledRuleset(
    parse_ruleset(CITY["ruleset"], version=1, known=Known(frozenset(KINDS), frozenset(TYPES), frozenset(PROFILES)))
)


def divisions_of(level):
    return [row for row in CITY["divisions"] if row["level"] == level]


def point_of(row):
    return Point(row["longitude"], row["latitude"])


def facts_of(incident_type, place_kind=None, **more):
    row = TYPES[incident_type]
    defaults = {"severity": row["severity"], "urgency": row["urgency"], "tags": frozenset(), "exercise": "actual"}
    return defaults | {"incident_type": incident_type, "place_kind": place_kind, "channel": "api"} | more


def plan_of(facts):
    """The plan's requirements, those held back among them."""
    return list(merge_requirements(RULES.matching(facts)))


def chain(code):
    while code is not None:
        yield code
        code = DIVISIONS[code]["parent_code"]


def candidates(requirement, division_code, point):
    """Who would be asked, best first: those who answer for the area, closest area first; then the nearest."""
    able = [unit for unit in CITY["units"] if unit["kind"] == requirement.unit_kind]
    by_distance = sorted(able, key=lambda unit: (distance_m(point_of(unit), point), unit["code"]))
    home = [unit for code in chain(division_code) for unit in by_distance if code in unit["jurisdiction"]]
    asked = by_distance[:NEAREST_ASKED]
    ranked = [*home, *asked] if "jurisdiction" in requirement.choose else [*asked, *home]
    unique = list({unit["code"]: unit for unit in ranked}.values())
    return [unit for unit in unique if requirement.capability in {None, *unit["capabilities"]}]


def demo_directory():
    """The demo city as the service holds it in memory, without a database."""
    content = DirectoryContent(
        version=1,
        unit_kinds={
            code: UnitKind(code, row["name"], row["name_en"], row["exclusive"], row["sensitive"])
            for code, row in KINDS.items()
        },
        units={unit.id: unit for unit in map(_unit, CITY["units"])},
        places={
            code: Place(
                code, code, row["kind"], row["name"], row["name_en"], "", row["division_code"], point_of(row), None
            )
            for code, row in PLACES.items()
        },
        devices={},
        divisions={
            code: Division(
                code, row["name"], row["name_en"], row["parent_code"], row["level"], row["area_class"], point_of(row)
            )
            for code, row in DIVISIONS.items()
        },
        incident_types={
            code: IncidentType(
                code,
                row["name"],
                row["name_en"],
                row["class"],
                row["severity"],
                row["urgency"],
                row["clock_profile"],
                row["sensitive"],
                row.get("personal", False),
            )
            for code, row in TYPES.items()
        },
        clock_profiles={code: ClockProfile(**row) for code, row in PROFILES.items()},
        place_kinds={row["code"]: (row["name"], row["name_en"]) for row in CITY["place_kinds"]},
    )
    return Directory(content, SpatialIndex(content.units.values(), content.divisions.values()))


def _unit(row):
    kind, hours = KINDS[row["kind"]], row["schedule"]
    return Unit(
        id=row["code"],
        point=point_of(row),
        superior_id=row["superior"],
        capabilities=frozenset(row["capabilities"]),
        jurisdiction=tuple(row["jurisdiction"]),
        schedule=None if hours is None else tuple(_window(window) for window in hours),
        on_call=None if row["on_call"] is None else Contact(**row["on_call"]),
        exclusive=kind["exclusive"],
        sensitive=kind["sensitive"],
        modes=frozenset(row.get("modes", ())),
        **{key: row[key] for key in ("code", "kind", "agency", "name", "name_en", "division_code", "phone", "rank")},
    )


def _window(window):
    return ShiftWindow(frozenset(window["days"]), time.fromisoformat(window["from"]), time.fromisoformat(window["to"]))
