"""A paper record of the hours without the service becomes an incident with its true times.

What is over is written as over: nobody is told, nothing runs. What goes on is opened as it stands, and its clocks run
from now on: nobody is blamed for minutes in which nothing could be pressed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Final, cast

from dispatch.domain.assignment import EVENT, LEFT, OPEN, STAMP, Status, Verb, lead_unit_id
from dispatch.domain.candidate import Candidate
from dispatch.domain.directory import Directory
from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.events import Event, EventData, EventName
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.ids import NewId
from dispatch.domain.intake import Clocks, Opening, decision_data, issue, open_incident
from dispatch.domain.ladder import Reach
from dispatch.domain.routing import Plan, Planned
from dispatch.domain.rows import AssignmentRow, ChangeRow, IncidentRow, instant, parse_instant
from dispatch.domain.rule import Requirement
from dispatch.domain.unit import Unit, pools_of

CHANNEL: Final = "back_entry"
"""The mark that an incident keeps: entered from paper."""
STEPS_TOLD: Final = "steps"
"""The fact of the opening that holds what was written down of the units."""
STEPS: Final[tuple[Verb, ...]] = ("acknowledge", "depart", "arrive", "complete")
_AFTER: Final[dict[Verb, Status]] = {
    "acknowledge": "acknowledged",
    "depart": "en_route",
    "arrive": "on_scene",
    "complete": "completed",
}


@dataclass(frozen=True, slots=True)
class PaperUnit:
    """What one unit did, by the instants of STEPS; a step that is not written down is None."""

    unit: Unit
    role: str
    issued_at: datetime
    steps: tuple[datetime | None, ...]
    feedback: dict[str, object] | None

    @property
    def instants(self) -> list[datetime]:
        """List the instants that are written down, in the order of the steps."""
        return [self.issued_at, *(step for step in self.steps if step is not None)]

    @property
    def took_part(self) -> bool:
        """Say whether it did its part, once the incident is over: it went, it told how it was, or was only told."""
        went = any(self.steps[STEPS.index(verb)] is not None for verb in ("depart", "arrive", "complete"))
        return went or self.feedback is not None or self.role == "notify"


@dataclass(frozen=True, slots=True)
class Paper:
    """The record: its number, when it happened, who did what, and if it is over when and how."""

    number: str
    occurred_at: datetime
    units: tuple[PaperUnit, ...]
    ended_at: datetime | None
    disposition: str

    @property
    def crews_at_work(self) -> tuple[str, ...]:
        """List the units that can be in one place only and are there still."""
        if self.ended_at is not None:
            return ()
        at_work = (one for one in self.units if one.role != "notify" and one.steps[STEPS.index("complete")] is None)
        return tuple(one.unit.id for one in at_work if one.unit.exclusive)


def require_sense(paper: Paper, now: datetime) -> None:
    """Refuse instants that cannot be true, and more than one lead.

    Raises:
        InvalidRequestError: each fault at its place.
    """
    faults = tuple(_faults(paper, now))
    if faults:
        raise InvalidRequestError(faults)


def _faults(paper: Paper, now: datetime) -> Iterator[Fault]:
    last = now if paper.ended_at is None else paper.ended_at
    if paper.occurred_at > now:
        yield Fault("/occurred_at", "in_the_future", "a record tells of what has happened")
    if paper.ended_at is not None and not paper.occurred_at <= paper.ended_at <= now:
        yield Fault("/ended_at", "out_of_order", "it ended after it happened and before now")
    for index, entry in enumerate(paper.units):
        ordered = all(one <= other for one, other in pairwise([paper.occurred_at, *entry.instants, last]))
        if not ordered:
            yield Fault(f"/units/{index}", "out_of_order", "each step comes after the one before, before the end")
        if entry.unit.id in {other.unit.id for other in paper.units[:index]}:
            yield Fault(f"/units/{index}/unit_id", "repeated_unit", "one entry for each unit")
    if sum(entry.role == "lead" for entry in paper.units) > 1:
        yield Fault("/units", "second_lead", "one unit leads")


@dataclass(frozen=True, slots=True)
class Around:
    """What the rules demand of such a call, the directory, and fresh ids."""

    plan: Plan
    directory: Directory
    new_id: NewId


def enter(opening: Opening, paper: Paper, around: Around) -> ChangeRow:
    """Build the change: one incident with its true times. `opening.now` is when it is entered."""
    new_id = around.new_id
    change = open_incident(opening, around.plan, new_id=new_id, directory=around.directory)
    incident = cast("IncidentRow", change["incident"])
    reach = Reach(around.directory.content.ladders, opening.urgency, opening.is_there)
    clocks = Clocks(opening.profile, incident["area_class"], opening.now, reach)
    at = _At(incident["id"], clocks, opening.where.point, paper.ended_at)
    rows = [_assignment(entry, slot, at, new_id) for slot, entry in enumerate(paper.units)]
    incident |= {
        "source_reference": paper.number,
        "opened_at": instant(paper.occurred_at),
        "unit_ids": [row["unit_id"] for row in rows],
        "lead_unit_id": lead_unit_id(rows),
    }
    _settle(incident, rows, paper)
    facts = {"call_id": opening.call_id, "back_entry": True, "paper_number": paper.number}
    if paper.ended_at is not None:
        facts |= {"ended_at": instant(paper.ended_at), "disposition": paper.disposition}
    events = [Event(str(new_id()), "incident.opened", facts=facts | {STEPS_TOLD: _steps(rows, paper)})]
    if paper.ended_at is None:
        going_on = (row for row in rows if row["status"] in OPEN)
        events += [Event(str(new_id()), "assignment.issued", row["id"]) for row in going_on]
    if incident["shortfalls"]:
        events.append(Event(str(new_id()), "shortfall.raised", facts={"shortfalls": incident["shortfalls"]}))
    linked = [event for event in change["events"] if event["event"] == "incident.linked"]
    return {
        **change,
        "assignments": rows,
        "events": [events[0].data(), *linked, *(event.data() for event in events[1:])],
        "occurred_at": instant(paper.occurred_at),
    }


def _steps(rows: Sequence[AssignmentRow], paper: Paper) -> list[dict[str, object]]:
    """List what is written down beside the opening, as one fact of it: consoles would ring for events of their own."""
    stamps: tuple[tuple[str, EventName], ...] = (
        ("issued_at", "assignment.issued"),
        *((STAMP[verb], cast("EventName", EVENT[verb])) for verb in STEPS),
    )
    steps: list[dict[str, object]] = [
        {"at": at, "event": event, "assignment_id": row["id"]}
        for row in rows
        for stamp, event in stamps
        if (at := cast("dict[str, str | None]", row)[stamp]) is not None
    ]
    steps.sort(key=lambda step: parse_instant(cast("str", step["at"])))
    if paper.ended_at is not None:
        steps.append({"at": instant(paper.ended_at), "event": "incident.closed", "assignment_id": None})
    return steps


def in_order(events: Iterable[EventData], at: str) -> Iterator[tuple[str, EventData]]:
    """Give what a timeline tells of a change that happened at an instant; the steps of a paper record at their own."""
    steps: list[dict[str, str]] = []
    for event in events:
        if STEPS_TOLD in event["facts"]:
            steps = cast("list[dict[str, str]]", event["facts"][STEPS_TOLD])
            yield at, {**event, "facts": {key: fact for key, fact in event["facts"].items() if key != STEPS_TOLD}}
            facts = {key: event["facts"][key] for key in ("back_entry", "paper_number")}
            for step in steps:
                yield (
                    step["at"],
                    {**event, "event": step["event"], "assignment_id": step["assignment_id"], "facts": facts},
                )
        elif not steps or event["event"] != "assignment.issued":
            yield at, event


def demanded_by(plan: Plan) -> Plan:
    """Keep what the rules demand of such a call; who went was decided by people."""
    return Plan(plan.ruleset_version, plan.directory_version, plan.matched, plan.requirements, plan.facts)


def demands_again(plan: Plan, stored: Mapping[str, object]) -> dict[str, object]:
    """Write down what is demanded, decided again, with those who went as they are stored: people decided that."""
    again = decision_data(demanded_by(plan), (), str(stored["decided_at"]))
    demanded = cast("list[dict[str, object]]", again["requirements"])
    met = cast("list[dict[str, object]]", stored["requirements"])
    for requirement, known in zip(demanded, met, strict=False):
        requirement["filled"] = known["filled"]
    return again


@dataclass(frozen=True, slots=True)
class Placed:
    """The plan with those who went at their places, and their assignments in that order."""

    plan: Plan
    assignment_ids: tuple[str, ...]


def placed(plan: Plan, paper: Paper, rows: Sequence[AssignmentRow]) -> Placed:
    """Say which demand of the rules each unit met that went; who is more than was demanded meets none."""
    room = [requirement.count for requirement in plan.requirements]
    met: list[tuple[Planned, str]] = []
    for entry, row in zip(paper.units, rows, strict=True):
        fitting = (n for n, one in enumerate(plan.requirements) if room[n] and _meets(entry, one))
        number = min(fitting, key=lambda n: _nearness(entry, plan.requirements[n]), default=None)
        if number is not None and row["status"] not in LEFT:
            room[number] -= 1
            met.append((_planned(entry, row["slot"], None, number), row["id"]))
    return Placed(replace(plan, planned=[planned for planned, _ in met]), tuple(row_id for _, row_id in met))


def _meets(entry: PaperUnit, requirement: Requirement) -> bool:
    unit = entry.unit
    if requirement.units and unit.code not in requirement.units:
        return False
    if entry.role == "notify" and requirement.role != "notify":
        return False
    of_kind = requirement.pool in pools_of(unit) and requirement.capability in {None, *unit.capabilities}
    return of_kind or unit.kind in requirement.substitutes


def _nearness(entry: PaperUnit, requirement: Requirement) -> tuple[bool, bool]:
    return entry.role != requirement.role, requirement.pool not in pools_of(entry.unit)


def _planned(entry: PaperUnit, slot: int, away_m: float | None, requirement: int = 0) -> Planned:
    candidate = Candidate(entry.unit, requirement, 0, away_m, None, 0, None, None, "manual")
    return Planned(entry.unit, entry.role, entry.role == "lead", slot, requirement, candidate, 1, "manual")


def _settle(incident: IncidentRow, rows: Sequence[AssignmentRow], paper: Paper) -> None:
    """Say how the incident stands: over, or going on with a lead or the alarm that there is none."""
    if paper.ended_at is not None:
        incident |= {
            "status": "closed",
            "closed_at": instant(paper.ended_at),
            "disposition": paper.disposition,
            "links": [],
        }
        return
    acting = [row for row in rows if row["role"] != "notify"]
    begun = any(row["acknowledged_at"] is not None for row in acting)
    incident["status"] = "in_progress" if begun else "dispatched" if acting else "received"
    lead = next((row for row in rows if row["role"] == "lead" and row["status"] in OPEN), None)
    slot = len(rows) if lead is None else lead["slot"]
    incident["pending_slots"] = [slot]
    if lead is None:
        gap = {"slot": slot, "unit_kind": "unknown", "role": "lead", "reason": "no_candidates", "count": 1}
        incident["shortfalls"] = cast("list[object]", [gap])  # type: ignore[typeddict-item]


@dataclass(frozen=True, slots=True)
class _At:
    """Which incident, whose clocks run, where it is, and when it was over if it is."""

    incident_id: str
    clocks: Clocks
    point: Point | None
    ended_at: datetime | None


def _assignment(entry: PaperUnit, slot: int, at: _At, new_id: NewId) -> AssignmentRow:
    away = None if at.point is None else round(distance_m(entry.unit.point, at.point), 1)
    row = issue(_planned(entry, slot, away), incident_id=at.incident_id, new_id=new_id, clocks=at.clocks)
    row["selection"]["requirement"] = None
    row |= {"issued_at": instant(entry.issued_at), "updated_by": CHANNEL}
    completed = entry.steps[STEPS.index("complete")]
    for verb, moment in zip(STEPS, entry.steps, strict=True):
        if moment is not None:
            row[STAMP[verb]] = instant(moment)  # type: ignore[literal-required]
            row["status"] = _AFTER[verb]
    if row["acknowledged_at"] is not None:
        row["acknowledged_revision"] = row["min_ack_revision"]
    row["feedback"] = entry.feedback  # when it was given is not on paper
    over = completed or at.ended_at
    if over is not None:
        row["ended_at"] = instant(over)
        if completed is None:
            row |= {"status": "completed"} if entry.took_part else {"status": "revoked", "reason": "closed"}
    return row
