"""What a decision was made from, kept beside it: with the versions it names the same decision can be made again.

Only the states that were looked at are kept, and of them only what differs from a unit that is free and at its base.
Of a paper record no states are known: the rules were asked what they demand, and people decided who went.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from dispatch.domain.candidate import Request
from dispatch.domain.condition import Facts
from dispatch.domain.directory import States
from dispatch.domain.drill import Participants
from dispatch.domain.geo import Point
from dispatch.domain.rows import instant, parse_instant
from dispatch.domain.unit import FRESH_STATE, Duty, UnitState


class RecordedStates(States):
    """Unit states that remember which of them a decision looked at."""

    def __init__(self, states: States) -> None:
        """Look at other states."""
        self._looked = states
        self.seen: dict[str, UnitState] = {}

    def of(self, unit_id: str) -> UnitState:
        """Give a unit's state and remember it."""
        state = self._looked.of(unit_id)
        if state is not FRESH_STATE:
            self.seen[unit_id] = state
        return state

    def positioned(self) -> Iterable[tuple[str, UnitState]]:
        """List the units that have reported where they are; only those then looked at are remembered."""
        return self._looked.positioned()


def input_data(request: Request, seen: Mapping[str, UnitState] | None) -> dict[str, object]:
    """Write down a request and the states that were looked at; the facts stand in the decision itself.

    `seen` is None where nobody knows how units stood: then only what is demanded can be decided again.
    """
    point, participants = request.point, request.participants
    return {
        "division_code": request.division_code,
        "point": None if point is None else [point.longitude, point.latitude],
        "local": request.local.isoformat(),
        "now": instant(request.now),
        "lost": sorted(request.lost),
        "taken": sorted(request.taken),
        "responses": dict(request.responses),
        **({} if participants is None else {"participants": participants.data()}),
        "states": None if seen is None else _states_data(seen),
    }


def read_input(stored: Mapping[str, object], facts: Facts) -> tuple[Request, States | None]:
    """Read a request and its states back; None where nobody knew them."""
    point = cast("list[float] | None", stored["point"])
    request = Request(
        facts=facts,
        division_code=str(stored["division_code"]),
        point=None if point is None else Point(*point),
        local=datetime.fromisoformat(str(stored["local"])),
        now=parse_instant(str(stored["now"])),
        lost=frozenset(cast("list[str]", stored["lost"])),
        taken=frozenset(cast("list[str]", stored["taken"])),
        responses=cast("dict[str, str]", stored["responses"]),
        participants=Participants.of(stored.get("participants")),
    )
    known = cast("dict[str, dict[str, object]] | None", stored["states"])
    if known is None:
        return request, None
    states = States()
    for unit_id, kept in known.items():
        states.put(unit_id, _state(kept))
    return request, states


def facts_data(facts: Facts) -> dict[str, object]:
    """Write facts as plain data: sets in alphabetical order."""
    return {key: sorted(v) if isinstance(v, frozenset) else v for key, v in facts.items()}


def read_facts(stored: Mapping[str, object]) -> Facts:
    """Read facts back."""
    return cast("Facts", {key: frozenset(v) if isinstance(v, list) else v for key, v in stored.items()})


def _states_data(seen: Mapping[str, UnitState]) -> dict[str, object]:
    return {unit_id: kept for unit_id, state in seen.items() if (kept := _state_data(state))}


def _state_data(state: UnitState) -> dict[str, object]:
    kept: dict[str, object] = {}
    if state.duty != FRESH_STATE.duty:
        kept["duty"] = state.duty
    if state.committed_to is not None:
        kept["committed_to"] = state.committed_to
    if state.position is not None:
        kept["position"] = [state.position.longitude, state.position.latitude]
    if state.position_at is not None:
        kept["position_at"] = instant(state.position_at)
    if state.load:
        kept["load"] = state.load
    if state.released_at is not None:
        kept["released_at"] = instant(state.released_at)
    return kept


def _state(kept: Mapping[str, object]) -> UnitState:
    position = cast("list[float] | None", kept.get("position"))
    position_at, released_at = kept.get("position_at"), kept.get("released_at")
    return UnitState(
        duty=cast("Duty", kept.get("duty", FRESH_STATE.duty)),
        committed_to=cast("str | None", kept.get("committed_to")),
        position=None if position is None else Point(*position),
        position_at=parse_instant(position_at) if isinstance(position_at, str) else None,
        load=cast("int", kept.get("load", 0)),
        released_at=parse_instant(released_at) if isinstance(released_at, str) else None,
    )
