"""Acknowledged and then forgotten: a unit that went off duty or whose console is gone is taken back to the desk.

Its task stays open: whoever moves after all is counted again. What was taken back once is not taken back again.
"""

import logging
from datetime import datetime, timedelta

from dispatch.domain.actor import SYSTEM
from dispatch.domain.errors import DatabaseUnavailableError, WrongStateError
from dispatch.domain.unit import is_on_duty
from dispatch.operations.context import Context
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.operations.reinforce import take_back
from dispatch.storage.database import is_held
from dispatch.storage.work import Acknowledged, list_acknowledged

logger = logging.getLogger(__name__)


async def watch_acknowledged(context: Context) -> int:
    """Look once at everybody who has acknowledged and not finished; give how many were taken back."""
    now = context.now()
    async with context.database.connection() as connection:
        found = await list_acknowledged(connection)
    count = 0
    for one in found:
        if reason := lost_because(context, one, now):
            count += await _take_back(context, one, reason)
    return count


def lost_because(context: Context, one: Acknowledged, now: datetime) -> str | None:
    """Say why a unit is not counted on any longer, if it is not.

    Who was switched off duty is lost wherever it is; whose shift or console merely ended, only until it moves.
    """
    unit = context.knowledge.directory.units.get(one.unit_id)
    if unit is None:
        return None
    state = context.knowledge.states.of(unit.id)
    if state.duty == "out_of_service" or (state.duty != "available" and not one.on_call):
        return "went_off_duty"
    if one.status != "acknowledged" or one.on_call:
        return None
    if not is_on_duty(unit, state, now.astimezone(context.timezone), response=context.response_at(unit)):
        return "went_off_duty"
    if context.presence is None or unit.id not in context.presence.sightings:
        return None  # a unit that answers by telephone, through the desk
    ladder = context.knowledge.directory.content.ladders.of(unit.agency, one.urgency)
    silent = context.presence.silent_for(unit.id, now) >= timedelta(seconds=ladder.silent_s)
    return "gone_silent" if silent else None


async def _take_back(context: Context, one: Acknowledged, reason: str) -> int:
    async def act(edit: Edit) -> None:
        row = edit.assignment(one.id)
        if row["status"] == one.status and "reopened" not in row["steps_done"]:
            take_back(edit, row, reason)
        else:
            raise WrongStateError("it has moved on meanwhile")

    try:
        await edit_incident(context, "watch_acknowledged", request=Request(one.incident_id, SYSTEM), act=act)
    except WrongStateError:
        return 0
    except DatabaseUnavailableError as error:
        if not is_held(error):
            raise
        return 0  # somebody holds the incident: the others are looked after now, this one by the next look
    except Exception:  # Invariant: what fails for one incident must not hide the others
        logger.exception("a unit that is gone could not be taken back", extra={"incident_id": one.incident_id})
        return 0
    return 1
