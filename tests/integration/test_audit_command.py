"""`dispatch audit` as a real process: it says by its exit code how it is, also when nobody can tell."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import Any

import pytest

from tests.support.alive import Outside, outside
from tests.support.city import HEALTH, City

__all__ = ["outside"]
pytestmark = pytest.mark.expects_error_log


async def run_audit(url: str, *arguments: str, **environment: str) -> tuple[int, list[dict[str, Any]], str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "dispatch", "audit", "--json", *arguments),
        env=os.environ | {"DATABASE_URL": url} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, [json.loads(line) for line in out.splitlines()], err.decode()


async def test_the_audit_as_a_process_says_by_its_exit_code_how_it_is(city: City, outside: Outside) -> None:
    incident = await city.report()
    code, said, _ = await run_audit(city.url, "--once", DISPATCH_DEAD_MAN_URL=outside.url)
    assert (code, [line["result"] for line in said], outside.signs) == (0, ["well"], 1)
    desk = await city.console(client=await city.person())
    assignment = await city.open_assignment(HEALTH, incident)
    await city.sql.execute("DELETE FROM timer WHERE subject_id = $1", assignment)
    await city.sql.execute(
        "INSERT INTO process (id, name, seen_at, relay_looked_at) "
        "VALUES (gen_random_uuid(), 'elsewhere:8000', now() + interval '1 minute', now() - interval '16 s')"
    )
    code, said, _ = await run_audit(city.url, "--once", DISPATCH_DEAD_MAN_URL=outside.url)
    assert (code, said[0]["result"], outside.signs) == (1, "findings", 1)
    found = {finding["code"]: finding["names"] for finding in said[0]["findings"]}
    assert found == {"assignment_without_timer": [incident["number"]], "relay_stuck": ["elsewhere:8000"]}
    assert (await desk.event("audit.alarmed"))["facts"]["alarm"]["code"] == "assignment_without_timer"


async def test_a_verb_does_not_wait_for_the_web_application_to_be_imported() -> None:
    asked = "import sys, dispatch.cli; sys.exit('dispatch.app' in sys.modules)"
    assert await (await asyncio.create_subprocess_exec(sys.executable, "-c", asked)).wait() == 0


async def test_well_is_not_said_without_what_was_looked_at(city: City) -> None:
    incident = await city.report()
    open_ones = sum(one["status"] == "issued" for one in incident["assignments"])
    await city.sql.execute(
        "UPDATE assignment SET acknowledge_by = now() - interval '1 s' WHERE id = $1",
        await city.open_assignment(HEALTH, incident),
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "dispatch", "audit", "--once"),
        env=os.environ | {"DATABASE_URL": city.url},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    said = out.decode().splitlines()
    assert said[0].endswith(" well")
    assert said[1] == f"  looked at: open incidents 1, open assignments {open_ones} (overdue 1), standing alarms 0"


async def test_the_audit_goes_on_until_it_is_stopped_and_keeps_its_word_while_the_database_is_gone(
    city: City,
) -> None:
    code, said, _ = await run_audit("postgresql://nobody@127.0.0.1:1/none", "--once")
    assert (code, said[0]["result"], said[0]["findings"]) == (2, "cannot_tell", [])
    assert said[0]["failure"]
    code, _, words = await run_audit("", "--once")
    assert (code, "DATABASE_URL" in words) == (2, True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "dispatch", "audit", "--every", "1", "--json"),
        env=os.environ | {"DATABASE_URL": city.url},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        for _ in range(2):
            assert json.loads(await process.stdout.readline())["result"] == "well"
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
