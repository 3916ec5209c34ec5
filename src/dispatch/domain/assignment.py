"""The assignment's state machine: one literal table, (status, verb) → status.

Invariant: the first terminal status wins; what comes later is logged and changes nothing.
Receipts, feedback and excuses are stamps, not states: they appear here as verbs that keep the status.
"""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from dispatch.domain.errors import WrongStateError
from dispatch.domain.rows import AssignmentRow

Status = Literal[
    "issued",
    "delivered",
    "acknowledged",
    "en_route",
    "on_scene",
    "completed",
    "declined",
    "returned",
    "revoked",
    "reassigned",
]
Verb = Literal[
    "deliver",
    "see",
    "acknowledge",
    "confirm",
    "decline",
    "depart",
    "arrive",
    "feedback",
    "complete",
    "return",
    "revoke",
    "reassign",
    "excuse",
]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
OPEN: Final[frozenset[Status]] = frozenset({"issued", "delivered", "acknowledged", "en_route", "on_scene"})
LEFT: Final[frozenset[Status]] = frozenset({"declined", "returned", "revoked", "reassigned"})
SILENT: Final[frozenset[Status]] = frozenset({"issued", "delivered"})

TRANSITIONS: Final[dict[tuple[Status, Verb], Status]] = {
    ("issued", "deliver"): "delivered",
    ("delivered", "deliver"): "delivered",
    ("acknowledged", "deliver"): "acknowledged",
    ("en_route", "deliver"): "en_route",
    ("on_scene", "deliver"): "on_scene",
    ("issued", "see"): "delivered",
    ("delivered", "see"): "delivered",
    ("acknowledged", "see"): "acknowledged",
    ("en_route", "see"): "en_route",
    ("on_scene", "see"): "on_scene",
    ("issued", "acknowledge"): "acknowledged",
    ("delivered", "acknowledge"): "acknowledged",
    ("acknowledged", "confirm"): "acknowledged",  # a change that matters is acknowledged anew
    ("en_route", "confirm"): "en_route",
    ("on_scene", "confirm"): "on_scene",
    ("issued", "decline"): "declined",
    ("delivered", "decline"): "declined",
    ("acknowledged", "decline"): "declined",
    ("acknowledged", "depart"): "en_route",
    ("acknowledged", "arrive"): "on_scene",  # the community next door: no journey, the missing stamp stays missing
    ("en_route", "arrive"): "on_scene",
    ("acknowledged", "feedback"): "acknowledged",
    ("en_route", "feedback"): "en_route",
    ("on_scene", "feedback"): "on_scene",
    ("on_scene", "complete"): "completed",
    ("issued", "return"): "returned",
    ("delivered", "return"): "returned",
    ("acknowledged", "return"): "returned",
    ("issued", "revoke"): "revoked",
    ("delivered", "revoke"): "revoked",
    ("acknowledged", "revoke"): "revoked",
    ("en_route", "revoke"): "revoked",
    ("on_scene", "revoke"): "revoked",
    ("issued", "reassign"): "reassigned",
    ("delivered", "reassign"): "reassigned",
    ("acknowledged", "reassign"): "reassigned",
    ("en_route", "reassign"): "reassigned",
    ("on_scene", "reassign"): "reassigned",
    ("issued", "excuse"): "revoked",
    ("delivered", "excuse"): "revoked",
    ("acknowledged", "excuse"): "revoked",
    ("en_route", "excuse"): "revoked",
    ("on_scene", "excuse"): "revoked",
    ("declined", "excuse"): "declined",
    ("returned", "excuse"): "returned",
    ("revoked", "excuse"): "revoked",
    ("reassigned", "excuse"): "reassigned",
}

STAMP: Final[dict[Verb, str]] = {
    "deliver": "delivered_at",
    "see": "seen_at",
    "acknowledge": "acknowledged_at",
    "depart": "en_route_at",
    "arrive": "on_scene_at",
    "feedback": "fed_back_at",
    "complete": "completed_at",
    "excuse": "excused_at",
}
"""Which instant a verb sets, once: a second receipt does not move the first."""

EVENT: Final[dict[Verb, str]] = {
    "deliver": "assignment.delivered",
    "see": "assignment.seen",
    "acknowledge": "assignment.acknowledged",
    "confirm": "assignment.confirmed",
    "decline": "assignment.declined",
    "depart": "assignment.departed",
    "arrive": "assignment.arrived",
    "feedback": "assignment.fed_back",
    "complete": "assignment.completed",
    "return": "assignment.returned",
    "revoke": "assignment.revoked",
    "reassign": "assignment.reassigned",
    "excuse": "assignment.excused",
}


def from_statuses(verb: Verb) -> tuple[Status, ...]:
    """List the statuses in which a verb is possible."""
    return tuple(status for status in STATUSES if (status, verb) in TRANSITIONS)


def verbs_from(status: Status) -> tuple[Verb, ...]:
    """List what can be done in a status."""
    return tuple(verb for verb in VERBS if (status, verb) in TRANSITIONS)


def advance(status: Status, verb: Verb) -> Status:
    """Give the status after a verb.

    Raises:
        WrongStateError: the verb is not possible in this status.
    """
    try:
        return TRANSITIONS[status, verb]
    except KeyError:
        raise WrongStateError(
            f"an assignment that is {status} cannot {verb}",
            facts={"current": {"status": status}, "verb": verb, "allowed": list(verbs_from(status))},
        ) from None


def lead_unit_id(rows: Iterable[AssignmentRow]) -> str | None:
    """Give the unit that leads, or led to the end; None when nobody does."""
    return next((row["unit_id"] for row in rows if row["role"] == "lead" and row["status"] not in LEFT), None)


def is_led_by_another(row: AssignmentRow, rows: Iterable[AssignmentRow]) -> bool:
    """Say whether a place of the plan is another unit's to lead: a backup in it does not do the lead's part."""
    return any(
        other["slot"] == row["slot"] and other["id"] != row["id"] and other["role"] == "lead"
        for other in rows
        if other["status"] not in LEFT
    )


def satisfies_slot(verb: Verb, role: str) -> bool:
    """Say whether a verb does what the plan wanted of this place.

    A lead has done its part with its feedback, a support when it completes; an excuse frees either.
    """
    return verb in {"excuse", "feedback" if role == "lead" else "complete"}
