"""A unit declines or sends back: the next suitable unit is added in the same transaction.

An urgent assignment cannot be sent back: it would bounce between districts while somebody waits.
"""

from dataclasses import dataclass
from typing import Literal

from dispatch.domain.actor import Actor
from dispatch.domain.errors import ReturnForbiddenError
from dispatch.operations.backup import add_next, why_nobody_else
from dispatch.operations.context import Answer, Context, Once
from dispatch.operations.edit import Edit, edit_incident
from dispatch.operations.edit import Request as EditRequest
from dispatch.operations.reinforce import promote_backup, raise_gap
from dispatch.storage.work import incident_of

URGENT = frozenset({"critical", "urgent"})


@dataclass(frozen=True, slots=True)
class Request:
    """Which assignment, by whom, why."""

    assignment_id: str
    verb: Literal["decline", "return"]
    actor: Actor
    unit_id: str | None
    reason: str
    text: str | None = None
    once: Once | None = None
    expected_version: int | None = None


async def decline_assignment(context: Context, request: Request) -> Answer:
    """End the assignment and send the next unit; with nobody left, sound the shortfall alarm.

    Raises:
        NotFoundError: no such assignment, or another unit's.
        WrongStateError: it has ended or gone too far.
        VersionConflictError: somebody changed it first.
        ReturnForbiddenError: a return of something urgent.
    """

    async def act(edit: Edit) -> None:
        row = edit.assignment(request.assignment_id)
        if request.verb == "return" and edit.incident["urgency"] in URGENT:
            raise ReturnForbiddenError("urgent work cannot be returned; decline it, the next unit is sent at once")
        edit.end(row, request.verb, request.reason)
        event = "assignment.declined" if request.verb == "decline" else "assignment.returned"
        edit.tell(event, row["id"], reason=request.reason, text=request.text)  # type: ignore[arg-type]
        if row["role"] == "notify":
            return
        if not promote_backup(edit, row) and await add_next(edit, row) is None and row["mandatory"]:
            raise_gap(edit, row, await why_nobody_else(edit, row))

    async with context.database.connection() as connection:
        incident_id = await incident_of(connection, request.assignment_id)
    edit_request = EditRequest(
        incident_id, request.actor, request.once, request.expected_version, request.assignment_id, request.unit_id
    )
    return await edit_incident(context, f"{request.verb}_assignment", request=edit_request, act=act)
