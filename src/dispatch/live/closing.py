"""Why a socket is closed: named codes, each saying whether reconnecting makes sense."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dispatch.domain.errors import (
    DatabaseUnavailableError,
    DispatchError,
    ForbiddenError,
    OriginRefusedError,
    UnauthenticatedError,
)
from dispatch.security import Principal


@dataclass(frozen=True, slots=True)
class Closing:
    """A close code with its name."""

    code: int
    name: str
    reconnect: bool


GOING_AWAY: Final = Closing(4000, "going_away", reconnect=True)
UNAUTHENTICATED: Final = Closing(4001, "unauthenticated", reconnect=False)
FORBIDDEN: Final = Closing(4002, "forbidden", reconnect=False)
BAD_MESSAGE: Final = Closing(4003, "bad_message", reconnect=False)
SLOW_CONSUMER: Final = Closing(4004, "slow_consumer", reconnect=True)
HELLO_TIMEOUT: Final = Closing(4005, "hello_timeout", reconnect=True)
REVOKED: Final = Closing(4006, "revoked", reconnect=False)
FLOOD: Final = Closing(4007, "flood", reconnect=True)
DATABASE_UNAVAILABLE: Final = Closing(4009, "database_unavailable", reconnect=True)
SCOPE_CHANGED: Final = Closing(4010, "scope_changed", reconnect=True)
EPOCH_CHANGED: Final = Closing(4011, "epoch_changed", reconnect=True)
ALL: Final = (
    GOING_AWAY,
    UNAUTHENTICATED,
    FORBIDDEN,
    BAD_MESSAGE,
    SLOW_CONSUMER,
    HELLO_TIMEOUT,
    REVOKED,
    FLOOD,
    DATABASE_UNAVAILABLE,
    SCOPE_CHANGED,
    EPOCH_CHANGED,
)

RETURNING_PER_S: Final = 500
"""So many consoles come back in a second when all are sent away at once: a process admits about twice as many."""
MOST_OF_GRACE: Final = 2 / 3
"""Within this share of the time for which a console may be away all are called back: the rest is for connecting."""
LATER_MS: Final = 500
"""For who comes while a process is stopping: it will be gone by then, and a balancer has noticed."""


def returns_after_ms(index: int, count: int, grace: timedelta) -> int:
    """Give each of many that are sent away its own moment to come back; no two processes need to agree on it.

    Invariant: however many they are, none is called back so late that its unit counts as gone meanwhile.
    """
    spread_s = min(count / RETURNING_PER_S, MOST_OF_GRACE * grace.total_seconds())
    return round(index * spread_s * 1000 / count)


_BY_ERROR: Final[tuple[tuple[type[DispatchError], Closing], ...]] = (
    (UnauthenticatedError, UNAUTHENTICATED),
    (OriginRefusedError, FORBIDDEN),
    (ForbiddenError, FORBIDDEN),
    (DatabaseUnavailableError, DATABASE_UNAVAILABLE),
)


def closing_for(error: DispatchError) -> Closing:
    """Give the close code of a refusal."""
    return next((closing for kind, closing in _BY_ERROR if isinstance(error, kind)), BAD_MESSAGE)


def closing_after(before: Principal, now: Principal | None) -> Closing | None:
    """Give the close code for what became of a principal; None while it may hear of the same things."""
    if now is None or now.identity != before.identity:
        return REVOKED
    return None if now.division_codes == before.division_codes else SCOPE_CHANGED
