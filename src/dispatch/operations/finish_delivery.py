"""A delivery attempt has ended: the ledger keeps it, and whoever watches the incident learns of it."""

import json
import logging

from dispatch.domain.actor import SYSTEM
from dispatch.domain.alerting import wait_no_longer
from dispatch.domain.assignment import SILENT
from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.domain.rows import instant
from dispatch.operations.context import Context
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.storage.communication import note_delivery
from dispatch.storage.delivery import CHANGE, Attempt, Outcome, finish_attempt, is_on_its_way

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
        await finish_attempt(edit.connection, attempt.id, outcome, next_id=next_id)
        event = "assignment.page_sent" if outcome.state == "sent" else "assignment.page_failed"
        edit.tell(event, attempt.assignment_id, channel=attempt.channel)  # type: ignore[arg-type]
        if outcome.state != "sent":
            await _go_on(edit, attempt)

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
        await finish_attempt(connection, attempt.id, outcome, next_id=next_id)
        if outcome.retry_s is None:
            await note_delivery(connection, attempt.id, sent=outcome.state == "sent", at=context.now())


async def _go_on(edit: Edit, attempt: Attempt) -> None:
    """Do not wait where a channel has failed: the next one is due; after the last, silence is certain.

    A console that is there may still answer, and so may somebody who was reached on another channel.
    """
    row = next((row for row in edit.open_assignments() if row["id"] == attempt.assignment_id), None)
    if row is None:
        return
    is_silent, is_of_change = row["status"] in SILENT, json.loads(attempt.body).get("reason") == CHANGE
    if not (is_silent or (is_of_change and row["change_by"] is not None)):
        return
    if await is_on_its_way(edit.connection, row["id"], None if is_silent else CHANGE):
        return
    if is_silent and "page" not in row["steps_done"]:
        row["deliver_by"] = instant(edit.now)
    elif edit.context.is_there(row["unit_id"]):
        return
    else:
        wait_no_longer(row, edit.now)
    edit.touch(row)
    edit.arm(row)
