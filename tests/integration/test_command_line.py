"""What is done on the command line counts at once in running processes, and what cannot be done says why."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from dispatch.cli import call, main
from tests.support.city import POLICE, City, Console

Told = tuple[int, str, str]
Command = Callable[..., Awaitable[Told]]
GATE = ("device", "add", "GATE-1", "--place", "XT-H6", "--name", "东门按钮", "--type", "psychiatric.disturbance")


@pytest.fixture
def dispatch(city: City, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line beside the service: exit code, output, errors."""
    monkeypatch.setenv("DATABASE_URL", city.url)

    async def run(*arguments: str) -> Told:
        capsys.readouterr()
        code = await asyncio.to_thread(main, arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture(autouse=True)
async def _as_it_was(city: City) -> Any:
    yield
    await city.sql.execute("DELETE FROM device WHERE code LIKE 'GATE%'")
    await city.sql.execute("DELETE FROM api_key WHERE name = 'short-lived'")
    await city.sql.execute("UPDATE directory_version SET version = version + 1")


async def _press(client: httpx.AsyncClient, device_id: str) -> httpx.Response:
    return await client.post(f"/api/v1/devices/{device_id}/press", json={"press_id": str(uuid4())})


async def _known(city: City, device_id: str) -> None:
    async with asyncio.timeout(5):
        while device_id not in city.process.context.knowledge.directory.content.devices:
            await asyncio.sleep(0.05)


async def test_a_button_that_is_enrolled_calls_within_seconds_and_its_key_is_shown_once(
    city: City, dispatch: Command
) -> None:
    code, told, _ = await dispatch(*GATE, "--trigger-mode", "press", "--choice", "noise.complaint")
    assert code == 0
    device = json.loads(told)
    await _known(city, device["id"])
    answer = await _press(city.client(device["key"]), device["id"])
    assert (answer.status_code, answer.json()["incident"]["place"]["name_en"][:5]) == (201, "Sixth")
    code, told, _ = await dispatch("device", "list", "--json")
    listed = next(entry for entry in json.loads(told) if entry["code"] == "GATE-1")
    assert (code, listed["state"], listed["place"], listed["trigger_mode"]) == (0, "active", "XT-H6", "press")
    assert device["key"] not in told
    assert "GATE-1" in (await dispatch("device", "list"))[1]


async def test_a_stolen_button_opens_nothing_and_what_it_called_is_still_worked_on(
    city: City, dispatch: Command
) -> None:
    device = json.loads((await dispatch(*GATE))[1])
    await _known(city, device["id"])
    button, desk = city.client(device["key"]), await city.person()
    incident = (await _press(button, device["id"])).json()["incident"]
    assert (await dispatch("device", "revoke", "GATE-1"))[0] == 0
    await asyncio.sleep(1.1)
    assert (await _press(button, device["id"])).status_code == 401
    for _ in range(2):
        refused = await _press(desk, device["id"])
        assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
        assert refused.json()["current"] == {"status": "revoked"}
        await city.sql.execute("UPDATE device_state SET merge_until = NULL")
    assert (await city.incident(incident["id"]))["status"] == "dispatched"
    assert await city.sql.fetchval("SELECT count(*) FROM call") == 1
    code, _, words = await dispatch("device", "revoke", "GATE-1")
    assert code == 1
    assert "revoked" in words


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("--place", "XT-H99"), "no place has the code 'XT-H99'"),
        (("--type", "psychiatric.disturbence"), "did you mean psychiatric.disturbance"),
        (("--choice", "noise.complain"), "did you mean noise.complaint"),
    ],
)
async def test_a_button_for_what_nobody_knows_is_refused_by_name(
    city: City, dispatch: Command, changed: tuple[str, str], words: str
) -> None:
    code, told, said = await dispatch(*GATE, *changed)
    assert (code, told) == (1, "")
    assert words in said
    assert await city.sql.fetchval("SELECT count(*) FROM device WHERE code = 'GATE-1'") == 0


async def test_a_code_that_is_taken_keeps_its_button(city: City, dispatch: Command) -> None:
    await dispatch(*GATE)
    code, told, said = await dispatch(*GATE, "--name", "another")
    assert (code, told) == (1, "")
    assert "GATE-1" in said
    assert await city.sql.fetchval("SELECT name FROM device WHERE code = 'GATE-1'") == "东门按钮"
    assert (await dispatch("device", "revoke", "GATE-9"))[0] == 1


async def test_a_key_on_loan_ends_by_itself(city: City, dispatch: Command) -> None:
    code, told, _ = await dispatch("key", "add", "--name", "short-lived", "--expires-in-days", "2")
    assert code == 0
    days = "SELECT extract(epoch FROM expires_at - now()) / 86400 FROM api_key WHERE name = 'short-lived'"
    assert 1.99 < await city.sql.fetchval(days) <= 2
    client = city.client(json.loads(told)["key"])
    assert (await client.get("/api/v1/me")).status_code == 200
    await city.sql.execute("UPDATE api_key SET expires_at = now() WHERE name = 'short-lived'")
    await asyncio.sleep(1.1)
    assert (await client.get("/api/v1/me")).status_code == 401
    with pytest.raises(SystemExit, match="2"):
        await dispatch("key", "add", "--expires-in-days", "0")


async def _answering(console: Console, until: asyncio.Event) -> None:
    while not until.is_set():
        for frame in console.named("assignment.issued"):
            receipt = {"type": "receipt", "assignment_id": frame["assignment"]["id"], "state": "delivered"}
            await console.send(receipt)
        await asyncio.sleep(0.1)


async def test_a_test_call_says_whose_screen_it_reached(city: City, dispatch: Command) -> None:
    before, desk = (await city.press()).json()["incident"], await city.person()
    units = [assignment["unit"]["code"] for assignment in before["assignments"]]
    await desk.post(f"/api/v1/incidents/{before['id']}/close", json={})
    consoles = [await city.unit_console(code) for code in units]
    done = asyncio.Event()
    answering = [asyncio.create_task(_answering(console, done)) for console in consoles]
    there = ("call", "--url", city.base_url, "--key", city.device["token"], "--device", city.device["id"])
    code, told, said = await dispatch(*there, "--json")
    done.set()
    await asyncio.gather(*answering)
    assert code == 0, said
    outcome = json.loads(told)
    assert {entry["unit"] for entry in outcome["units"]} == set(units)
    assert all(entry["delivered_after_s"] is not None for entry in outcome["units"])
    assert await city.sql.fetchval("SELECT exercise FROM incident WHERE number = $1", outcome["number"]) == "test"


async def test_a_test_call_that_nobody_shows_fails_and_names_them(
    city: City, dispatch: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call, "WITHIN_S", 0.5)
    there = ("call", "--url", city.base_url, "--device", city.device["id"])
    code, told, _ = await dispatch(*there, "--key", city.device["token"])
    assert code == 1
    assert POLICE in told
    code, told, said = await dispatch(*there, "--key", "dsp_wrong")
    assert (code, told) == (1, "")
    assert "unauthenticated" in said
    code, _, said = await dispatch("call", "--url", "http://127.0.0.1:1", "--key", "k", "--device", "d")
    assert code == 1
    assert "http://127.0.0.1:1" in said
    with pytest.raises(SystemExit, match="2"):
        await dispatch("call", "--url", city.base_url)
