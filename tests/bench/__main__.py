"""`make bench`: product, floor and peers in turn on one machine; one table, ratios first.

Absolute figures belong to the machine; the ratios carry over. Starts its own PostgreSQL, fsync on.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from dispatch.embedded import EmbeddedPostgres
from tests.bench import channels, decisions, overdue
from tests.bench.channels import DjangoSubject
from tests.bench.processes import busy_share
from tests.bench.subjects import PEERS, WORLD_DATABASE, FloorSubject, Laboratory, Ours, SocketIoSubject
from tests.bench.table import render

Results = dict[str, dict[str, Any]]
BOTH = ("floor", "ours")
PEER_NAMES = (SocketIoSubject.name, DjangoSubject.name)


class Step(NamedTuple):
    """One mode on some subjects, with the client's options."""

    mode: str
    options: list[str]
    subjects: tuple[str, ...]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="minutes instead of half an hour; noisier")
    parser.add_argument("--full", action="store_true", help="memory over 100,000 incidents, 20,000 idle consoles")
    parser.add_argument(
        "--only",
        nargs="+",
        help="only these modes: rates max mem broadcast recover kill drop timers flat overdue decisions",
    )
    parser.add_argument("--no-peers", action="store_true", help="product and floor only")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args()


def _plan(*, quick: bool, full: bool) -> list[Step]:
    incidents = "100000" if full else "2000" if quick else "20000"
    runs, seconds = ("1", "5") if quick else ("3", "10")
    rates = ("100", "200") if quick else ("50", "100", "200", "400")
    crowd = "1000" if quick else "5000"
    idle = "1000" if quick else "2000"
    everybody, with_peers, alone = (*BOTH, *PEER_NAMES), ("ours", *PEER_NAMES), ("ours",)
    return [
        Step("rates", ["--rates", *rates, "--runs", runs, "--seconds", seconds], everybody),
        Step("max", ["--runs", runs, "--seconds", seconds], everybody),
        Step("mem", ["--connections", "20000" if full else idle], BOTH),
        Step("mem", ["--connections", idle], PEER_NAMES),
        Step("broadcast", ["--connections", crowd], BOTH),
        Step("recover", ["--connections", "1000"], alone),
        Step("kill", ["--rates", "50"], alone if quick else with_peers),
        Step("drop", ["--rates", "50"], () if quick else with_peers),
        Step("timers", ["--rates", "20", "--seconds", seconds], alone),
        Step("flat", ["--incidents", incidents], alone),
    ]


async def _measure(laboratory: Laboratory, arguments: argparse.Namespace) -> Results:
    subjects: dict[str, Any] = {"floor": FloorSubject(), "ours": Ours()}
    if not arguments.no_peers:
        subjects |= _peers(laboratory.directory)
    connection = await asyncpg.connect(laboratory.url)
    await connection.execute(f'CREATE DATABASE "{WORLD_DATABASE}" TEMPLATE template0')
    await connection.close()
    laboratory.make_world()
    results: Results = {"notes": {"machine_busy_before": round(busy_share(2), 2)}}
    plan = _plan(quick=arguments.quick, full=arguments.full)
    wanted = arguments.only or [*(step.mode for step in plan), "overdue", "decisions"]
    for mode, options, names in plan:
        for name in names if mode in wanted else ():
            if name in subjects:
                began = time.monotonic()
                results.setdefault(mode, {})[name] = await subjects[name].run(laboratory, mode, options)
                print(f"  {mode} {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if "overdue" in wanted:
        results["overdue"] = await overdue.measure(laboratory, 1_000 if arguments.quick else 10_000)
    if "decisions" in wanted:
        results["decisions"] = await decisions.measure()
    return results


def _peers(directory: Path) -> dict[str, Any]:
    """Install the peers; one that cannot be is left out, and said to be."""
    if not PEERS.is_dir():
        print("peers: not beside this repository, left out", file=sys.stderr)
        return {}
    no_node = None if shutil.which("npm") else "Node is not installed"
    peers: dict[str, Any] = {}
    for peer, missing in ((SocketIoSubject, no_node), (DjangoSubject, channels.why_not())):
        reason = missing
        if reason is None:
            try:
                peers[peer.name] = peer(directory)
            except subprocess.SubprocessError as error:
                reason = f"its packages could not be installed ({error})"
        if reason:
            print(f"{peer.name}: left out, {reason}", file=sys.stderr)
    return peers


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
