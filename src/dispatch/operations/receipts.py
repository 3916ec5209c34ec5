"""What the end of a message means for the ladder of its assignment: it has arrived, or it never will."""

from dispatch.domain.alerting import wait_no_longer
from dispatch.domain.assignment import SILENT
from dispatch.domain.rows import AssignmentRow, instant
from dispatch.operations.edit import Edit
from dispatch.storage.delivery import CHANGE, is_on_its_way


async def go_on_without(edit: Edit, assignment_id: str | None, *, reason: str) -> None:
    """Do not wait where a channel has failed: the next one is due; after the last, silence is certain.

    A console that is there may still answer, and so may somebody who was reached on another channel. `reason` is that
    of the message: one about a change is missed by a unit that has acknowledged, one about the task is not.
    """
    row = _open(edit, assignment_id)
    if row is None:
        return
    is_silent = row["status"] in SILENT
    if not (is_silent or (reason == CHANGE and row["change_by"] is not None)):
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


def ask_no_further(edit: Edit, assignment_id: str | None, *, reason: str) -> None:
    """Leave the channels that would be next alone: somebody has the message. The clock of its answer runs on."""
    row = _open(edit, assignment_id)
    if row is None or row["status"] not in SILENT or reason == CHANGE or "page" in row["steps_done"]:
        return
    row["steps_done"] = [*row["steps_done"], "page"]
    edit.touch(row)
    edit.arm(row)


def _open(edit: Edit, assignment_id: str | None) -> AssignmentRow | None:
    return next((row for row in edit.open_assignments() if row["id"] == assignment_id), None)
