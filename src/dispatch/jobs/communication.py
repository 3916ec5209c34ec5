"""The communication loop: starts tests that are scheduled, ends those whose window is over. Any process may run it."""

from dispatch.operations.context import Context
from dispatch.operations.try_communication import end_due_tests, start_due_tests


class CommunicationLoop:
    """Looks once a second."""

    def __init__(self, context: Context) -> None:
        """Keep the surroundings."""
        self._context = context

    async def once(self) -> None:
        """Look once."""
        await end_due_tests(self._context)
        await start_due_tests(self._context)
