"""The device's state machine: one literal table, (status, verb) → status."""

from typing import Final, Literal, get_args

from dispatch.domain.errors import WrongStateError

Status = Literal["enrolled", "active", "silent", "fault", "revoked"]
Verb = Literal["press", "check_in", "report_fault", "miss", "revoke"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
LOW_BATTERY_PERCENT: Final = 15

TRANSITIONS: Final[dict[tuple[Status, Verb], Status]] = {
    ("enrolled", "press"): "active",
    ("active", "press"): "active",
    ("silent", "press"): "silent",
    ("fault", "press"): "fault",
    ("enrolled", "check_in"): "active",
    ("active", "check_in"): "active",
    ("silent", "check_in"): "active",
    ("fault", "check_in"): "active",
    ("enrolled", "report_fault"): "fault",
    ("active", "report_fault"): "fault",
    ("silent", "report_fault"): "fault",
    ("fault", "report_fault"): "fault",
    ("active", "miss"): "silent",
    ("fault", "miss"): "fault",
    ("silent", "miss"): "silent",
    ("enrolled", "revoke"): "revoked",
    ("active", "revoke"): "revoked",
    ("silent", "revoke"): "revoked",
    ("fault", "revoke"): "revoked",
}


def advance(status: Status, verb: Verb) -> Status:
    """Give the status after a verb.

    Raises:
        WrongStateError: the verb is not possible in this status.
    """
    try:
        return TRANSITIONS[status, verb]
    except KeyError:
        raise WrongStateError(
            f"a device that is {status} cannot {verb}", facts={"current": {"status": status}, "verb": verb}
        ) from None


def verb_of_check_in(*, battery_percent: int | None, tamper: bool) -> Verb:
    """Say what a sign of life means: an opened case or a battery below 15 % is a fault."""
    low = battery_percent is not None and battery_percent < LOW_BATTERY_PERCENT
    return "report_fault" if tamper or low else "check_in"
