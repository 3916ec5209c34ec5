"""Stored rules that cannot be read, whoever spoilt them, keep nobody from being sent; and everybody hears of it."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from dispatch.domain.directory import Directory
from dispatch.domain.ruleset import CompiledRuleset
from dispatch.operations import refresh_knowledge as refresh_module
from dispatch.operations.check_installation import Finding, Surroundings, check_installation
from dispatch.operations.context import Refused
from tests.support.city import HOSPITAL_CALL, City, running
from tests.support.hall import Hall, hall_of, rules_with, until_used


@pytest.fixture
async def hall(city: City) -> Hall:
    return await hall_of(city)


@pytest.mark.expects_error_log
async def test_rules_spoilt_by_hand_keep_nobody_from_being_sent(hall: Hall) -> None:
    good = await hall.published(2)
    await until_used(good, hall.city)
    bad = await hall.published(3)
    await hall.city.sql.execute("UPDATE ruleset SET body = '{\"rules\": 3}' WHERE version = $1", bad)
    async with running(hall.city.url, hall.city.access) as started:
        # A process that starts has none to keep: it takes the newest that can be read.
        assert started.process.context.knowledge.ruleset.version == good
        ready = await started.client().get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert f"ruleset {bad} cannot be read, {good} stays in use" in ready.json()["warnings"][0]
        assert f"dispatch_ruleset_refused {bad}.0" in (await started.client().get("/metrics")).text
        answer = await started.integrator().post("/api/v1/incidents", json=HOSPITAL_CALL)
        assert answer.json()["incident"]["decision"]["ruleset_version"] == good
        # Mended, it is used at once.
        mended = json.dumps(rules_with(4))
        await hall.city.sql.execute("UPDATE ruleset SET body = $2::json WHERE version = $1", bad, mended)
        await until_used(bad, started)
        assert (await started.client().get("/readyz")).json()["warnings"] == []


@pytest.mark.expects_error_log
async def test_a_running_process_keeps_the_rules_it_has(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    spoilt = "INSERT INTO ruleset (version, body, published_by, published_at, effective_at) "
    await hall.city.sql.execute(spoilt + "VALUES (7, '[[[]]]', 'x', now(), now())")
    async with asyncio.timeout(20):
        while hall.city.process.context.knowledge.refused is None:
            await asyncio.sleep(0.02)
    assert (await hall.city.report())["decision"]["ruleset_version"] == 1
    said = [record for record in caplog.records if "the stored ruleset cannot be read" in record.message]
    assert [(record.refused, record.in_use) for record in said] == [(7, 1)]  # type: ignore[attr-defined]
    # Said once, not with every look; and the loop is well.
    await asyncio.sleep(1.2)
    assert len([r for r in caplog.records if "the stored ruleset cannot be read" in r.message]) == 1
    assert (await hall.city.client().get("/readyz")).json()["checks"]["refresh"] is True
    rolled = await hall.rollback(7)
    await until_used(rolled.json()["version"], hall.city)


@pytest.mark.expects_error_log
async def test_the_check_of_an_installation_finds_spoilt_rules(hall: Hall) -> None:
    version = await hall.published(2)
    assert (await _finding(hall.city)).ok
    await hall.city.sql.execute("UPDATE ruleset SET body = '{}' WHERE version = $1", version)
    spoilt = await _finding(hall.city)
    assert (spoilt.ok, "'rules' is missing" in spoilt.detail) == (False, True)


async def _finding(city: City) -> Finding:
    around = Surroundings(wall_clock=datetime.now(UTC), channels=(), calendar_until=2099)
    findings = await check_installation(city.url, around)
    return next(finding for finding in findings if finding.name == "ruleset")


async def test_rules_read_from_a_former_primary_do_not_replace_those_of_the_new_one(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge, read = city.process.context.knowledge, refresh_module._read
    fresh, _ = await refresh_module.load_knowledge(city.process.database)

    async def slow(stored: tuple[int, str], directory: Directory) -> tuple[CompiledRuleset | None, Refused | None]:
        found = await read(stored, directory)
        knowledge.start_over(fresh)
        return found

    monkeypatch.setattr(refresh_module, "_read", slow)
    for task in city.process.tasks:
        if task.get_name() == "refresh":
            task.cancel()
    await city.sql.execute("UPDATE directory_version SET version = version + 1")
    await refresh_module.refresh_knowledge(city.process.database, knowledge)
    assert knowledge.ruleset is fresh.ruleset
    assert knowledge.directory is fresh.directory
