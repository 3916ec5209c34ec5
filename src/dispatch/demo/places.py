"""The demo city's places, one-key devices and accounts. All of them are invented, and so are their positions."""

from collections import defaultdict

from dispatch.demo.divisions import Divisions
from dispatch.demo.files import Row
from dispatch.demo.layout import Phones, beside

MERGE_WINDOW_S = 1800
"""Presses of one device within half an hour belong to one incident (field practice: same device 30 min)."""
DESK_SCOPE = ["4303"]
FICTIONAL = "虚构地点、示意位置 / fictional place, schematic position"

_FIRST_TURN = 40
"""Places start where units no longer stand."""


def make_places(rows: list[Row], divisions: Divisions, phones: Phones) -> list[Row]:
    """Give the places with position and telephone."""
    turns: defaultdict[str, int] = defaultdict(lambda: _FIRST_TURN)
    return [_place(row, divisions, phones, turns) for row in rows]


def _place(row: Row, divisions: Divisions, phones: Phones, turns: defaultdict[str, int]) -> Row:
    code = row["division"]
    turns[code] += 1
    level = divisions.by_code[code]["level"]
    longitude, latitude = row.get("at") or beside(divisions.point(code), turns[code], level=level)
    notes = (row.get("notes"), FICTIONAL)
    return {
        "code": row["code"],
        "kind": row["kind"],
        "name": row["name"],
        "name_en": row["name_en"],
        "address": row["address"],
        "division_code": code,
        "longitude": longitude,
        "latitude": latitude,
        "phone": phones.next(),
        "notes": " · ".join(note for note in notes if note),
    }


def make_devices(rows: list[Row], phones: Phones) -> list[Row]:
    """Give the devices with their defaults written out."""
    defaults = {"hold_ms": 0, "silent": False, "merge_window_s": MERGE_WINDOW_S}
    return [defaults | row | {"phone": phones.next()} for row in rows]


def make_people(rows: list[Row], units: list[Row]) -> list[Row]:
    """Give the accounts; desks see the whole city, a responder's area is that of its unit."""
    home = {unit["code"]: [unit["division_code"]] for unit in units}
    return [{"unit": None} | row | {"division_codes": home.get(row.get("unit", ""), DESK_SCOPE)} for row in rows]
