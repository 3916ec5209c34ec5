"""What a joining call makes worse: level and tags rise, and whoever the rules want for that besides is sent.

Invariant: a call can only raise. What an operator has lowered stays so unless the call itself says otherwise.
"""

from dataclasses import replace

from dispatch.domain.alerting import known_of
from dispatch.domain.incident import SEVERITIES, URGENCIES
from dispatch.domain.intake import Opening, requirement_data, stage_row
from dispatch.domain.routing import Plan, Staged, excluded_kinds, is_released, merge_requirements
from dispatch.domain.rows import IncidentRow, parse_instant
from dispatch.domain.ruleset import Requirement
from dispatch.operations.alerting import alert_again
from dispatch.operations.course import Course, course_of, facts_now
from dispatch.operations.edit import Edit
from dispatch.operations.reinforce import hurry, next_slot
from dispatch.operations.stages import Demand, send
from dispatch.storage.work import write_further


async def raise_by_call(edit: Edit, opening: Opening) -> None:
    """Take over what a joining call knows to be worse, and send for it."""
    before, known = level_of(edit.incident), known_of(edit.incident)
    _take_over(edit.incident, opening)
    after = level_of(edit.incident)
    if before != after:
        edit.tell("incident.updated", before=before, after=after, reason="call_joined", call_id=opening.call_id)
    if before["urgency"] != after["urgency"]:
        hurry(edit)
    await alert_again(edit, known)
    another = opening.report.incident_type != edit.incident["incident_type"]
    if before != after or another:
        await send_further(edit, (edit.incident["incident_type"], opening.report.incident_type))


def level_of(incident: IncidentRow) -> dict[str, object]:
    """Take down an incident's level and tags as they stand, to tell what they were before a change."""
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


async def send_further(edit: Edit, incident_types: tuple[str, ...]) -> None:
    """Send the kinds that the rules want for what is known now and did not want before; none are sent twice.

    What a rule of the incident forbids stays forbidden; who is held back is held back. Larger numbers of a kind that
    was wanted already are left to the desk.
    """
    course = await course_of(edit)
    found: list[Requirement] = []
    for incident_type in dict.fromkeys(incident_types):
        matched = course.ruleset.matching({**facts_now(edit, course), "incident_type": incident_type})
        course.excluded |= excluded_kinds(matched)
        found += merge_requirements(matched)
    known = {requirement.pool for requirement in course.requirements}
    for requirement in found:
        if requirement.pool not in known and requirement.unit_kind not in course.excluded:
            known.add(requirement.pool)
            role = "support" if requirement.role == "lead" else requirement.role
            course.requirements.append(replace(requirement, role=role))
            await _demand(edit, course, len(course.requirements) - 1)
    further = [requirement_data(requirement) for requirement in course.requirements[course.decided :]]
    if further:
        await write_further(edit.connection, edit.incident["id"], further)


async def _demand(edit: Edit, course: Course, number: int) -> None:
    requirement, slot = course.requirements[number], next_slot(edit)
    slots = list(range(slot, slot + requirement.count))
    mandatory = requirement.mandatory and requirement.role != "notify"
    trigger = requirement.release
    if trigger is None or is_released(trigger, facts_now(edit, course)):
        await send(edit, course, Demand(number, slots, mandatory))
        return
    version = edit.context.knowledge.directory.version
    plan = Plan(course.ruleset.version, version, (), tuple(course.requirements), course.facts)
    opened_at = parse_instant(edit.incident["opened_at"])
    stage = stage_row(Staged("send", number, tuple(slots), trigger), plan, opened_at=opened_at)
    edit.incident["stages"] = [*edit.incident["stages"], stage]
