"""A delivery attempt has ended: the ledger keeps it, and whoever watches the incident learns of it."""

import logging

from dispatch.domain.actor import SYSTEM
from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.operations.context import Context
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.storage.delivery import Attempt, Outcome, finish_attempt

logger = logging.getLogger(__name__)


async def finish_delivery(context: Context, attempt: Attempt, outcome: Outcome) -> None:
    """Note how an attempt ended; one that will be tried again is no news yet.

    What was sent is noted even where somebody holds the incident for long: else it would count as abandoned.
    """

    async def act(edit: Edit) -> None:
        await finish_attempt(edit.connection, attempt.id, outcome)
        event = "assignment.page_sent" if outcome.state == "sent" else "assignment.page_failed"
        edit.tell(event, attempt.assignment_id, channel=attempt.channel)  # type: ignore[arg-type]

    try:
        if outcome.state != "failed_temporary":
            await edit_incident(context, "finish_delivery", request=Request(attempt.incident_id, SYSTEM), act=act)
            return
    except DatabaseUnavailableError:
        logger.info("a delivery is noted without telling of it", extra={"incident_id": attempt.incident_id})
    async with context.database.connection() as connection:
        await finish_attempt(connection, attempt.id, outcome)
