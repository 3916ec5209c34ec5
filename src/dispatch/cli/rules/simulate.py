"""`dispatch rules simulate`: what rules would do about a call or a stored incident, beside those in force."""

import argparse
from datetime import datetime

from dispatch.cli.rules.ground import (
    DIFFERENT,
    SAME,
    add_language,
    comparing,
    incident_of,
    on_trial,
    plain,
    rules_of,
)
from dispatch.cli.rules.source import print_json
from dispatch.cli.rules.text import Teller, simulation_lines
from dispatch.cli.words import Verbs
from dispatch.domain.call import CallReport
from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.suggest import did_you_mean
from dispatch.operations.context import Context
from dispatch.operations.simulate_ruleset import Imagined, Simulation, simulate_call, simulate_incident
from dispatch.settings import Settings


def _simulate(arguments: argparse.Namespace, settings: Settings) -> int:
    if (arguments.type is None) == (arguments.incident is None):
        arguments.parser.error("say --type, or --incident")

    async def act(context: Context) -> tuple[Simulation, object]:
        ruleset = await rules_of(context, arguments.rules)
        if arguments.incident is not None:
            incident_id = await incident_of(context, arguments.incident)
            found = await simulate_incident(context, ruleset, incident_id)
        else:
            imagined = Imagined(_call(arguments, context), arguments.at, arguments.all_free)
            found = simulate_call(context, ruleset, imagined)
        return found, plain(found.data(context.knowledge.directory))

    found, told = on_trial(settings, act)
    if arguments.json:
        print_json(told)
    elif isinstance(told, dict):
        print("\n".join(simulation_lines(told, Teller(arguments.lang))))
    return DIFFERENT if found.difference else SAME


def _call(arguments: argparse.Namespace, context: Context) -> CallReport:
    content = context.knowledge.directory.content
    places = {place.code: place for place in content.places.values()}
    for option, given, known in (
        ("--type", arguments.type, content.incident_types),
        ("--place-kind", arguments.place_kind, content.place_kinds),
        ("--place", arguments.place, places),
    ):
        if given is not None and given not in known:
            detail = f"{option}: there is no {given}{did_you_mean(given, known)}"
            raise InvalidRequestError((Fault(option, "unknown", detail),))
    return CallReport(
        incident_type=arguments.type,
        channel=arguments.channel,
        place_id=places[arguments.place].id if arguments.place else None,
        place_kind=arguments.place_kind,
        division_code=arguments.division,
        severity=arguments.severity,
        urgency=arguments.urgency,
        tags=tuple(dict.fromkeys(arguments.tag)),
    )


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("an instant such as 2026-11-23T02:30, local unless it has an offset") from None


def add_simulate(acts: Verbs) -> None:
    """Describe `simulate`."""
    simulate = acts.add_parser(
        "simulate",
        help="what rules would do about a call; exit 1 if the rules in force do something else, 2 if refused",
    )
    simulate.add_argument(
        "rules", nargs="?", metavar="VERSION|FILE", help="a version or a YAML file (default: in force)"
    )
    simulate.add_argument("--type", help="incident type of a call made by hand")
    simulate.add_argument("--place-kind", metavar="KIND")
    simulate.add_argument("--place", metavar="CODE", help="a registered place")
    simulate.add_argument("--division", metavar="CODE")
    simulate.add_argument("--tag", action="append", default=[], help="repeatable")
    simulate.add_argument("--severity", choices=("I", "II", "III", "IV", "NONE"))
    simulate.add_argument("--urgency", choices=("critical", "urgent", "normal", "routine"))
    simulate.add_argument("--channel", default="desk", help="default: desk")
    simulate.add_argument("--at", type=_instant, help="when the call comes, in local time (default: now)")
    simulate.add_argument("--all-free", action="store_true", help="take every unit as free and at its base")
    simulate.add_argument("--incident", metavar="NUMBER|ID", help="a stored incident, from what was recorded of it")
    add_language(simulate)
    simulate.set_defaults(run=comparing(_simulate), parser=simulate)
