"""What is wrong with the rules in force is found by itself, and a human can see it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dispatch.api.ruleset_views import NightlyFindings
from dispatch.jobs.lint import LintLoop
from tests.support.city import City


async def _found(city: City, ruleset_version: int) -> dict[str, Any]:
    desk = await city.person()
    async with asyncio.timeout(30):
        while True:
            answer: dict[str, Any] = (await desk.get("/api/v1/rulesets/findings")).json()
            if answer["ruleset_version"] == ruleset_version:
                return answer
            await asyncio.sleep(0.1)


async def test_the_demo_citys_rules_have_neither_errors_nor_warnings(city: City) -> None:
    found = await _found(city, city.process.context.knowledge.ruleset.version)
    assert {level: found["counts"][level] for level in ("error", "warning")} == {"error": 0, "warning": 0}
    assert len(found["findings"]) == found["counts"]["note"] > 0
    assert found["linted_at"] is not None
    Draft202012Validator(NightlyFindings.model_json_schema()).validate(found)


async def test_a_station_that_vanishes_from_under_a_rule_is_told_to_a_human(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    knowledge = city.process.context.knowledge
    await _found(city, knowledge.ruleset.version)
    before = knowledge.directory.version
    keep = await city.sql.fetch("SELECT id, kind FROM unit WHERE kind = 'city_command_center'")
    try:
        await city.sql.execute("UPDATE unit SET kind = 'county_hub' WHERE kind = 'city_command_center'")
        await city.sql.execute("UPDATE directory_version SET version = version + 1")
        desk = await city.person()
        async with asyncio.timeout(30):
            while True:
                found = (await desk.get("/api/v1/rulesets/findings")).json()
                if found["directory_version"] != before:
                    break
                await asyncio.sleep(0.1)
        assert ("error", "dead_catch_all", "catch-all") in {
            (finding["level"], finding["code"], finding["rule"]) for finding in found["findings"]
        }
        metrics = (await city.client().get("/metrics")).text
        assert f'dispatch_rules_findings{{level="error"}} {float(found["counts"]["error"])}' in metrics
        assert any(record.message == "the rules in force have errors" for record in caplog.records)
    finally:
        for row in keep:
            await city.sql.execute("UPDATE unit SET kind = $2 WHERE id = $1", row["id"], row["kind"])
        await city.sql.execute("UPDATE directory_version SET version = version + 1")


async def test_rules_are_looked_at_again_a_day_later_and_not_before(city: City) -> None:
    context = city.process.context
    await _found(city, context.knowledge.ruleset.version)
    loop = LintLoop(context)
    await loop.once()
    first = context.knowledge.linted
    await loop.once()
    assert context.knowledge.linted is first
    now = context.now
    try:
        context.now = lambda: now() + timedelta(hours=25)
        await loop.once()
    finally:
        context.now = now
    assert context.knowledge.linted is not first


async def test_a_process_that_ends_does_not_wait_for_lint(city: City) -> None:
    task = asyncio.create_task(LintLoop(city.process.context).once())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
