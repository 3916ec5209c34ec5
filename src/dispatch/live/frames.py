"""Frames of a change: each event is encoded once per kind of reader, all sockets share the bytes.

Later events of an incident leave description and caller out: they were said when it opened.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import orjson

from dispatch.domain.directory import Directory
from dispatch.domain.disclosure import may_read_details
from dispatch.domain.events import EventData
from dispatch.domain.rows import AssignmentRow, ChangeRow, IncidentRow
from dispatch.domain.wire import assignment_view, incident_view

Variant = Literal["full", "restricted", "light"]
_TELLS_DETAILS = frozenset({"incident.opened", "assignment.issued", "incident.lead_changed"})


@dataclass(slots=True)
class Frames:
    """The frames of one change, encoded when first wanted."""

    change: ChangeRow
    directory: Directory
    cursor: str
    _made: dict[tuple[int, Variant], str] = field(default_factory=dict)
    _assignments: dict[str, orjson.Fragment] = field(default_factory=dict)
    _incidents: dict[Variant, orjson.Fragment] = field(default_factory=dict)

    def for_desk(self) -> Iterator[str]:
        """Give every event, with everything that is known."""
        for index, event in enumerate(self.change["events"]):
            yield self._frame(index, event, "full" if event["event"] in _TELLS_DETAILS else "light")

    def for_screen(self) -> Iterator[str]:
        """Give every event without personal data: walls and devices."""
        for index, event in enumerate(self.change["events"]):
            yield self._frame(index, event, "restricted" if event["event"] in _TELLS_DETAILS else "light")

    def for_unit(self, unit_id: str) -> Iterator[str]:
        """Give the events of an incident that a unit is on; of issued assignments only its own."""
        own = [row for row in self.change["assignments"] if row["unit_id"] == unit_id]
        own_ids = {row["id"] for row in own}
        for index, event in enumerate(self.change["events"]):
            if event["event"] == "incident.opened":
                continue
            if event["event"] == "assignment.issued" and event["assignment_id"] not in own_ids:
                continue
            yield self._frame(index, event, self._variant(event, own))

    def _variant(self, event: EventData, own: list[AssignmentRow]) -> Variant:
        incident = self.change["incident"]
        if event["event"] not in _TELLS_DETAILS or incident is None or not own:
            return "light"
        unit = self.directory.units.get(own[0]["unit_id"])
        sensitive = unit is not None and unit.sensitive
        role = "lead" if any(row["role"] == "lead" for row in own) else own[0]["role"]
        return "full" if may_read_details(incident, role=role, kind_is_sensitive=sensitive) else "restricted"

    def _frame(self, index: int, event: EventData, variant: Variant) -> str:
        made = self._made.get((index, variant))
        if made is None:
            made = self._made[index, variant] = orjson.dumps(self._content(event, variant)).decode()
        return made

    def _content(self, event: EventData, variant: Variant) -> dict[str, object]:
        content: dict[str, object] = {
            "type": "event",
            "event_id": event["event_id"],
            "cursor": self.cursor,
            "event": event["event"],
            "occurred_at": self.change["occurred_at"],
            "facts": event["facts"],
        }
        if self.change["incident"] is not None:
            content["incident"] = self._incident(self.change["incident"], variant)
            assignment_id = event["assignment_id"]
            content["assignment"] = None if assignment_id is None else self._assignment(assignment_id)
        if self.change["unit"] is not None:
            content["unit"] = self.change["unit"]
        return content

    def _incident(self, incident: IncidentRow, variant: Variant) -> orjson.Fragment:
        made = self._incidents.get(variant)
        if made is None:
            view = incident_view(incident, (), details=variant == "full")
            view["assignments"] = [self._assignment(row["id"]) for row in self.change["assignments"]]
            if variant == "light":
                for key in ("description", "caller", "restricted"):
                    del view[key]
            made = self._incidents[variant] = orjson.Fragment(orjson.dumps(view))
        return made

    def _assignment(self, assignment_id: str) -> orjson.Fragment | None:
        made = self._assignments.get(assignment_id)
        if made is None:
            row = next((row for row in self.change["assignments"] if row["id"] == assignment_id), None)
            if row is None:
                return None
            made = self._assignments[assignment_id] = orjson.Fragment(
                orjson.dumps(assignment_view(row, self.directory))
            )
        return made
