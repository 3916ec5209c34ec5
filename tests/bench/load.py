"""Consoles that listen and reports that are sent: what every mode of the client is made of."""

import argparse
import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.bench.dialects import Dialect, Session
from tests.bench.processes import ServerProcess
from tests.bench.wire import Posts, Socket, connect

CONSOLES = 160
FRAMES = 4
OK = {200, 201, 202}
now = time.perf_counter
Figures = dict[str, Any]


@dataclass(slots=True)
class Report:
    """One POST: when it was due, when it was answered, when which console showed it."""

    scheduled: float
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0
    answered: float = 0.0
    frames: dict[int, float] = field(default_factory=dict)

    @property
    def latency_s(self) -> float:
        return max(self.frames.values()) - self.scheduled


class Console:
    """One console: connects, listens, comes back 0.2 s after it was cut."""

    def __init__(self, bench: "Bench", number: int) -> None:
        self.bench, self.number = bench, number
        self.session = Session()
        self.served = asyncio.Event()
        self.socket: Socket | None = None
        self.stay_away_s = 0.0
        self.joined_at = 0.0
        self.urged_at: dict[str, float] = {}

    async def join(self) -> None:
        self.served.clear()
        path, headers = self.bench.dialect.live(self.number)
        self.socket = Socket((path, self.bench.port), headers, self._hear)
        await connect(self.socket, self.bench.port)
        if (hello := self.bench.dialect.hello(self.session)) is not None:
            self.socket.send(hello)
        if not self.bench.dialect.greets:
            self.served.set()
        await asyncio.wait_for(self.served.wait(), 15)

    def _hear(self, text: bytes) -> None:
        at, known = now(), len(self.session.urged)
        heard = self.bench.dialect.hear(self.number, self.session, text)
        if heard.served:
            self.served.set()
        if heard.answer is not None:
            self.socket.send(heard.answer)
        if len(self.session.urged) > known:
            self.urged_at[next(reversed(self.session.urged))] = time.time()
        for reference in heard.references:
            self.bench.shown(self.number, reference, at, again=heard.again)

    async def stay(self) -> None:
        while True:
            try:
                await asyncio.sleep(self.stay_away_s)
                self.stay_away_s = 0.0
                await self.join()
                self.joined_at = now()
                self.bench.present.add(self.number)
                await self.socket.closed.wait()
            except (OSError, TimeoutError):
                pass
            self.bench.present.discard(self.number)
            await asyncio.sleep(0.2)


class Bench:
    """Consoles and reports of one run against one server."""

    def __init__(self, arguments: argparse.Namespace, dialect: Dialect, server: ServerProcess) -> None:
        self.arguments, self.dialect, self.server, self.port = arguments, dialect, server, arguments.port
        self.reports: dict[str, Report] = {}
        self.present: set[int] = set()
        self.repeated = 0
        self.consoles: list[Console] = []
        self._posts = Posts(arguments.port)
        self._count = 0
        self._tag = f"bench-{time.time_ns()}"
        self._tasks: list[asyncio.Task[None]] = []

    def shown(self, console: int, reference: str, at: float, *, again: bool) -> None:
        report = self.reports.get(reference)
        if report is None:
            return
        if console in report.frames:
            self.repeated += not again
            return
        report.frames[console] = at
        if len(report.frames) == FRAMES:
            report.complete.set()

    async def gather(self, count: int = CONSOLES) -> None:
        """Bring all consoles up."""
        self.consoles = [Console(self, number) for number in range(count)]
        self._tasks = [asyncio.create_task(console.stay()) for console in self.consoles]
        if not await self.all_present(30 + count / 50):
            raise SystemExit(f"only {len(self.present)} of {count} consoles were served")
        await asyncio.sleep(0.5)

    async def all_present(self, within_s: float) -> bool:
        """Wait until every console is served, and say whether that came true."""
        until = now() + within_s
        while len(self.present) < len(self.consoles) and now() < until:
            await asyncio.sleep(0.05)
        return len(self.present) == len(self.consoles)

    async def send(self, scheduled: float) -> Report:
        self._count += 1
        reference = f"{self._tag}-{self._count}"
        report = self.reports[reference] = Report(scheduled)
        body, headers = self.dialect.report(self._count, reference)
        try:
            report.status, _ = await self._posts.post(self.dialect.path, body, headers)
            report.answered = now()
        except (OSError, TimeoutError):
            report.status = -1
        return report

    async def open_loop(
        self, rate: float, seconds: float, at: dict[float, Callable[[], None]] | None = None
    ) -> list[Report]:
        """Send with Poisson arrivals, always the same ones; `at` gives what happens when."""
        draw, due, events = random.Random(7), 0.0, dict(at or {})
        start, sent = now() + 0.05, []
        while (due := due + draw.expovariate(rate)) < seconds:
            for instant in [instant for instant in events if due >= instant]:
                events.pop(instant)()
            if (wait := start + due - now()) > 0:
                await asyncio.sleep(wait)
            sent.append(asyncio.create_task(self.send(start + due)))
        await asyncio.wait(sent, timeout=25)
        return [task.result() for task in sent if task.done()]

    async def closed_loop(self, workers: int, enough: Callable[[], bool]) -> list[Report]:
        """Send as fast as `workers` can, each waiting for its four frames."""
        done: list[Report] = []

        async def work() -> None:
            while not enough():
                report = await self.send(now())
                if report.status not in OK:
                    await asyncio.sleep(0.05)
                    continue
                try:
                    await asyncio.wait_for(report.complete.wait(), 10)
                except TimeoutError:
                    continue
                done.append(report)

        await asyncio.gather(*(work() for _ in range(workers)))
        return done


def percentile_ms(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3, 2) if ordered else float("nan")
