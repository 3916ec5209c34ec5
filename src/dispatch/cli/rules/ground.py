"""What the verbs that try rules stand on: a context that sends nothing, a ruleset from the database or a file."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import orjson

from dispatch.assembly import new_id
from dispatch.cli.database import with_database
from dispatch.cli.rules.source import add_json_flag, is_version, read_file
from dispatch.cli.words import Verb
from dispatch.domain.errors import DispatchError, NotFoundError
from dispatch.domain.requirement_parse import Known
from dispatch.domain.ruleset import CompiledRuleset, RuleProblemsError, parse_ruleset
from dispatch.operations.context import Context
from dispatch.operations.refresh_knowledge import load_knowledge
from dispatch.operations.trial import ruleset_to_try
from dispatch.outside import calendar
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.decisions import find_incident_id

SAME, DIFFERENT, REFUSED = 0, 1, 2
"""Exit codes, as `diff` has them."""
OF_A_FILE: Final = 0
"""The version of rules that are in no database."""
Result = TypeVar("Result")


def on_trial(settings: Settings, act: Callable[[Context], Awaitable[Result]]) -> Result:
    """Act with what the database knows now; nothing is sent, nobody hears of it."""

    async def with_context(database: Database) -> Result:
        knowledge, _ = await load_knowledge(database)
        context = Context(
            database=database,
            knowledge=knowledge,
            new_id=new_id,
            now=lambda: datetime.now(UTC),
            publish=lambda _place, _change: None,
            timezone=ZoneInfo(settings.timezone),
            day_kind=calendar.day_kind,
        )
        return await act(context)

    return with_database(settings, with_context)


async def rules_of(context: Context, named: str | None) -> CompiledRuleset:
    """Give the rules of a version or a file; those in force if nothing is named.

    Raises:
        RuleProblemsError, InvalidRequestError: they are not valid.
        NotFoundError: no such version.
    """
    if named is None:
        return context.knowledge.ruleset
    if is_version(named):
        return await ruleset_to_try(context, int(named))
    return _rules_in(Path(named), Known.of(context.knowledge.directory.content))


def _rules_in(file: Path, known: Known) -> CompiledRuleset:
    """Read rules as YAML or JSON, alone or in the `ruleset` of a directory."""
    data = read_file(file)
    body = data.get("ruleset", data) if isinstance(data, dict) else data
    return CompiledRuleset(parse_ruleset(body, version=OF_A_FILE, known=known))


async def incident_of(context: Context, number_or_id: str) -> str:
    """Find an incident.

    Raises:
        NotFoundError: there is none.
    """
    async with context.database.connection() as connection:
        found = await find_incident_id(connection, number_or_id)
    if found is None:
        raise NotFoundError(f"there is no incident {number_or_id}")
    return found


def plain(value: object) -> Any:  # noqa: ANN401 - what an answer of the API holds
    """Give it as the API would answer it."""
    return orjson.loads(orjson.dumps(value))


def comparing(act: Verb) -> Verb:
    """Make a verb whose 1 means "different" say 2 where it is refused."""

    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        try:
            return act(arguments, settings)
        except (DispatchError, RuleProblemsError, OSError) as error:
            print(f"refused: {error}", file=sys.stderr)
            return REFUSED

    return run


def add_language(parser: argparse.ArgumentParser) -> None:
    """Let the caller choose language and form."""
    parser.add_argument(
        "--lang", "--language", choices=("zh", "en"), default="en", help="of what is printed; default: en"
    )
    add_json_flag(parser)
