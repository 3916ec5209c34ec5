"""`dispatch rules backtest`: what rules would have done about the last days, with progress, as CSV and Parquet."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

from dispatch.api.tables import csv_chunks, parquet_bytes, parquet_modules
from dispatch.cli.rules.ground import DIFFERENT, REFUSED, SAME, add_language, comparing, on_trial, plain, rules_of
from dispatch.cli.rules.source import print_json
from dispatch.cli.rules.text import Teller, backtest_lines, progress_line
from dispatch.cli.words import Verbs
from dispatch.operations.backtest_ruleset import MOST_DAYS, Backtest, Backtests, Wanted, new_backtest
from dispatch.operations.context import Context
from dispatch.settings import Settings

SHOWN: Final = 20
LOOK_S: Final = 0.1


def _backtest(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.parquet:
        parquet_modules()  # better refused now than after an hour

    async def act(context: Context) -> Backtest:
        ruleset = await rules_of(context, arguments.rules)
        wanted = Wanted(ruleset.version, arguments.days, None, arguments.type, arguments.division)
        backtests, backtest = Backtests(), new_backtest(context, wanted)
        backtests.admit(backtest)
        backtests.begin(context, backtest, ruleset)
        try:
            await _watch(backtest)
        finally:
            await backtests.close()
        return backtest

    backtest = on_trial(settings, act)
    _keep(backtest, arguments)
    if arguments.json:
        print_json(plain(backtest.data()))
    else:
        rows = [row.data() for row in backtest.book.rows if row.differs][:SHOWN]
        print("\n".join(backtest_lines(plain(backtest.data()), rows, Teller(arguments.lang))))
    if backtest.state != "done":
        print(f"the back-test {backtest.state}", file=sys.stderr)
        return REFUSED
    return DIFFERENT if backtest.book.differing else SAME


async def _watch(backtest: Backtest) -> None:
    """Show how far it is on a terminal, and nothing elsewhere."""
    drawn = sys.stderr.isatty()
    while backtest.state == "running":
        if drawn:
            line = progress_line(backtest.book.done, backtest.total or 0, backtest.eta_s)
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
        await asyncio.sleep(LOOK_S)
    if drawn:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _keep(backtest: Backtest, arguments: argparse.Namespace) -> None:
    if arguments.csv:
        with Path(arguments.csv).open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_chunks(backtest.book.rows))
    if arguments.parquet:
        Path(arguments.parquet).write_bytes(parquet_bytes(backtest.book.rows))


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"a whole number from 1 to {MOST_DAYS}")
    return int(text)


def add_backtest(acts: Verbs) -> None:
    """Describe `backtest`."""
    backtest = acts.add_parser(
        "backtest", help="decide the incidents of the last days by other rules; exit 1 if any differs, 2 if refused"
    )
    backtest.add_argument("rules", metavar="VERSION|FILE", help="a version or a YAML file")
    backtest.add_argument("--days", type=_days, default=30, metavar="N", help="default: 30")
    backtest.add_argument("--type", help="only this incident type and those below it")
    backtest.add_argument("--division", metavar="CODE", help="only this division and those below it")
    backtest.add_argument("--csv", metavar="FILE", help="write a row for each incident")
    backtest.add_argument("--parquet", metavar="FILE", help="the same as Parquet; needs the extra 'parquet'")
    add_language(backtest)
    backtest.set_defaults(run=comparing(_backtest))
