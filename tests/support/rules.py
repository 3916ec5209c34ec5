"""Versions of the demo city's rules to try, and incidents to try them on."""

import copy
import json
from typing import Any

from dispatch.demo.city import bundle
from tests.support.city import HOSPITAL_CALL, City

RULE = "psychiatric.disturbance"
TYPES = (
    *("psychiatric.disturbance", "noise.complaint", "fire.structure", "medical.acute", "traffic.accident"),
    "domestic_violence",
)


async def draft(city: City, *, status: str = "draft", **changes: Any) -> int:
    """Store a version whose rule for S01 lets health lead, sends no justice and asks for somebody who is not there."""
    body: dict[str, Any] = copy.deepcopy(bundle()["ruleset"]) | changes
    rule = next(rule for rule in body["rules"] if rule["id"] == RULE)
    rule["require"] = [
        {"unit_kind": "health_office", "role": "lead"},
        {"unit_kind": "police_station", "role": "support"},
        {"unit_kind": "community_committee", "role": "support", "substitutes": ["village_committee"]},
        {"unit_kind": "township_platform", "role": "support", "units": ["NOBODY"]},
    ]
    return await stored(city, body, status=status)


async def stored(city: City, body: dict[str, Any], *, status: str = "draft") -> int:
    published = "now(), 'test', now()" if status == "published" else "NULL, NULL, NULL"
    version = await city.sql.fetchval(
        "INSERT INTO ruleset (version, body, status, created_by, published_at, published_by, effective_at) "
        f"SELECT max(version) + 1, $1::json, $2, 'test', {published} FROM ruleset RETURNING version",
        json.dumps(body),
        status,
    )
    return int(version)


async def past(city: City, count: int = 30) -> None:
    """Let incidents of several types happen, each somewhere else: no two of them are one event."""
    client = city.integrator()
    for number in range(count):
        location = HOSPITAL_CALL["location"] | {"latitude": 27.875 + number / 500}
        changes: dict[str, Any] = {"incident_type": TYPES[number % len(TYPES)], "location": location}
        answer = await client.post("/api/v1/incidents", json=HOSPITAL_CALL | changes)
        assert answer.status_code == 201, answer.text
