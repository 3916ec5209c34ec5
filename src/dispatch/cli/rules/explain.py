"""`dispatch rules explain`: why these units and not others, of a stored incident."""

import argparse

from dispatch.cli.rules.ground import add_language, incident_of, on_trial, plain
from dispatch.cli.rules.source import print_json
from dispatch.cli.rules.text import Teller, explanation_lines
from dispatch.cli.words import Verbs
from dispatch.domain.explanation import Explanation
from dispatch.operations.context import Context
from dispatch.operations.explain_incident import explain_incident
from dispatch.settings import Settings


def _explain(arguments: argparse.Namespace, settings: Settings) -> int:
    async def act(context: Context) -> Explanation:
        return await explain_incident(context, await incident_of(context, arguments.incident), unit=arguments.unit)

    told = plain(on_trial(settings, act))
    if arguments.json:
        print_json(told)
    else:
        print("\n".join(explanation_lines(told, Teller(arguments.lang))))
    return 0


def add_explain(acts: Verbs) -> None:
    """Describe `explain`."""
    explain = acts.add_parser("explain", help="why these units of an incident, by the rules that decided; why not one")
    explain.add_argument("incident", metavar="NUMBER|ID")
    explain.add_argument("--unit", metavar="CODE|ID", help="why this unit was sent or not, whichever it is")
    add_language(explain)
    explain.set_defaults(run=_explain)
