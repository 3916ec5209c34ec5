"""`dispatch rules export` and `import`: a ruleset out into a file, a file in as a draft."""

import argparse
from pathlib import Path

from dispatch.cli.database import with_database
from dispatch.cli.rules.source import (
    Source,
    add_json_flag,
    directory_of,
    has_errors,
    is_version,
    print_findings,
    print_json,
    read_file,
    read_source,
)
from dispatch.cli.words import Verbs, whoever
from dispatch.documents.ruleset_text import write_ruleset_yaml
from dispatch.operations.draft_ruleset import Draft, draft_ruleset
from dispatch.operations.manage_access import require_administrator
from dispatch.operations.ruleset_work import Account
from dispatch.settings import Settings
from dispatch.storage.database import Database


def _export(arguments: argparse.Namespace, settings: Settings) -> int:
    wanted: str | None = arguments.version
    if wanted is not None and not is_version(wanted):
        arguments.parser.error(f"{wanted!r} is not the number of a version")

    async def read(database: Database) -> Source:
        return await read_source(database, wanted)

    source = with_database(settings, read)
    text = write_ruleset_yaml(source.data)
    if arguments.output is None:
        print(text, end="")
        return 0
    Path(arguments.output).write_text(text, encoding="utf-8")
    print(f"{source.name} is in {arguments.output}")
    return 0


def _import(arguments: argparse.Namespace, settings: Settings) -> int:
    data = read_file(Path(arguments.file))

    async def draft(database: Database) -> Account:
        login: str | None = arguments.login
        actor = whoever() if login is None else await require_administrator(database, login)
        wanted = Draft({} if data is None else data, arguments.base, arguments.note)
        return await draft_ruleset(database, wanted, actor=actor, directory=await directory_of(database))

    account = with_database(settings, draft)
    if arguments.json:
        print_json(account)
    else:
        print(f"draft {account['version']}, made from {account['base_version'] or 'nothing'}")
        print_findings(account)
    return 1 if has_errors(account) else 0


def add_export(acts: Verbs) -> None:
    """Describe `export`."""
    export = acts.add_parser("export", help="write a version as YAML (default: the one in force)")
    export.add_argument("version", nargs="?", metavar="VERSION")
    export.add_argument("--output", metavar="FILE", help="into a file instead of standard output")
    export.set_defaults(run=_export, parser=export)


def add_import(acts: Verbs) -> None:
    """Describe `import`."""
    imported = acts.add_parser("import", help="make a draft of a YAML or JSON file; exit 1 if lint finds errors")
    imported.add_argument("file", metavar="FILE")
    imported.add_argument("--note", help="what the draft is for")
    imported.add_argument("--base", type=int, metavar="VERSION", help="what it was made from (default: in force)")
    imported.add_argument("--as", dest="login", metavar="LOGIN", help="the administrator who wrote it")
    add_json_flag(imported)
    imported.set_defaults(run=_import)
