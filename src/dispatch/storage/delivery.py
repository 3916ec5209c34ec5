"""The ledger of delivery attempts: one row each, claimed by one process at a time, never re-sent blindly.

Invariant: storms are fair. Within an urgency every place has its turn before any has its second, those of the last
minute counted: three hundred alarms from one site do not delay the first message about another, be the gateway slow.
"""

from dataclasses import dataclass
from typing import Final

from dispatch.storage.database import Connection

SENDING_FOR_S: Final = 60
"""A sender that has not said how it ended after so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try on one channel to one recipient: of an incident, or of a test of communication."""

    id: str
    assignment_id: str | None
    incident_id: str | None
    channel: str
    recipient: str
    body: str
    attempt: int
    exercise: str


_CLAIM: Final = """
WITH had AS (SELECT urgency, source, count(*) AS turns FROM delivery_attempt
  WHERE channel = $1 AND sent_at > clock_timestamp() - interval '60 s' AND urgency BETWEEN $2 AND $3
  GROUP BY urgency, source),
 turns AS (SELECT id, urgency, next_at, coalesce(had.turns, 0)
    + row_number() OVER (PARTITION BY urgency, source ORDER BY attempt, next_at, id) AS turn
  FROM delivery_attempt LEFT JOIN had USING (urgency, source)
  WHERE state = 'queued' AND channel = $1 AND next_at <= clock_timestamp() AND urgency BETWEEN $2 AND $3),
 picked AS (SELECT d.id FROM delivery_attempt d JOIN turns USING (id) WHERE d.state = 'queued'
  ORDER BY turns.urgency, turns.turn, turns.next_at LIMIT $4 FOR UPDATE OF d SKIP LOCKED)
UPDATE delivery_attempt d SET state = 'sending', sent_at = clock_timestamp(),
  next_at = clock_timestamp() + make_interval(secs => $5)
FROM picked WHERE d.id = picked.id
RETURNING d.id::text, assignment_id::text, incident_id::text, channel, recipient, body, attempt, exercise
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which attempts to claim: of a channel, between two urgency ranks (0 is critical), so many at most."""

    channel: str
    first: int
    last: int
    limit: int


async def claim_attempts(connection: Connection, wanted: Wanted) -> list[Attempt]:
    """Claim attempts that are due, most urgent first, place by place."""
    rows = await connection.fetch(_CLAIM, wanted.channel, wanted.first, wanted.last, wanted.limit, float(SENDING_FOR_S))
    return [Attempt(*row.values()) for row in rows]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended. After a temporary failure with `retry_s` another one is due; without, it was the last."""

    state: str
    provider_id: str | None = None
    error: str | None = None
    retry_s: float | None = None


_FINISH: Final = """
WITH f AS (UPDATE delivery_attempt SET state = $2, provider_id = $3, error = $4, finished_at = clock_timestamp()
  WHERE id = $1 AND state = 'sending' RETURNING *)
INSERT INTO delivery_attempt (id, message_id, assignment_id, incident_id, test_id, unit_id, channel, recipient,
  recipient_kind, reason, urgency, source, exercise, body, state, attempt, next_at)
SELECT $5, message_id, assignment_id, incident_id, test_id, unit_id, channel, recipient,
  recipient_kind, reason, urgency, source, exercise, body, 'queued', attempt + 1,
  clock_timestamp() + make_interval(secs => $6)
FROM f WHERE $6::float8 IS NOT NULL
"""


async def finish_attempt(connection: Connection, attempt_id: str, outcome: Outcome, *, next_id: str) -> None:
    """Note how an attempt ended and queue the next one, if there is to be one. Twice is harmless."""
    await connection.execute(
        _FINISH, attempt_id, outcome.state, outcome.provider_id, outcome.error, next_id, outcome.retry_s
    )


_EXPIRE: Final = """
UPDATE delivery_attempt d SET state = 'expired', finished_at = clock_timestamp(),
  error = CASE d.state WHEN 'sending' THEN 'sender ended' ELSE 'not needed any more' END
WHERE (d.state = 'sending' AND d.next_at < clock_timestamp())
  OR (d.state = 'queued' AND d.reason = 'changed' AND EXISTS (
    SELECT 1 FROM assignment a WHERE a.id = d.assignment_id AND (a.ended_at IS NOT NULL OR a.change_by IS NULL)))
  OR (d.state = 'queued' AND d.reason NOT IN ('changed', 'test') AND EXISTS (
    SELECT 1 FROM assignment a WHERE a.id = d.assignment_id AND a.status NOT IN ('issued', 'delivered')))
"""


async def expire_attempts(connection: Connection) -> None:
    """End attempts whose sender died, and those whose unit has answered meanwhile.

    It is not known whether the former were sent, so they are not sent again.
    """
    await connection.execute(_EXPIRE)


CHANGE: Final = "changed"
"""The reason of messages about a change."""


async def is_on_its_way(connection: Connection, assignment_id: str, reason: str | None = None) -> bool:
    """Say whether any message about an assignment, for this reason if one is given, was sent, or will be."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT 1 FROM delivery_attempt "
        "WHERE assignment_id = $1 AND state IN ('queued', 'sending', 'sent') AND reason = coalesce($2, reason))",
        assignment_id,
        reason,
    )
    return found
