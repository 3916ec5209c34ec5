"""What a joining call makes worse: level and tags rise, and whoever the rules want for that besides is sent.

Invariant: a call can only raise. What an operator has lowered stays so unless the call itself says otherwise.
"""

from dataclasses import replace

import orjson

from dispatch.domain.call import CallReport, locate, report_of
from dispatch.domain.incident import SEVERITIES, URGENCIES
from dispatch.domain.intake import Opening
from dispatch.domain.routing import Plan, Planned
from dispatch.domain.rows import IncidentRow
from dispatch.domain.unit import CAPABILITY
from dispatch.operations.edit import Edit
from dispatch.operations.opening import plan_for
from dispatch.operations.reinforce import Named, add_named, hurry, next_slot
from dispatch.storage.units import claim_unit
from dispatch.storage.work import get_decision


async def raise_by_call(edit: Edit, opening: Opening) -> None:
    """Take over what a joining call knows to be worse, and send for it."""
    before = _level(edit.incident)
    _take_over(edit.incident, opening)
    after = _level(edit.incident)
    if before != after:
        edit.tell("incident.updated", before=before, after=after, reason="call_joined", call_id=opening.call_id)
    if before["urgency"] != after["urgency"]:
        hurry(edit)
    another = opening.report.incident_type != edit.incident["incident_type"]
    if before != after or another:
        await _send_further(edit, opening)


def _level(incident: IncidentRow) -> dict[str, object]:
    return {"severity": incident["severity"], "urgency": incident["urgency"], "tags": list(incident["tags"])}


def _take_over(incident: IncidentRow, opening: Opening) -> None:
    """Raise severity and urgency to what the call says, or what its type means if that is another, and add its tags."""
    report = opening.report
    usual = opening.kind if report.incident_type != incident["incident_type"] else None
    severity = report.severity or (usual.severity if usual else incident["severity"])
    urgency = report.urgency or (usual.urgency if usual else incident["urgency"])
    incident["severity"] = min(incident["severity"], severity, key=SEVERITIES.index)
    incident["urgency"] = min(incident["urgency"], urgency, key=URGENCIES.index)
    incident["tags"] = list(dict.fromkeys((*incident["tags"], *report.tags)))


async def _send_further(edit: Edit, opening: Opening) -> None:
    """Send the kinds that the rules want for what is known now and the first decision did not; none are sent twice.

    What is staged is left to its trigger; larger numbers of a kind that was wanted already are left to the desk.
    """
    decision = orjson.loads(await get_decision(edit.connection, edit.incident["id"]))
    pools = {entry["unit_kind"] or f"{CAPABILITY}{entry['capability']}" for entry in decision["requirements"]}
    known = report_of(edit.incident)
    for incident_type in dict.fromkeys((known.incident_type, opening.report.incident_type)):
        plan = _plan(edit, opening, replace(known, incident_type=incident_type))
        new = [entry.release is None and entry.pool not in pools for entry in plan.requirements]
        pools.update(entry.pool for entry in plan.requirements)
        sent = [entry for entry in plan.planned if new[entry.requirement]]
        for planned in sorted(sent, key=lambda entry: entry.unit.id):  # everybody claims crews in the same order
            await _send(edit, planned)
        for gap in plan.shortfalls:
            if new[gap.requirement]:
                _miss(edit, (gap.unit_kind, gap.role, gap.reason), mandatory=gap.mandatory)


def _plan(edit: Edit, opening: Opening, report: CallReport) -> Plan:
    directory = edit.context.knowledge.directory
    kind = directory.content.incident_types[report.incident_type]
    return plan_for(edit.context, replace(opening, report=report, where=locate(report, directory), kind=kind)).plan


async def _send(edit: Edit, planned: Planned) -> None:
    unit = planned.unit
    if any(row["unit_id"] == unit.id for row in edit.open_assignments()):
        return
    role = "support" if planned.role == "lead" else planned.role
    claims = unit.exclusive and role != "notify"
    if claims and not await claim_unit(edit.connection, unit.id, edit.incident["id"]):
        _miss(edit, (unit.kind, role, "all_committed"), mandatory=planned.mandatory)
        return
    slot = _place(edit, role, mandatory=planned.mandatory)
    edit.move_incident("dispatch")
    add_named(edit, Named(unit, role, planned.mandatory, slot, planned.code))


def _miss(edit: Edit, gap: tuple[str, str, str], *, mandatory: bool) -> None:
    kind, role, reason = gap
    role = "support" if role == "lead" else role
    edit.raise_shortfall(_place(edit, role, mandatory=mandatory), kind, role, reason)


def _place(edit: Edit, role: str, *, mandatory: bool) -> int:
    slot = next_slot(edit)
    if mandatory and role != "notify":
        edit.incident["pending_slots"] = [*edit.incident["pending_slots"], slot]
    return slot
