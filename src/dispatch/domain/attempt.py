"""The delivery attempt's state machine, as far as others report: one literal table, (state, report) → state.

Invariant: what is reported moves an attempt forwards only, and the first end stands: what was delivered has not failed,
what failed for good was not delivered. What does not fit changes nothing.
"""

from typing import Final, Literal, get_args

State = Literal["queued", "sending", "sent", "delivered", "seen", "failed_temporary", "failed_permanent", "expired"]
Report = Literal["delivered", "seen", "failed"]
STATES: Final[tuple[State, ...]] = get_args(State)
REPORTS: Final[tuple[Report, ...]] = get_args(Report)
ARRIVED: Final[frozenset[State]] = frozenset({"delivered", "seen"})

# A receipt may overtake the gateway's answer (`sending`), or come although there was none (`failed_temporary`), or
# although the process that sent it has died (`expired`: only what was under way has a token or a gateway's id).
TRANSITIONS: Final[dict[tuple[State, Report], State]] = {
    ("sending", "delivered"): "delivered",
    ("sent", "delivered"): "delivered",
    ("failed_temporary", "delivered"): "delivered",
    ("expired", "delivered"): "delivered",
    ("sending", "seen"): "seen",
    ("sent", "seen"): "seen",
    ("failed_temporary", "seen"): "seen",
    ("expired", "seen"): "seen",
    ("delivered", "seen"): "seen",
    ("sending", "failed"): "failed_permanent",
    ("sent", "failed"): "failed_permanent",
}


def after(state: State, report: Report) -> State:
    """Give the state after a report."""
    return TRANSITIONS.get((state, report), state)


def moving_from(report: Report) -> tuple[State, ...]:
    """List the states that a report moves."""
    return tuple(state for state in STATES if (state, report) in TRANSITIONS)
