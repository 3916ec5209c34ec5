"""The public shape of incidents, assignments and units: rows in, what consoles and integrators see out.

One shape for HTTP answers, snapshots and live frames. Unit names come from the directory in memory.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Protocol, cast

from dispatch.domain.disclosure import is_sensitive, row_without_words
from dispatch.domain.escalation import overdue
from dispatch.domain.rows import AssignmentRow, IncidentRow, LinkData, instant
from dispatch.domain.unit import Unit, UnitState

Json = dict[str, object]

_INCIDENT_FIELDS = (
    "id",
    "number",
    "source_reference",
    "version",
    "status",
    "incident_type",
    "channel",
    "place",
    "location",
    "division_code",
    "area_class",
    "address",
    "severity",
    "urgency",
    "tags",
    "exercise",
    "device_id",
    "call_count",
    "revision",
    "shortfalls",
    "stages",
    "opened_at",
    "closed_at",
    "disposition",
    "merged_into",
    "updated_by",
)
_ASSIGNMENT_FIELDS = (
    "id",
    "incident_id",
    "role",
    "mandatory",
    "slot",
    "status",
    "version",
    "selection",
    "issued_at",
    "deliver_by",
    "urge_by",
    "acknowledge_by",
    "depart_by",
    "arrive_by",
    "feedback_by",
    "close_by",
    "delivered_at",
    "seen_at",
    "acknowledged_at",
    "en_route_at",
    "on_scene_at",
    "fed_back_at",
    "completed_at",
    "ended_at",
    "excused_at",
    "steps_done",
    "reason",
    "feedback",
    "backup_for",
    "min_ack_revision",
    "acknowledged_revision",
    "change_by",
    "updated_by",
)


_of_incident = itemgetter(*_INCIDENT_FIELDS)
_of_assignment = itemgetter(*_ASSIGNMENT_FIELDS)
_BEFORE_REVISIONS: Json = {"revision": 1, "min_ack_revision": 1, "acknowledged_revision": None, "change_by": None}
"""What a change says that was written before there were revisions."""


def _with_revisions(row: Json) -> Json:
    return row if "min_ack_revision" in row or "settled_version" in row else {**_BEFORE_REVISIONS, **row}


class UnitNames(Protocol):
    """Anything that knows units by id."""

    units: Mapping[str, Unit]


def unit_view(unit_id: str, names: UnitNames) -> Json:
    """Name a unit; one that left the directory keeps its id."""
    unit = names.units.get(unit_id)
    if unit is None:
        return {"id": unit_id, "code": None, "name": None, "name_en": None, "kind": None, "agency": None}
    return {
        "id": unit.id,
        "code": unit.code,
        "name": unit.name,
        "name_en": unit.name_en,
        "kind": unit.kind,
        "agency": unit.agency,
    }


def assignment_view(row: AssignmentRow, names: UnitNames, now: datetime | None = None, *, words: bool = True) -> Json:
    """Shape an assignment; `overdue` needs the instant at which it is looked at. Without `words` none are shown."""
    row = row if words else row_without_words(row)
    known = _with_revisions(cast("Json", row))
    view: Json = dict(zip(_ASSIGNMENT_FIELDS, _of_assignment(known), strict=True))
    view["unit"] = unit_view(row["unit_id"], names)
    view["overdue"] = [] if now is None else overdue(row, now)
    return view


def incident_view(
    row: IncidentRow, assignments: Iterable[Json], *, details: bool, links: Iterable[LinkData] = ()
) -> Json:
    """Shape an incident; without `details` its description and caller are withheld and said to be (`restricted`).

    It is `confidential` while they are withheld from units that neither lead nor need them. `links` are those whose
    incidents the reader may see.
    """
    known = _with_revisions(cast("Json", row))
    view: Json = dict(zip(_INCIDENT_FIELDS, _of_incident(known), strict=True))
    view["description"] = row["description"] if details else None
    view["caller"] = row["caller"] if details else None
    view["restricted"] = not details
    view["confidential"] = is_sensitive(row)
    view["links"] = list(links)
    view["assignments"] = list(assignments)
    return view


def unit_state_view(unit: Unit, state: UnitState, names: UnitNames, *, on_duty: bool) -> Json:
    """Shape a unit with its duty and position. Whether it is busy follows from the assignments, not from here."""
    position, at = state.position, state.position_at
    return {
        **unit_view(unit.id, names),
        "division_code": unit.division_code,
        "status": "available" if on_duty else ("off_duty" if state.duty == "available" else state.duty),
        "duty": state.duty,
        "version": state.version,
        "committed_to": state.committed_to,
        "position": None if position is None else {"longitude": position.longitude, "latitude": position.latitude},
        "position_at": None if at is None else instant(at),
    }
