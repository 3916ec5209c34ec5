"""A change that matters reaches everybody on the incident again: alarmed anew, and to be acknowledged anew."""

from dispatch.domain.alerting import Known, confirm, demand_confirmation, known_of, wait_no_longer, what_matters
from dispatch.domain.assignment import SILENT
from dispatch.domain.rows import AssignmentRow
from dispatch.operations.edit import Edit
from dispatch.operations.reach import note_turns, reach
from dispatch.operations.reinforce import agency_of, clocks_of


async def alert_again(edit: Edit, before: Known, *, finder_id: str | None = None) -> None:
    """Compare with what was known before; where it matters, every acting unit must acknowledge the new revision.

    The unit that found it (`finder_id`) knows. Who has no console open is reached on every other channel at once; who
    can be reached on none is not waited for. Where units must answer again a resolved incident is at work again.
    """
    changed = what_matters(before, known_of(edit.incident), edit.context.danger_tags)
    if not changed:
        return
    edit.incident["revision"] += 1
    revision, profile = edit.incident["revision"], clocks_of(edit).profile
    for row in edit.open_assignments():
        if row["role"] == "notify":
            continue
        ladder = edit.reach.ladder(agency_of(edit, row))
        demand_confirmation(row, revision, ladder.clocks(profile), edit.now)
        edit.touch(row)
        if row["unit_id"] == finder_id:
            confirm(row, revision, revision)
            edit.arm(row)
            continue
        if edit.incident["status"] == "resolved":
            edit.move_incident("dispatch")
        # Whoever is still to be told of the task itself hears of the change with it.
        knows = edit.context.is_there(row["unit_id"]) or (row["status"] in SILENT and "page" not in row["steps_done"])
        reached = () if knows else await _reach_everywhere(edit, row)
        edit.arm(row)
        edit.tell("assignment.alerted", row["id"], changed=list(changed), revision=revision, channels=list(reached))


async def _reach_everywhere(edit: Edit, row: AssignmentRow) -> tuple[str, ...]:
    reached = await reach(edit, row, edit.context.paging_channels, "changed")
    note_turns(row, edit.context.paging_channels, "changed")
    if not reached:
        wait_no_longer(row, edit.now)
    return reached
