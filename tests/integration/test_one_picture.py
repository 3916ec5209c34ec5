"""An old snapshot and the events since are the new snapshot: for every reader, whatever happens."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.city import COMMUNITY, FOUR, HEALTH, HOSPITAL_CALL, JUSTICE, POLICE, City, Console
from tests.support.reducer import Picture, picture_of

STEPS = 35
UNIT_VERBS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("receipt", {"state": "delivered"}),
    ("acknowledge", {}),
    ("acknowledge", {}),
    ("depart", {}),
    ("arrive", {}),
    ("feedback", {"outcome": "handled", "text": "done"}),
    ("complete", {}),
    ("decline", {"reason": "busy"}),
)
DESK_VERBS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("urge", {}),
    ("revoke", {"reason": "x"}),
    ("reassign", {"reason": "x"}),
    ("excuse", {"reason": "x"}),
)
INCIDENT_VERBS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("note", {"text": "x"}),
    ("raise", {"severity": "III", "reason": "x"}),
    ("suspend", {"reason": "x"}),
    ("resume", {"reason": "x"}),
    ("cancel", {"false_alarm": True}),
    ("close", {}),
    ("reopen", {"reason": "x"}),
)
INVARIANTS = {
    "every open assignment has a timer": """
        SELECT count(*) FROM assignment a WHERE ended_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM timer t WHERE t.subject_id = a.id)""",
    "no ended assignment has a timer": """
        SELECT count(*) FROM assignment a JOIN timer t ON t.subject_id = a.id WHERE a.ended_at IS NOT NULL""",
    "an incident has one lead at most": """
        SELECT count(*) FROM (SELECT 1 FROM assignment WHERE role = 'lead' AND ended_at IS NULL
          GROUP BY incident_id HAVING count(*) > 1) twice""",
    "no unit is on an incident twice at once": """
        SELECT count(*) FROM (SELECT 1 FROM assignment WHERE ended_at IS NULL
          GROUP BY incident_id, unit_id HAVING count(*) > 1) twice""",
    "a unit is committed only where it works": """
        SELECT count(*) FROM unit_state s WHERE committed_to IS NOT NULL AND NOT EXISTS (SELECT 1 FROM assignment a
          WHERE a.unit_id = s.unit_id AND a.incident_id = s.committed_to AND a.ended_at IS NULL)""",
    "every change is in the trail": """
        SELECT count(*) FROM outbox o WHERE incident_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.change_id = o.id)""",
    "nobody works on what is over": """
        SELECT count(*) FROM assignment a JOIN incident i ON i.id = a.incident_id
          WHERE a.role <> 'notify' AND a.mandatory AND a.ended_at IS NULL AND i.status IN ('cancelled', 'merged')""",
}


async def _anything(city: City, desk: Any, chance: random.Random) -> None:
    """Do something that may or may not be possible now; only a bug of ours is a failure."""
    incidents = await city.sql.fetch("SELECT id::text FROM incident ORDER BY number")
    rows = await city.sql.fetch(
        "SELECT a.id::text FROM assignment a JOIN incident i ON i.id = incident_id ORDER BY number, slot, issued_at"
    )
    kind = chance.choices(("open", "unit", "desk", "incident", "press", "time"), (1, 12, 3, 2, 1, 3))[0]
    if kind == "open" or not incidents:
        call = HOSPITAL_CALL | chance.choice(({}, {}, {"incident_type": "violence.armed", "tags": ["weapon"]}))
        answer = await city.integrator().post("/api/v1/incidents", json=call)
    elif kind == "press":
        answer = await city.press()
    elif kind == "time":
        return await city.forward(chance.choice((16, 31, 61, 301)))
    elif kind == "incident":
        verb, body = chance.choice(INCIDENT_VERBS)
        answer = await desk.post(f"/api/v1/incidents/{chance.choice(incidents)['id']}/{verb}", json=body)
    else:
        verb, body = chance.choice(UNIT_VERBS if kind == "unit" else DESK_VERBS)
        answer = await desk.post(f"/api/v1/assignments/{chance.choice(rows)['id']}/{verb}", json=body)
    assert answer.status_code < 500, answer.text
    return None


async def _agree(city: City, console: Console, again: Callable[[], Any]) -> None:
    """Compare what a console made of its frames with what a fresh one is given."""
    fresh = await again()
    await _until_same(console, [], fresh)
    await fresh.leave()


async def _until_same(console: Console, before: list[dict[str, Any]], fresh: Console) -> None:
    """Wait until both tell the same: timers may still bring news, to both."""
    await fresh.until(lambda c: any(frame["type"] == "snapshot" for frame in c.frames))
    for _ in range(30):
        found = _differences(picture_of(before + console.frames), picture_of(fresh.frames))
        if not found:
            return
        await asyncio.sleep(0.1)
    assert found == []


def _differences(got: Picture, wanted: Picture) -> list[str]:
    """Name what differs. Description and caller depend on the reader's role at that moment: test_disclosure."""
    found = [f"{key}: only in one" for key in got.keys() ^ wanted.keys()]
    for key in got.keys() & wanted.keys():
        mine, theirs = got[key], wanted[key]
        left_out = {"description", "caller", "restricted", "assignments"}
        found += [
            f"{mine['number']} {name}: {mine.get(name)} instead of {theirs.get(name)}"
            for name in (mine.keys() | theirs.keys()) - left_out
            if mine.get(name) != theirs.get(name)
        ]
        found += _assignment_differences(mine["assignments"], theirs["assignments"])
    return sorted(found)


def _assignment_differences(mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    found = [f"lacks the assignment of {theirs[key]['unit']['code']}" for key in theirs.keys() - mine.keys()]
    found += [f"has too much: {mine[key]['unit']['code']}" for key in mine.keys() - theirs.keys()]
    for key in mine.keys() & theirs.keys():
        for name, value in theirs[key].items():
            if mine[key][name] != value:
                found.append(f"{theirs[key]['unit']['code']} {name}: {mine[key][name]} instead of {value}")
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_every_reader_ends_with_the_same_picture(city: City, seed: int) -> None:
    chance = random.Random(seed)
    desk = await city.person()
    again: list[Callable[[], Any]] = [
        *(lambda code=code: city.unit_console(code) for code in (*FOUR, "430304001-PCS")),
        lambda: city.console(client=desk),
        lambda: city.console(city.device["token"]),
        lambda: city.console(city.integrator_key),
        lambda: city.console(city.access.demo["wall_key"]),
    ]
    readers = [(await make(), make) for make in again]
    for _ in range(STEPS):
        await _anything(city, desk, chance)
        broken = {name: n for name, sql in INVARIANTS.items() if (n := await city.sql.fetchval(sql))}
        assert broken == {}
    for console, make in readers:
        await _agree(city, console, make)


async def test_a_unit_that_joins_later_sees_who_else_is_on_it(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    stations = [c["unit"] for c in city.access.demo["consoles"] if c["unit"].endswith("-PCS") and c["unit"] != POLICE]
    consoles = {code: await city.unit_console(code) for code in stations}
    declined = await city.act(POLICE, incident, "decline", reason="busy")
    assert declined.status_code == 200
    view = await city.incident(incident["id"])
    backup = next(a["unit"]["code"] for a in view["assignments"] if a["backup_for"])
    console = consoles.get(backup) or await city.unit_console(backup)
    await _agree(city, console, lambda: city.unit_console(backup))


async def test_a_console_that_comes_and_goes_has_the_same_picture_as_one_that_stays(city: City) -> None:
    chance = random.Random(20_261_123)
    desk = await city.person()
    frames: list[dict[str, Any]] = []
    cursor = None
    for _ in range(8):
        console = await city.unit_console(HEALTH, cursor)
        for _ in range(4):
            await _anything(city, desk, chance)
        await console.leave()
        frames += console.frames
        cursor = console.cursor or cursor
        await _anything(city, desk, chance)
    last = await city.unit_console(HEALTH, cursor)
    await last.until(lambda c: c.frames and c.frames[0]["resume"] == "replayed")
    fresh = await city.unit_console(HEALTH)
    await _until_same(last, frames, fresh)


async def test_nobody_is_left_without_an_answer_when_the_desk_calls_a_needed_unit_back(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    desk = await city.person()
    assignment = await city.open_assignment(JUSTICE, incident)
    answer = await desk.post(f"/api/v1/assignments/{assignment}/revoke", json={"reason": "x"})
    assert answer.status_code == 200
    for code in (POLICE, HEALTH, COMMUNITY):
        await city.work_through(code, incident)
    view = await city.incident(incident["id"])
    assert view["status"] == "closed" or view["shortfalls"], "open, nobody on it, no alarm"
