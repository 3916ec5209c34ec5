"""`make bench`: product, floor and peers in turn on one machine; one table, ratios first.

Absolute figures belong to the machine; the ratios carry over. Starts its own PostgreSQL, fsync on.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from dispatch.embedded import EmbeddedPostgres
from tests.bench import decisions, overdue
from tests.bench.processes import busy_share
from tests.bench.subjects import PEERS, WORLD_DATABASE, FloorSubject, Laboratory, Ours, SocketIoSubject
from tests.bench.table import render

Results = dict[str, dict[str, Any]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes; noisier")
    parser.add_argument("--full", action="store_true", help="memory over 100,000 incidents, 20,000 idle consoles")
    parser.add_argument(
        "--only",
        nargs="+",
        help="only these modes: rates max mem broadcast recover kill drop timers flat overdue decisions",
    )
    parser.add_argument("--no-peers", action="store_true", help="product and floor only")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args()


def _plan(*, quick: bool, full: bool) -> dict[str, tuple[list[str], tuple[str, ...]]]:
    """Give each mode's options for the client, and which subjects it is run on."""
    incidents = "100000" if full else "2000" if quick else "20000"
    runs, seconds = ("1", "5") if quick else ("3", "10")
    rates = ("100", "200") if quick else ("50", "100", "200", "400")
    crowd = "1000" if quick else "5000"
    idle = "1000" if quick else "20000" if full else "2000"
    everybody, with_replay, alone = ("floor", "ours", "Socket.IO"), ("ours", "Socket.IO"), ("ours",)
    return {
        "rates": (["--rates", *rates, "--runs", runs, "--seconds", seconds], everybody),
        "max": (["--runs", runs, "--seconds", seconds], everybody),
        "mem": (["--connections", idle], everybody),
        "broadcast": (["--connections", crowd], ("floor", "ours")),
        "recover": (["--connections", "1000"], alone),
        "kill": (["--rates", "50"], alone if quick else with_replay),
        "drop": (["--rates", "50"], () if quick else with_replay),
        "timers": (["--rates", "20", "--seconds", seconds], alone),
        "flat": (["--incidents", incidents], alone),
    }


async def _measure(laboratory: Laboratory, arguments: argparse.Namespace) -> Results:
    subjects: dict[str, Any] = {"floor": FloorSubject(), "ours": Ours()}
    if not arguments.no_peers:
        subjects |= _peers(laboratory.directory)
    connection = await asyncpg.connect(laboratory.url)
    await connection.execute(f'CREATE DATABASE "{WORLD_DATABASE}" TEMPLATE template0')
    await connection.close()
    laboratory.make_world()
    results: Results = {"notes": {"machine_busy_before": round(busy_share(2), 2)}}
    wanted = arguments.only or [*_plan(quick=False, full=False), "overdue", "decisions"]
    for mode, (options, names) in _plan(quick=arguments.quick, full=arguments.full).items():
        if mode not in wanted:
            continue
        results[mode] = {}
        for name in names:
            if name in subjects:
                began = time.monotonic()
                results[mode][name] = await subjects[name].run(laboratory, mode, options)
                print(f"  {mode} {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if "overdue" in wanted:
        results["overdue"] = await overdue.measure(laboratory, 1_000 if arguments.quick else 10_000)
    if "decisions" in wanted:
        results["decisions"] = await decisions.measure()
    return results


def _peers(directory: Path) -> dict[str, SocketIoSubject]:
    if not PEERS.is_dir():
        print("peers: not beside this repository, left out", file=sys.stderr)
        return {}
    reason = "Redis is not installed" if shutil.which("redis-server") is None else "run it by hand as its folder says"
    print(f"Django + Channels: left out, {reason}", file=sys.stderr)
    if shutil.which("npm") is None:
        print("Socket.IO: left out, Node is not installed", file=sys.stderr)
        return {}
    return {"Socket.IO": SocketIoSubject(directory)}


def main() -> int:
    """Measure and print."""
    arguments = _arguments()
    directory = Path(tempfile.mkdtemp(prefix="dispatch-bench-"))
    postgres = EmbeddedPostgres(directory / "postgres", durable=True)
    try:
        results = asyncio.run(_measure(Laboratory(postgres.start(), directory), arguments))
    finally:
        postgres.discard()
        shutil.rmtree(directory, ignore_errors=True)
    print(render(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
