"""Adding a unit in place of one that declined or stays silent: the next suitable one."""

from dataclasses import replace

from dispatch.domain.assignment import OPEN
from dispatch.domain.intake import issue
from dispatch.domain.routing import next_unit, why_nobody
from dispatch.domain.rows import AssignmentRow
from dispatch.domain.ruleset import Requirement
from dispatch.operations.course import Course, course_of, request_now
from dispatch.operations.edit import Edit
from dispatch.operations.reinforce import clocks_for, search_for
from dispatch.storage.units import claim_unit


async def add_next(edit: Edit, silent: AssignmentRow) -> AssignmentRow | None:
    """Add the next suitable unit in place of one that declined or stays silent; None when there is nobody."""
    course = await course_of(edit)
    requirement = _requirement(edit, silent, course)
    request = request_now(edit, course, silent["role"])
    while True:
        planned = next_unit(requirement, search_for(edit, request))
        if planned is None:
            return None
        claims = planned.unit.exclusive and silent["role"] != "notify" and edit.is_actual
        if not claims or await claim_unit(edit.connection, planned.unit.id, edit.incident["id"]):
            break
        request = replace(request, taken=request.taken | {planned.unit.id})
    still_leads = silent["role"] == "lead" and silent["status"] in OPEN
    role = "support" if still_leads else silent["role"]
    planned = replace(planned, role=role, mandatory=silent["mandatory"], slot=silent["slot"])
    clocks = clocks_for(edit, requirement)
    row = issue(planned, incident_id=edit.incident["id"], new_id=edit.context.new_id, clocks=clocks)
    row["backup_for"] = silent["id"]
    kept = {key: silent["selection"].get(key) for key in ("requirement", "offer")}
    row["selection"] |= {"backup_for": silent["id"], **kept}
    edit.add(row)
    return row


async def why_nobody_else(edit: Edit, row: AssignmentRow) -> str:
    """Say why nobody can take the place of a unit that left or stays silent."""
    course = await course_of(edit)
    search = search_for(edit, request_now(edit, course, row["role"]))
    return why_nobody(_requirement(edit, row, course), search)


def _requirement(edit: Edit, row: AssignmentRow, course: Course) -> Requirement:
    number = row["selection"].get("requirement")
    if isinstance(number, int):
        return replace(course.requirements[number], count=1, ask=None)
    unit = edit.context.knowledge.directory.units[row["unit_id"]]
    return Requirement(unit.kind, "support", mandatory=row["mandatory"])
