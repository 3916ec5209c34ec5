"""kill -9 of the server under load: what was acknowledged must have reached its four consoles, once."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from dispatch.demo.access import Access
from tests.support.city import FOUR, HOSPITAL_CALL, free_port


@dataclass
class Seen:
    """What one console's page would have applied: incidents by event, and those a snapshot showed."""

    unit: str
    issued: dict[str, list[str]] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    applied: set[str] = field(default_factory=set)
    cursor: str | None = None

    def take(self, frame: dict[str, Any]) -> None:
        self.cursor = frame.get("cursor", self.cursor)
        if frame["type"] == "snapshot":
            self.shown |= {incident["id"] for incident in frame["incidents"]}
        elif frame["type"] == "event" and frame["event_id"] not in self.applied:
            self.applied.add(frame["event_id"])
            if frame["event"] == "assignment.issued":
                self.issued.setdefault(frame["incident"]["id"], []).append(frame["assignment"]["id"])


class Victim:
    """`dispatch serve` as a process of its own."""

    def __init__(self, url: str, *, log: Path | None = None) -> None:
        self.url, self.port, self.log = url, free_port(), log
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with contextlib.ExitStack() as stack:
            await self._start(stack.enter_context(self.log.open("a")) if self.log else None)

    async def _start(self, log: IO[str] | None) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dispatch",
            "serve",
            "--port",
            str(self.port),
            env=os.environ
            | {"DATABASE_URL": self.url, "DISPATCH_LOG_LEVEL": "WARNING" if log else "ERROR", "DISPATCH_DRAIN_S": "0"},
            stderr=log,
        )
        async with asyncio.timeout(60), httpx.AsyncClient() as client:
            while True:
                assert self.process.returncode is None, "the server did not start"
                try:
                    if (await client.get(f"http://127.0.0.1:{self.port}/healthz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)

    async def end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(how)
            await self.process.wait()

    def signal(self, how: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(how)


async def listen(victim: Victim, access: Access, seen: Seen) -> None:
    key = next(c["token"] for c in access.demo["consoles"] if c["unit"] == seen.unit)
    while True:
        try:
            async with connect(
                f"ws://127.0.0.1:{victim.port}/api/v1/live",
                subprotocols=["dispatch.v1"],
                max_size=2**26,  # type: ignore[list-item]
            ) as socket:
                await socket.send(json.dumps({"type": "hello", "cursor": seen.cursor, "token": key}))
                async for text in socket:
                    seen.take(json.loads(text))
        except (OSError, WebSocketException, TimeoutError):
            await asyncio.sleep(0.1)


async def report_all(victim: Victim, access: Access, *, count: int, per_s: float) -> list[str]:
    """Post at a steady rate, retrying with the same key until answered; gives the ids that were acknowledged."""
    headers = {"Authorization": f"Bearer {access.demo['integrator_key']}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{victim.port}", headers=headers, timeout=5) as client:

        async def one(number: int) -> str:
            await asyncio.sleep(number / per_s)
            body = HOSPITAL_CALL | {"source_reference": f"r-{number}"}
            for _ in range(600):
                try:
                    answer = await client.post(
                        "/api/v1/incidents", json=body, headers={"Idempotency-Key": f"k-{number}"}
                    )
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
                    continue
                if answer.status_code == 201:
                    return str(answer.json()["incident"]["id"])
                await asyncio.sleep(0.1)
            raise AssertionError(f"report {number} was never accepted")

        return await asyncio.gather(*(one(number) for number in range(count)))


async def kill_under_load(
    url: str, access: Access, *, count: int, per_s: float, kills: int
) -> tuple[list[str], list[Seen]]:
    victim = Victim(url)
    everybody = [Seen(unit) for unit in FOUR]
    tasks: list[asyncio.Task[Any]] = []
    try:
        await victim.start()
        tasks = [asyncio.create_task(listen(victim, access, seen)) for seen in everybody]
        reporting = asyncio.create_task(report_all(victim, access, count=count, per_s=per_s))
        tasks.append(reporting)
        for _ in range(kills):
            await asyncio.sleep(count / per_s / (kills + 1))
            await victim.end(signal.SIGKILL)
            await victim.start()
        acknowledged = await reporting
        async with asyncio.timeout(60):
            while any(set(acknowledged) - set(seen.issued) - seen.shown for seen in everybody):
                await asyncio.sleep(0.1)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await victim.end(signal.SIGTERM)
    return acknowledged, everybody
