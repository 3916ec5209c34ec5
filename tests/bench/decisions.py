"""How long a decision takes in a big city: 10, 1,000 and 10,000 rules over 10,000 units and 10,000 polygons.

Each size has a process of its own, so that its memory is its own. A decision is what a report needs of memory: where
the point is, which rules match, who goes. Reload is everything from texts to a ruleset and a directory ready to decide.

    python -m tests.bench.decisions 1000
"""

import asyncio
import json
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Final

from dispatch.domain.candidate import Request
from dispatch.domain.clock_profile import ClockProfile
from dispatch.domain.directory import Directory, DirectoryContent, Division, IncidentType, States
from dispatch.domain.geo import Point
from dispatch.domain.routing import decide
from dispatch.domain.ruleset import CompiledRuleset, Known, parse_ruleset
from dispatch.domain.unit import Unit, UnitKind
from dispatch.storage.space import SpatialIndex
from tests.bench.world import KINDS

SIZES: Final = (10, 1_000, 10_000)
ROUNDS: Final = 2_000
SIDE: Final = 100
"""Squares per side: 100 × 100 villages of one kilometre, each with a boundary, ten to a township."""
STEP: Final = 0.01
TYPES: Final = 50
WEST, SOUTH = 112.0, 27.0


def _village(column: int, row: int) -> Division:
    west, south = WEST + column * STEP, SOUTH + row * STEP
    corners = ((west, south), (west + STEP, south), (west + STEP, south + STEP), (west, south + STEP), (west, south))
    code = f"4303{column // 10:02d}{row:03d}{column % 10:03d}"
    ring = tuple(Point(*corner) for corner in corners)
    middle = Point(west + STEP / 2, south + STEP / 2)
    return Division(code, code, code, code[:9], "village", "urban", middle, (ring,))


def _divisions() -> dict[str, Division]:
    villages = [_village(column, row) for column in range(SIDE) for row in range(SIDE)]
    found = {village.code: village for village in villages}
    for village in villages:
        for length, parent, level in ((9, 6, "township"), (6, 4, "county")):
            code = village.code[:length]
            above = code[:parent] if level == "township" else "430300"
            found.setdefault(code, Division(code, code, code, above, level, "urban", village.point))
    found["430300"] = Division("430300", "city", "city", None, "city", "urban", Point(112.5, 27.5))
    return found


def _unit(number: int, division: str, at: Point) -> Unit:
    """Make one of ten units that answer for a township."""
    kind = KINDS[number // SIDE % len(KINDS)]
    code = f"{division}-{kind}"
    where = Point(at.longitude + number % 7 * 0.0007, at.latitude + number % 5 * 0.0007)
    areas = (division[:9],)
    return Unit(
        code, code, kind, "a", code, code, division, where, None, 100, None, frozenset(), areas, None, None, False, True
    )


def directory() -> Directory:
    """Make a city of 10,000 villages with boundaries and 10,000 units."""
    divisions = _divisions()
    villages = [division for division in divisions.values() if division.level == "village"]
    units = {unit.id: unit for unit in (_unit(n, v.code, v.point) for n, v in enumerate(villages))}
    kinds = {code: UnitKind(code, code, code, False, True) for code in KINDS}
    types = {
        f"bench.other{n}": IncidentType(f"bench.other{n}", "", "", "", "IV", "urgent", "p", False) for n in range(TYPES)
    }
    profile = ClockProfile("p", 15, 30, 60, 180, {"urban": 300.0}, 1800, 86_400, 300)
    content = DirectoryContent(1, kinds, units, {}, {}, divisions, types, {"p": profile}, {})
    return Directory(content, SpatialIndex(units.values(), divisions.values()))


def rules(count: int) -> str:
    """Make a ruleset as JSON text, over 50 types and 10 counties; of those for one call's own one in ten matches."""
    made = []
    require = [{"unit_kind": kind, "role": "support" if place else "lead"} for place, kind in enumerate(KINDS)]
    for number in range(count - 1):
        tag = "property_damage" if number // 200 % 10 == 9 else f"tag{number}"
        when = [
            {"field": "incident_type", "op": "eq", "value": f"bench.other{number % TYPES}"},
            {"field": "place_kind", "op": "in", "value": ["school", "hospital"]},
            {"field": "division_code", "op": "under", "value": f"4303{number % 10:02d}"},
            {"field": "tags", "op": "has", "value": tag},
        ]
        name = f"rule-{number}"
        rule = {"id": name, "name": {"zh": name, "en": name}, "priority": 1 + number % 1000, "when": {"all": when}}
        made.append(rule | {"require": require})
    last = {"id": "rest", "name": {"zh": "兜底", "en": "Rest"}, "priority": 0, "catch_all": True, "require": require}
    return json.dumps({"name": {"zh": "测速", "en": "Bench"}, "rules": [*made, last]})


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def run(size: int) -> dict[str, float]:
    """Measure one size in this process."""
    text, before = rules(size), _resident_mib()
    began = perf_counter()
    city = directory()
    city_s = perf_counter() - began
    with_city = _resident_mib()
    began = perf_counter()
    ruleset = CompiledRuleset(parse_ruleset(json.loads(text), version=1, known=Known.of(city.content)))
    rules_s = perf_counter() - began
    with_rules = _resident_mib()
    spent = _decide(city, ruleset)
    return {
        "p50_us": round(statistics.median(spent), 1),
        "p99_us": round(sorted(spent)[int(len(spent) * 0.99)], 1),
        "rules_reload_ms": round(rules_s * 1e3, 1),
        "city_reload_ms": round(city_s * 1e3, 1),
        "rules_mib": round(with_rules - with_city, 1),
        "city_mib": round(with_city - before, 1),
    }


def _decide(city: Directory, ruleset: CompiledRuleset) -> list[float]:
    chance, states, at = Random(7), States(), datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    spent = []
    for _ in range(ROUNDS):
        point = Point(WEST + chance.random() * SIDE * STEP, SOUTH + chance.random() * SIDE * STEP)
        incident_type = f"bench.other{chance.randrange(TYPES)}"
        began = perf_counter()
        division = city.space.division_at(point) or "430300"
        facts = {
            "incident_type": incident_type,
            "place_kind": "hospital",
            "urgency": "urgent",
            "severity": "IV",
            "tags": frozenset({"property_damage"}),
            "division_code": division,
            "area_class": city.area_class(division),
            "channel": "integrator",
            "exercise": "actual",
            "hour": 9,
            "weekday": 1,
        }
        decide(Request(facts, division, point, at, at), ruleset, city, states)
        spent.append((perf_counter() - began) * 1e6)
    return spent


async def measure() -> dict[str, dict[str, float]]:
    """Measure every size, each in a process of its own."""
    found: dict[str, dict[str, float]] = {}
    for size in SIZES:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.decisions", str(size), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        if process.returncode:
            message = f"the decisions with {size} rules could not be measured"
            raise RuntimeError(message)
        found[str(size)] = json.loads(out)
    return found


def main(arguments: list[str]) -> dict[str, Any]:
    """Measure the size that is named."""
    return run(int(arguments[0]))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])))
