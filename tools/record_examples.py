"""Records tools/examples.json, the examples of the API descriptions, from a demo that it starts: what was answered.

    python tools/record_examples.py && make docs

Long lists are cut, keys are left out. Every operation and every live message is visited once.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4  # noqa: TID251 - a tool is its own composition root

import httpx
from drill_tour import hold_drill, test_communication
from rule_tour import NOISE, log_in, rule
from tour import API, FOUR, Json, Tour, shorten
from websockets.asyncio.client import connect

TARGET = Path(__file__).resolve().parent / "examples.json"
MOST_CREWS = 20
READY_S = 240
HOSPITAL = {
    "incident_type": "psychiatric.disturbance",
    "place_kind": "hospital",
    "location": {"longitude": 112.964, "latitude": 27.875, "crs": "WGS84", "accuracy_m": 30},
    "division_code": "430304005003",
    "description": "疑似精神障碍患者损坏病房设施",
    "caller": {"name": "值班护士", "phone": "0731-55500001"},
    "source_reference": "HIS-20200818-7",
}
BROWSER = {
    "endpoint": "https://push.invalid/send/3f1c",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}
"""The keys are those of RFC 8291's example."""
PAPER = {
    "paper_number": "P-20200817-003",
    "incident_type": "noise.complaint",
    "division_code": "430304005003",
    "occurred_at": "2020-08-17T18:17:00Z",
    "ended_at": "2020-08-17T19:30:00Z",
    "disposition": "handled",
}


async def act(tour: Tour, number: int, incident: dict[str, Any], step: tuple[str, Json]) -> None:
    """Let one of the four consoles take a step."""
    verb, body = step
    wanted = tour.demo["consoles"][number]["unit_id"]
    row = next(row for row in incident["assignments"] if row["unit"]["id"] == wanted)
    path = API + "/assignments/{assignment_id}/" + verb
    await tour.ask("POST", path, key=tour.key(number), body=body, assignment_id=row["id"])


async def intake(tour: Tour) -> dict[str, Any]:
    """Report, press, be refused."""
    integrator, device = tour.demo["integrator_key"], tour.demo["device"]
    said = await tour.ask("POST", API + "/incidents", key=integrator, body=HOSPITAL)
    await tour.ask("POST", API + "/incidents", key=integrator, body=HOSPITAL | {"incident_type": "psychiatric.disturb"})
    await tour.ask("POST", API + "/incidents", body=HOSPITAL)
    press = {"press_id": str(uuid4()), "pressed_at": said["incident"]["opened_at"], "exercise": "test"}
    at = API + "/devices/{device_id}"
    for method, path, body in (
        ("POST", "/check-in", {"battery_percent": 87}),
        ("POST", "/press", press),
        ("GET", "/status", None),
        ("POST", "/cancel", {"reason": "误触"}),
    ):
        await tour.ask(method, at + path, key=device["token"], body=body, device_id=device["id"])
    incident: dict[str, Any] = said["incident"]
    return incident


async def work(tour: Tour, incident: dict[str, Any]) -> None:
    """Go through a unit's steps."""
    await tour.ask("GET", API + "/assignments", key=tour.key(0))
    await act(tour, 0, incident, ("receipt", {"state": "delivered"}))
    steps: tuple[tuple[str, Json], ...] = (
        ("acknowledge", {"expected_version": 2}),
        ("acknowledge", {}),
        ("depart", {"occurred_at": incident["opened_at"]}),
        ("arrive", {}),
        ("feedback", {"outcome": "person_taken_to_hospital", "text": "已送诊"}),
        ("complete", {}),
    )
    for step in steps:
        await act(tour, 0, incident, step)
    await act(tour, 1, incident, ("decline", {"reason": "no_vehicle", "text": "车辆外出"}))
    unit = tour.demo["consoles"][0]["unit_id"]
    where = {"location": {"longitude": 112.96, "latitude": 27.87, "crs": "GCJ02"}}
    await tour.ask("POST", API + "/units/{unit_id}/position", key=tour.key(0), body=where, unit_id=unit)
    duty = {"status": "available"}
    await tour.ask("POST", API + "/units/{unit_id}/status", key=tour.key(0), body=duty, unit_id=unit)


async def fresh(tour: Tour) -> dict[str, Any]:
    """Report one more, for verbs that end an incident."""
    said = await tour.ask("POST", API + "/incidents", key=tour.demo["integrator_key"], body=NOISE)
    incident: dict[str, Any] = said["incident"]
    return incident


async def direct(tour: Tour, incident: dict[str, Any]) -> None:
    """Do what a desk may do, with the session of an operator."""
    login = next(login for login in tour.demo["logins"] if login["role"] == "operator")
    await tour.ask("POST", API + "/sessions", body={"login": login["name"], "password": "not this one"})
    await tour.ask("POST", API + "/sessions", body={"login": login["name"], "password": login["password"]})
    for path in (
        "/me",
        "/catalogue",
        "/units?limit=2",
        "/places?limit=2",
        "/rulesets",
        "/rulesets/findings",
        "/incidents?status=open&limit=2",
    ):
        await tour.ask("GET", API + path)
    one, other = API + "/incidents/{incident_id}", API + "/assignments/{assignment_id}"
    spare = next(c["unit_id"] for c in tour.demo["consoles"][FOUR:] if c["kind"] == "police_station")
    for verb, body in (
        ("recommend", {}),
        ("note", {"text": "家属已到场"}),
        ("disclose", {}),
        ("raise", {"severity": "III", "reason": "人员受伤"}),
        ("relocate", {"address": "住院部3楼", "division_code": "430304005003", "reason": "报警人改口"}),
        ("dispatch", {"units": [{"unit_id": spare, "role": "support"}], "reason": "增援"}),
        ("suspend", {"reason": "等待鉴定"}),
        ("resume", {"reason": "鉴定完成"}),
    ):
        await tour.ask("POST", f"{one}/{verb}", body=body, incident_id=incident["id"])
    rows = (await tour.ask("GET", one, incident_id=incident["id"]))["assignments"]
    held = [row["id"] for row in rows if row["ended_at"] is None]
    for verb, body in (("urge", {}), ("reassign", {"reason": "换人"})):
        await tour.ask("POST", f"{other}/{verb}", body=body, assignment_id=held[0])
    await tour.ask("POST", f"{other}/revoke", body={"reason": "无需增援"}, assignment_id=held[1])
    await tour.ask("POST", f"{other}/excuse", body={"reason": "现场已妥"}, assignment_id=held[-1])
    await excuse_gap(tour)
    await tour.ask("GET", one + "/timeline", incident_id=incident["id"])
    for verb, body in (("close", {"disposition": "handled", "text": "已处置"}), ("reopen", {"reason": "又起冲突"})):
        await tour.ask("POST", f"{one}/{verb}", body=body, incident_id=incident["id"])
    for verb, body in (
        ("cancel", {"reason": "重复报警", "false_alarm": False}),
        ("merge", {"into": incident["id"], "reason": "同一事件"}),
        ("transfer", {"receiver": "12345", "reason": "非警务"}),
    ):
        await tour.ask("POST", f"{one}/{verb}", body=body, incident_id=(await fresh(tour))["id"])


async def hold_back(tour: Tour) -> None:
    """Release one stage, skip another, find something on scene, repeat the decision, ask what a call may be about."""
    violence = {"incident_type": "domestic_violence", "division_code": "430304005003"}
    said = await tour.ask("POST", API + "/incidents", key=tour.demo["integrator_key"], body=violence)
    incident, one = said["incident"], API + "/incidents/{incident_id}"
    first, second = [stage["requirement"] for stage in incident["stages"]][:2]
    for verb, body in (
        ("release", {"requirement": first}),
        ("skip", {"requirement": second, "reason": "当事人拒绝"}),
        ("finding", {"tags": ["injured"], "text": "有人受伤"}),
        ("unlink", {"incident_id": incident["id"], "reason": "不是同一件事"}),
    ):
        await tour.ask("POST", f"{one}/{verb}", body=body, incident_id=incident["id"])
    for read in ("replay", "explanation"):
        await tour.ask("GET", f"{one}/{read}", incident_id=incident["id"])
    await tour.ask("POST", API + "/incidents/match", body=violence)
    await tour.ask("POST", API + "/incidents/back-entries", body=PAPER)


async def set_modes(tour: Tour) -> None:
    """Set a response mode, list, end it."""
    mode = {"division_code": "430304", "field": "response_mode", "value": "III", "reason": "防汛三级响应"}
    made = await tour.ask("POST", API + "/modes", body=mode)
    await tour.ask("GET", API + "/modes")
    await tour.ask("POST", API + "/modes/{mode_id}/end", body={"reason": "水位回落"}, mode_id=made["id"])


async def push(tour: Tour) -> None:
    """Subscribe a browser to web push, try it (its push service is nowhere), unsubscribe it."""
    key, one = tour.key(0), API + "/push/subscriptions/{subscription_id}"
    await tour.ask("GET", API + "/push/key", key=key)
    made = await tour.ask("POST", API + "/push/subscriptions", key=key, body=BROWSER)
    await tour.ask("POST", one + "/test", key=key, body={}, subscription_id=made["id"])
    await tour.ask("DELETE", one, key=key, subscription_id=made["id"])
    shown = {"token": "5f0c7b0e-3a5b-4d0e-9a51-7a1f1d0c2b3a", "state": "delivered"}
    await tour.show(API + "/push/receipts", shown)
    report = {"channel": "sms", "provider_id": "20261123-77001", "state": "delivered"}
    await tour.show(API + "/delivery-receipts", report, key=key)


async def look_up(tour: Tour) -> None:
    """Look up what administration may, with the session of an administrator."""
    await log_in(tour, 0)
    for listed in (
        "agencies",
        "shifts",
        "devices",
        "incident-types",
        "clock-profiles",
        "ladders",
        "jurisdictions",
        "people",
    ):
        await tour.ask("GET", f"{API}/{listed}?limit=2")


async def excuse_gap(tour: Tour) -> None:
    """Report until every crew is taken, then excuse the gap."""
    for _ in range(MOST_CREWS):
        armed = HOSPITAL | {"incident_type": "violence.armed", "tags": ["weapon"]}
        said = await tour.ask("POST", API + "/incidents", key=tour.demo["integrator_key"], body=armed)
        if gaps := said["incident"]["shortfalls"]:
            body = {"slot": gaps[0]["slot"], "reason": "由武警支援"}
            await tour.ask(
                "POST", API + "/incidents/{incident_id}/excuse", body=body, incident_id=said["incident"]["id"]
            )
            return


async def send_back(tour: Tour) -> None:
    """Return what is not urgent, by whoever got it."""
    incident = await fresh(tour)
    for row in incident["assignments"]:
        token = next((c["token"] for c in tour.demo["consoles"] if c["unit_id"] == row["unit"]["id"]), None)
        if token is not None:
            path = API + "/assignments/{assignment_id}/return"
            await tour.ask("POST", path, key=token, body={"reason": "非本辖区"}, assignment_id=row["id"])


async def listen(tour: Tour) -> dict[str, Any]:
    """Keep one frame of each kind, as the lead's console gets them."""
    frames: dict[str, Any] = {"hello": {"type": "hello", "cursor": None, "token": "dsp_…"}}
    address = tour.demo["base_url"].replace("http", "ws", 1) + API + "/live"
    async with connect(address, subprotocols=["dispatch.v1"]) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps(frames["hello"] | {"token": tour.key(0)}))
        reported = False
        while {"welcome", "snapshot", "event", "unit_event", "heartbeat"} - frames.keys():
            frame = json.loads(await socket.recv())
            kind = "unit_event" if frame.get("unit") else frame["type"]
            frames.setdefault(kind, shorten(frame))
            if frame["type"] == "snapshot" and not reported:
                reported = True
                await tour.ask("POST", API + "/incidents", key=tour.demo["integrator_key"], body=HOSPITAL)
            if kind == "event" and "receipt" not in frames:
                frames["receipt"] = {
                    "type": "receipt",
                    "assignment_id": frame["assignment"]["id"],
                    "state": "delivered",
                }
                await socket.send(json.dumps(frames["receipt"]))
                unit = tour.demo["consoles"][0]["unit_id"]
                duty = {"status": "available"}
                await tour.ask("POST", API + "/units/{unit_id}/status", key=tour.key(0), body=duty, unit_id=unit)
    # Said when the server stops, which would end the tour.
    return frames | {"goodbye": {"type": "goodbye", "reason": "going_away", "reconnect_after_ms": 14}}


async def record(demo: dict[str, Any]) -> dict[str, Any]:
    """Take the tour."""
    async with httpx.AsyncClient(base_url=demo["base_url"], timeout=20) as client:
        tour = Tour(demo, client)
        incident = await intake(tour)
        frames = await listen(tour)
        await work(tour, incident)
        await send_back(tour)
        await direct(tour, incident)
        await hold_back(tour)
        await push(tour)
        await look_up(tour)
        await set_modes(tour)
        await hold_drill(tour)
        await test_communication(tour)
        await rule(tour)
        for path in ("/healthz", "/readyz", "/healthz/escalation"):
            await tour.ask("GET", path)
        await tour.ask("DELETE", API + "/sessions/current")
        return {"http": one_of_each_shape(tour.http), "live": frames}


def one_of_each_shape(http: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Keep every request, and of answers with the same members the first."""
    kept: dict[str, dict[str, Any]] = {}
    shapes: set[tuple[str, ...]] = set()
    for operation, seen in sorted(http.items()):
        for status, said in seen.items():
            first = next(iter(said.get("items", [])), {})
            shape = (*sorted(said), *sorted(first))
            if status == "request" or shape not in shapes:
                kept.setdefault(operation, {})[status] = said
            if status != "request":
                shapes.add(shape)
    return kept


def free_port() -> int:
    """Find a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(demo: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Give demo.json once the service answers."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.2)
        if demo.is_file():
            known: dict[str, Any] = json.loads(demo.read_text(encoding="utf-8"))
            with contextlib.suppress(httpx.TransportError):
                httpx.get(known["base_url"] + "/readyz").raise_for_status()
                return known
    raise SystemExit("the demo did not start")


def main() -> int:
    """Start a demo in an empty directory, record, stop it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dispatch", "demo", "--data", folder, "--port", str(free_port())]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                recorded = asyncio.run(record(wait_until_ready(Path(folder) / "demo.json", process)))
            finally:
                process.terminate()
                process.wait(timeout=30)
    TARGET.write_text(json.dumps(recorded, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
