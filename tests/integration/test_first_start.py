"""Whoever follows the first line of compose.yaml, or of the operations page, stands at a desk that works."""

import asyncio
import json
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from dispatch.cli import main
from tests.support.city import HOSPITAL_CALL, free_port

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]


def _before(name: str) -> list[str]:
    """List the one-shot services that a service waits for, in their order."""
    needed = [one for one, on in SERVICES[name]["depends_on"].items() if on["condition"].endswith("successfully")]
    return [step for one in needed for step in (*_before(one), one)]


def _run(*arguments: str) -> int:
    return main(arguments)


@asynccontextmanager
async def _serving(url: str) -> AsyncIterator[str]:
    address = f"http://127.0.0.1:{(port := free_port())}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dispatch", "serve", "--port", str(port), env=os.environ | {"DATABASE_URL": url}
    )
    try:
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            while process.returncode is None:
                try:
                    (await client.get(f"{address}/readyz")).raise_for_status()
                    break
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
        assert process.returncode is None, "serve has stopped"
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_what_the_compose_file_promises_comes_true(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    for _ in range(2):  # a second `up` finds everything done
        for service in _before("dispatch"):
            assert await asyncio.to_thread(_run, *SERVICES[service]["command"]) == 0, service
    assert '"ruleset_version": 1' in capsys.readouterr().out
    said = re.search(r"docker compose run --rm dispatch (user add .+?)`", COMPOSE.replace("\n# ", " "))
    assert said is not None, "no line tells how to get the first log-in"
    assert await asyncio.to_thread(_run, *shlex.split(said[1])) == 0
    login = json.loads(capsys.readouterr().out)
    async with _serving(empty_database) as address, httpx.AsyncClient(base_url=address) as client:
        client.headers["Origin"] = address
        assert (await client.post("/api/v1/sessions", json=login)).status_code == 201
        answer = await client.post("/api/v1/incidents", json=HOSPITAL_CALL | {"exercise": "test"})
        assert (answer.status_code, answer.json()["incident"]["status"]) == (201, "dispatched")
        assert (await client.get("/api/v1/people")).json()["items"][0]["login"] == login["login"]
        assert (await client.get(f"/api/v1/incidents/{answer.json()['incident']['id']}")).status_code == 200


async def test_loading_if_empty_never_overwrites_a_directory_of_ones_own(
    city_database: tuple[str, object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", city_database[0])
    assert await asyncio.to_thread(_run, "check", "--json") in {0, 1}
    before = capsys.readouterr().out
    assert await asyncio.to_thread(_run, "load", "demo", "--if-empty") == 0
    assert json.loads(capsys.readouterr().out) == {"loaded": False}
    await asyncio.to_thread(_run, "check", "--json")
    directory = [
        next(f for f in json.loads(told) if f["name"] == "directory") for told in (before, capsys.readouterr().out)
    ]
    assert directory[0] == directory[1]
