"""A delivery attempt has ended: the ledger keeps it, and whoever watches the incident learns of it."""

import json
import logging

from dispatch.domain.actor import SYSTEM
from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.operations.context import Context
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.operations.receipts import go_on_without
from dispatch.storage.communication import note_course
from dispatch.storage.delivery import Attempt, Outcome, finish_attempt

logger = logging.getLogger(__name__)


async def finish_delivery(context: Context, attempt: Attempt, outcome: Outcome) -> None:
    """Note how an attempt ended; one that will be tried again is no news yet.

    What was sent is noted even where somebody holds the incident for long: else it would count as abandoned.
    """
    next_id, incident_id = str(context.new_id()), attempt.incident_id
    if incident_id is None:
        await _finish_test(context, attempt, outcome, next_id)
        return

    async def act(edit: Edit) -> None:
        so = await finish_attempt(edit.connection, attempt.id, outcome, next_id=next_id)
        if outcome.state == "sent":
            edit.tell("assignment.page_sent", attempt.assignment_id, channel=attempt.channel)
        elif so:
            edit.tell("assignment.page_failed", attempt.assignment_id, channel=attempt.channel)
            await go_on_without(edit, attempt.assignment_id, reason=str(json.loads(attempt.body).get("reason")))

    try:
        if outcome.retry_s is None:
            await edit_incident(context, "finish_delivery", request=Request(incident_id, SYSTEM), act=act)
            return
    except DatabaseUnavailableError:
        logger.info("a delivery is noted without telling of it", extra={"incident_id": attempt.incident_id})
    async with context.database.connection() as connection:
        await finish_attempt(connection, attempt.id, outcome, next_id=next_id)


async def _finish_test(context: Context, attempt: Attempt, outcome: Outcome, next_id: str) -> None:
    """Note how a message of a test of communication ended: the test's report has it, no incident."""
    async with context.database.transaction("finish_test_delivery") as connection:
        so = await finish_attempt(connection, attempt.id, outcome, next_id=next_id)
        if outcome.state == "sent":
            await note_course(connection, attempt.id, "sent", context.now())
        elif so and outcome.retry_s is None:
            await note_course(connection, attempt.id, "failed", context.now())
