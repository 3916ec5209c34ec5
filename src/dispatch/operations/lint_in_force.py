"""Lint what is in force: the ruleset that decides, over the directory as it is now.

The work is pure and long, so it is done in a thread that rests more often than anybody dispatching would notice.
"""

import asyncio
import logging
import time

from dispatch.domain.lint import LEVELS, Finding, lint
from dispatch.operations.context import Context, Linted
from dispatch.telemetry import RULES_FINDINGS

logger = logging.getLogger(__name__)
WORK_S, REST_S = 0.002, 0.001
"""A thread that computes keeps the interpreter for 5 ms at a time; one that rests lets others have it at once."""
_NAMED = 5


class LintStoppedError(Exception):
    """The process ends, or the time for linting is over."""


class _Breath:
    """Rests the thread again and again, and ends its work when nobody waits for it any more."""

    def __init__(self) -> None:
        self.stopped = False
        self._rested_at = time.perf_counter()

    def __call__(self, done: int, total: int) -> None:
        del done, total
        if self.stopped:
            raise LintStoppedError
        if time.perf_counter() - self._rested_at > WORK_S:
            time.sleep(REST_S)
            self._rested_at = time.perf_counter()


async def lint_in_force(context: Context) -> Linted:
    """Lint and keep what was found; errors are a warning in the log, all are counted in the metrics."""
    knowledge = context.knowledge
    ruleset, directory = knowledge.ruleset, knowledge.directory
    breath = _Breath()
    try:
        found = await asyncio.to_thread(lint, ruleset.ruleset, directory, breath)
    finally:
        breath.stopped = True
    linted = Linted(ruleset.version, directory.version, context.now(), found)
    knowledge.linted = linted
    _tell(linted)
    return linted


def _tell(linted: Linted) -> None:
    counts = linted.counts()
    for level in LEVELS:
        RULES_FINDINGS.labels(level).set(counts[level])
    told: dict[str, object] = {
        "ruleset_version": linted.ruleset_version,
        "directory_version": linted.directory_version,
        "findings": counts,
    }
    if counts["error"]:
        errors = [_short(finding) for finding in linted.findings if finding.level == "error"]
        logger.warning("the rules in force have errors", extra=told | {"first": errors[:_NAMED]})
    else:
        logger.info("the rules in force were linted", extra=told)


def _short(finding: Finding) -> str:
    return f"{finding.code} {finding.rule or '-'} {finding.pointer}"
