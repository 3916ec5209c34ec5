"""The command line. Every verb says what it did; exit codes: 0 done, 1 refused or failed, 2 wrong usage.

Verbs that compare answer as `diff` does: 0 no difference, 1 differences, 2 refused or failed; `audit`: 0 well,
1 findings, 2 cannot tell; `verify`: 0 whole, 1 not, 2 cannot tell.
"""

import argparse
import asyncio
import gc
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from dispatch import __version__
from dispatch.cli.access import add_access_verbs
from dispatch.cli.archive import add_archive_verbs
from dispatch.cli.audit import add_audit_verb
from dispatch.cli.call import add_call_verb
from dispatch.cli.communication import add_communication_verb
from dispatch.cli.database import require_database, with_database
from dispatch.cli.device import add_device_verb
from dispatch.cli.rules import add_rules_verb
from dispatch.cli.snapshot import add_snapshot_verb
from dispatch.cli.verify import add_verify_verb
from dispatch.cli.words import Verb
from dispatch.demo.city import bundle
from dispatch.documents.json_read import read_json
from dispatch.documents.yaml_read import WIDE, read_yaml
from dispatch.domain.errors import DispatchError, Fault, InvalidRequestError
from dispatch.domain.ruleset import RuleProblemsError
from dispatch.embedded import EmbeddedPostgresError
from dispatch.operations.check_installation import Surroundings, check_installation
from dispatch.operations.load_directory import has_ruleset, load_directory_bundle
from dispatch.outside.apprise_channel import ChannelSettingError
from dispatch.outside.calendar import last_year
from dispatch.outside.channels import channel_names, open_channels
from dispatch.settings import Settings
from dispatch.telemetry import configure_logs


# The web application is imported by the verbs that need it: that takes longer than most others do altogether.
def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    gc.disable()  # what is imported is never garbage: looking for it would take a tenth of the start
    from dispatch.app import create_app, end_by_signal, server_for

    gc.enable()
    settings = settings.model_copy(update={k: v for k, v in (("host", arguments.host), ("port", arguments.port)) if v})
    require_database(settings)
    configure_logs(settings.log_level)
    server = server_for(settings, create_app(settings))
    end_by_signal()
    server.run()
    return 0 if server.started else 1


def _migrate(arguments: argparse.Namespace, settings: Settings) -> int:
    from dispatch.storage.migration import downgrade, upgrade

    require_database(settings)
    if arguments.down_to is not None:
        downgrade(settings.database_url, arguments.down_to)
    else:
        upgrade(settings.database_url)
    print("the schema is up to date" if arguments.down_to is None else f"the schema is at {arguments.down_to}")
    return 0


def _demo(arguments: argparse.Namespace, settings: Settings) -> int:
    from dispatch.demo.run import DemoOptions, run_demo

    options = DemoOptions(
        data=Path(arguments.data).absolute(),
        host=arguments.host or settings.host,
        port=arguments.port or settings.port,
        exit_after_call=arguments.exit_after_call,
    )
    return run_demo(options, settings)


def _bundle(path: Path) -> dict[str, object]:
    raw = path.read_bytes()
    found = read_json(raw) if path.suffix == ".json" else read_yaml(raw, WIDE)
    if not isinstance(found, dict) or "ruleset" not in found:
        raise InvalidRequestError((Fault("", "ruleset_required", f"{path} holds no directory with its ruleset"),))
    return {str(key): value for key, value in found.items()}


def _load(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.file == "demo":
        loaded: dict[str, object] = dict(bundle())
    else:
        loaded = _bundle(Path(arguments.file))
    if arguments.if_empty and with_database(settings, has_ruleset):
        print(json.dumps({"loaded": False}))
        return 0
    names = channel_names(settings.apprise)
    directory, ruleset = with_database(
        settings,
        lambda database: load_directory_bundle(database, loaded, published_by="dispatch load", channels=names),
    )
    print(json.dumps({"directory_version": directory, "ruleset_version": ruleset}))
    return 0


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    require_database(settings)
    # Web push is left out: it reaches those only whose browser was subscribed.
    channels = open_channels(settings.paging_webhook, settings.paging_file, settings.apprise, None)
    around = Surroundings(
        wall_clock=datetime.now(UTC),
        channels=tuple(channel.name for channel in channels),
        calendar_until=last_year(),
        web_push=settings.web_push,
        known_channels=channel_names(settings.apprise),
    )
    findings = asyncio.run(check_installation(settings.database_url, around))
    if arguments.json:
        print(json.dumps([finding.data() for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.detail}")
    return 0 if all(finding.ok for finding in findings) else 1


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
    load.add_argument("--if-empty", action="store_true", help="do nothing if the database holds a ruleset already")
    load.set_defaults(run=_load)
    add_call_verb(verbs)
    add_communication_verb(verbs)
    check = verbs.add_parser("check", help="configuration, database, clock, channels: is everything as it must be?")
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=_check)
    add_audit_verb(verbs)
    add_verify_verb(verbs)
    add_snapshot_verb(verbs)
    add_archive_verbs(verbs)
    add_access_verbs(verbs)
    add_device_verb(verbs)
    add_rules_verb(verbs)
    return parser


def _said(fault: Fault) -> str:
    return f"{fault.pointer}: {fault.detail}" if fault.pointer else fault.detail


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
    except InvalidRequestError as error:
        print("refused:", *map(_said, error.faults), sep="\n  " if len(error.faults) > 1 else " ", file=sys.stderr)
        return 1
    except (ChannelSettingError, DispatchError, EmbeddedPostgresError, RuleProblemsError, OSError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
