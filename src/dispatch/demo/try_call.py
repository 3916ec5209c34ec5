"""One test call through the real door: consoles listen, the button is pressed, who got it is shown."""

import asyncio
import json
import sys
import time
from typing import Any
from uuid import uuid4

import uvicorn

WITHIN_S = 10.0


async def try_call(server: uvicorn.Server, demo: dict[str, Any]) -> int:
    """Start the server, press once, wait for four consoles, stop. 0 when all four have it."""
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells by this flag only
        await asyncio.sleep(0.02)
    try:
        return await press_and_watch(demo) if server.started else 1
    finally:
        server.should_exit = True
        await serving


async def press_and_watch(demo: dict[str, Any]) -> int:
    """Press the demo's button and watch its four consoles."""
    import httpx

    listening = [asyncio.create_task(_console(demo, console)) for console in demo["consoles"][:4]]
    await asyncio.sleep(0.5)
    began = time.monotonic()
    device = demo["device"]
    async with httpx.AsyncClient(base_url=demo["base_url"], timeout=10) as client:
        answer = await client.post(
            f"/api/v1/devices/{device['id']}/press",
            headers={"Authorization": f"Bearer {device['token']}"},
            json={"press_id": str(uuid4()), "exercise": "test"},
        )
    answer.raise_for_status()
    incident = answer.json()["incident"]
    print(f"incident {incident['number']}: {answer.json()['call']['outcome']}")
    got = await asyncio.gather(*listening, return_exceptions=True)
    for console, at in zip(demo["consoles"], got, strict=False):
        said = f"{(at - began) * 1000:.0f} ms" if isinstance(at, float) else f"nothing ({type(at).__name__})"
        print(f"  {console['unit']:<18}{console['name']}: {said}")
    sys.stdout.flush()
    return 0 if all(isinstance(at, float) for at in got) else 1


async def _console(demo: dict[str, Any], console: dict[str, Any]) -> float:
    from websockets.asyncio.client import connect

    address = demo["base_url"].replace("http", "ws", 1) + "/api/v1/live"
    async with asyncio.timeout(WITHIN_S), connect(address, subprotocols=["dispatch.v1"]) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "hello", "cursor": None, "token": console["token"]}))
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "event" and frame["event"] in {"assignment.issued", "incident.call_joined"}:
                return time.monotonic()
    raise ConnectionError
