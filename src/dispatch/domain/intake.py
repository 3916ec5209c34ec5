"""From a decided call to rows: the incident, its assignments with their clocks, the decision to be kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dispatch.domain.actor import Actor
from dispatch.domain.assignment import lead_unit_id
from dispatch.domain.call import CallReport, Where
from dispatch.domain.clock_profile import ClockProfile, Deadlines, deadlines
from dispatch.domain.condition import ConditionResult
from dispatch.domain.decision_input import facts_data
from dispatch.domain.directory import Directory, IncidentType, Place
from dispatch.domain.events import Event
from dispatch.domain.ids import NewId
from dispatch.domain.ladder import Reach, everybody
from dispatch.domain.routing import Plan, Planned, Staged, excluded_kinds
from dispatch.domain.rows import AssignmentRow, ChangeRow, IncidentRow, LinkData, ShortfallData, StageData, instant
from dispatch.domain.rule import Requirement
from dispatch.domain.rule import requirement_data as rule_requirement_data
from dispatch.domain.trigger import instant_or_none, trigger_data

NUMBER_MARK: Final = "@number@"
"""Stands for the incident's number until the statement has drawn the serial."""
URGENCY_RANK: Final = {"critical": 0, "urgent": 1, "normal": 2, "routine": 3}


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything that is needed to write a new incident, beside the plan. `is_there`: which units have a console."""

    report: CallReport
    where: Where
    kind: IncidentType
    profile: ClockProfile
    actor: Actor
    now: datetime
    call_id: str
    links: tuple[LinkData, ...] = ()
    is_there: Callable[[str], bool] = everybody

    @property
    def urgency(self) -> str:
        """Give the urgency as reported, else the type's."""
        return self.report.urgency or self.kind.urgency

    @property
    def severity(self) -> str:
        """Give the severity as reported, else the type's."""
        return self.report.severity or self.kind.severity


def open_incident(opening: Opening, plan: Plan, *, new_id: NewId, directory: Directory) -> ChangeRow:
    """Build the change that opens an incident: one incident, its assignments, one event each.

    The number is a mark: the statement that writes the incident draws it.
    """
    incident_id = str(new_id())
    area_class = directory.area_class(opening.where.division_code)
    reach = Reach(directory.content.ladders, opening.urgency, opening.is_there)
    usual = Clocks(opening.profile, area_class, opening.now, reach)
    own = {r.clocks: usual.with_profile(r.clocks, directory) for r in plan.requirements if r.clocks}
    assignments = [
        issue(planned, incident_id=incident_id, new_id=new_id, clocks=own.get(requirement.clocks or "", usual))
        for planned in plan.planned
        for requirement in (plan.requirements[planned.requirement],)
    ]
    incident = _incident_row(opening, plan, incident_id=incident_id)
    incident["area_class"] = area_class
    incident["stages"] = [stage_row(staged, plan, opened_at=opening.now) for staged in plan.stages]
    incident["unit_ids"] = [row["unit_id"] for row in assignments]
    incident["lead_unit_id"] = lead_unit_id(assignments)
    events = [Event(str(new_id()), "incident.opened", facts={"call_id": opening.call_id})]
    if opening.links:
        events.append(Event(str(new_id()), "incident.linked", facts={"links": incident["links"]}))
    events += [Event(str(new_id()), "assignment.issued", row["id"]) for row in assignments]
    if incident["shortfalls"]:
        events.append(Event(str(new_id()), "shortfall.raised", facts={"shortfalls": incident["shortfalls"]}))
    return {
        "incident": incident,
        "assignments": assignments,
        "events": [event.data() for event in events],
        "unit": None,
        "occurred_at": instant(opening.now),
        "recorded_at": instant(opening.now),
    }


@dataclass(frozen=True, slots=True)
class Clocks:
    """What the deadlines of an assignment follow from; computed once for all units that share them."""

    profile: ClockProfile
    area_class: str
    issued: datetime
    reach: Reach = field(default_factory=Reach)
    _known: dict[tuple[bool, str], Deadlines] = field(default_factory=dict)

    def with_profile(self, name: str, directory: Directory) -> "Clocks":
        """Give the clocks of another profile; a name that the directory lost leaves the usual ones."""
        profile = directory.content.clock_profiles.get(name, self.profile)
        return Clocks(profile, self.area_class, self.issued, self.reach)

    def for_unit(self, agency: str, role: str) -> Deadlines:
        """Give the deadlines of a unit of an agency in a role."""
        ladder = self.reach.ladder(agency)
        key = (role == "notify", ladder.code)
        if key not in self._known:
            profile = ladder.clocks(self.profile)
            self._known[key] = deadlines(profile, role=role, area_class=self.area_class, issued=self.issued)
        return self._known[key]


def issue(planned: Planned, *, incident_id: str, new_id: NewId, clocks: Clocks) -> AssignmentRow:
    """Build one assignment. Where no console is there to show it, the unit is reached another way at once."""
    limits = clocks.for_unit(planned.unit.agency, planned.role)
    unseen = planned.on_call or not clocks.reach.is_there(planned.unit.id)
    return {
        "id": str(new_id()),
        "incident_id": incident_id,
        "unit_id": planned.unit.id,
        "role": planned.role,
        "mandatory": planned.mandatory,
        "slot": planned.slot,
        "status": "issued",
        "version": 1,
        "selection": _selection(planned),
        "issued_at": instant(clocks.issued),
        "deliver_by": instant(clocks.issued) if unseen else limits.deliver_by,
        "urge_by": limits.urge_by,
        "acknowledge_by": limits.acknowledge_by,
        "depart_by": limits.depart_by,
        "arrive_by": limits.arrive_by,
        "feedback_by": limits.feedback_by,
        "close_by": limits.close_by,
        "delivered_at": None,
        "seen_at": None,
        "acknowledged_at": None,
        "en_route_at": None,
        "on_scene_at": None,
        "fed_back_at": None,
        "completed_at": None,
        "ended_at": None,
        "excused_at": None,
        "steps_done": [],
        "reason": None,
        "feedback": None,
        "backup_for": None,
        "min_ack_revision": 1,
        "acknowledged_revision": None,
        "change_by": None,
        "updated_by": "routing",
    }


def _selection(planned: Planned) -> dict[str, object]:
    return {
        "code": planned.code,
        "distance_m": planned.candidate.distance_m,
        "rank": planned.rank,
        "substitute_for": planned.substitute_for,
        "on_call": planned.on_call,
        "backup_for": None,
        "requirement": planned.requirement,
        "offer": planned.offer,
    }


def stage_row(staged: Staged, plan: Plan, *, opened_at: datetime) -> StageData:
    """Build what the incident remembers of units that are held back."""
    requirement = plan.requirements[staged.requirement]
    return {
        "action": staged.action,
        "requirement": staged.requirement,
        "unit_kind": requirement.pool,
        "role": requirement.role if staged.action == "send" else "lead",
        "slots": list(staged.slots),
        "mandatory": requirement.mandatory and requirement.role != "notify",
        "trigger": trigger_data(staged.trigger) or {},
        "due_at": instant_or_none(staged.trigger.due_at(opened_at)),
    }


def _incident_row(opening: Opening, plan: Plan, *, incident_id: str) -> IncidentRow:
    report, place = opening.report, opening.where.place
    return {
        "id": incident_id,
        "number": NUMBER_MARK,
        "source_id": report.source_id,
        "source_reference": report.source_reference,
        "version": 1,
        "status": "dispatched" if any(planned.role != "notify" for planned in plan.planned) else "received",
        "incident_type": report.incident_type,
        "channel": report.channel,
        "place": place_data(place),
        "place_id": None if place is None else place.id,
        "location": report.location,
        "division_code": opening.where.division_code,
        "area_class": "urban",
        "address": report.address or (place.address if place else None),
        "description": report.description,
        "caller": report.caller,
        "severity": opening.severity,
        "urgency": opening.urgency,
        "tags": list(dict.fromkeys((*report.tags, *opening.where.doubts))),
        "exercise": report.exercise,
        "sensitive": opening.kind.sensitive,
        "disclosed": False,
        "device_id": report.device_id,
        "call_count": 1,
        "shortfalls": [_shortfall(entry.slot, entry.unit_kind, entry.role, entry.reason) for entry in plan.shortfalls],
        "pending_slots": pending_slots(plan),
        "stages": [],
        "links": list(opening.links),
        "unit_ids": [],
        "lead_unit_id": None,
        "revision": 1,
        "settled_version": 1,
        "opened_at": instant(opening.now),
        "closed_at": None,
        "disposition": None,
        "merged_into": None,
        "updated_by": opening.actor.name,
    }


def place_data(place: Place | None) -> dict[str, object] | None:
    """Write a registered place down as an incident keeps it."""
    if place is None:
        return None
    return {
        "id": place.id,
        "kind": place.kind,
        "name": place.name,
        "name_en": place.name_en,
        "address": place.address,
    }


def _shortfall(slot: int, unit_kind: str, role: str, reason: str) -> ShortfallData:
    return {"slot": slot, "unit_kind": unit_kind, "role": role, "reason": reason, "count": 1}


def pending_slots(plan: Plan) -> list[int]:
    """List the places of the plan that must be done before the incident may close."""
    filled = [entry.slot for entry in plan.planned if entry.mandatory or entry.role == "lead"]
    unfilled = [entry.slot for entry in plan.shortfalls if entry.mandatory and entry.role != "notify"]
    certain = [slot for staged in plan.stages if staged.trigger.is_certain for slot in staged.slots]
    return sorted({*filled, *unfilled, *certain})


def call_row(opening: Opening, *, incident_id: str) -> dict[str, object]:
    """Build the call's own row: what was said, kept as it came."""
    report = opening.report
    return {
        "id": opening.call_id,
        "incident_id": incident_id,
        "channel": report.channel,
        "device_id": report.device_id,
        "source_id": report.source_id,
        "outcome": "opened",
        "body": {
            "incident_type": report.incident_type,
            "place_id": report.place_id,
            "location": report.location,
            "division_code": report.division_code,
            "address": report.address,
            "description": report.description,
            "caller": report.caller,
            "source_reference": report.source_reference,
        },
        "occurred_at": None if report.occurred_at is None else instant(report.occurred_at),
        "recorded_at": instant(opening.now),
    }


def requirement_data(requirement: Requirement) -> dict[str, object]:
    """Write a requirement down as the decision keeps it: `required_count`, beside what was filled."""
    data = rule_requirement_data(requirement)
    return {"required_count": data.pop("count"), **data}


def decision_data(plan: Plan, assignment_ids: Sequence[str], decided_at: str) -> dict[str, object]:
    """Write the decision down: what matched and why, who was looked at, what is missing, on which versions.

    `assignment_ids` are those of the planned units, in the plan's order.
    """
    by_requirement: dict[int, list[str]] = {}
    for planned, assignment_id in zip(plan.planned, assignment_ids, strict=True):
        by_requirement.setdefault(planned.requirement, []).append(assignment_id)
    return {
        "ruleset_version": plan.ruleset_version,
        "directory_version": plan.directory_version,
        "decided_at": decided_at,
        "facts": facts_data(plan.facts),
        "matched": [
            {
                "rule": rule.id,
                "name": {"zh": rule.name_zh, "en": rule.name_en},
                "conditions": [_condition(line) for line in conditions],
            }
            for rule, conditions in plan.conditions()
        ],
        "excluded": sorted(excluded_kinds(plan.matched)),
        "requirements": [
            {
                **requirement_data(requirement),
                "filled": by_requirement.get(number, []),
                "shortfall": _requirement_shortfall(plan, number),
            }
            for number, requirement in enumerate(plan.requirements)
        ],
        "considered": [
            {
                "unit_id": entry.candidate.unit.id,
                "requirement": entry.candidate.requirement,
                "rank": entry.rank,
                "outcome": entry.outcome,
                "reason": entry.reason,
                "distance_m": entry.candidate.distance_m,
                "position_age_s": entry.candidate.position_age_s,
                "load": entry.candidate.load,
            }
            for entry in plan.considered
        ],
    }


def _condition(line: ConditionResult) -> dict[str, object]:
    value = list(line.value) if isinstance(line.value, tuple) else line.value
    return {"text": line.text, "value": value, "met": line.met}


def _requirement_shortfall(plan: Plan, number: int) -> dict[str, object] | None:
    missing = [entry for entry in plan.shortfalls if entry.requirement == number]
    return {"reason": missing[0].reason, "count": len(missing)} if missing else None
