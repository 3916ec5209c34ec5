"""Adding a unit to an incident under edit: the next suitable one, one named by hand, the superior to be told."""

from dataclasses import dataclass

from dispatch.domain.assignment import SILENT
from dispatch.domain.candidate import Candidate, Request, Search
from dispatch.domain.directory import Directory
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.intake import Clocks, issue
from dispatch.domain.routing import Planned
from dispatch.domain.rows import AssignmentRow, IncidentRow
from dispatch.domain.ruleset import Requirement
from dispatch.domain.unit import Unit
from dispatch.operations.edit import Edit

TAKEN_BACK = frozenset({"not_moving", "went_off_duty", "gone_silent"})
"""Why a unit that has acknowledged is not counted on any longer."""


@dataclass(frozen=True, slots=True)
class Named:
    """A unit that a person or the ladder names, and its part in the plan."""

    unit: Unit
    role: str
    mandatory: bool
    slot: int
    code: str


def promote_backup(edit: Edit, left: AssignmentRow) -> bool:
    """Let the unit that stands in for a lead that left take the lead; False when there is none or nobody led."""
    if left["role"] != "lead" or any(row["role"] == "lead" for row in edit.open_assignments()):
        return False
    standing_in = [row for row in edit.open_assignments() if row["slot"] == left["slot"] and row["role"] == "support"]
    successor = min(standing_in, key=lambda row: (row["acknowledged_at"] is None, row["issued_at"]), default=None)
    if successor is None:
        return False
    successor["role"] = "lead"
    edit.touch(successor)
    edit.tell("incident.lead_changed", successor["id"], previous=left["id"], reason="lead_left")
    return True


def raise_gap(edit: Edit, row: AssignmentRow, reason: str) -> None:
    """Sound the alarm for the place of a unit that left or stays silent."""
    unit = edit.context.knowledge.directory.units.get(row["unit_id"])
    edit.raise_shortfall(row["slot"], unit.kind if unit else "unknown", row["role"], reason)


def take_back(edit: Edit, row: AssignmentRow, reason: str) -> None:
    """Take a task back to the desk: the unit keeps it and may still come, but its place counts as a gap, aloud."""
    if "reopened" not in row["steps_done"]:
        row["steps_done"] = [*row["steps_done"], "reopened"]
    edit.touch(row)
    edit.tell("assignment.reopened", row["id"], reason=reason, attention="shift_leader")
    raise_gap(edit, row, reason)


def give_back(edit: Edit) -> None:
    """Close the gaps of units that were taken for lost, are on duty and have moved since: they may be lost again."""
    states = edit.context.knowledge.states
    moved = {
        row["slot"]: row
        for row in edit.open_assignments()
        if row["status"] in {"en_route", "on_scene"} and states.of(row["unit_id"]).duty == "available"
    }
    for gap in list(edit.incident["shortfalls"]):
        if gap["reason"] in TAKEN_BACK and gap["slot"] in moved:
            edit.fill_shortfall(gap["slot"])
            row = moved[gap["slot"]]
            row["steps_done"] = [step for step in row["steps_done"] if step != "reopened"]
            edit.touch(row)


def add_named(edit: Edit, named: Named) -> AssignmentRow:
    """Add a unit that is named."""
    unit = named.unit
    point = where(edit.incident, edit.context.knowledge.directory)
    away = None if point is None else round(distance_m(unit.point, point), 1)
    candidate = Candidate(unit, 0, 0, away, None, 0, None, None, named.code)
    planned = Planned(unit, named.role, named.mandatory, named.slot, 0, candidate, 1, named.code)
    row = issue(planned, incident_id=edit.incident["id"], new_id=edit.context.new_id, clocks=clocks_of(edit))
    row["selection"]["requirement"] = None
    edit.add(row)
    return row


def next_slot(edit: Edit) -> int:
    """Give the first free place number of the plan."""
    used = [row["slot"] for row in edit.assignments] + [gap["slot"] for gap in edit.incident["shortfalls"]]
    used += [slot for stage in edit.incident["stages"] for slot in stage["slots"]]
    return max(used, default=-1) + 1


def where(incident: IncidentRow, directory: Directory) -> Point | None:
    """Give the best known point of an incident."""
    if incident["location"] is not None:
        given = incident["location"]["wgs84"]
        return Point(given["longitude"], given["latitude"])
    place = directory.content.places.get(incident["place_id"] or "")
    return place.point if place else directory.division_point(incident["division_code"])


def search_for(edit: Edit, request: Request) -> Search:
    """Look for units among those that this process knows."""
    knowledge = edit.context.knowledge
    return Search(request, knowledge.directory, knowledge.states, request.excluded)


def clocks_for(edit: Edit, requirement: Requirement) -> Clocks:
    """Give the clocks of a unit that is sent now for a requirement."""
    clocks = clocks_of(edit)
    if requirement.clocks is None:
        return clocks
    return clocks.with_profile(requirement.clocks, edit.context.knowledge.directory)


def clocks_of(edit: Edit) -> Clocks:
    """Give the clocks that run for a unit that is sent, or hurried, now."""
    directory = edit.context.knowledge.directory
    kind = directory.content.incident_types[edit.incident["incident_type"]]
    profile = directory.clocks_of(kind, edit.incident["urgency"])
    return Clocks(profile, edit.incident["area_class"], edit.now, edit.reach)


def agency_of(edit: Edit, row: AssignmentRow) -> str:
    """Give the agency of an assignment's unit; a unit that left the directory has none."""
    unit = edit.context.knowledge.directory.units.get(row["unit_id"])
    return "" if unit is None else unit.agency


def hurry(edit: Edit) -> None:
    """Let the new urgency's clocks run from now for units that have not answered; a deadline only comes nearer."""
    clocks = clocks_of(edit)
    for row in edit.open_assignments():
        limits = clocks.for_unit(agency_of(edit, row), row["role"])
        if row["status"] in SILENT:
            row["urge_by"] = min(filter(None, (row["urge_by"], limits.urge_by)), default=None)
            row["acknowledge_by"] = min(filter(None, (row["acknowledge_by"], limits.acknowledge_by)), default=None)
            edit.touch(row)
        edit.arm(row)
