"""`dispatch user` and `dispatch key`: who may log in, which keys open something."""

import argparse
import json
import secrets
import sys
from datetime import timedelta

from dispatch.assembly import new_id
from dispatch.cli.database import with_database
from dispatch.cli.words import Verbs, at_least_one, no_such, whoever
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
from dispatch.storage.timers import database_now


def _user(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.act == "revoke":
        found = with_database(settings, lambda database: shut_out(database, arguments.login, by=whoever()))
        return 0 if found else no_such("user")
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
        await store_people(database, [person], by=whoever())

    with_database(settings, add)
    print(json.dumps({"login": arguments.login, "password": None if arguments.password_stdin else password}))
    return 0


def _key(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.act == "list":
        print(json.dumps(with_database(settings, show_keys), ensure_ascii=False, indent=2))
        return 0
    if arguments.act == "revoke":
        found = with_database(settings, lambda database: withdraw_key(database, arguments.id, by=whoever()))
        return 0 if found else no_such("key")
    secret, key_id, days = new_secret(), str(new_id()), arguments.expires_in_days

    async def add(database: Database) -> None:
        async with database.connection() as connection:
            now = await database_now(connection)
        key = NewKey(
            id=key_id,
            token_hash=hash_secret(secret),
            name=arguments.name,
            kind=arguments.kind,
            unit_id=await require_unit(database, arguments.unit) if arguments.unit else None,
            device_id=await require_device(database, arguments.device) if arguments.device else None,
            division_codes=tuple(arguments.division),
            expires_at=None if days is None else now + timedelta(days=days),
        )
        await store_keys(database, [key], by=whoever())

    with_database(settings, add)
    print(json.dumps({"id": key_id, "kind": arguments.kind, "key": secret}))
    return 0


def add_access_verbs(verbs: Verbs) -> None:
    """Describe `user` and `key`."""
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
    kinds = ("integrator", "device", "console", "wall", "gateway")
    key.add_argument("--kind", default="integrator", choices=kinds)
    key.add_argument("--name", default="unnamed")
    key.add_argument("--unit", help="unit code, for a console")
    key.add_argument("--device", help="device code, for a device")
    key.add_argument("--division", action="append", default=[], metavar="CODE", help="area, by prefix; repeatable")
    key.add_argument("--expires-in-days", type=at_least_one, metavar="N", help="end by itself (default: never)")
    key.set_defaults(run=_key)
