"""The command line. Every verb says what it did; exit codes: 0 done, 1 refused or failed, 2 wrong usage."""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from dispatch import __version__
from dispatch.app import create_app, end_by_signal, new_id, server_for
from dispatch.demo.city import bundle
from dispatch.demo.run import DemoOptions, run_demo
from dispatch.demo.try_call import press_and_watch
from dispatch.domain.errors import DispatchError
from dispatch.domain.ruleset import RuleProblemsError
from dispatch.embedded import EmbeddedPostgresError
from dispatch.operations.check_installation import check_installation
from dispatch.operations.load_directory import load_directory_bundle
from dispatch.operations.manage_access import (
    require_device,
    require_unit,
    show_keys,
    shut_out,
    store_keys,
    store_people,
    withdraw_key,
)
from dispatch.security import hash_password, hash_secret, new_secret
from dispatch.settings import Settings
from dispatch.storage.access import NewKey, NewPerson
from dispatch.storage.database import Database
from dispatch.telemetry import configure_logs

Result = TypeVar("Result")
Verb = Callable[[argparse.Namespace, Settings], int]


def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    settings = settings.model_copy(update={k: v for k, v in (("host", arguments.host), ("port", arguments.port)) if v})
    _require_database(settings)
    configure_logs(settings.log_level)
    server = server_for(settings, create_app(settings))
    end_by_signal()
    server.run()
    return 0 if server.started else 1


def _migrate(arguments: argparse.Namespace, settings: Settings) -> int:
    from dispatch.storage.migration import downgrade, upgrade

    _require_database(settings)
    if arguments.down_to is not None:
        downgrade(settings.database_url, arguments.down_to)
    else:
        upgrade(settings.database_url)
    print("the schema is up to date" if arguments.down_to is None else f"the schema is at {arguments.down_to}")
    return 0


def _demo(arguments: argparse.Namespace, settings: Settings) -> int:
    options = DemoOptions(
        data=Path(arguments.data).absolute(),
        host=arguments.host or settings.host,
        port=arguments.port or settings.port,
        exit_after_call=arguments.exit_after_call,
    )
    return run_demo(options, settings)


def _load(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.file == "demo":
        loaded: dict[str, object] = dict(bundle())
    else:
        loaded = yaml.safe_load(Path(arguments.file).read_text(encoding="utf-8"))
    directory, ruleset = _with_database(
        settings, lambda database: load_directory_bundle(database, loaded, published_by="dispatch load")
    )
    print(json.dumps({"directory_version": directory, "ruleset_version": ruleset}))
    return 0


def _call(arguments: argparse.Namespace, settings: Settings) -> int:
    del settings
    path = Path(arguments.data) / "demo.json"
    try:
        demo = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        print(f"{path} cannot be read: start `dispatch demo` first, or say --data DIR", file=sys.stderr)
        return 1
    return asyncio.run(press_and_watch(demo))


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    _require_database(settings)
    channels = tuple(
        name for name, wanted in (("sms", settings.paging_webhook), ("file", settings.paging_file)) if wanted
    )
    findings = asyncio.run(check_installation(settings.database_url, wall_clock=datetime.now(UTC), channels=channels))
    if arguments.json:
        print(json.dumps([finding.data() for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.detail}")
    return 0 if all(finding.ok for finding in findings) else 1


def _with_database(settings: Settings, act: Callable[[Database], Awaitable[Result]]) -> Result:
    _require_database(settings)

    async def run() -> Result:
        database = Database(settings.database_url, pool_size=2)
        await database.open()
        try:
            return await act(database)
        finally:
            await database.close()

    return asyncio.run(run())


def _user(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.act == "revoke":
        found = _with_database(settings, lambda database: shut_out(database, arguments.login))
        return 0 if found else _no_such("user")
    password = sys.stdin.readline().rstrip("\n") if arguments.password_stdin else secrets.token_urlsafe(12)

    async def add(database: Database) -> None:
        unit_id = await require_unit(database, arguments.unit) if arguments.unit else None
        person = NewPerson(
            id=str(new_id()),
            login=arguments.login,
            name=arguments.name or arguments.login,
            role=arguments.role,
            unit_id=unit_id,
            division_codes=tuple(arguments.division),
            password_hash=hash_password(password),
        )
        await store_people(database, [person])

    _with_database(settings, add)
    print(json.dumps({"login": arguments.login, "password": None if arguments.password_stdin else password}))
    return 0


def _key(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.act == "list":
        print(json.dumps(_with_database(settings, show_keys), ensure_ascii=False, indent=2))
        return 0
    if arguments.act == "revoke":
        found = _with_database(settings, lambda database: withdraw_key(database, arguments.id))
        return 0 if found else _no_such("key")
    secret, key_id = new_secret(), str(new_id())

    async def add(database: Database) -> None:
        key = NewKey(
            id=key_id,
            token_hash=hash_secret(secret),
            name=arguments.name,
            kind=arguments.kind,
            unit_id=await require_unit(database, arguments.unit) if arguments.unit else None,
            device_id=await require_device(database, arguments.device) if arguments.device else None,
            division_codes=tuple(arguments.division),
        )
        await store_keys(database, [key])

    _with_database(settings, add)
    print(json.dumps({"id": key_id, "kind": arguments.kind, "key": secret}))
    return 0


def _no_such(what: str) -> int:
    print(f"there is no such {what}", file=sys.stderr)
    return 1


def _require_database(settings: Settings) -> None:
    if not settings.database_url:
        raise SystemExit("set DATABASE_URL to a PostgreSQL (≥ 15) URL, or use `dispatch demo`, which brings its own")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dispatch", description="Multi-agency emergency dispatch with one key.")
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    demo = verbs.add_parser("demo", help="the demo city with its own PostgreSQL and all consoles")
    demo.add_argument("--data", default=".data/demo", help="where the demo keeps its database (default: .data/demo)")
    demo.add_argument("--exit-after-call", action="store_true", help="send one test call, show who got it, stop")
    demo.set_defaults(run=_demo)
    serve = verbs.add_parser("serve", help="the service on the database of DATABASE_URL")
    serve.set_defaults(run=_serve)
    for parsed in (demo, serve):
        parsed.add_argument("--host", default=None)
        parsed.add_argument("--port", type=int, default=None)
    migrate = verbs.add_parser("migrate", help="bring the schema of DATABASE_URL up")
    migrate.add_argument("--down-to", default=None, metavar="REVISION", help="bring it down to a revision instead")
    migrate.set_defaults(run=_migrate)
    load = verbs.add_parser("load", help="load a directory and its rules (YAML or JSON), or the demo city")
    load.add_argument("file", metavar="FILE|demo")
    load.set_defaults(run=_load)
    call = verbs.add_parser("call", help="send a test call to the running demo and show who got it")
    call.add_argument("--data", default=".data/demo")
    call.set_defaults(run=_call)
    check = verbs.add_parser("check", help="configuration, database, clock, channels: is everything as it must be?")
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=_check)
    _access_verbs(verbs)
    return parser


def _access_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    user = verbs.add_parser("user", help="people: add, revoke")
    user.add_argument("act", choices=("add", "revoke"))
    user.add_argument("login")
    user.add_argument("--name")
    user.add_argument("--role", default="operator", choices=("operator", "shift_leader", "admin", "responder", "wall"))
    user.add_argument("--unit", help="unit code, for a responder")
    user.add_argument("--division", action="append", default=[], metavar="CODE", help="area, by prefix; repeatable")
    user.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    user.set_defaults(run=_user)
    key = verbs.add_parser("key", help="API keys: add, list, revoke")
    key.add_argument("act", choices=("add", "list", "revoke"))
    key.add_argument("id", nargs="?", help="the key's id, to revoke it")
    key.add_argument("--kind", default="integrator", choices=("integrator", "device", "console", "wall"))
    key.add_argument("--name", default="unnamed")
    key.add_argument("--unit", help="unit code, for a console")
    key.add_argument("--device", help="device code, for a device")
    key.add_argument("--division", action="append", default=[], metavar="CODE")
    key.set_defaults(run=_key)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb."""
    arguments = _parser().parse_args(argv)
    try:
        settings = Settings()
    except ValidationError as error:
        for finding in error.errors():
            print(f"setting {'.'.join(map(str, finding['loc']))}: {finding['msg']}", file=sys.stderr)
        return 1
    run: Verb = arguments.run
    try:
        return run(arguments, settings)
    except (DispatchError, EmbeddedPostgresError, RuleProblemsError, OSError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
