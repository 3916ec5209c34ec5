"""Frames of a change: each event is encoded once per kind of reader, all sockets share the bytes.

Later events of an incident leave description and caller out: they were said when it opened. What somebody wrote
(notes, reasons, feedback) is left out for those who may not read it, except of a unit's own task.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import orjson

from dispatch.domain.directory import Directory
from dispatch.domain.disclosure import (
    LINK_EVENTS,
    carries_words,
    facts_without_words,
    link_facts,
    links_in,
    links_told,
    may_read_details,
)
from dispatch.domain.events import EventData
from dispatch.domain.rows import ChangeRow, IncidentRow, LinkData
from dispatch.domain.wire import assignment_view, incident_view

_TELLS_DETAILS = frozenset({"incident.opened", "assignment.issued", "incident.lead_changed", "incident.disclosed"})


Details = Literal["told", "withheld", "unsaid"]
"""Description and caller are told, said to be withheld, or not mentioned again."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a kind of reader is shown.

    `own` is the unit whose own words stay where others' are left out, `links` are the other incidents it may know of.
    """

    details: Details
    words: bool
    own: str | None = None
    links: tuple[str, ...] = ()


@dataclass
class Frames:
    """The frames of one change, encoded when first wanted."""

    change: ChangeRow
    directory: Directory
    cursor: str
    _made: dict[tuple[int, _Reader], str] = field(default_factory=dict)
    _assignments: dict[tuple[str, bool], orjson.Fragment] = field(default_factory=dict)
    _incidents: dict[_Reader, orjson.Fragment] = field(default_factory=dict)

    def for_desk(self, sees_link: Callable[[LinkData], bool] | None = None) -> Iterator[str]:
        """Give every event, with everything that is known; of links those to incidents that the desk may see."""
        told = links_told(self.change)
        links = tuple(dict.fromkeys(link["incident_id"] for link in told if sees_link is None or sees_link(link)))
        for index, event in enumerate(self.change["events"]) if links else self._events():
            details: Details = "told" if event["event"] in _TELLS_DETAILS else "unsaid"
            yield self._frame(index, event, _Reader(details, words=True, links=links))

    def _events(self) -> Iterator[tuple[int, EventData]]:
        """Give the events for whoever is shown no links; a link that comes with other news is passed over."""
        for index, event in enumerate(self.change["events"]):
            if event["event"] not in LINK_EVENTS or len(self.change["events"]) == 1:
                yield index, event

    def for_sender(self) -> Iterator[str]:
        """Give every event to whoever reported it: its own details, not what others wrote."""
        for index, event in self._events():
            details: Details = "told" if event["event"] in _TELLS_DETAILS else "unsaid"
            yield self._frame(index, event, _Reader(details, words=not self._carries_words))

    def for_screen(self) -> Iterator[str]:
        """Give every event without personal data: walls and devices."""
        for index, event in self._events():
            details: Details = "withheld" if event["event"] in _TELLS_DETAILS else "unsaid"
            yield self._frame(index, event, _Reader(details, words=not self._carries_words))

    def for_unit(self, unit_id: str) -> Iterator[str]:
        """Give the events of an incident that a unit is on; of issued assignments only its own."""
        own_ids = {row["id"] for row in self.change["assignments"] if row["unit_id"] == unit_id}
        for index, event in self._events():
            if event["event"] == "incident.opened":
                continue
            if event["event"] == "assignment.issued" and event["assignment_id"] not in own_ids:
                continue
            yield self._frame(index, event, self._reader(event, unit_id, concerned=bool(own_ids)))

    @cached_property
    def _carries_words(self) -> bool:
        return carries_words(self.change)

    def _reader(self, event: EventData, unit_id: str, *, concerned: bool) -> _Reader:
        incident = self.change["incident"]
        tells = event["event"] in _TELLS_DETAILS and concerned
        if incident is None or not (tells or self._carries_words):
            return _Reader("unsaid", words=True)
        unit = self.directory.units.get(unit_id)
        if may_read_details(incident, unit_id=unit_id, kind_is_sensitive=unit is not None and unit.sensitive):
            return _Reader("told" if tells else "unsaid", words=True)
        own = unit_id if concerned and self._carries_words else None
        return _Reader("withheld" if tells else "unsaid", words=not self._carries_words, own=own)

    def _frame(self, index: int, event: EventData, reader: _Reader) -> str:
        made = self._made.get((index, reader))
        if made is None:
            made = self._made[index, reader] = orjson.dumps(self._content(event, reader)).decode()
        return made

    def _content(self, event: EventData, reader: _Reader) -> dict[str, object]:
        content: dict[str, object] = {
            "type": "event",
            "event_id": event["event_id"],
            "cursor": self.cursor,
            "event": event["event"],
            "occurred_at": self.change["occurred_at"],
            "facts": self._facts(event, reader),
        }
        if self.change["incident"] is not None:
            content["incident"] = self._incident(self.change["incident"], reader)
            assignment_id = event["assignment_id"]
            content["assignment"] = None if assignment_id is None else self._assignment(assignment_id, reader)
        if self.change["unit"] is not None:
            content["unit"] = self.change["unit"]
        return content

    def _facts(self, event: EventData, reader: _Reader) -> dict[str, object]:
        if event["event"] in LINK_EVENTS:
            return link_facts(event["facts"], reader.links)
        if reader.words or self._is_own(event["assignment_id"], reader):
            return event["facts"]
        return facts_without_words(event["facts"])

    def _is_own(self, assignment_id: str | None, reader: _Reader) -> bool:
        return reader.own is not None and any(
            row["id"] == assignment_id and row["unit_id"] == reader.own for row in self.change["assignments"]
        )

    def _incident(self, incident: IncidentRow, reader: _Reader) -> orjson.Fragment:
        made = self._incidents.get(reader)
        if made is None:
            links = [link for link in links_in(incident) if link["incident_id"] in reader.links]
            view = incident_view(incident, (), details=reader.details == "told", links=links)
            view["assignments"] = [self._assignment(row["id"], reader) for row in self.change["assignments"]]
            if reader.details == "unsaid":
                for key in ("description", "caller", "restricted"):
                    del view[key]
            made = self._incidents[reader] = orjson.Fragment(orjson.dumps(view))
        return made

    def _assignment(self, assignment_id: str, reader: _Reader) -> orjson.Fragment | None:
        words = reader.words or self._is_own(assignment_id, reader)
        made = self._assignments.get((assignment_id, words))
        if made is None:
            row = next((row for row in self.change["assignments"] if row["id"] == assignment_id), None)
            if row is None:
                return None
            view = assignment_view(row, self.directory, words=words)
            made = self._assignments[assignment_id, words] = orjson.Fragment(orjson.dumps(view))
        return made
