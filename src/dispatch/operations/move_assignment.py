"""A unit answers and works: receipt, acknowledge, depart, arrive, feedback, complete. One statement each.

A late acknowledgement is accepted and shown. What is refused is explained by what stands now.
"""

from dataclasses import replace
from datetime import datetime
from typing import cast

from dispatch.domain.alerting import is_unconfirmed
from dispatch.domain.assignment import SILENT, Status, advance
from dispatch.domain.errors import FeedbackRequiredError, NotFoundError
from dispatch.domain.rows import AssignmentRow, instant
from dispatch.domain.versions import current_of, require_free, require_version
from dispatch.operations.context import Answer, Context, commit_seen, dumps
from dispatch.operations.moving import Request, believable
from dispatch.operations.replay import find_replay
from dispatch.storage.verb import Move
from dispatch.storage.verb import move_assignment as write_move
from dispatch.storage.work import get_work, incident_of
from dispatch.storage.written import TwinError


async def move_assignment(context: Context, request: Request) -> Answer | None:
    """Do it. None when more than its own task follows from it: `acknowledge_assignment` decides that under the lock.

    Raises:
        NotFoundError: no such assignment, or another unit's.
        WrongStateError: the verb is not possible now; facts carry the current assignment.
        VersionConflictError: somebody changed it first.
        AlreadyTakenError: it was offered to several, and others have it.
        FeedbackRequiredError: the lead completes only after its feedback.
    """
    now = context.now()
    try:
        written = await write_move(context.database, _move(context, request, now))
    except TwinError:
        return await find_replay(context, request.once)
    if written is not None:
        return commit_seen(context, written)
    if replay := await find_replay(context, request.once):
        return replay
    row = await _current(context, request)
    shared = row["backup_for"] is not None or row["selection"].get("offer") is not None
    if request.verb == "acknowledge" and shared and row["status"] in SILENT:
        return None
    if request.verb == "acknowledge" and is_unconfirmed(row):
        return await move_assignment(context, replace(request, verb="confirm"))
    _explain(row, request)
    return None


def _move(context: Context, request: Request, now: datetime) -> Move:
    stamped = believable(request.occurred_at, now)
    facts = {key: value for key, value in (("reason", request.reason), ("feedback", request.feedback)) if value}
    if stamped != now:
        facts["recorded_at"] = instant(now)
    return Move(
        assignment_id=request.assignment_id,
        verb=request.verb,
        expected_version=request.expected_version,
        unit_id=request.unit_id,
        now=now,
        occurred_at=stamped,
        actor_name=request.actor.name,
        actor=dumps(request.actor.data()),
        reason=request.reason,
        feedback=None if request.feedback is None else dumps(request.feedback),
        ids=(str(context.new_id()), str(context.new_id()), str(context.new_id())),
        facts=dumps(facts) if facts else None,
        once=request.once,
        revision=request.revision,
    )


async def _current(context: Context, request: Request) -> AssignmentRow:
    async with context.database.connection() as connection:
        work = await get_work(connection, await incident_of(connection, request.assignment_id))
    row = next(row for row in work.assignments if row["id"] == request.assignment_id)
    if request.unit_id is not None and row["unit_id"] != request.unit_id:
        raise NotFoundError("no such assignment", facts={"assignment_id": request.assignment_id})
    return row


def _explain(row: AssignmentRow, request: Request) -> None:
    if request.verb in {"deliver", "see"}:
        return
    require_version(row, request.expected_version)
    if request.verb == "acknowledge":
        require_free(row)
    current = current_of(row)
    try:
        advance(cast("Status", row["status"]), request.verb)
    except Exception as error:
        error.facts = {**error.facts, "current": current, "changed_by": row["updated_by"]}  # type: ignore[attr-defined]
        raise
    raise FeedbackRequiredError("the lead gives feedback before it completes", facts={"current": current})
