"""`dispatch verify`: the audit trail against its seals.

Exit codes: 0 whole, 1 something does not agree, 2 cannot tell.
"""

import argparse
import asyncio
import json
import re
import sys
from typing import Final

from dispatch.cli.words import Verbs
from dispatch.domain.errors import DatabaseUnavailableError, WrongStateError
from dispatch.domain.seal import SHORT, Fault, FaultCode, Kept
from dispatch.operations.verify_audit import Noted, Verified, verify_audit
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.schema import WANTED, current_revision

WHOLE, BROKEN, CANNOT_TELL = 0, 1, 2
PROGRESS_EVERY: Final = 1_000
_NOTED: Final = re.compile(rf"(\d{{1,18}})[: ]([0-9a-fA-F]{{{SHORT},64}})")
_WORDS: Final[dict[FaultCode, str]] = {
    "rows_changed": "rows under this seal were changed, added or taken away",
    "seal_changed": "the seal itself was changed",
    "seal_missing": "the seal is missing",
    "noted_otherwise": "the seal is not the one that was noted",
}


def _verify(arguments: argparse.Namespace, settings: Settings) -> int:
    if not settings.database_url:
        print("cannot tell: set DATABASE_URL to the PostgreSQL of the service", file=sys.stderr)
        return CANNOT_TELL
    try:
        verified = asyncio.run(_run(settings, arguments.noted))
    except (DatabaseUnavailableError, WrongStateError) as error:
        cause = error.facts.get("cause")
        print(f"cannot tell: {error}{f' ({cause})' if cause else ''}", file=sys.stderr)
        return CANNOT_TELL
    print(json.dumps(_data(verified)) if arguments.json else "\n  ".join(_lines(verified)))
    return WHOLE if verified.is_whole else BROKEN


async def _run(settings: Settings, noted: Noted | None) -> Verified:
    found = await current_revision(settings.database_url)
    if found != WANTED:
        raise WrongStateError(f"the schema is at {found}, this version needs {WANTED}: run `dispatch migrate`")
    database = Database(settings.database_url, pool_size=2)
    await database.open()
    try:
        return await verify_audit(database, noted=noted, progress=_progress)
    finally:
        await database.close()


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty() and (done % PROGRESS_EVERY == 0 or done == of):
        print(f"  {done} of {of} seals", file=sys.stderr)


def _lines(verified: Verified) -> list[str]:
    lines = [f"the audit trail is {'whole' if verified.is_whole else 'NOT what was sealed'}"]
    lines.append(f"compared: {verified.rows} rows under {verified.seals} seals")
    lines += [_line(fault) for fault in verified.faults]
    if verified.unsealed:
        lines.append(f"not sealed yet: {verified.unsealed} rows, the oldest of {verified.since}")
    if verified.last is not None:
        lines.append(f"last seal: {seal_text(verified.last)}, of {verified.last.seal.sealed_at}")
        lines.append("note it outside this database: --noted proves later that nothing before it was rewritten")
    return lines


def _line(fault: Fault) -> str:
    rows = "" if fault.rows is None else f" (rows {fault.rows[0]} to {fault.rows[1]})"
    return f"seal {fault.number}: {_WORDS[fault.code]}{rows}"


def seal_text(kept: Kept) -> str:
    """Give a seal as people note it: number and value."""
    return f"{kept.seal.number}:{kept.value.hex()}"


def _data(verified: Verified) -> dict[str, object]:
    return {
        "result": "whole" if verified.is_whole else "broken",
        "rows": verified.rows,
        "seals": verified.seals,
        "faults": [{"code": fault.code, "seal": fault.number, "rows": fault.rows} for fault in verified.faults],
        "unsealed": {"rows": verified.unsealed, "since": verified.since},
        "last_seal": verified.last and seal_text(verified.last),
    }


def _noted(text: str) -> Noted:
    found = _NOTED.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"NUMBER:VALUE, of the value at least {SHORT} hexadecimal digits")
    return Noted(int(found[1]), found[2].lower())


def add_verify_verb(verbs: Verbs) -> None:
    """Describe `verify`."""
    verify = verbs.add_parser(
        "verify", help="prove that the audit trail is what was sealed; exit 0 whole, 1 not, 2 cannot tell"
    )
    verify.add_argument("--noted", type=_noted, metavar="NUMBER:VALUE", help="a seal that was noted elsewhere")
    verify.add_argument("--json", action="store_true", help="one JSON line")
    verify.set_defaults(run=_verify)
