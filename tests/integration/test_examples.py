"""The examples run as they stand, and what the service really sends is what its documents say."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.city import COMMUNITY, POLICE, City

ROOT = Path(__file__).parents[2]


def described(document: str, schema: str) -> Draft202012Validator:
    components = json.loads((ROOT / "docs" / document).read_text(encoding="utf-8"))["components"]
    reference = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": components["schemas"]}}
    return Draft202012Validator(reference)


@pytest.fixture
def demo_json(city: City, tmp_path: Path) -> Path:
    path = tmp_path / "demo.json"
    path.write_text(json.dumps(city.access.demo | {"base_url": city.base_url}), encoding="utf-8")
    return path


@asynccontextmanager
async def example(name: str, *arguments: str | Path) -> AsyncIterator[Process]:
    program = ROOT / "examples" / name
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, program, *arguments, stdout=PIPE, stderr=STDOUT, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line_with(process: Process, wanted: str) -> str:
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(20):
        while line := (await process.stdout.readline()).decode():
            said += line
            if wanted in line:
                return line
    raise AssertionError(f"no {wanted!r} in:\n{said}")


async def test_the_examples_post_an_incident_and_hear_of_it(city: City, demo_json: Path) -> None:
    async with example("listen.py", "--demo", demo_json, "--unit", POLICE) as listening:
        await line_with(listening, "connected")
        async with example("post_incident.py", "--demo", demo_json) as posting:
            said = (await posting.communicate())[0].decode()
            assert posting.returncode == 0, said
            number = said.split()[0]
            assert POLICE in said
        assert number in await line_with(listening, "assignment.issued")
        assert number in await line_with(listening, "assignment.delivered")


async def test_the_posting_example_says_in_words_why_it_was_refused(city: City, demo_json: Path) -> None:
    demo = json.loads(demo_json.read_text(encoding="utf-8"))
    demo_json.write_text(json.dumps(demo | {"integrator_key": "dsp_of_nobody"}), encoding="utf-8")
    async with example("post_incident.py", "--demo", demo_json) as posting:
        said = (await posting.communicate())[0].decode()
    assert posting.returncode == 1
    assert "unauthenticated" in said
    assert "Traceback" not in said


async def test_every_frame_is_what_the_live_protocols_document_says(city: City) -> None:
    desk = await city.console(client=await city.person())
    police, wall = await city.unit_console(POLICE), await city.console(city.access.demo["wall_key"])
    incident = await city.report()
    await city.work_through(POLICE, incident)
    await city.act(COMMUNITY, incident, "decline", reason="busy")
    await city.forward(70)
    await (await city.person()).post(f"/api/v1/units/{city.unit_id(POLICE)}/status", json={"status": "off_duty"})
    await desk.event("unit.status_changed")
    late = await city.console(client=await city.person("leader"))
    await city.process.sockets.beat()
    await late.until(lambda console: any(frame["type"] == "heartbeat" for frame in console.frames))
    names = {"welcome": "Welcome", "snapshot": "Snapshot", "event": "EventFrame", "heartbeat": "Heartbeat"}
    validators = {kind: described("asyncapi.json", schema) for kind, schema in names.items()}
    seen: set[str] = set()
    for console in (desk, police, wall, late):
        for frame in console.frames:
            validators[frame["type"]].validate(frame)
            seen.add(frame.get("event", frame["type"]))
    assert seen > {"welcome", "snapshot", "heartbeat", "incident.opened", "assignment.escalated", "unit.status_changed"}


async def test_what_is_read_is_what_the_apis_document_says(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await city.work_through(POLICE, incident)
    desk = await city.person()
    paths: dict[str, str] = {
        "/incidents": "IncidentList",
        f"/incidents/{incident['id']}": "FullIncidentView",
        f"/incidents/{incident['id']}/timeline": "Timeline",
        f"/devices/{city.device['id']}/status": "DeviceStatus",
        "/assignments": "AssignmentList",
        "/units?limit=20": "UnitList",
        "/places": "PlaceList",
        "/catalogue": "Catalogue",
        "/rulesets": "RulesetList",
        "/me": "Me",
        "/nothing": "Problem",
    }
    for path, schema in paths.items():
        answer: Any = (await desk.get("/api/v1" + path)).json()
        described("openapi.json", schema).validate(answer)
