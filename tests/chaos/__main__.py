"""`python -m tests.chaos`: every fault once, one table. `--write` keeps it in docs/chaos.md."""

import argparse
import asyncio
import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.faults import FAULTS
from tests.chaos.play import Verdict, play
from tests.support.template import template

PAGE = Path(__file__).parents[2] / "docs" / "chaos.md"
MARK = "<!-- The table is written by `make chaos ARGS=--write`. -->"
HEAD = "| fault | calls | lost | twice | longest silence (s) | recovery (s) |\n|---|---:|---:|---:|---:|---:|"


def row(verdict: Verdict) -> str:
    figures = f"{verdict.longest_silence_s:.1f} | {verdict.recovery_s:.1f}"
    return f"| {verdict.fault} | {verdict.calls} | {verdict.lost} | {verdict.twice} | {figures} |"


def write(verdicts: list[Verdict], seed: int) -> None:
    above = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    when = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, seed {seed}, Python {sys.version.split()[0]}"
    table = "\n".join([HEAD, *map(row, verdicts)])
    PAGE.write_text(f"{above}{MARK}\n\n{when}:\n\n{table}\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="a part of a fault's name; repeatable")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/chaos.md")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED") or random.randrange(10**6)))
    options = parser.parse_args()
    chosen = [f for f in FAULTS if not options.only or any(part in f.name for part in options.only)]
    print(f"CHAOS_SEED={options.seed}\n\n{HEAD}", flush=True)
    verdicts = []
    with template() as made:
        for fault in chosen:
            verdicts.append(asyncio.run(play(fault, made, options.seed)))
            print(row(verdicts[-1]), flush=True)
            for breach in verdicts[-1].breaches[:20]:
                print(f"    {breach}", flush=True)
    if options.write:
        write(verdicts, options.seed)
    return 1 if any(verdict.breaches for verdict in verdicts) else 0


if __name__ == "__main__":
    raise SystemExit(main())
