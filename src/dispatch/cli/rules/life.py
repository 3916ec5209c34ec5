"""`dispatch rules publish` and `rollback`: in the name of an administrator, with a reason."""

import argparse
from collections.abc import Awaitable, Callable
from datetime import datetime

from dispatch.cli.database import with_database
from dispatch.cli.rules.source import add_json_flag, directory_of, print_json
from dispatch.cli.words import Verbs
from dispatch.domain.actor import Actor
from dispatch.operations.manage_access import require_administrator
from dispatch.operations.publish_ruleset import Publication, publish_ruleset
from dispatch.operations.rollback_ruleset import Rollback, rollback_ruleset
from dispatch.operations.ruleset_work import Account
from dispatch.settings import Settings
from dispatch.storage.database import Database


def _acted(
    arguments: argparse.Namespace, settings: Settings, act: Callable[[Database, Actor], Awaitable[Account]]
) -> int:
    async def acting(database: Database) -> Account:
        return await act(database, await require_administrator(database, arguments.login))

    account = with_database(settings, acting)
    if arguments.json:
        print_json(account)
    else:
        said = "is in force" if account["in_force"] else f"will be in force from {account['effective_at']}"
        print(f"version {account['version']} {said}")
    return 0


def _publish(arguments: argparse.Namespace, settings: Settings) -> int:
    publication = Publication(
        version=arguments.version,
        reason=arguments.reason,
        effective_at=arguments.effective_at,
        expected_version=arguments.expected_version,
        two_persons=settings.rules_two_persons,
    )

    async def act(database: Database, actor: Actor) -> Account:
        return await publish_ruleset(database, publication, actor=actor, directory=await directory_of(database))

    return _acted(arguments, settings, act)


def _rollback(arguments: argparse.Namespace, settings: Settings) -> int:
    async def act(database: Database, actor: Actor) -> Account:
        wanted = Rollback(arguments.reason, arguments.version)
        return await rollback_ruleset(database, wanted, actor=actor, directory=await directory_of(database))

    return _acted(arguments, settings, act)


def _instant(text: str) -> datetime:
    """Read an instant with its offset.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError("an instant with its offset, such as 2026-11-23T00:00:00+08:00")
    return moment


def _add_who_and_why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, help="why; stands in the history")
    parser.add_argument("--as", dest="login", required=True, metavar="LOGIN", help="the administrator who does it")
    add_json_flag(parser)


def add_publish(acts: Verbs) -> None:
    """Describe `publish`."""
    publish = acts.add_parser("publish", help="bring a draft into force: by somebody who did not write it")
    publish.add_argument("version", type=int, metavar="VERSION")
    publish.add_argument("--effective-at", type=_instant, metavar="INSTANT", help="from when on (default: now)")
    publish.add_argument(
        "--expected-version",
        type=int,
        metavar="VERSION",
        help="the version in force, if the draft was made from another",
    )
    _add_who_and_why(publish)
    publish.set_defaults(run=_publish)


def add_rollback(acts: Verbs) -> None:
    """Describe `rollback`."""
    rollback = acts.add_parser("rollback", help="bring back the rules before those in force, at once, one step")
    rollback.add_argument("version", type=int, nargs="?", metavar="VERSION", help="only if this one is in force")
    _add_who_and_why(rollback)
    rollback.set_defaults(run=_rollback)
