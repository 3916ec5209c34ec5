"""The kit for the hours without the service: what is open, who is on it, whom to call. Pure, over rows and directory.

Whoever opens it has nothing else: numbers are spelt out, names stand beside codes, instants are local.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch.domain.assignment import OPEN
from dispatch.domain.directory import Directory, States
from dispatch.domain.mode import response_at
from dispatch.domain.reasons import SHORT
from dispatch.domain.rows import AssignmentRow, IncidentRow, parse_instant
from dispatch.domain.unit import Unit, is_on_duty
from dispatch.domain.words import TAG_WORDS, Words, kind_words, named, same

STEPS: Final = ("issued_at", "acknowledged_at", "en_route_at", "on_scene_at", "fed_back_at")
ROLE_ORDER: Final = {"lead": 0, "support": 1, "notify": 2}
STATUS_WORDS: Final = {
    "received": Words("已接警", "received"),
    "dispatched": Words("已派警", "dispatched"),
    "in_progress": Words("处置中", "in progress"),
    "resolved": Words("已反馈", "resolved"),
    "suspended": Words("已挂起", "suspended"),
    "issued": Words("已下发", "issued"),
    "delivered": Words("已送达", "delivered"),
    "acknowledged": Words("已签收", "acknowledged"),
    "en_route": Words("已出发", "en route"),
    "on_scene": Words("已到场", "on scene"),
}
URGENCY_WORDS: Final = {
    "critical": Words("特急", "critical"),
    "urgent": Words("紧急", "urgent"),
    "normal": Words("一般", "normal"),
    "routine": Words("常规", "routine"),
}


@dataclass(frozen=True, slots=True)
class KitUnit:
    """A unit, how it is, and who answers its telephone."""

    code: str
    name: Words
    kind: Words
    division_code: str
    division: Words
    on_duty: bool
    duty: Words
    phone: str
    on_call: str
    on_call_phone: str
    busy_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KitTask:
    """One unit's open task: `steps` are the local instants of STEPS, None where the stamp is missing."""

    number: str
    unit_code: str
    unit: Words
    role: str
    status: str
    phone: str
    on_call_phone: str
    steps: tuple[datetime | None, ...]


@dataclass(frozen=True, slots=True)
class KitIncident:
    """An open incident with its tasks, the lead first."""

    number: str
    kind: Words
    status: str
    urgency: str
    severity: str
    exercise: str
    opened: datetime
    division: Words
    place: Words
    address: str
    point: str
    description: str
    caller: str
    caller_phone: str
    tags: tuple[Words, ...]
    gaps: tuple[Words, ...]
    tasks: tuple[KitTask, ...]


@dataclass(frozen=True, slots=True)
class Kit:
    """Everything in it, as of one instant. `left_out` incidents were too many; one made by hand is not `renewed`."""

    made: datetime
    made_by: str
    incidents: tuple[KitIncident, ...]
    units: tuple[KitUnit, ...]
    left_out: int = 0
    renewed: bool = True
    seal: str = ""
    """The newest seal of the audit trail: on paper it proves later that nothing before it was rewritten."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rows are read with: `local` is now, in local time; `responses` are the modes that stand."""

    directory: Directory
    states: States
    local: datetime
    responses: dict[str, str]

    def clock(self, text: str | None) -> datetime | None:
        """Turn an instant into local time."""
        return None if text is None else parse_instant(text).astimezone(self.local.tzinfo)


def kit_incident(row: IncidentRow, assignments: Iterable[AssignmentRow], around: Surroundings) -> KitIncident:
    """Shape an incident: with what was said, because whoever goes on by telephone needs it."""
    kind = around.directory.content.incident_types.get(row["incident_type"])
    place, caller, point = row["place"] or {}, row["caller"] or {}, row["location"]
    tasks = sorted(
        (_task(row["number"], one, around) for one in assignments if one["status"] in OPEN),
        key=lambda task: (ROLE_ORDER.get(task.role, len(ROLE_ORDER)), task.unit_code),
    )
    return KitIncident(
        number=row["number"],
        kind=same(row["incident_type"]) if kind is None else Words(kind.name, kind.name_en),
        status=row["status"],
        urgency=row["urgency"],
        severity=row["severity"],
        exercise=row["exercise"],
        opened=parse_instant(row["opened_at"]).astimezone(around.local.tzinfo),
        division=division_words(row["division_code"], around.directory),
        place=Words(str(place.get("name") or ""), str(place.get("name_en") or "")),
        address=row["address"] or "",
        point="" if point is None else f"{point['wgs84']['longitude']:.5f}, {point['wgs84']['latitude']:.5f}",
        description=row["description"] or "",
        caller=str(caller.get("name") or ""),
        caller_phone=str(caller.get("phone") or ""),
        tags=tuple(named(TAG_WORDS, tag) for tag in row["tags"]),
        gaps=tuple(_gap(gap["unit_kind"], gap["reason"], around.directory) for gap in row["shortfalls"]),
        tasks=tuple(tasks),
    )


def _gap(unit_kind: str, reason: str, directory: Directory) -> Words:
    kind, why = kind_words(unit_kind, directory), named(SHORT, reason)
    return Words(f"{kind.zh}：{why.zh}", f"{kind.en}: {why.en}")


def _task(number: str, row: AssignmentRow, around: Surroundings) -> KitTask:
    unit = around.directory.units.get(row["unit_id"])
    return KitTask(
        number=number,
        unit_code=row["unit_id"] if unit is None else unit.code,
        unit=same(row["unit_id"]) if unit is None else Words(unit.name, unit.name_en),
        role=row["role"],
        status=row["status"],
        phone=(unit and unit.phone) or "",
        on_call_phone=unit.on_call.phone if unit and unit.on_call else "",
        steps=tuple(around.clock(row[step]) for step in STEPS),
    )


def kit_units(incidents: Sequence[KitIncident], around: Surroundings) -> tuple[KitUnit, ...]:
    """Shape all units, by division: on duty or not, and what they are busy with."""
    busy: dict[str, list[str]] = {}
    for task in (task for incident in incidents for task in incident.tasks if task.role != "notify"):
        busy.setdefault(task.unit_code, []).append(task.number)
    units = sorted(around.directory.units.values(), key=lambda unit: (unit.division_code, unit.kind, unit.code))
    return tuple(_unit(unit, tuple(busy.get(unit.code, ())), around) for unit in units)


def _unit(unit: Unit, busy_with: tuple[str, ...], around: Surroundings) -> KitUnit:
    state, directory = around.states.of(unit.id), around.directory
    response = response_at(directory.chain(unit.division_code), around.responses)
    on_duty = is_on_duty(unit, state, around.local, response=response)
    off = Words("停用", "out of service") if state.duty == "out_of_service" else Words("不在班", "off duty")
    return KitUnit(
        code=unit.code,
        name=Words(unit.name, unit.name_en),
        kind=kind_words(unit.kind, directory),
        division_code=unit.division_code,
        division=division_words(unit.division_code, directory),
        on_duty=on_duty,
        duty=Words("在班", "on duty") if on_duty else off,
        phone=unit.phone or "",
        on_call=unit.on_call.name if unit.on_call else "",
        on_call_phone=unit.on_call.phone if unit.on_call else "",
        busy_with=busy_with,
    )


def division_words(code: str, directory: Directory) -> Words:
    """Name a division with those around it, the widest first; the city itself goes without saying."""
    known = [directory.content.divisions[c] for c in directory.chain(code) if c in directory.content.divisions]
    named_ones = list(reversed(known))
    shown = named_ones[1:] or named_ones
    return Words("".join(d.name for d in shown), ", ".join(d.name_en for d in reversed(shown))) if shown else same(code)
