"""Lint: what a ruleset would do wrong in a directory, found before it does.

Pure and bounded: every check knows when to stop, and says so in a note. What is reported is certain for the directory
as given; each check's module says what it does not find.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from dispatch.domain.directory import Directory
from dispatch.domain.lint_clocks import find_contradicting_clocks, find_mistimed_triggers
from dispatch.domain.lint_coverage import find_townships_of_neighbours, find_uncovered_townships
from dispatch.domain.lint_directory import find_circles_of_superiors, find_idle_correlations
from dispatch.domain.lint_exclude import find_excluded_requirements
from dispatch.domain.lint_finding import LEVELS, Finding, listed_en, listed_zh, readable
from dispatch.domain.lint_order import find_equal_priorities
from dispatch.domain.lint_reach import find_idle_catch_all, find_types_without_a_rule, find_unreached
from dispatch.domain.lint_subject import Subject
from dispatch.domain.lint_units import find_missing_units
from dispatch.domain.rule import Ruleset

__all__ = ["LEVELS", "Finding", "lint"]

MOST_OF_A_CHECK: Final = 500
_USUAL_S: Final = 3.0
_MOST_S: Final = {"unreached": 25.0}
"""About how long a check may search; of every rule it must be known whether anything reaches it."""
Check = Callable[[Subject], Iterator[Finding]]
_CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("unreached", find_unreached),
    ("idle_catch_all", find_idle_catch_all),
    ("types", find_types_without_a_rule),
    ("equal_priority", find_equal_priorities),
    ("excluded", find_excluded_requirements),
    ("units", find_missing_units),
    ("townships", find_uncovered_townships),
    ("neighbours", find_townships_of_neighbours),
    ("clocks", find_contradicting_clocks),
    ("triggers", find_mistimed_triggers),
    ("superiors", find_circles_of_superiors),
    ("correlations", find_idle_correlations),
)


def lint(
    ruleset: Ruleset, directory: Directory, progress: Callable[[int, int], None] | None = None
) -> tuple[Finding, ...]:
    """Give everything found: errors first, then warnings, then notes, each in reading order.

    `progress` is told often how many steps of how many are done; what it raises ends the work.
    """
    steps = _Steps(len(ruleset.rules), progress)
    subject = Subject(ruleset, directory, steps.tick)
    found: list[Finding] = []
    for number, (name, check) in enumerate(_CHECKS):
        steps.begin(number)
        subject.begin(name, _MOST_S.get(name, _USUAL_S))
        findings = check(subject)
        found += islice(findings, MOST_OF_A_CHECK)
        if next(findings, None) is not None:
            zh, en = f"检查 {name} 发现太多问题，只列出前{MOST_OF_A_CHECK}个", f"check {name}: only the first "
            found.append(Finding("note", "more", "", None, zh, f"{en}{MOST_OF_A_CHECK} findings are listed"))
    steps.begin(len(_CHECKS))
    found += _without_answer(subject)
    places = {placed.rule.id: place for place, placed in enumerate(subject.rules)}
    return tuple(
        sorted(
            map(readable, found),
            key=lambda finding: (LEVELS.index(finding.level), places.get(finding.rule or "", len(places))),
        )
    )


def _without_answer(subject: Subject) -> Iterator[Finding]:
    for name, rules in subject.gave_up.items():
        zh = f"检查 {name} 对{len(rules)}条规则没有结论（条件或规则太多）：{listed_zh(rules)}"
        en = f"check {name} has no answer for {len(rules)} rules (too much to look at): {listed_en(rules)}"
        yield Finding("note", "gave_up", "/rules", None, zh, en)


class _Steps:
    """Counts rules over all checks; a check that ends early has done all of its own."""

    def __init__(self, rules: int, progress: Callable[[int, int], None] | None) -> None:
        self._rules = rules
        self._total = rules * len(_CHECKS)
        self._done = 0
        self._progress = progress

    def begin(self, check: int) -> None:
        """Count everything before a check as done."""
        self._done = check * self._rules
        self._tell()

    def tick(self) -> None:
        """Count one rule of the check."""
        self._done += 1
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)
