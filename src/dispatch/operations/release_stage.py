"""An operator releases units that are held back, or decides that they are not needed."""

from dataclasses import dataclass
from typing import Literal

from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.rows import StageData
from dispatch.operations.context import Answer, Context
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.operations.stages import release


@dataclass(frozen=True, slots=True)
class Chosen:
    """A stage of an incident: the requirement it belongs to, and what it does."""

    requirement: int
    action: Literal["send", "lead"] = "send"


async def release_stage(context: Context, request: Request, *, chosen: Chosen) -> Answer:
    """Release a stage at once, whatever it waits for.

    Raises:
        InvalidRequestError: the incident holds nothing back for this requirement.
    """

    async def act(edit: Edit) -> None:
        edit.move_incident("dispatch")
        await release(edit, _stage(edit, chosen), reason="confirmed")

    return await edit_incident(context, "release_stage", request=request, act=act)


async def skip_stage(context: Context, request: Request, *, chosen: Chosen, reason: str) -> Answer:
    """Decide that the units held back are not needed: the incident may close without them.

    Raises:
        InvalidRequestError: the incident holds nothing back for this requirement.
    """

    async def act(edit: Edit) -> None:
        stage = _stage(edit, chosen)
        edit.incident["stages"] = [other for other in edit.incident["stages"] if other != stage]
        edit.tell("incident.stage_skipped", requirement=chosen.requirement, unit_kind=stage["unit_kind"], reason=reason)
        for slot in set(stage["slots"]) & set(edit.incident["pending_slots"]):
            edit.satisfy(slot)

    return await edit_incident(context, "skip_stage", request=request, act=act)


def _stage(edit: Edit, chosen: Chosen) -> StageData:
    for stage in edit.incident["stages"]:
        if stage["requirement"] == chosen.requirement and stage["action"] == chosen.action:
            return stage
    raise InvalidRequestError((Fault("/requirement", "unknown_stage", "the incident holds nothing back for it"),))
