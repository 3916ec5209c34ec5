"""The desk acts on one assignment: urge, revoke, reassign to the next unit, excuse from the plan."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, cast

from dispatch.domain.actor import Actor
from dispatch.domain.assignment import OPEN, Status, advance, is_led_by_another
from dispatch.domain.errors import WrongStateError
from dispatch.domain.rows import AssignmentRow, instant
from dispatch.operations.backup import add_next, why_nobody_else
from dispatch.operations.context import Answer, Context, Once
from dispatch.operations.edit import Edit, edit_incident
from dispatch.operations.edit import Request as EditRequest
from dispatch.operations.reinforce import promote_backup, raise_gap
from dispatch.storage.work import incident_of

Direction = Literal["urge", "revoke", "reassign", "excuse"]


@dataclass(frozen=True, slots=True)
class Request:
    """Which assignment, what with it, by whom, why."""

    assignment_id: str
    direction: Direction
    actor: Actor
    reason: str | None = None
    once: Once | None = None
    expected_version: int | None = None


def _urge(edit: Edit, row: AssignmentRow, request: Request) -> None:
    if row["status"] not in OPEN:
        raise WrongStateError(
            f"an assignment that is {row['status']} cannot be urged", facts={"current": {"status": row["status"]}}
        )
    edit.touch(row)
    edit.tell("assignment.urged", row["id"], by=request.actor.name, reason=request.reason)


def _revoke(edit: Edit, row: AssignmentRow, request: Request) -> None:
    edit.end(row, "revoke", request.reason)
    edit.tell("assignment.revoked", row["id"], reason=request.reason)
    if promote_backup(edit, row):
        return
    others = [other for other in edit.open_assignments() if other["slot"] == row["slot"]]
    if row["slot"] in edit.incident["pending_slots"] and not others:
        raise_gap(edit, row, "no_candidates")


def _excuse(edit: Edit, row: AssignmentRow, request: Request) -> None:
    was_open = row["status"] in OPEN
    row["status"] = advance(cast("Status", row["status"]), "excuse")
    row["excused_at"] = instant(edit.now)
    row["reason"] = request.reason or row["reason"]
    if was_open:
        row["ended_at"] = instant(edit.now)
        edit.effects.disarm.append(row["id"])
        edit.effects.release_units.append(row["unit_id"])
    edit.touch(row)
    edit.tell("assignment.excused", row["id"], reason=request.reason)
    if is_led_by_another(row, edit.assignments):
        return
    edit.fill_shortfall(row["slot"])
    edit.satisfy(row["slot"])


async def _reassign(edit: Edit, row: AssignmentRow, request: Request) -> None:
    edit.end(row, "reassign", request.reason)
    promoted = promote_backup(edit, row)
    added = None if promoted else await add_next(edit, row)
    edit.tell(
        "assignment.reassigned", row["id"], reason=request.reason, successor=None if added is None else added["id"]
    )
    if added is None and not promoted and row["mandatory"]:
        raise_gap(edit, row, await why_nobody_else(edit, row))


_PLAIN: Final[dict[str, Callable[[Edit, AssignmentRow, Request], None]]] = {
    "urge": _urge,
    "revoke": _revoke,
    "excuse": _excuse,
}


async def direct_assignment(context: Context, request: Request) -> Answer:
    """Do what the desk says.

    Raises:
        NotFoundError: no such assignment.
        WrongStateError: not possible in its state.
        VersionConflictError: somebody changed it first.
    """

    async def act(edit: Edit) -> None:
        row = edit.assignment(request.assignment_id)
        if request.direction == "reassign":
            await _reassign(edit, row, request)
        else:
            _PLAIN[request.direction](edit, row, request)

    async with context.database.connection() as connection:
        incident_id = await incident_of(connection, request.assignment_id)
    edit_request = EditRequest(
        incident_id, request.actor, request.once, request.expected_version, request.assignment_id
    )
    return await edit_incident(context, f"{request.direction}_assignment", request=edit_request, act=act)
