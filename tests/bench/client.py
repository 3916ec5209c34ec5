"""The client: consoles that listen, reports at a given rate, every latency from the instant it was *scheduled*.

    python -m tests.bench.client MODE --dialect contract --world world.json --port P --server 'COMMAND'

A server that stalls is charged for the wait of everything that was due meanwhile (no coordinated omission).
Modes: rates (open loop, Poisson) · max (closed loop) · kill (-9 under load) · drop (every fourth console cut for 2 s)
· mem (idle consoles) · flat (memory over many incidents) · timers (how late an urge is seen). One JSON line comes out.
"""

import argparse
import asyncio
import json
import random
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop

from tests.bench.dialects import Contract, Dialect, Session, SocketIo
from tests.bench.processes import ServerProcess, busy_share
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
        self.urged_at: dict[str, float] = {}

    async def join(self) -> None:
        self.served.clear()
        path, headers = self.bench.dialect.live(self.number)
        self.socket = Socket((path, self.bench.port), headers, self._hear)
        await connect(self.socket, self.bench.port)
        if (hello := self.bench.dialect.hello(self.session)) is not None:
            self.socket.send(hello)
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

    async def gather(self) -> None:
        """Bring all consoles up."""
        self.consoles = [Console(self, number) for number in range(CONSOLES)]
        self._tasks = [asyncio.create_task(console.stay()) for console in self.consoles]
        async with asyncio.timeout(30):
            while len(self.present) < CONSOLES:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)

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


def _figures(reports: list[Report]) -> Figures:
    whole = [report.latency_s for report in reports if report.status in OK and len(report.frames) >= FRAMES]
    return {
        "sent": len(reports),
        "whole": len(whole),
        "p50_ms": percentile_ms(whole, 0.5),
        "p95_ms": percentile_ms(whole, 0.95),
        "p99_ms": percentile_ms(whole, 0.99),
    }


async def rates(bench: Bench) -> Figures:
    await bench.gather()
    await bench.open_loop(50, 2)
    found: Figures = {}
    for rate in bench.arguments.rates:
        runs = []
        for _ in range(bench.arguments.runs):
            busy = await asyncio.to_thread(busy_share)
            cpu = bench.server.cpu_s()
            reports = await bench.open_loop(rate, bench.arguments.seconds)
            await asyncio.sleep(0.5)
            spent = (bench.server.cpu_s() - cpu) / max(1, len(reports)) * 1e3
            settled = [report for report in reports if report.scheduled - reports[0].scheduled > 1]
            runs.append(_figures(settled) | {"cpu_ms": round(spent, 2), "busy_before": round(busy, 2)})
            bench.reports.clear()
        found[str(rate)] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return found


async def most(bench: Bench) -> Figures:
    await bench.gather()
    await bench.open_loop(50, 2)
    bests = []
    for _ in range(bench.arguments.runs):
        start = now()
        until = start + bench.arguments.seconds
        done = await bench.closed_loop(bench.arguments.workers, lambda until=until: now() > until)
        bests.append(len(done) / (now() - start))
        bench.reports.clear()
    return {"per_s": round(statistics.median(bests), 1), "runs": [round(best, 1) for best in bests]}


async def _broken(bench: Bench, breaking: Callable[[], None]) -> Figures:
    await bench.gather()
    await bench.open_loop(20, 2)
    bench.reports.clear()
    reports = await bench.open_loop(bench.arguments.rates[0], 14, {4.0: breaking})
    await asyncio.sleep(6)
    acknowledged = [report for report in reports if report.status in OK]
    short = [report for report in acknowledged if len(report.frames) < FRAMES]
    waits = [report.latency_s for report in acknowledged if report.frames]
    return {
        "sent": len(reports),
        "acknowledged": len(acknowledged),
        "never_whole": len(short),
        "shown_twice": bench.repeated,
        "consoles_back": len(bench.present),
        "longest_ms": percentile_ms(waits, 1.0),
    }


async def kill(bench: Bench) -> Figures:
    def cut() -> None:
        bench.server.kill()
        bench.server.start()

    return await _broken(bench, cut)


async def drop(bench: Bench) -> Figures:
    def cut() -> None:
        for console in bench.consoles[::4]:
            console.stay_away_s = 2.0
            console.socket.transport.abort()

    return await _broken(bench, cut)


async def mem(bench: Bench) -> Figures:
    before = bench.server.memory_kib()
    consoles = [Console(bench, number) for number in range(bench.arguments.connections)]
    for first in range(0, len(consoles), 50):
        await asyncio.gather(*(console.join() for console in consoles[first : first + 50]))
    await asyncio.sleep(6)
    more = bench.server.memory_kib() - before
    return {"consoles": len(consoles), "base_mib": round(before / 1024, 1), "kib_each": round(more / len(consoles), 1)}


async def flat(bench: Bench) -> Figures:
    """Memory after every tenth of the incidents; growth is counted from the fifth tenth on."""
    await bench.gather()
    tenth, weights = bench.arguments.incidents // 10, []
    for _ in range(10):
        bench.reports.clear()
        for console in bench.consoles:
            console.session.applied.clear()
        await bench.closed_loop(bench.arguments.workers, lambda: len(bench.reports) >= tenth)
        await asyncio.sleep(0.5)
        weights.append(round(bench.server.memory_kib() / 1024, 1))
    grown = (weights[-1] - weights[4]) * 1024 / (5 * tenth / 1000)
    return {"incidents": 10 * tenth, "mib": weights, "kib_per_1000_incidents": round(grown, 1)}


async def timers(bench: Bench) -> Figures:
    """Reports of a type whose units are urged after two seconds; how long after the deadline a console shows it."""
    await bench.gather()
    await bench.open_loop(bench.arguments.rates[0], bench.arguments.seconds)
    await asyncio.sleep(5)
    late = [
        at - datetime.fromisoformat(console.session.urged[assignment]).timestamp()
        for console in bench.consoles
        for assignment, at in console.urged_at.items()
    ]
    return {"urges": len(late), **{f"p{q}_ms": percentile_ms(late, q / 100) for q in (50, 95, 99)}}


MODES = {"rates": rates, "max": most, "kill": kill, "drop": drop, "mem": mem, "flat": flat, "timers": timers}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=sorted(MODES))
    parser.add_argument("--dialect", choices=("contract", "socketio"), default="contract")
    parser.add_argument("--world", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--server", required=True, help="command line that starts the server on that port")
    parser.add_argument("--directory", type=Path, default=Path.cwd())
    parser.add_argument("--log", type=Path, default=Path("server.log"))
    parser.add_argument("--rates", type=int, nargs="+", default=[100, 200])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--workers", type=int, default=32)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--incidents", type=int, default=20_000)
    return parser.parse_args()


async def _run(arguments: argparse.Namespace, server: ServerProcess) -> Figures:
    world = json.loads(arguments.world.read_text()) if arguments.world else None
    reports = "timed_reports" if arguments.mode == "timers" else "reports"
    dialect = SocketIo() if arguments.dialect == "socketio" else Contract(world, reports)
    server.start()
    await asyncio.to_thread(server.wait)
    await asyncio.sleep(2)
    return await MODES[arguments.mode](Bench(arguments, dialect, server))


def main() -> None:
    """Run one mode and print its figures."""
    arguments = _arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, hard), hard))
    server = ServerProcess(arguments.server, port=arguments.port, directory=arguments.directory, log=arguments.log)
    try:
        print(json.dumps(uvloop.run(_run(arguments, server))))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
