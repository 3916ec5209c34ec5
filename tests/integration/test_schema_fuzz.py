"""Schemathesis against the OpenAPI document: no server error, no undocumented answer, bounded and seeded."""

import asyncio
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.city import City

pytestmark = pytest.mark.hypothesis  # `make fuzz` takes it too, with its own number of examples


def examples() -> int:
    """Say how many requests are made up for each operation, beside those that cover every keyword of its schema."""
    return max(2, settings().max_examples // 50)


async def test_generated_requests_get_documented_answers_and_never_a_server_error(city: City, tmp_path: Path) -> None:
    await city.report()
    desk = await city.person()
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{city.base_url}/api/v1/openapi.json",
        *("-H", f"Cookie: dispatch_session={desk.cookies['dispatch_session']}", "-H", f"Origin: {city.base_url}"),
        *("--phases", "examples,coverage,fuzzing", "-n", str(examples())),
        *("--seed", "20261123", "--generation-database", "none"),
        *(
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ),
        *("--exclude-path", "/api/v1/sessions/current", "--no-color"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(300 + 10 * examples()):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    text = told.decode()
    assert process.returncode == 0, text[-6000:]
    document = (await city.client().get("/api/v1/openapi.json")).json()
    operations = sum(len(verbs) for path, verbs in document["paths"].items() if path != "/api/v1/sessions/current")
    assert f"Tested: {operations}" in text
