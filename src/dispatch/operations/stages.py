"""Stages of an incident under edit: units that were held back are sent, the lead goes to the unit meant for it.

Invariant: a stage ends once. It is taken off the incident in the change that sends its units; those who cannot be
found are gaps with their reason, and alarm the desk.
"""

from dataclasses import dataclass, replace

from dispatch.domain.intake import issue
from dispatch.domain.routing import Plan, fill
from dispatch.domain.rows import AssignmentRow, StageData
from dispatch.domain.trigger import is_due, trigger_of
from dispatch.operations.course import Course, course_of, request_now
from dispatch.operations.edit import Edit
from dispatch.operations.reinforce import clocks_for, search_for
from dispatch.storage.units import claim_unit


async def release_due(edit: Edit) -> None:
    """Release every stage whose trigger holds; nobody is sent to what has ended or is suspended."""
    if edit.incident["closed_at"] is not None or edit.incident["status"] == "suspended":
        return
    for stage in list(edit.incident["stages"]):
        # The one before may have been the last that the incident waited for: then nothing is held back any more.
        if stage in edit.incident["stages"] and is_due(stage, edit.incident, edit.assignments, edit.now):
            await release(edit, stage, reason="triggered")


async def release(edit: Edit, stage: StageData, *, reason: str) -> None:
    """Release one stage now."""
    edit.incident["stages"] = [other for other in edit.incident["stages"] if other != stage]
    if stage["action"] == "lead":
        hand_lead(edit, stage, reason=reason)
        return
    demand = Demand(
        stage["requirement"], stage["slots"], stage["mandatory"], planned=trigger_of(stage["trigger"]).is_certain
    )
    sent = await send(edit, await course_of(edit), demand)
    edit.tell(
        "incident.stage_released",
        requirement=stage["requirement"],
        unit_kind=stage["unit_kind"],
        trigger=stage["trigger"],
        reason=reason,
        sent=[row["id"] for row in sent],
    )
    if not stage["mandatory"]:
        for slot in set(stage["slots"]) & set(edit.incident["pending_slots"]):
            edit.satisfy(slot)  # it kept the incident open until it was released, no longer


@dataclass(frozen=True, slots=True)
class Demand:
    """A requirement of the course, by its number, with its places in the plan.

    `planned`: the plan foresaw from the start that they come; that they do does not undo that the incident is resolved.
    """

    number: int
    slots: list[int]
    mandatory: bool
    planned: bool = False


async def send(edit: Edit, course: Course, demand: Demand) -> list[AssignmentRow]:
    """Send the units of a requirement to their places; what is missing is a gap with its reason."""
    requirement = course.requirements[demand.number]
    plan = await _claimed(edit, course, demand.number)
    first, rows = min(demand.slots), []
    for planned in plan.planned:
        placed = replace(planned, slot=first + planned.slot)
        clocks = clocks_for(edit, requirement)
        row = issue(placed, incident_id=edit.incident["id"], new_id=edit.context.new_id, clocks=clocks)
        edit.add(row)
        rows.append(row)
    for gap in plan.shortfalls:
        edit.raise_shortfall(first + gap.slot, gap.unit_kind, gap.role, gap.reason)
    if demand.mandatory:
        edit.incident["pending_slots"] = sorted({*edit.incident["pending_slots"], *demand.slots})
    moved = {"received"} if demand.planned else {"received", "resolved"}
    if edit.incident["status"] in moved and any(row["role"] != "notify" for row in rows):
        edit.move_incident("dispatch")
    return rows


async def _claimed(edit: Edit, course: Course, number: int) -> Plan:
    """Choose the units and claim the exclusive ones; again without those that another incident took meanwhile."""
    knowledge, requirement = edit.context.knowledge, course.requirements[number]
    request = request_now(edit, course, requirement.role)
    claimed = set[str]()
    while True:
        version = course.ruleset.version
        plan = Plan(version, knowledge.directory.version, (), (), {}, on_incident=request.taken)
        fill(plan, number, requirement, search_for(edit, request))
        wanted = {p.unit.id for p in plan.planned if p.unit.exclusive and p.role != "notify" and edit.is_actual}
        missed = {
            unit_id
            for unit_id in sorted(wanted - claimed)
            if not await claim_unit(edit.connection, unit_id, edit.incident["id"])
        }
        claimed |= wanted - missed
        if not missed:
            edit.effects.release_units += sorted(claimed - wanted)
            return plan
        request = replace(request, lost=request.lost | missed)


def hand_lead(edit: Edit, stage: StageData, *, reason: str) -> None:
    """Give the lead to the unit that was sent for this requirement; the one that led supports it from now on."""
    lead = next((row for row in edit.open_assignments() if row["role"] == "lead"), None)
    ready = [
        row
        for row in edit.open_assignments()
        if row["selection"].get("requirement") == stage["requirement"] and row["role"] == "support"
    ]
    successor = min(
        ready, key=lambda row: (row["acknowledged_at"] is None, row["issued_at"], row["slot"]), default=None
    )
    if successor is None:
        edit.tell(
            "incident.stage_skipped",
            requirement=stage["requirement"],
            unit_kind=stage["unit_kind"],
            reason="nobody_there",
        )
        return
    successor["role"], successor["mandatory"] = "lead", True
    edit.touch(successor)
    if lead is not None:
        lead["role"] = "support"
        edit.touch(lead)  # its timer stays: whoever was silent as the lead is reminded all the same
    if successor["slot"] not in edit.incident["pending_slots"]:
        edit.incident["pending_slots"] = sorted([*edit.incident["pending_slots"], successor["slot"]])
    edit.tell(
        "incident.lead_changed",
        successor["id"],
        previous=None if lead is None else lead["id"],
        reason="switched" if reason == "triggered" else reason,
        trigger=stage["trigger"],
    )
