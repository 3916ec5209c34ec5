"""`dispatch rules`: what can be done with rules."""

from dispatch.cli.rules_backtest import add_backtest_verb
from dispatch.cli.rules_explain import add_explain_verb
from dispatch.cli.rules_simulate import add_simulate_verb
from dispatch.cli.words import Verbs


def add_rules_verb(verbs: Verbs) -> None:
    """Describe `rules`."""
    rules = verbs.add_parser("rules", help="rules: simulate, explain, backtest")
    acts = rules.add_subparsers(dest="act", required=True, metavar="simulate|explain|backtest")
    add_simulate_verb(acts)
    add_explain_verb(acts)
    add_backtest_verb(acts)
