"""`dispatch audit`: the auditor as a process of its own, beside the servers.

Exit codes: 0 well, 1 findings, 2 cannot tell.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from dataclasses import asdict
from typing import Final

from dispatch.assembly import new_id
from dispatch.cli.words import Verbs
from dispatch.domain.audit_findings import Finding
from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.domain.rows import instant
from dispatch.jobs.auditor import Auditor
from dispatch.operations.audit_now import Audited, Ground
from dispatch.outside.dead_man import DeadMan
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.telemetry import configure_logs

WELL: Final = 0
FINDINGS: Final = 1
CANNOT_TELL: Final = 2


def _audit(arguments: argparse.Namespace, settings: Settings) -> int:
    if not settings.database_url:
        print("cannot tell: set DATABASE_URL to the PostgreSQL of the service", file=sys.stderr)
        return CANNOT_TELL
    configure_logs("CRITICAL")  # what there is to say is printed
    return asyncio.run(_run(arguments, settings))


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    database = Database(settings.database_url, pool_size=2)
    dead_man = DeadMan(settings.dead_man_url) if settings.dead_man_url else None
    auditor = Auditor(Ground(database, new_id, lambda _written: None), dead_man)
    try:
        while True:
            code = _say(auditor, await _pass(auditor, database), as_json=arguments.json)
            if arguments.once:
                return code
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), arguments.every)
            if stopped.is_set():
                return code
    finally:
        await database.close()


async def _pass(auditor: Auditor, database: Database) -> Audited | None:
    """Audit once; connects when that has not succeeded yet."""
    with contextlib.suppress(DatabaseUnavailableError):  # the audit itself will say so
        if not database.is_open:
            await database.open()
    return await auditor.once()


def _say(auditor: Auditor, audited: Audited | None, *, as_json: bool) -> int:
    findings = [] if audited is None else list(audited.findings)
    code = CANNOT_TELL if audited is None else FINDINGS if findings else WELL
    if as_json:
        said = {
            "result": ("well", "findings", "cannot_tell")[code],
            "at": None if audited is None else instant(audited.at),
            "findings": [finding.data() for finding in findings],
            "looked_at": None if audited is None else asdict(audited.scope) | {"standing_alarms": audited.standing},
            "failure": auditor.failure,
        }
        print(json.dumps(said, ensure_ascii=False), flush=True)
    elif audited is None:
        print(f"cannot tell: {auditor.failure}", file=sys.stderr, flush=True)
    else:
        result = "findings:" if findings else "well"
        print(f"{instant(audited.at)} {result}", _scope(audited), *map(_line, findings), sep="\n  ", flush=True)
    return code


def _scope(audited: Audited) -> str:
    scope = audited.scope
    return (
        f"looked at: open incidents {scope.incidents}, open assignments {scope.assignments} "
        f"(overdue {scope.overdue}), standing alarms {audited.standing}"
    )


def _line(finding: Finding) -> str:
    worst = "" if finding.worst_s is None else f", the worst {finding.worst_s:.0f} s"
    data = finding.data()["words"]
    words = data["en"] if isinstance(data, dict) else finding.code
    named = f": {', '.join(finding.names)}" if finding.names else ""
    return f"{finding.code}: {words}{worst}{named}"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:  # noqa: PLR2004 - what is said below
        raise argparse.ArgumentTypeError("seconds, from 1 to 3600")
    return seconds


def add_audit_verb(verbs: Verbs) -> None:
    """Describe `audit`."""
    audit = verbs.add_parser("audit", help="prove that nobody is forgotten; exit 0 well, 1 findings, 2 cannot tell")
    audit.add_argument("--once", action="store_true", help="look once; otherwise again and again until stopped")
    audit.add_argument("--every", type=_seconds, default=5.0, metavar="SECONDS", help="how often (default: 5)")
    audit.add_argument("--json", action="store_true", help="one JSON line for each look")
    audit.set_defaults(run=_audit)
