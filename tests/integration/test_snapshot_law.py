"""Old snapshot + the events since = new snapshot, for every operation and every kind of console.

What is recorded here from the running service is kept in tests/fixtures/snapshot_law and run by the consoles' own
reducer too (console/tests/snapshot_law.test.ts). `DISPATCH_WRITE_FIXTURES=1 make integration ARGS="-k law"` renews it.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dispatch.operations.watch_acknowledged import watch_acknowledged
from tests.support.city import COMMUNITY, HEALTH, JUSTICE, POLICE, City
from tests.support.law import apply, comparable, from_snapshot

FIXTURES = Path(__file__).parents[1] / "fixtures" / "snapshot_law"
Act = Callable[[City, dict[str, Any]], Awaitable[object]]


async def _opened_besides(city: City, incident: dict[str, Any]) -> None:
    del incident
    await city.report()


async def _worked_and_closed(city: City, incident: dict[str, Any]) -> None:
    for code in (JUSTICE, HEALTH, COMMUNITY, POLICE):
        await city.work_through(code, incident)


async def _one_step(city: City, incident: dict[str, Any]) -> None:
    for verb in ("receipt", "acknowledge", "depart"):
        await city.act(POLICE, incident, verb, **({"state": "delivered"} if verb == "receipt" else {}))


async def _declined(city: City, incident: dict[str, Any]) -> None:
    await city.act(HEALTH, incident, "decline", reason="busy")


async def _escalated_and_lead_taken_over(city: City, incident: dict[str, Any]) -> None:
    for code in (JUSTICE, HEALTH, COMMUNITY):
        await city.act(code, incident, "acknowledge")
    await city.forward(61)
    view = await city.incident(incident["id"])
    backup = next(a["unit"]["code"] for a in view["assignments"] if a["backup_for"])
    await city.act(backup, incident, "acknowledge")


async def _pressed_again(city: City, incident: dict[str, Any]) -> None:
    del incident
    await city.press()


async def _directed(city: City, incident: dict[str, Any]) -> None:
    desk, path = await city.person(), f"/api/v1/incidents/{incident['id']}"
    await desk.post(f"{path}/note", json={"text": "note"})
    await desk.post(f"{path}/raise", json={"severity": "III", "reason": "weapon"})
    units = [{"unit_id": city.unit_id("430304001-PCS"), "role": "support"}]
    await desk.post(f"{path}/dispatch", json={"units": units})
    assignment = await city.open_assignment(JUSTICE, incident)
    await desk.post(f"/api/v1/assignments/{assignment}/excuse", json={"reason": "not needed"})
    assignment = await city.open_assignment(COMMUNITY, incident)
    await desk.post(f"/api/v1/assignments/{assignment}/reassign", json={"reason": "nearer"})
    await desk.post(f"{path}/suspend", json={"reason": "waiting"})
    await desk.post(f"{path}/resume", json={"reason": "go on"})


async def _cancelled(city: City, incident: dict[str, Any]) -> None:
    await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/cancel", json={"false_alarm": True})


async def _merged(city: City, incident: dict[str, Any]) -> None:
    other = await city.report()
    await (await city.person()).post(
        f"/api/v1/incidents/{other['id']}/merge", json={"into": incident["id"], "reason": "same"}
    )


async def _linked_and_dismissed(city: City, incident: dict[str, Any]) -> None:
    other = await city.report(place_id=incident["place"]["id"])
    await (await city.person()).post(
        f"/api/v1/incidents/{other['id']}/unlink", json={"incident_id": incident["id"], "reason": "another person"}
    )


async def _linked(city: City, incident: dict[str, Any]) -> None:
    await city.report(place_id=incident["place"]["id"])


async def _joined_and_worse(city: City, incident: dict[str, Any]) -> None:
    del incident
    crash = {"incident_type": "traffic.accident"}
    await city.report(**crash)
    await city.report(**crash, severity="II", urgency="critical", tags=["injured"])


async def _off_duty(city: City, incident: dict[str, Any]) -> None:
    del incident
    await city.unit(POLICE).post(f"/api/v1/units/{city.unit_id(POLICE)}/status", json={"status": "off_duty"})


async def _worse_then_somewhere_else(city: City, incident: dict[str, Any]) -> None:
    desk, path = await city.person(), f"/api/v1/incidents/{incident['id']}"
    await city.act(POLICE, incident, "acknowledge")
    await desk.post(f"{path}/raise", json={"tags": ["weapon"], "reason": "seen"})
    await city.act(POLICE, incident, "acknowledge", incident_revision=2)
    await desk.post(f"{path}/relocate", json={"address": "后门", "division_code": "430304005", "reason": "wrong door"})
    await city.act(HEALTH, incident, "acknowledge", incident_revision=2)
    await city.forward(31)


async def _taken_back(city: City, incident: dict[str, Any]) -> None:
    await city.act(HEALTH, incident, "acknowledge")
    await city.unit(HEALTH).post(f"/api/v1/units/{city.unit_id(HEALTH)}/status", json={"status": "off_duty"})
    await watch_acknowledged(city.process.context)
    await city.unit(HEALTH).post(f"/api/v1/units/{city.unit_id(HEALTH)}/status", json={"status": "available"})
    await city.act(HEALTH, incident, "depart")
    await city.forward(16)


async def _modes_switched(city: City, incident: dict[str, Any]) -> None:
    del incident
    leader, modes = await city.person("leader"), "/api/v1/modes"
    setting = {"division_code": "430304", "field": "response_mode", "value": "II", "reason": "疫情"}
    first = (await leader.post(modes, json=setting)).json()
    await leader.post(modes, json=setting | {"field": "weather", "value": "fog", "starts_at": "2099-01-01T00:00:00Z"})
    await leader.post(modes, json=setting | {"division_code": "430300", "field": "warning_colour", "value": "red"})
    await leader.post(f"{modes}/{first['id']}/end", json={"reason": "好转"})


async def _drills_held(city: City, incident: dict[str, Any]) -> None:
    del incident
    leader, drills = await city.person("leader"), "/api/v1/drills"
    said = {"name": "演练", "division_code": "430304", "ends_at": "2099-01-02T00:00:00Z"}
    recipients = [{"name": "导调组", "address": "13800000001"}]
    first = (await leader.post(drills, json=said | {"recipients": recipients})).json()
    await leader.post(drills, json=said | {"starts_at": "2099-01-01T00:00:00Z"})
    await leader.post(drills, json=said | {"division_code": "430300", "unit_ids": [city.unit_id(POLICE)]})
    await leader.post(f"{drills}/{first['id']}/end", json={})


STORIES: dict[str, Act] = {
    "opened_besides": _opened_besides,
    "worked_and_closed": _worked_and_closed,
    "one_step": _one_step,
    "declined": _declined,
    "escalated": _escalated_and_lead_taken_over,
    "pressed_again": _pressed_again,
    "directed": _directed,
    "cancelled": _cancelled,
    "merged": _merged,
    "linked": _linked,
    "linked_and_dismissed": _linked_and_dismissed,
    "joined_and_worse": _joined_and_worse,
    "off_duty": _off_duty,
    "modes": _modes_switched,
    "drills": _drills_held,
    "changed": _worse_then_somewhere_else,
    "taken_back": _taken_back,
}


@pytest.mark.parametrize("story", STORIES)
async def test_old_snapshot_and_events_give_the_new_snapshot(city: City, story: str) -> None:
    incident = (await city.press()).json()["incident"]
    listeners = {"police": POLICE, "community": COMMUNITY, "health": HEALTH}
    consoles = {name: await city.unit_console(code) for name, code in listeners.items()}
    consoles["button"] = await city.console(city.device["token"])
    if story not in {
        "off_duty",
        "taken_back",
    }:  # a desk is told of all units that are off, not of those that are on again
        consoles["desk"] = await city.console(client=await city.person())
    await STORIES[story](city, incident)
    await asyncio.sleep(0.4)
    for name, console in consoles.items():
        before = next(frame for frame in console.frames if frame["type"] == "snapshot")
        fresh = await _anew(city, name, listeners)
        picture = from_snapshot(before)
        for frame in console.events:
            picture = apply(apply(picture, frame), frame)
        assert comparable(picture) == comparable(from_snapshot(fresh)), name
        if os.environ.get("DISPATCH_WRITE_FIXTURES") and name in {"police", "desk"}:
            FIXTURES.mkdir(parents=True, exist_ok=True)
            law = {"name": f"{story}, {name}", "before": before, "events": console.events, "after": fresh}
            text = json.dumps(law, ensure_ascii=False, indent=None, separators=(",", ":"))
            (FIXTURES / f"{story}_{name}.json").write_text(text + "\n", encoding="utf-8")


async def _anew(city: City, name: str, listeners: dict[str, str]) -> dict[str, Any]:
    if name == "desk":
        console = await city.console(client=await city.person())
    elif name == "button":
        console = await city.console(city.device["token"])
    else:
        console = await city.unit_console(listeners[name])
    return dict(await console.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None)))


def test_the_recorded_stories_hold_in_python_too() -> None:
    files = sorted(FIXTURES.glob("*.json"))
    assert {f"{story}_police.json" for story in STORIES} <= {file.name for file in files}
    for file in files:
        law = json.loads(file.read_text(encoding="utf-8"))
        picture = from_snapshot(law["before"])
        for frame in law["events"]:
            picture = apply(picture, frame)
        assert comparable(picture) == comparable(from_snapshot(law["after"])), file.name
