"""The demo city as its tests look at it: rows by code, the plan that its rules make, who would be asked."""

from dispatch.demo.city import bundle
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.routing import merge_requirements
from dispatch.domain.ruleset import CompiledRuleset, Known, parse_ruleset

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
