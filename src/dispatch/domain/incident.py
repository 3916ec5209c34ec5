"""The incident's state machine: one literal table, (status, verb) → status.

Invariant: an incident closes by itself only when no mandatory place of its plan is pending.
"""

from collections.abc import Collection
from typing import Final, Literal, get_args

from dispatch.domain.errors import WrongStateError

Status = Literal[
    "received",
    "dispatched",
    "in_progress",
    "resolved",
    "closed",
    "cancelled",
    "merged",
    "transferred",
    "suspended",
]
Verb = Literal[
    "dispatch",
    "begin",
    "resolve",
    "close",
    "cancel",
    "merge",
    "transfer",
    "suspend",
    "resume",
    "reopen",
    "raise",
    "note",
    "join",
]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
OPEN: Final[frozenset[Status]] = frozenset({"received", "dispatched", "in_progress", "resolved", "suspended"})

_ACTIVE: Final[tuple[Status, ...]] = ("received", "dispatched", "in_progress", "resolved")

TRANSITIONS: Final[dict[tuple[Status, Verb], Status]] = {
    ("received", "dispatch"): "dispatched",
    ("dispatched", "dispatch"): "dispatched",
    ("in_progress", "dispatch"): "in_progress",
    ("resolved", "dispatch"): "in_progress",
    ("dispatched", "begin"): "in_progress",
    ("in_progress", "begin"): "in_progress",
    ("dispatched", "resolve"): "resolved",
    ("in_progress", "resolve"): "resolved",
    ("resolved", "resolve"): "resolved",
    **{(status, "close"): "closed" for status in _ACTIVE},
    **{(status, "cancel"): "cancelled" for status in (*_ACTIVE, "suspended")},
    **{(status, "merge"): "merged" for status in _ACTIVE},
    **{(status, "transfer"): "transferred" for status in _ACTIVE},
    **{(status, "suspend"): "suspended" for status in _ACTIVE},
    **{(status, "raise"): status for status in _ACTIVE},
    **{(status, "join"): status for status in (*_ACTIVE, "suspended")},
    **{(status, "note"): status for status in STATUSES},
    ("suspended", "resume"): "in_progress",
    ("closed", "reopen"): "in_progress",
    ("cancelled", "reopen"): "in_progress",
    ("transferred", "reopen"): "in_progress",
}

SEVERITIES: Final[tuple[str, ...]] = ("I", "II", "III", "IV", "NONE")
URGENCIES: Final[tuple[str, ...]] = ("critical", "urgent", "normal", "routine")
EXERCISES: Final[tuple[str, ...]] = ("actual", "exercise", "test")


def is_actual(exercise: str) -> bool:
    """Say whether it is real: an exercise or test takes no crew, counts in no figure and disturbs nobody else."""
    return exercise == "actual"


def verbs_from(status: Status) -> tuple[Verb, ...]:
    """List what can be done in a status."""
    return tuple(verb for verb in VERBS if (status, verb) in TRANSITIONS)


def from_statuses(verb: Verb) -> tuple[Status, ...]:
    """List the statuses in which a verb is possible."""
    return tuple(status for status in STATUSES if (status, verb) in TRANSITIONS)


def advance(status: Status, verb: Verb) -> Status:
    """Give the status after a verb.

    Raises:
        WrongStateError: the verb is not possible in this status.
    """
    try:
        return TRANSITIONS[status, verb]
    except KeyError:
        raise WrongStateError(
            f"an incident that is {status} cannot {verb}",
            facts={"current": {"status": status}, "verb": verb, "allowed": list(verbs_from(status))},
        ) from None


def is_finished(pending_slots: Collection[int]) -> bool:
    """Say whether every mandatory place of the plan has done its part or is excused."""
    return not pending_slots
