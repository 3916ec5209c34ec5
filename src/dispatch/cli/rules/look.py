"""`dispatch rules list`, `diff` and `lint`: nothing is written."""

import argparse
from typing import Any

from dispatch.cli.database import with_database
from dispatch.cli.rules.source import (
    Source,
    add_json_flag,
    directory_of,
    has_errors,
    print_findings,
    print_json,
    read_source,
)
from dispatch.cli.words import Verbs
from dispatch.domain.ruleset_diff import diff_rulesets
from dispatch.operations.ruleset_work import check_document, require_readable
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.rulesets import list_rulesets

MOST_LISTED = 1000


def _list(arguments: argparse.Namespace, settings: Settings) -> int:
    async def read(database: Database) -> list[dict[str, Any]]:
        async with database.connection() as connection:
            return await list_rulesets(connection, MOST_LISTED)

    entries = with_database(settings, read)
    if arguments.json:
        print_json(entries)
        return 0
    for entry in entries:
        state = "in force" if entry["in_force"] else entry["status"]
        who, why = entry["changed_by"] or entry["created_by"], entry["reason"] or entry["note"] or ""
        when = entry["effective_at"] or entry["changed_at"] or entry["created_at"]
        print(f"{entry['version']:>6}  {state:<10}{when[:19]}Z  {who}: {why}")
    return 0


def _diff(arguments: argparse.Namespace, settings: Settings) -> int:
    async def read(database: Database) -> tuple[Source, Source]:
        before, after = await read_source(database, arguments.before), await read_source(database, arguments.after)
        files = [source for source in (before, after) if source.version is None]
        directory = await directory_of(database) if files else None
        for source in files:
            if directory is not None:
                require_readable(await check_document(source.data, directory))
        return before, after

    before, after = with_database(settings, read)
    found = diff_rulesets(before.data, after.data)
    if arguments.json:
        print_json({"before": before.name, "after": after.name, "same": found.is_empty, **found.data()})
    else:
        _print_diff(found.data(), arguments.language)
    return 0 if found.is_empty else 1


def _print_diff(found: dict[str, Any], language: str) -> None:
    for sign, rules in (("+", found["added"]), ("-", found["removed"])):
        for rule in rules:
            print(f"{sign} {rule['rule']}  {rule['name'][language]}")
    for rule in found["changed"]:
        print(f"~ {rule['rule']}  {rule['name'][language]}")
        for field in rule["fields"]:
            print(f"    {field['text'][language]}")
    for field in found["fields"]:
        print(f"~ {field['text'][language]}")


def _lint(arguments: argparse.Namespace, settings: Settings) -> int:
    async def check(database: Database) -> dict[str, Any]:
        source = await read_source(database, arguments.source)
        document = await check_document(source.data, await directory_of(database), version=source.version or 0)
        return {"source": source.name, **document.findings()}

    findings = with_database(settings, check)
    if arguments.json:
        print_json(findings)
    else:
        print_findings(findings)
    return 1 if has_errors(findings) else 0


def add_list(acts: Verbs) -> None:
    """Describe `list`."""
    listing = acts.add_parser("list", help="all versions, newest first: status, since when, who, why")
    add_json_flag(listing)
    listing.set_defaults(run=_list)


def add_diff(acts: Verbs) -> None:
    """Describe `diff`."""
    diff = acts.add_parser("diff", help="what changed from one to the other; exit 1 if something did")
    diff.add_argument("before", metavar="VERSION|FILE")
    diff.add_argument("after", metavar="VERSION|FILE")
    diff.add_argument("--language", default="en", choices=("zh", "en"))
    add_json_flag(diff)
    diff.set_defaults(run=_diff)


def add_lint(acts: Verbs) -> None:
    """Describe `lint`."""
    lint = acts.add_parser("lint", help="what can be said against a version or a file; exit 1 if there are errors")
    lint.add_argument("source", nargs="?", metavar="VERSION|FILE", help="default: the version in force")
    add_json_flag(lint)
    lint.set_defaults(run=_lint)
