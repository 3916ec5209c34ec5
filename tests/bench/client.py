"""The client: consoles that listen, reports at a given rate, every latency from the instant it was *scheduled*.

    python -m tests.bench.client MODE --dialect contract --world world.json --port P --server 'COMMAND'

A server that stalls is charged for the wait of everything that was due meanwhile (no coordinated omission).
Modes: rates (open loop, Poisson) · max (closed loop) · kill (-9 under load) · drop (every fourth console cut for 2 s)
· mem (idle consoles) · flat (memory over many incidents) · timers (how late an urge is seen) · broadcast (one change to
thousands of walls) · recover (all consoles live again after kill -9). One JSON line comes out.
"""

import argparse
import asyncio
import json
import resource
import statistics
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import uvloop

from tests.bench.crowd import broadcast, recover
from tests.bench.dialects import Contract, Dialect, DjangoChannels, SocketIo
from tests.bench.load import FRAMES, OK, Bench, Console, Figures, Report, now, percentile_ms
from tests.bench.processes import ServerProcess, busy_share


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
    # What nobody was there to hear is not yet lost: a server may take longer to start than the load lasts.
    await bench.all_present(BACK_WITHIN_S)
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


async def _settled_kib(bench: Bench) -> int:
    """Weigh the server once it has stopped growing: it may listen before all of its processes have loaded."""
    weight = bench.server.memory_kib()
    for _ in range(20):
        await asyncio.sleep(1)
        before, weight = weight, bench.server.memory_kib()
        if abs(weight - before) < before / 200:
            break
    return weight


async def mem(bench: Bench) -> Figures:
    before = await _settled_kib(bench)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES
    consoles = [Console(bench, number) for number in range(min(bench.arguments.connections, most))]
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


BACK_WITHIN_S = 30.0
SPARE_FILES = 200
"""What a process holds open beside its sockets."""
PEERS: dict[str, type[Dialect]] = {"socketio": SocketIo, "django": DjangoChannels}
MODES = {
    "rates": rates,
    "max": most,
    "kill": kill,
    "drop": drop,
    "mem": mem,
    "flat": flat,
    "timers": timers,
    "broadcast": broadcast,
    "recover": recover,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=sorted(MODES))
    parser.add_argument("--dialect", choices=("contract", *PEERS), default="contract")
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
    peer = PEERS.get(arguments.dialect)
    dialect = peer() if peer else Contract(world, reports)
    server.start()
    await asyncio.to_thread(server.wait)
    await asyncio.sleep(2)
    return await MODES[arguments.mode](Bench(arguments, dialect, server))


def main() -> None:
    """Run one mode and print its figures."""
    arguments = _arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    # The server inherits it.
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = ServerProcess(arguments.server, port=arguments.port, directory=arguments.directory, log=arguments.log)
    try:
        print(json.dumps(uvloop.run(_run(arguments, server))))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
