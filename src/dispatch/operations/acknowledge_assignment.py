"""A unit acknowledges where that decides more than its own task: a backup, or one of several that were asked together.

A backup takes the lead from a lead that is still silent. Of several asked, the first have it: with a claim the others
are called back, without one they may stay silent. Race: everybody answers in the same instant; whoever takes the
incident's lock first has it.
"""

from typing import cast

from dispatch.domain.alerting import confirm
from dispatch.domain.assignment import SILENT, Status, advance
from dispatch.domain.rows import AssignmentRow, instant
from dispatch.domain.versions import require_free
from dispatch.operations.context import Answer, Context
from dispatch.operations.edit import Edit, edit_incident
from dispatch.operations.edit import Request as EditRequest
from dispatch.operations.moving import Request, believable
from dispatch.storage.work import incident_of


async def acknowledge_assignment(context: Context, request: Request) -> Answer:
    """Acknowledge under the lock and settle who leads and who is still needed.

    Raises:
        NotFoundError: another unit's.
        AlreadyTakenError: it was offered to several, and others have it.
        WrongStateError: it was acknowledged or ended meanwhile.
        VersionConflictError: somebody changed it first.
    """

    async def act(edit: Edit) -> None:
        row = edit.assignment(request.assignment_id)
        require_free(row)
        row["status"] = advance(cast("Status", row["status"]), "acknowledge")
        row["acknowledged_at"] = instant(believable(request.occurred_at, edit.now))
        confirm(row, request.revision, edit.incident["revision"])
        edit.touch(row)
        edit.arm(row)
        edit.tell("assignment.acknowledged", row["id"])
        if row["selection"].get("offer") is not None:
            _settle_offer(edit, row)
        if row["backup_for"] is not None:
            _settle_lead(edit, row["id"])
        if edit.incident["status"] in {"received", "dispatched"}:
            edit.incident["status"] = "in_progress"

    async with context.database.connection() as connection:
        incident_id = await incident_of(connection, request.assignment_id)
    edit_request = EditRequest(
        incident_id, request.actor, request.once, request.expected_version, request.assignment_id, request.unit_id
    )
    return await edit_incident(context, "acknowledge_assignment", request=edit_request, act=act)


def _settle_offer(edit: Edit, row: AssignmentRow) -> None:
    """Give the unit the first place that nobody has; when it was the last, the others are not needed any more."""
    requirement = row["selection"]["requirement"]
    asked = [other for other in edit.assignments if other["selection"].get("requirement") == requirement]
    places = sorted({other["slot"] for other in asked})
    had = {other["slot"] for other in asked if other["acknowledged_at"] and other is not row}
    free = [place for place in places if place not in had]
    if free and row["slot"] not in free:
        row["slot"] = free[0]
    _claim_lead(edit, row, asked)
    if len(free) > 1:
        return
    for other in asked:
        if other is row or other["status"] not in SILENT:
            continue
        if row["selection"]["offer"] == "claim":
            edit.end(other, "revoke", "taken")
            edit.tell("assignment.revoked", other["id"], reason="taken")
        else:
            other["steps_done"] = sorted({*other["steps_done"], "urge", "escalate"})
            edit.touch(other)
            edit.arm(other)


def _claim_lead(edit: Edit, row: AssignmentRow, asked: list[AssignmentRow]) -> None:
    """Pass the lead on from the unit that only held it until somebody answers."""
    lead = next((other for other in asked if other["role"] == "lead" and other["status"] in SILENT), None)
    if lead is None or lead is row:
        return
    lead["role"], row["role"] = "support", "lead"
    lead["slot"], row["slot"] = row["slot"], lead["slot"]
    edit.touch(lead)
    edit.arm(lead)
    edit.tell("incident.lead_changed", row["id"], previous=lead["id"], reason="claimed")


def _settle_lead(edit: Edit, backup_id: str) -> None:
    backup = edit.assignment(backup_id)
    lead = next((row for row in edit.open_assignments() if row["role"] == "lead"), None)
    chain = {backup_id}
    row = backup
    while row["backup_for"] is not None:
        row = edit.assignment(row["backup_for"])
        chain.add(row["id"])
    if lead is None or lead["id"] not in chain or lead["status"] not in SILENT:
        return
    lead["role"], backup["role"] = "support", "lead"
    edit.touch(lead)
    edit.arm(lead)
    edit.tell("incident.lead_changed", backup_id, previous=lead["id"], reason="lead_silent")
