"""What a unit's step is made of: who moves which assignment, and when that is believed to have happened."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.actor import Actor
from dispatch.domain.assignment import Verb
from dispatch.storage.written import Once

OLDEST_OFFLINE_WORK = timedelta(hours=12)
"""A stamp from a console's own clock is believed up to this age, never into the future."""


@dataclass(frozen=True, slots=True)
class Request:
    """One verb. `unit_id` is set for a unit's own people; an operator may act for any unit in scope.

    `revision` is the incident's that somebody had before their eyes when they acknowledged.
    """

    assignment_id: str
    verb: Verb
    actor: Actor
    unit_id: str | None = None
    expected_version: int | None = None
    occurred_at: datetime | None = None
    reason: str | None = None
    feedback: dict[str, object] | None = None
    once: Once | None = None
    revision: int | None = None


def believable(occurred_at: datetime | None, now: datetime) -> datetime:
    """Take a console's own stamp if it can be true, else the database's clock."""
    if occurred_at is None or occurred_at > now or now - occurred_at > OLDEST_OFFLINE_WORK:
        return now
    return occurred_at
