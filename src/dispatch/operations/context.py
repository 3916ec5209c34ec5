"""What every operation works with: the database, the clock, fresh ids, the knowledge in memory, the way out.

Nothing here is global; the composition root builds one context per process.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from typing import Final, cast

import orjson

from dispatch.domain.alerting import DANGER_TAGS
from dispatch.domain.assignment import OPEN
from dispatch.domain.condition import Facts
from dispatch.domain.correlation import Correlations, OpenIncident
from dispatch.domain.day import DayKind, plain_day_kind
from dispatch.domain.directory import Directory, States
from dispatch.domain.drill import Drill, Drills, Participants
from dispatch.domain.geo import Point
from dispatch.domain.ids import NewId
from dispatch.domain.incident import is_actual
from dispatch.domain.lint import LEVELS, Finding
from dispatch.domain.mode import Modes, response_at
from dispatch.domain.mode_setting import mode_of
from dispatch.domain.open_incidents import OpenIncidents
from dispatch.domain.presence import Presence
from dispatch.domain.rows import AssignmentRow, ChangeRow, parse_instant
from dispatch.domain.ruleset import CompiledRuleset
from dispatch.domain.unit import Duty, Unit, UnitState
from dispatch.domain.wire import Json
from dispatch.operations.in_flight import InFlight
from dispatch.storage.changes import Position
from dispatch.storage.database import Database
from dispatch.storage.group_commit import GroupCommit
from dispatch.storage.written import Once, Place, Written

logger = logging.getLogger(__name__)
MOST_PAST: Final = 4


@dataclass(frozen=True, slots=True)
class Refused:
    """A stored ruleset that should be in use and cannot be read, and why."""

    version: int
    body: str
    detail: str

    def is_about(self, version: int, body: str) -> bool:
        """Say whether this very text was refused."""
        return self.version == version and self.body == body


@dataclass(frozen=True, slots=True)
class Linted:
    """What lint said of a ruleset over a directory, and when."""

    ruleset_version: int
    directory_version: int
    linted_at: datetime
    findings: tuple[Finding, ...]

    def counts(self) -> dict[str, int]:
        """Count the findings of each level."""
        return {level: sum(finding.level == level for finding in self.findings) for level in LEVELS}


@dataclass(eq=False, slots=True)
class Reload:
    """A reading of states and incidents that is under way, with what is learnt meanwhile."""

    meanwhile: list[tuple[ChangeRow, Place | None]] = field(default_factory=list)


@dataclass(slots=True)
class Knowledge:
    """Directory, ruleset, unit states, modes and open incidents as this process knows them; swapped whole.

    `refused` is the ruleset that should be in use instead, if it could not be read.
    `past` are rulesets that were in force once, made ready to explain what they decided: a few, by version.
    """

    directory: Directory
    ruleset: CompiledRuleset
    states: States = field(default_factory=States)
    refused: Refused | None = None
    linted: Linted | None = None
    modes: Modes = field(default_factory=Modes)
    drills: Drills = field(default_factory=Drills)
    incidents: OpenIncidents = field(default_factory=OpenIncidents)
    past: dict[int, CompiledRuleset] = field(default_factory=dict)
    _reloads: list[Reload] = field(default_factory=list)
    _correlations: tuple[CompiledRuleset, Directory, Correlations] | None = None

    @property
    def correlations(self) -> Correlations:
        """Give what the ruleset in force says of calls about one event."""
        known = self._correlations
        if known is None or known[0] is not self.ruleset or known[1] is not self.directory:
            types = self.directory.content.incident_types
            personal = frozenset(code for code, kind in types.items() if kind.personal)
            made = Correlations(self.ruleset.ruleset.correlations, personal)
            known = self._correlations = (self.ruleset, self.directory, made)
        return known[2]

    def keep(self, ruleset: CompiledRuleset) -> None:
        """Keep a ruleset that was in force: what it has decided and is still open will ask for it."""
        self.past.pop(ruleset.version, None)
        while len(self.past) >= MOST_PAST:
            del self.past[next(iter(self.past))]
        self.past[ruleset.version] = ruleset

    def start_over(self, fresh: "Knowledge") -> None:
        """Take over everything from what was just read; what was learnt before may never have happened."""
        self.directory, self.ruleset, self.refused = fresh.directory, fresh.ruleset, fresh.refused
        self.states, self.incidents = fresh.states, fresh.incidents
        self.modes, self.drills = fresh.modes, fresh.drills
        self.past, self._reloads = {}, []

    @contextmanager
    def reloading(self) -> Iterator[Reload]:
        """Remember what is learnt while states and incidents are read anew. Race: two loops may read at a time."""
        reload = Reload()
        self._reloads.append(reload)
        try:
            yield reload
        finally:
            if reload in self._reloads:
                self._reloads.remove(reload)

    def end_reload(
        self, reload: Reload, read: Position, states: dict[str, UnitState], incidents: Iterable[OpenIncident] = ()
    ) -> None:
        """Take over states and incidents as read, then what was learnt meanwhile and is not in what was read.

        Race: what was read of another history, before all started over, is not believed.
        """
        if reload not in self._reloads:
            return
        self.states.replace_all(states)
        self.incidents.replace_all(incidents)
        for change, place in reload.meanwhile:
            if place is None or not read.holds(place.xid, place.seq):
                self._follow(change)

    def learn(self, change: ChangeRow, place: Place | None = None) -> None:
        """Follow a committed change, once: what is open, who is busy with how much. The next reload heals mistakes."""
        for reload in self._reloads:
            reload.meanwhile.append((change, place))
        self._follow(change)

    def _follow(self, change: ChangeRow) -> None:
        if change["incident"] is not None:
            keep_for_s = self.correlations.longest_s
            recorded_at = change["recorded_at"]
            self.incidents.learn(change["incident"], self.directory, recorded_at=recorded_at, keep_for_s=keep_for_s)
        if change["unit"] is not None:
            self._learn_unit(change["unit"])
        elif change["incident"] is None:
            self._learn_modes(change)
        if change["incident"] is not None and not is_actual(change["incident"]["exercise"]):
            return  # Invariant: an exercise keeps nobody from a real alarm
        for row in change["assignments"]:
            begins = row["version"] == 1 and row["issued_at"] == change["recorded_at"]
            ends = row["status"] not in OPEN and row["ended_at"] == change["recorded_at"]
            if begins or ends:
                self._learn_load(row, begins=begins)

    def _learn_load(self, row: AssignmentRow, *, begins: bool) -> None:
        state, unit = self.states.of(row["unit_id"]), self.directory.units.get(row["unit_id"])
        committed = state.committed_to
        if begins and row["role"] != "notify" and unit is not None and unit.exclusive:
            committed = row["incident_id"]
        elif not begins and committed == row["incident_id"]:
            committed = None
        load = state.load + 1 if begins else max(0, state.load - 1)
        worked = row["role"] != "notify" and row["acknowledged_at"] is not None
        ended = row["ended_at"] if worked and not begins else None
        released = state.released_at if ended is None else parse_instant(ended)
        # Not `replace`: a storm of calls changes thousands of loads.
        changed = UnitState(state.duty, committed, state.position, state.position_at, load, state.version, released)
        self.states.put(row["unit_id"], changed)

    def _learn_modes(self, change: ChangeRow) -> None:
        for event in change["events"]:
            if event["event"] == "mode.changed":
                self.modes = self.modes.learn(mode_of(cast("Json", event["facts"]["mode"])))

    def _learn_unit(self, unit: dict[str, object]) -> None:
        unit_id = str(unit["id"])
        known = self.states.of(unit_id)
        version = int(str(unit["version"]))
        if version < known.version:
            return
        position, at = unit.get("position"), unit.get("position_at")
        self.states.put(
            unit_id,
            replace(
                known,
                duty=cast("Duty", unit["duty"]),
                committed_to=cast("str | None", unit.get("committed_to")),
                position=Point(position["longitude"], position["latitude"]) if isinstance(position, dict) else None,
                position_at=parse_instant(at) if isinstance(at, str) else None,
                version=version,
            ),
        )


@dataclass(slots=True)
class Context:
    """The surroundings of an operation. `now` is the database's clock as this process tracks it."""

    database: Database
    knowledge: Knowledge
    new_id: NewId
    now: Callable[[], datetime]
    publish: Callable[[Place, ChangeRow], None]
    timezone: tzinfo
    paging_channels: tuple[str, ...] = ()
    danger_tags: frozenset[str] = DANGER_TAGS
    presence: Presence | None = None
    in_flight: InFlight = field(default_factory=InFlight)
    day_kind: Callable[[date], DayKind] = plain_day_kind
    reports: GroupCommit = field(init=False)

    def __post_init__(self) -> None:
        """Calls of this process share their commits."""
        self.reports = GroupCommit(self.database)

    def standing_facts(self, division_code: str, now: datetime) -> Facts:
        """Give what rules may ask of a place at an instant beside the call: its modes, and what kind of day it is."""
        modes = self.knowledge.modes.facts(self.knowledge.directory.chain(division_code), now)
        return {**modes, "day_kind": self.day_kind(now.astimezone(self.timezone).date())}

    def is_there(self, unit_id: str) -> bool:
        """Say whether a unit has a live console; without anybody who knows, all count as there."""
        return self.presence is None or self.presence.is_there(unit_id, self.now())

    def drill_at(self, division_code: str) -> Drill | None:
        """Give the drill that stands in a division now."""
        return self.knowledge.drills.standing(self.knowledge.directory.chain(division_code), self.now())

    def participants(self, exercise: str, division_code: str) -> Participants | None:
        """Give who alone may be sent: in an exercise those of the drill that stands there; None where all may be."""
        drill = self.drill_at(division_code) if exercise == "exercise" else None
        return None if drill is None else replace(drill.participants, drill_id=drill.id)

    def response_at(self, unit: Unit) -> str:
        """Give the response mode that stands where a unit belongs."""
        responses = self.knowledge.modes.responses(self.now())
        return response_at(self.knowledge.directory.chain(unit.division_code), responses)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation gives back: the committed change, and whether it was an earlier one.

    `assignments` are all of the incident's as they stood then, where the change does not hold them all. `decision` is
    that of an incident just opened, in the words in which it was stored.
    """

    change: ChangeRow
    change_id: str
    replayed: bool = False
    decision: Json | None = None
    assignments: list[AssignmentRow] | None = None


def dumps(value: object) -> str:
    """Write JSON text."""
    return orjson.dumps(value).decode()


def read_change(text: str) -> ChangeRow:
    """Read a change back."""
    return cast("ChangeRow", orjson.loads(text))


def read_assignments(text: str | None) -> list[AssignmentRow] | None:
    """Read assignments back, if they were kept."""
    return None if text is None else cast("list[AssignmentRow]", orjson.loads(text))


def commit_seen(context: Context, written: Written) -> Answer:
    """After the commit: hand the change to the own relay and give the answer."""
    change = read_change(written.change)
    context.publish(written.place, change)
    log_committed(change)
    return Answer(change, written.id, assignments=read_assignments(written.assignments))


def log_committed(change: ChangeRow) -> None:
    """Log what was committed: identities and events, no personal data."""
    if logger.isEnabledFor(logging.INFO):
        incident = change["incident"]
        events = [event["event"] for event in change["events"]]
        logger.info("committed", extra={"incident_id": incident["id"] if incident else None, "events": events})


def local_facts(facts: dict[str, str | int | frozenset[str] | None], local: datetime) -> Facts:
    """Add the local hour and weekday to a call's facts."""
    return {**facts, "hour": local.hour, "weekday": local.isoweekday()}


def once_scope(kind: str, holder_id: str | None) -> str:
    """Name the owner of an idempotency key: keys of different callers never meet."""
    return f"{kind}:{holder_id or '-'}"


__all__ = [
    "Answer",
    "Context",
    "Knowledge",
    "Linted",
    "Once",
    "commit_seen",
    "dumps",
    "local_facts",
    "log_committed",
    "once_scope",
    "read_assignments",
    "read_change",
]
