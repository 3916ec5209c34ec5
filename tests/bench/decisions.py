"""How long routing takes with 10, 1,000 and 10,000 rules, in this process: nothing but the decision."""

import asyncio
import statistics
from datetime import UTC, datetime
from time import perf_counter_ns
from typing import Any, Final

from dispatch.domain.candidate import Request
from dispatch.domain.geo import Point
from dispatch.domain.routing import decide
from dispatch.domain.ruleset import CompiledRuleset, Known, parse_ruleset
from dispatch.operations.refresh_knowledge import load_knowledge
from dispatch.storage.database import Database
from tests.bench.world import KINDS, bundle

SIZES: Final = (10, 1_000, 10_000)
ROUNDS: Final = 2_000
DIVISION: Final = "990701"
FACTS: Final = {
    "incident_type": "bench.other7",
    "place_kind": "hospital",
    "urgency": "urgent",
    "severity": "IV",
    "tags": frozenset({"property_damage"}),
    "division_code": DIVISION,
    "area_class": "urban",
    "channel": "integrator",
    "exercise": "actual",
    "hour": 9,
    "weekday": 1,
}


def rules(count: int) -> dict[str, Any]:
    """Make rules over 50 types and 40 divisions; of those for one call's type and division one in ten matches."""
    document = bundle()["ruleset"]
    made = []
    for number in range(count - 1):
        tag = "property_damage" if number // 200 % 10 == 9 else f"tag{number}"
        when = [
            {"field": "incident_type", "op": "eq", "value": f"bench.other{number % 50}"},
            {"field": "place_kind", "op": "in", "value": ["school", "hospital"]},
            {"field": "division_code", "op": "under", "value": f"99{number % 40:02d}"},
            {"field": "tags", "op": "has", "value": tag},
        ]
        name = f"rule-{number}"
        lead = [{"unit_kind": kind, "role": "support" if place else "lead"} for place, kind in enumerate(KINDS)]
        made.append(
            {
                "id": name,
                "name": {"zh": name, "en": name},
                "priority": 1 + number % 1000,
                "when": {"all": when},
                "require": lead,
            }
        )
    return document | {"rules": [*made, document["rules"][-1]]}


async def measure(database_url: str) -> dict[int, dict[str, float]]:
    """Give the median and the 99th percentile in microseconds for each number of rules."""
    database = Database(database_url, pool_size=2)
    await database.open()
    try:
        knowledge, _ = await load_knowledge(database)
    finally:
        await database.close()
    content = knowledge.directory.content
    found = {}
    for size in SIZES:
        ruleset = CompiledRuleset(
            parse_ruleset(
                rules(size),
                version=1,
                known=Known.of(content),
            )
        )
        at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        request = Request(FACTS, DIVISION, Point(112.4, 27.0), at, at)
        spent = []
        for _ in range(ROUNDS):
            began = perf_counter_ns()
            decide(request, ruleset, knowledge.directory, knowledge.states)
            spent.append((perf_counter_ns() - began) / 1e3)
        found[size] = {
            "p50_us": round(statistics.median(spent), 1),
            "p99_us": round(sorted(spent)[int(ROUNDS * 0.99)], 1),
        }
        await asyncio.sleep(0)
    return found
