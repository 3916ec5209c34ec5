"""The demo city: Xiangtan as one plain, JSON-able bundle, the same at every call.

Codes and names of the divisions are real, everything else is invented: docs/demo-city.md says what is which.
"""

from typing import Any

from dispatch.demo.divisions import load_divisions
from dispatch.demo.files import Row, read_json, read_yaml
from dispatch.demo.layout import Phones
from dispatch.demo.places import make_devices, make_people, make_places
from dispatch.demo.units import UnitMaker

_UNIT_KIND_KEYS = ("code", "name", "name_en")


def bundle() -> dict[str, Any]:
    """Give the whole city.

    Lists of rows under `agencies`, `unit_kinds`, `place_kinds`, `divisions`, `incident_types`, `clock_profiles`,
    `ladders`, `units`, `places`, `devices` and `people`; the rules as one document under `ruleset`. Every reference
    is a code.
    """
    divisions, phones, areas = load_divisions(), Phones(), _areas()
    kinds, types, lists = read_yaml("kinds.yaml"), read_yaml("incident_types.yaml"), read_yaml("places.yaml")
    places = make_places(lists["places"], divisions, phones)
    devices = make_devices(lists["devices"], phones)
    templates = read_yaml("units.yaml")
    maker = UnitMaker(divisions, {kind["code"]: kind for kind in kinds["unit_kinds"]}, phones, templates["shifts"])
    units = maker.make(templates, places)
    return {
        "agencies": kinds["agencies"],
        "unit_kinds": [_unit_kind(kind) for kind in kinds["unit_kinds"]],
        "place_kinds": kinds["place_kinds"],
        "divisions": [row | {"boundary": areas.get(row["code"])} for row in divisions.rows],
        "incident_types": [{"sensitive": False} | row for row in types["incident_types"]],
        "clock_profiles": types["clock_profiles"],
        "ladders": types["ladders"],
        "units": units,
        "places": places,
        "devices": devices,
        "people": make_people(lists["people"], units),
        "ruleset": read_yaml("ruleset.yaml"),
    }


def schematic() -> Row:
    """Give the hand-drawn map as GeoJSON: county areas, the river, the seats of counties and townships.

    No survey data: every feature carries the label 示意图. The areas do not overlap and hold all their townships.
    """
    drawn: Row = read_json("schematic.geojson")
    return drawn


def _areas() -> dict[str, Any]:
    """Give the counties' areas as hand-drawn: rings of longitude and latitude by code."""
    counties = [feature for feature in schematic()["features"] if feature["properties"]["role"] == "county"]
    return {feature["properties"]["code"]: feature["geometry"]["coordinates"] for feature in counties}


def _unit_kind(kind: Row) -> Row:
    flags = {flag: kind.get(flag, False) for flag in ("exclusive", "sensitive")}
    return {key: kind[key] for key in _UNIT_KIND_KEYS} | flags
