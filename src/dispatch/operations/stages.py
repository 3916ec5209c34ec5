"""Stages of an incident under edit: units that were held back are sent, the lead goes to the unit meant for it.

Invariant: a stage ends once. It is taken off the incident in the change that sends its units; those who cannot be
found are gaps with their reason, and alarm the desk.
"""

import json
from dataclasses import replace
from typing import Any

from dispatch.domain.decided import requirement_of
from dispatch.domain.intake import issue
from dispatch.domain.routing import Plan, fill
from dispatch.domain.rows import AssignmentRow, StageData
from dispatch.domain.ruleset import Requirement
from dispatch.domain.trigger import trigger_of
from dispatch.operations.edit import Edit
from dispatch.operations.reinforce import clocks_for, request_now, search_for
from dispatch.storage.units import claim_unit
from dispatch.storage.work import get_decision


async def release_due(edit: Edit) -> None:
    """Release every stage whose trigger holds; nobody is sent to what has ended or is suspended."""
    if edit.incident["closed_at"] is not None or edit.incident["status"] == "suspended":
        return
    for stage in list(edit.incident["stages"]):
        if trigger_of(stage["trigger"]).holds(edit.incident, edit.assignments, edit.now):
            await release(edit, stage, reason="triggered")


async def release(edit: Edit, stage: StageData, *, reason: str) -> None:
    """Release one stage now."""
    edit.incident["stages"] = [other for other in edit.incident["stages"] if other != stage]
    if stage["action"] == "lead":
        hand_lead(edit, stage, reason=reason)
        return
    decision = json.loads(await get_decision(edit.connection, edit.incident["id"]))
    requirement = requirement_of(decision["requirements"][stage["requirement"]])
    sent = await _send(edit, stage, requirement, decision)
    edit.tell(
        "incident.stage_released",
        requirement=stage["requirement"],
        unit_kind=stage["unit_kind"],
        trigger=stage["trigger"],
        reason=reason,
        sent=[row["id"] for row in sent],
    )


async def _send(
    edit: Edit, stage: StageData, requirement: Requirement, decision: dict[str, Any]
) -> list[AssignmentRow]:
    plan = await _claimed(edit, stage, requirement, decision)
    first = min(stage["slots"])
    rows = []
    for planned in plan.planned:
        placed = replace(planned, slot=first + planned.slot)
        row = issue(
            placed,
            incident_id=edit.incident["id"],
            new_id=edit.context.new_id,
            clocks=clocks_for(edit, requirement),
        )
        edit.add(row)
        rows.append(row)
    for gap in plan.shortfalls:
        edit.raise_shortfall(first + gap.slot, gap.unit_kind, gap.role, gap.reason)
    if stage["mandatory"]:
        edit.incident["pending_slots"] = sorted({*edit.incident["pending_slots"], *stage["slots"]})
    return rows


async def _claimed(edit: Edit, stage: StageData, requirement: Requirement, decision: dict[str, Any]) -> Plan:
    """Choose the units and claim the exclusive ones; again without those that another incident took meanwhile."""
    knowledge, lost = edit.context.knowledge, frozenset[str]()
    number, claimed = stage["requirement"], set[str]()
    while True:
        request = replace(request_now(edit, decision), lost=lost)
        plan = Plan(decision["ruleset_version"], knowledge.directory.version, (), (), {}, on_incident=request.taken)
        fill(plan, number, requirement, search_for(edit, request))
        wanted = [p.unit.id for p in plan.planned if p.unit.exclusive and p.role != "notify"]
        missed = [
            unit_id
            for unit_id in sorted(set(wanted) - claimed)
            if not await claim_unit(edit.connection, unit_id, edit.incident["id"])
        ]
        claimed |= set(wanted) - set(missed)
        if not missed:
            edit.effects.release_units += sorted(claimed - set(wanted))
            return plan
        lost |= set(missed)


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
    successor["role"] = "lead"
    edit.touch(successor)
    edit.arm(successor)
    if lead is not None:
        lead["role"] = "support"
        edit.touch(lead)
        edit.arm(lead)
    if successor["slot"] not in edit.incident["pending_slots"]:
        edit.incident["pending_slots"] = sorted([*edit.incident["pending_slots"], successor["slot"]])
    edit.tell(
        "incident.lead_changed",
        successor["id"],
        previous=None if lead is None else lead["id"],
        reason="switched" if reason == "triggered" else reason,
        trigger=stage["trigger"],
    )
