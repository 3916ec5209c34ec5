"""Callers and consoles as they are outside: calls at a bounded rate, with keys and retries; screens keep everything."""

import asyncio
import contextlib
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from dispatch.demo.access import Access
from tests.support.city import BUTTON, HOSPITAL_CALL

SILENT_S = 9.0
"""No frame for this long: the line is dead, whatever it says of itself (a page waits 15 s)."""
LONGEST_WAIT_S = 120.0
MOST_WAITING, MOST_CALLS = 40, 600
"""Bounds of the load: a slow machine gets fewer calls, not a longer queue of them; after so many one a second."""


@dataclass
class Call:
    """One call, from the first try to the answer."""

    key: str
    sent_at: float
    answered_at: float
    tries: int
    incident_id: str
    call_id: str


class Callers:
    """Integrators and one button: each call is sent again with its key until it is accepted."""

    def __init__(self, base_url: str, access: Access, rng: random.Random, *, per_s: float) -> None:
        self.answered: list[Call] = []
        self.refused: list[str] = []
        self._rng, self._per_s = rng, per_s
        self._integrator = str(access.demo["integrator_key"])
        self._device = next(d for d in access.demo["devices"] if d["code"] == BUTTON)
        self._client = httpx.AsyncClient(base_url=base_url, timeout=5, limits=httpx.Limits(max_connections=64))
        self._calls: list[asyncio.Task[None]] = []
        self._number = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Make no new calls; wait until each of those made is accepted."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        async with asyncio.timeout(LONGEST_WAIT_S):
            await asyncio.gather(*self._calls)

    async def close(self) -> None:
        for task in [self._task, *self._calls]:
            if task is not None:
                task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await self._client.aclose()

    async def _go_on(self) -> None:
        while True:
            while self._number - len(self.answered) >= MOST_WAITING:
                await asyncio.sleep(0.05)
            self._number += 1
            self._calls.append(asyncio.create_task(self._call(self._number)))
            await asyncio.sleep(self._rng.expovariate(self._per_s if self._number < MOST_CALLS else 1))

    async def _call(self, number: int) -> None:
        key, sent_at, tries = f"call-{number}", monotonic(), 0
        presses = self._rng.random() < 0.1
        press_id = str(UUID(int=self._rng.getrandbits(128), version=4))
        while True:
            tries += 1
            answer = await (self._press(press_id) if presses else self._report(key))
            if answer is not None and answer.status_code == 201:
                said = answer.json()
                ids = said["incident"]["id"], said["call"]["id"]
                self.answered.append(Call(press_id if presses else key, sent_at, monotonic(), tries, *ids))
                return
            if answer is not None and answer.status_code != 503:
                self.refused.append(f"{answer.status_code} {answer.text[:300]}")
            await asyncio.sleep(0.1 + 0.2 * self._rng.random())

    async def _report(self, key: str) -> httpx.Response | None:
        body = HOSPITAL_CALL | {"source_reference": key}
        headers = {"Authorization": f"Bearer {self._integrator}", "Idempotency-Key": key}
        return await self._post("/api/v1/incidents", body, headers)

    async def _press(self, press_id: str) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {self._device['token']}"}
        return await self._post(f"/api/v1/devices/{self._device['id']}/press", {"press_id": press_id}, headers)

    async def _post(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response | None:
        try:
            return await self._client.post(path, json=body, headers=headers)
        except httpx.HTTPError:
            return None


@dataclass
class Shown:
    """What one page would have applied, and how it was kept informed."""

    unit: str
    issued: dict[str, set[str]] = field(default_factory=dict)
    """assignment → the ids of the events that issued it: more than one is an alarm too many."""
    seen: set[str] = field(default_factory=set)
    applied: set[str] = field(default_factory=set)
    closings: list[tuple[int, str, bool]] = field(default_factory=list)
    """code, name, and whether goodbye was said"""
    resumed: list[str] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)

    @property
    def longest_silence_s(self) -> float:
        return max((after - before for before, after in pairwise(self.heard_at)), default=0)


class Screen:
    """A unit's console: resumes with its cursor, sends receipts, and acknowledges some of what it gets."""

    def __init__(self, base_url: str, unit: str, key: str, rng: random.Random, *, acknowledges: float = 0.0) -> None:
        self.shown = Shown(unit)
        self.refused: list[str] = []
        self._base_url, self._key, self._rng, self._acknowledges = base_url, key, rng, acknowledges
        self._cursor: str | None = None
        self._acts: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(base_url=base_url, timeout=5, headers={"Authorization": f"Bearer {key}"})
        self._task = asyncio.create_task(self._stay())

    async def stop(self) -> None:
        self._task.cancel()
        for task in self._acts:
            task.cancel()
        await asyncio.gather(self._task, *self._acts, return_exceptions=True)
        await self._client.aclose()

    async def _stay(self) -> None:
        address = self._base_url.replace("http", "ws", 1) + "/api/v1/live"
        while True:
            wait_s = 0.1 + 0.1 * self._rng.random()
            try:
                async with connect(
                    address,
                    subprotocols=["dispatch.v1"],
                    max_size=2**26,
                    open_timeout=5,
                    close_timeout=0.2,  # type: ignore[list-item]
                ) as socket:
                    wait_s = await self._listen(socket) or wait_s
            except (OSError, WebSocketException, TimeoutError):
                pass
            await asyncio.sleep(wait_s)

    async def _listen(self, socket: ClientConnection) -> float:
        """Follow one socket to its end; gives how long the server asked to stay away."""
        asked_s, said = 0.0, False
        await socket.send(json.dumps({"type": "hello", "cursor": self._cursor, "token": self._key}))
        try:
            while True:
                async with asyncio.timeout(SILENT_S):
                    frame = json.loads(await socket.recv())
                self.shown.heard_at.append(monotonic())
                if frame["type"] == "goodbye":
                    asked_s, said = frame["reconnect_after_ms"] / 1000, True
                await self._take(frame, socket)
        except ConnectionClosed:
            self.shown.closings.append((socket.close_code or 1006, socket.close_reason or "", said))
        except TimeoutError:
            self.shown.closings.append((1006, "silence", said))
        return asked_s

    async def _take(self, frame: dict[str, Any], socket: ClientConnection) -> None:
        self._cursor = frame.get("cursor", self._cursor)
        if frame["type"] == "welcome":
            self.shown.resumed.append(frame["resume"])
        elif frame["type"] == "snapshot":
            self.shown.seen |= {a["id"] for incident in frame["incidents"] for a in incident["assignments"]}
        elif frame["type"] == "event" and frame["event_id"] not in self.shown.applied:
            self.shown.applied.add(frame["event_id"])
            if frame["event"] == "assignment.issued":
                assignment = frame["assignment"]["id"]
                self.shown.issued.setdefault(assignment, set()).add(frame["event_id"])
                receipt = {"type": "receipt", "assignment_id": assignment, "state": "delivered"}
                with contextlib.suppress(ConnectionClosed):  # what came before the end, a goodbye, is still to be read
                    await socket.send(json.dumps(receipt))
                if self._rng.random() < self._acknowledges:
                    self._do(self._acknowledge(assignment))

    def _do(self, act: Any) -> None:
        task = asyncio.create_task(act)
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)

    async def _acknowledge(self, assignment: str) -> None:
        for _ in range(100):
            try:
                answer = await self._client.post(
                    f"/api/v1/assignments/{assignment}/acknowledge",
                    json={},
                    headers={"Idempotency-Key": f"acknowledge-{assignment}"},
                )
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code < 500:
                if answer.status_code not in {200, 404, 409}:
                    self.refused.append(f"{answer.status_code} {answer.text[:300]}")
                return
            await asyncio.sleep(0.2)


def missing(calls: Iterable[Call], screens: Iterable[Screen], wanted: dict[str, dict[str, str]]) -> list[str]:
    """List the assignments of answered calls that a console of their unit has not shown: incident → unit → id."""
    found = []
    for call in calls:
        for screen in screens:
            assignment = wanted.get(call.incident_id, {}).get(screen.shown.unit)
            if assignment is not None and assignment not in screen.shown.issued and assignment not in screen.shown.seen:
                found.append(f"{screen.shown.unit} never saw {assignment} of {call.incident_id}")
    return found
