"""`dispatch call`: send a test call and show who got it, in the running demo or with a device's own key."""

import argparse
import asyncio
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from dispatch.cli.words import Verbs
from dispatch.demo.try_call import press_and_watch
from dispatch.settings import Settings

WITHIN_S = 10.0
POLL_S = 0.25


def _call(arguments: argparse.Namespace, settings: Settings) -> int:
    del settings
    there = (arguments.url, arguments.key, arguments.device)
    if not any(there):
        return _call_demo(Path(arguments.data) / "demo.json")
    if not all(there):
        arguments.parser.error("--url, --key and --device belong together")
    try:
        with httpx.Client(
            base_url=arguments.url, headers={"Authorization": f"Bearer {arguments.key}"}, timeout=10
        ) as client:
            outcome = press_and_ask(client, f"/api/v1/devices/{arguments.device}")
    except httpx.HTTPStatusError as refused:
        print(f"refused: {_words(refused.response)}", file=sys.stderr)
        return 1
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        print(f"{arguments.url} cannot be reached: {error}", file=sys.stderr)
        return 1
    print(json.dumps(outcome, ensure_ascii=False) if arguments.json else _told(outcome))
    return 0 if outcome["units"] and all(unit["delivered_after_s"] is not None for unit in outcome["units"]) else 1


def _call_demo(path: Path) -> int:
    try:
        demo = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        print(f"{path} cannot be read: start `dispatch demo` first, or say --data DIR", file=sys.stderr)
        return 1
    return asyncio.run(press_and_watch(demo))


def press_and_ask(client: httpx.Client, device: str) -> dict[str, Any]:
    """Press once as a test, then ask until every unit's console has shown its task, for ten seconds at most.

    Raises:
        HTTPError: the service refused or did not answer.
    """
    pressed = client.post(f"{device}/press", json={"press_id": str(uuid4()), "exercise": "test"}).raise_for_status()
    until = time.monotonic() + WITHIN_S
    while True:
        incident = client.get(f"{device}/status").raise_for_status().json()["incident"]
        units = [_reached(assignment) for assignment in incident["assignments"]]
        if time.monotonic() > until or (units and all(unit["delivered_after_s"] is not None for unit in units)):
            return {"number": incident["number"], "outcome": pressed.json()["call"]["outcome"], "units": units}
        time.sleep(POLL_S)


def _reached(assignment: dict[str, Any]) -> dict[str, Any]:
    delivered, unit = assignment["delivered_at"], assignment["unit"]
    took = (
        None
        if delivered is None
        else (datetime.fromisoformat(delivered) - datetime.fromisoformat(assignment["issued_at"])).total_seconds()
    )
    return {"unit": unit["code"], "name": unit["name"], "role": assignment["role"], "delivered_after_s": took}


def _told(outcome: dict[str, Any]) -> str:
    lines = [f"incident {outcome['number']}: {outcome['outcome']}"]
    for unit in outcome["units"]:
        took = unit["delivered_after_s"]
        said = "on no screen" if took is None else f"on a screen after {took * 1000:.0f} ms"
        lines.append(f"  {unit['unit']:<18}{unit['name']} ({unit['role']}): {said}")
    return "\n".join(lines)


def _words(answer: httpx.Response) -> str:
    try:
        said = answer.json()
        return f"{said['detail']} ({said['code']})"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"


def add_call_verb(verbs: Verbs) -> None:
    """Describe `call`."""
    call = verbs.add_parser("call", help="send a test call and show who got it; exit 1 if somebody did not")
    call.add_argument("--data", default=".data/demo", help="where the running demo keeps its data")
    call.add_argument("--url", help="another service than the demo, with --key and --device")
    call.add_argument("--key", help="the device's key")
    call.add_argument("--device", metavar="ID", help="the device's id")
    call.add_argument("--json", action="store_true", help="with --url: print the outcome as JSON")
    call.set_defaults(run=_call, parser=call)
