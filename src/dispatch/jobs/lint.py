"""The lint loop: whatever changes in rules or directory, and every night anyway, somebody looks whether they fit."""

from datetime import datetime, timedelta
from typing import Final

from dispatch.operations.context import Context
from dispatch.operations.lint_in_force import lint_in_force

AGAIN_AFTER: Final = timedelta(hours=24)
MOST_S: Final = 600.0


class LintLoop:
    """Lints when a version has moved or a day has passed. What failed is tried again no sooner than that."""

    def __init__(self, context: Context) -> None:
        """Start with nothing tried."""
        self._context = context
        self._tried: tuple[tuple[int, int], datetime] | None = None

    async def once(self) -> None:
        """Look once whether there is anything new."""
        knowledge, now = self._context.knowledge, self._context.now()
        versions = knowledge.ruleset.version, knowledge.directory.version
        if self._tried is not None and self._tried[0] == versions and now - self._tried[1] < AGAIN_AFTER:
            return
        self._tried = versions, now
        await lint_in_force(self._context)
