"""`dispatch device`: one-key devices are enrolled, listed, withdrawn."""

import argparse
import json

from dispatch.assembly import new_id
from dispatch.cli.database import with_database
from dispatch.cli.words import Verbs, whoever
from dispatch.operations.enrol_device import Enrolment, enrol_device, show_devices, withdraw_device
from dispatch.security import hash_secret, new_secret
from dispatch.settings import Settings
from dispatch.storage.access import NewKey


def _add(arguments: argparse.Namespace, settings: Settings) -> int:
    secret = new_secret()
    enrolment = Enrolment(
        code=arguments.code,
        place_code=arguments.place,
        name=arguments.name or arguments.code,
        name_en=arguments.name_en or arguments.name or arguments.code,
        trigger_mode=arguments.trigger_mode,
        default_incident_type=arguments.type,
        choices=tuple(dict.fromkeys(arguments.choice)),
    )
    key = NewKey(str(new_id()), hash_secret(secret), arguments.code, "device")
    device_id = with_database(settings, lambda database: enrol_device(database, enrolment, key=key, by=whoever()))
    print(json.dumps({"id": device_id, "code": arguments.code, "key": secret}))
    return 0


def _revoke(arguments: argparse.Namespace, settings: Settings) -> int:
    keys = with_database(settings, lambda database: withdraw_device(database, arguments.code, by=whoever()))
    print(f"{arguments.code} is revoked, with {keys} of its keys")
    return 0


def _list(arguments: argparse.Namespace, settings: Settings) -> int:
    devices = with_database(settings, show_devices)
    if arguments.json:
        print(json.dumps(devices, ensure_ascii=False))
        return 0
    for device in devices:
        battery = "" if device["battery_percent"] is None else f", battery {device['battery_percent']} %"
        print(f"{device['code']:<16}{device['state']:<10}{device['place']:<10}{device['name']}{battery}")
    return 0


def add_device_verb(verbs: Verbs) -> None:
    """Describe `device`."""
    acts = verbs.add_parser("device", help="one-key devices: add, list, revoke").add_subparsers(
        dest="act", required=True, metavar="add|list|revoke"
    )
    add = acts.add_parser("add", help="enrol a device at a place; prints its key, once")
    add.add_argument("code")
    add.add_argument("--place", required=True, metavar="CODE", help="code of the place where it hangs")
    add.add_argument("--type", required=True, metavar="TYPE", help="incident type of a press without a choice")
    add.add_argument("--choice", action="append", default=[], metavar="TYPE", help="a further type; repeatable")
    add.add_argument("--trigger-mode", default="hold", choices=("press", "hold", "double"))
    add.add_argument("--name", help="what people call it (default: its code)")
    add.add_argument("--name-en")
    add.set_defaults(run=_add)
    revoke = acts.add_parser("revoke", help="withdraw a device for good: its keys open nothing, it is refused")
    revoke.add_argument("code")
    revoke.set_defaults(run=_revoke)
    listing = acts.add_parser("list", help="all devices and how they are")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)
