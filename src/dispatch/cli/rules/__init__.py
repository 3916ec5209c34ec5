"""`dispatch rules`: rulesets as files, compared, checked, published. Works on the database, like `dispatch load`.

A further sub-command is one function in `SUBVERBS`. Exit codes: 0 fine; 1 refused, lint errors or differences; 2 wrong
usage. Of `simulate` and `backtest` 1 means differences and nothing else, what is refused is 2.
"""

from collections.abc import Callable
from typing import Final

from dispatch.cli.rules.backtest import add_backtest
from dispatch.cli.rules.explain import add_explain
from dispatch.cli.rules.files import add_export, add_import
from dispatch.cli.rules.life import add_publish, add_rollback
from dispatch.cli.rules.look import add_diff, add_lint, add_list
from dispatch.cli.rules.simulate import add_simulate
from dispatch.cli.words import Verbs

SUBVERBS: Final[tuple[Callable[[Verbs], None], ...]] = (
    add_list,
    add_export,
    add_import,
    add_diff,
    add_lint,
    add_publish,
    add_rollback,
    add_simulate,
    add_backtest,
    add_explain,
)


def add_rules_verb(verbs: Verbs) -> None:
    """Describe `rules`."""
    rules = verbs.add_parser(
        "rules", help="routing rules: list, export, import, diff, lint, publish, rollback, simulate, …"
    )
    subverbs = rules.add_subparsers(dest="act", required=True, metavar="ACT")
    for add in SUBVERBS:
        add(subverbs)
