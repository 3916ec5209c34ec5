"""The world of the bench: 40 districts × 4 units, real rules over real jurisdictions, 160 consoles.

    python tests/bench/world.py --database-url URL --out world.json

Consoles 4k…4k+3 serve district k; every report leads to exactly four assignments, one per unit kind.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from dispatch.operations.load_directory import load_directory_bundle
from dispatch.operations.manage_access import store_keys
from dispatch.security import hash_secret, new_secret
from dispatch.storage.access import NewKey
from dispatch.storage.bundle import identity
from dispatch.storage.database import Database
from dispatch.storage.migration import upgrade

DISTRICTS = 40
KINDS = ("police_station", "judicial_office", "health_office", "community_committee")
ROLES = ("lead", "support", "support", "support")
CENTRE = "city_command_center"
TYPE = "bench.disturbance"
TIMED_TYPE = "bench.timed"
"""Its units are urged after two seconds. Nobody answers in a run: with clocks like those of a city every report would
become five more changes after half a minute, and the latency of a report would be measured beneath that."""


def _district(number: int) -> str:
    return f"99{number:02d}01"


def _point(number: int) -> tuple[float, float]:
    return 111.0 + (number % 8) * 0.2, 27.0 + (number // 8) * 0.2


def _unit(code: str, kind: str, division: str, at: tuple[float, float]) -> dict[str, Any]:
    return {
        "code": code,
        "kind": kind,
        "agency": "bench",
        "name": code,
        "name_en": code,
        "division_code": division,
        "longitude": at[0],
        "latitude": at[1],
        "phone": None,
        "rank": 100,
        "superior": None,
        "capabilities": [],
        "jurisdiction": [division],
        "schedule": None,
        "on_call": None,
    }


def _division(code: str, parent: str | None, level: str, at: tuple[float, float]) -> dict[str, Any]:
    return {
        "code": code,
        "name": code,
        "name_en": code,
        "parent_code": parent,
        "level": level,
        "area_class": "urban",
        "longitude": at[0],
        "latitude": at[1],
    }


def _ruleset(more_rules: int) -> dict[str, Any]:
    def rule(name: str, priority: int, when: dict[str, Any]) -> dict[str, Any]:
        require = [{"unit_kind": kind, "role": role} for kind, role in zip(KINDS, ROLES, strict=True)]
        title = {"zh": name, "en": name}
        return {"id": name, "name": title, "priority": priority, "when": when, "require": require}

    wanted = [
        {"field": "incident_type", "op": "in", "value": [TYPE, TIMED_TYPE]},
        {"field": "place_kind", "op": "eq", "value": "hospital"},
    ]
    others = [
        rule(
            f"other-{number}",
            500 + number % 100,
            {
                "all": [
                    {"field": "incident_type", "op": "eq", "value": f"bench.other{number % 50}"},
                    {"field": "place_kind", "op": "in", "value": ["school", f"kind{number}"]},
                    {"field": "division_code", "op": "under", "value": f"99{number % DISTRICTS:02d}"},
                ]
            },
        )
        for number in range(more_rules)
    ]
    catch_all = {
        "id": "catch-all",
        "name": {"zh": "兜底", "en": "Catch-all"},
        "priority": 0,
        "catch_all": True,
        "require": [{"unit_kind": CENTRE, "role": "lead"}],
    }
    return {"name": {"zh": "测速", "en": "Bench"}, "rules": [rule("bench", 900, {"all": wanted}), *others, catch_all]}


def bundle(more_rules: int = 0) -> dict[str, Any]:
    """Make the directory and its rules."""
    units = [
        _unit(f"{_district(number)}-{kind}", kind, _district(number), _point(number))
        for number in range(DISTRICTS)
        for kind in KINDS
    ]
    named = [{"code": code, "name": code, "name_en": code} for code in (*KINDS, CENTRE)]
    types = [TYPE, TIMED_TYPE, *(f"bench.other{number}" for number in range(50))]
    return {
        "agencies": [{"code": "bench", "name": "bench", "name_en": "bench"}],
        "unit_kinds": [kind | {"exclusive": False, "sensitive": True} for kind in named],
        "place_kinds": [{"code": code, "name": code, "name_en": code} for code in ("hospital", "school")],
        "divisions": [
            _division("990000", None, "city", (111.7, 27.5)),
            *(_division(_district(number), "990000", "county", _point(number)) for number in range(DISTRICTS)),
        ],
        "clock_profiles": [
            {
                "code": code,
                "deliver_s": 3600,
                "urge_s": urge_s,
                "acknowledge_s": 3600,
                "depart_s": 3600,
                "arrive_s": {"urban": 3600},
                "feedback_s": 3600,
                "close_s": 86400,
                "remind_s": 300,
            }
            for code, urge_s in (("bench", 3600), ("timed", 2))
        ],
        "incident_types": [
            {
                "code": code,
                "name": code,
                "name_en": code,
                "class": "social_security",
                "severity": "IV",
                "urgency": "urgent",
                "clock_profile": "timed" if code == TIMED_TYPE else "bench",
                "sensitive": False,
            }
            for code in types
        ],
        "units": [*units, _unit("centre", CENTRE, "990000", (111.7, 27.5))],
        "places": [],
        "devices": [],
        "ruleset": _ruleset(more_rules),
    }


def _reports(incident_type: str) -> list[dict[str, Any]]:
    return [
        {
            "incident_type": incident_type,
            "place_kind": "hospital",
            "division_code": _district(number),
            "location": {"longitude": _point(number)[0], "latitude": _point(number)[1], "crs": "WGS84"},
            "address": f"district {number}, ward 3",
            "description": "somebody is damaging the ward",
            "tags": ["property_damage"],
        }
        for number in range(DISTRICTS)
    ]


async def make(database_url: str, *, more_rules: int = 0) -> dict[str, Any]:
    """Load the world and give what the client needs to know."""
    keys: list[NewKey] = []

    def key(kind: str, name: str, unit: str | None = None) -> str:
        secret = new_secret()
        keys.append(NewKey(identity("key", f"bench:{name}"), hash_secret(secret), name, kind, unit, None, ("99",)))
        return secret

    consoles = [
        {
            "unit": f"{_district(n)}-{kind}",
            "token": key("console", f"{n}-{kind}", identity("unit", f"{_district(n)}-{kind}")),
        }
        for n in range(DISTRICTS)
        for kind in KINDS
    ]
    world = {
        "integrator_key": key("integrator", "bench"),
        "wall_key": key("wall", "wall"),
        "consoles": consoles,
        "reports": _reports(TYPE),
        "timed_reports": _reports(TIMED_TYPE),
    }
    database = Database(database_url, pool_size=2)
    await database.open()
    try:
        await load_directory_bundle(database, bundle(more_rules), published_by="bench")
        await store_keys(database, keys)
    finally:
        await database.close()
    return world


def main() -> None:
    """Migrate, load, write world.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--more-rules", type=int, default=0)
    arguments = parser.parse_args()
    upgrade(arguments.database_url)
    world = asyncio.run(make(arguments.database_url, more_rules=arguments.more_rules))
    arguments.out.write_text(json.dumps(world))


if __name__ == "__main__":
    main()
