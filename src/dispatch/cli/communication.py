"""`dispatch test-communication`: call consoles, buttons and channels, and say who answered."""

import argparse
import asyncio
import json
import sys
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from dispatch.assembly import new_id
from dispatch.cli.database import with_database
from dispatch.cli.words import Verbs, whoever
from dispatch.domain.communication import STATES, USUAL, Asked, RollCall, call_view, communication_view, count_states
from dispatch.domain.directory import Directory
from dispatch.domain.errors import NotFoundError
from dispatch.operations.context import Context
from dispatch.operations.refresh_knowledge import load_knowledge
from dispatch.operations.try_communication import end_due_tests, start_communication_test
from dispatch.outside.channels import open_channels
from dispatch.settings import Settings
from dispatch.storage.clock import DatabaseClock
from dispatch.storage.communication import find_test, list_roll
from dispatch.storage.database import Database

LOOK_AGAIN_S: Final = 1.0
LEAST_S, MOST_S = 10, 3600


def _test(arguments: argparse.Namespace, settings: Settings) -> int:
    found = with_database(settings, lambda database: _run(database, settings, arguments))
    print(json.dumps(found, ensure_ascii=False) if arguments.json else _told(found))
    silent = {call["state"] for call in found["calls"]} & {"called", "failed", "silent"}
    return 1 if silent and arguments.wait else 0


async def _run(database: Database, settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    clock = DatabaseClock()
    async with database.connection() as connection:
        await clock.follow(connection)
    context = await _context(database, settings, clock)
    divisions = context.knowledge.directory.content.divisions
    tops = [code for code, division in divisions.items() if division.parent_code not in divisions]
    asked = Asked(
        name=arguments.name,
        division_code=arguments.division or next(iter(sorted(tops, key=len)), ""),
        channels=tuple(arguments.channel) or USUAL,
        window_s=arguments.window,
    )
    kept = await start_communication_test(context, asked, actor=whoever(), once=None)
    test_id = str(json.loads(kept.text)["id"])
    if arguments.wait:
        await _wait(context, test_id)
    return await _report(context, test_id)


async def _context(database: Database, settings: Settings, clock: DatabaseClock) -> Context:
    """Build what starts a test; the running service tells consoles of it and sends its messages."""
    knowledge, _ = await load_knowledge(database)
    channels = open_channels(settings.paging_webhook, settings.paging_file, settings.apprise, None)
    names = (*(["web_push"] if settings.web_push else []), *(channel.name for channel in channels))
    return Context(
        database=database,
        knowledge=knowledge,
        new_id=new_id,
        now=clock.now,
        publish=lambda _place, _change: None,
        timezone=ZoneInfo(settings.timezone),
        paging_channels=names,
    )


async def _wait(context: Context, test_id: str) -> None:
    """Show on standard error how many have answered, until the window is over."""
    while True:
        async with context.database.connection() as connection:
            test, calls = await find_test(connection, test_id), await list_roll(connection, test_id)
        if test is None or test.ended_at is not None:
            print(f"\r{_counted(calls)}, over   ", file=sys.stderr)
            return
        left = max(0, round((test.ends_at - context.now()).total_seconds()))
        print(f"\r{_counted(calls)}, {left} s left ", end="", file=sys.stderr, flush=True)
        if left == 0:
            await end_due_tests(context)
        await asyncio.sleep(min(LOOK_AGAIN_S, max(0.1, left)))


def _counted(calls: list[RollCall]) -> str:
    states = [call.state for call in calls]
    return f"{len(calls)} called: " + ", ".join(f"{states.count(state)} {state}" for state in STATES[1:])


async def _report(context: Context, test_id: str) -> dict[str, Any]:
    async with context.database.connection() as connection:
        test, calls = await find_test(connection, test_id), await list_roll(connection, test_id)
    if test is None:
        raise NotFoundError("no such test", facts={"test_id": test_id})
    directory: Directory = context.knowledge.directory
    lines = sorted((call_view(call, directory) for call in calls), key=lambda line: str(line["state"]), reverse=True)
    return {**communication_view(test, count_states(calls), directory), "calls": lines}


def _told(found: dict[str, Any]) -> str:
    began = datetime.fromisoformat(found["started_at"])
    lines = [f"{found['name']} · {found['division']['code']} · {began:%Y-%m-%d %H:%M:%S} UTC · {found['id']}"]
    for total in found["totals"]:
        counts = ", ".join(f"{total[state]} {state}" for state in STATES if total[state])
        lines.append(f"  {total['channel']:<10}{total['total']} called: {counts}")
    for call in found["calls"]:
        named = call["unit"] or call["device"]
        after = call.get(f"{call['state']}_after_s")
        how = "" if after is None else f" after {after:.1f} s"
        why = f" ({call['error']})" if call["error"] else ""
        lines.append(f"  {named['code'] or named['id']:<20}{call['channel']:<10}{call['state']}{how}{why}")
    return "\n".join(lines)


def _window(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_S)) and LEAST_S <= int(text) <= MOST_S):
        raise argparse.ArgumentTypeError(f"seconds, from {LEAST_S} to {MOST_S}")
    return int(text)


def add_communication_verb(verbs: Verbs) -> None:
    """Describe `test-communication`."""
    verb = verbs.add_parser(
        "test-communication", help="call consoles, buttons and channels; with --wait exit 1 if somebody was not reached"
    )
    verb.add_argument("--division", metavar="CODE", help="whose units and devices (default: everybody)")
    verb.add_argument(
        "--channel",
        action="append",
        default=[],
        help="console, button or a channel of this installation; repeatable (default: console and button)",
    )
    verb.add_argument("--window", type=_window, default=60, metavar="S", help="how long answers count (default: 60)")
    verb.add_argument("--name", default="通信测试", help="what consoles call it")
    verb.add_argument("--wait", action="store_true", help="wait for the end and print who answered")
    verb.add_argument("--json", action="store_true", help="print the report as JSON")
    verb.set_defaults(run=_test)
