"""A backup acknowledges: if the lead it stands in for is still silent, the backup takes the lead.

Race: the lead acknowledges in the same instant; whoever takes the incident's lock first leads, the other supports.
"""

from typing import cast

from dispatch.domain.assignment import Status, advance
from dispatch.domain.rows import instant
from dispatch.operations.context import Answer, Context
from dispatch.operations.edit import Edit, edit_incident
from dispatch.operations.edit import Request as EditRequest
from dispatch.operations.moving import Request, believable
from dispatch.storage.work import incident_of


async def answer_backup(context: Context, request: Request) -> Answer:
    """Acknowledge under the lock and settle who leads.

    Raises:
        NotFoundError: another unit's.
        WrongStateError: it was acknowledged or ended meanwhile.
        VersionConflictError: somebody changed it first.
    """

    async def act(edit: Edit) -> None:
        row = edit.assignment(request.assignment_id)
        row["status"] = advance(cast("Status", row["status"]), "acknowledge")
        row["acknowledged_at"] = instant(believable(request.occurred_at, edit.now))
        edit.touch(row)
        edit.arm(row)
        edit.tell("assignment.acknowledged", row["id"])
        _settle_lead(edit, row["id"])
        if edit.incident["status"] in {"received", "dispatched"}:
            edit.incident["status"] = "in_progress"

    async with context.database.connection() as connection:
        incident_id = await incident_of(connection, request.assignment_id)
    edit_request = EditRequest(
        incident_id, request.actor, request.once, request.expected_version, request.assignment_id, request.unit_id
    )
    return await edit_incident(context, "answer_backup", request=edit_request, act=act)


def _settle_lead(edit: Edit, backup_id: str) -> None:
    backup = edit.assignment(backup_id)
    lead = next((row for row in edit.open_assignments() if row["role"] == "lead"), None)
    chain = {backup_id}
    row = backup
    while row["backup_for"] is not None:
        row = edit.assignment(row["backup_for"])
        chain.add(row["id"])
    if lead is None or lead["id"] not in chain or lead["status"] not in {"issued", "delivered"}:
        return
    lead["role"], backup["role"] = "support", "lead"
    edit.touch(lead)
    edit.arm(lead)
    edit.tell("incident.lead_changed", backup_id, previous=lead["id"], reason="lead_silent")
