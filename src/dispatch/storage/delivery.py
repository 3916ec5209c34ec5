"""The ledger of delivery attempts: one row each, claimed by one process at a time, never re-sent blindly.

Invariant: storms are fair. Within an urgency every place has its turn before any has its second, those of the last
minute counted: three hundred alarms from one site do not delay the first message about another, be the gateway slow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from dispatch.domain.attempt import State
from dispatch.storage.database import Connection

SENDING_FOR_S: Final = 60
"""A sender that has not said how it ended after so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try on one channel to one recipient: of an incident, or of a test of communication.

    Whoever shows `receipt_token` has got the message.
    """

    id: str
    assignment_id: str | None
    incident_id: str | None
    channel: str
    recipient: str
    body: str
    attempt: int
    exercise: str
    receipt_token: str


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
  next_at = clock_timestamp() + make_interval(secs => $5), receipt_token = gen_random_uuid()
FROM picked WHERE d.id = picked.id
RETURNING d.id::text, assignment_id::text, incident_id::text, channel, recipient, body, attempt, exercise,
  receipt_token::text
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


# A receipt may have been faster than the gateway's answer: then it stands, and there is nothing to try again.
_FINISH: Final = """
WITH f AS (UPDATE delivery_attempt SET state = CASE state WHEN 'sending' THEN $2 ELSE state END, provider_id = $3,
    error = CASE state WHEN 'sending' THEN $4 ELSE error END, finished_at = clock_timestamp()
  WHERE id = $1 AND (state = 'sending' OR state IN ('delivered', 'seen') AND finished_at IS NULL) RETURNING *),
 n AS (INSERT INTO delivery_attempt (id, message_id, assignment_id, incident_id, test_id, unit_id, channel, recipient,
  recipient_kind, reason, urgency, source, exercise, body, state, attempt, next_at)
SELECT $5, message_id, assignment_id, incident_id, test_id, unit_id, channel, recipient,
  recipient_kind, reason, urgency, source, exercise, body, 'queued', attempt + 1,
  clock_timestamp() + make_interval(secs => $6)
FROM f WHERE $6::float8 IS NOT NULL AND f.state = $2)
SELECT state FROM f
"""


async def finish_attempt(connection: Connection, attempt_id: str, outcome: Outcome, *, next_id: str) -> bool:
    """Note how an attempt ended and queue the next one, if there is to be one. Twice is harmless.

    Says whether it ended so: False when a receipt, or the end of the sender's time, was faster.
    """
    state = await connection.fetchval(
        _FINISH, attempt_id, outcome.state, outcome.provider_id, outcome.error, next_id, outcome.retry_s
    )
    return bool(state == outcome.state)


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
        "WHERE assignment_id = $1 AND state IN ('queued', 'sending', 'sent', 'delivered', 'seen') "
        "AND reason = coalesce($2, reason))",
        assignment_id,
        reason,
    )
    return found


@dataclass(frozen=True, slots=True)
class Reported:
    """An attempt that somebody reports of. `reason`: why the message was sent."""

    id: str
    message_id: str
    assignment_id: str | None
    incident_id: str | None
    channel: str
    state: State
    reason: str


_REPORTED: Final = "SELECT id::text, message_id::text, assignment_id::text, incident_id::text, channel, state, reason"


async def find_by_token(connection: Connection, token: str) -> Reported | None:
    """Find the attempt that a token stands for."""
    row = await connection.fetchrow(f"{_REPORTED} FROM delivery_attempt WHERE receipt_token = $1", token)
    return None if row is None else Reported(*row.values())


async def find_by_provider(connection: Connection, channel: str, provider_id: str) -> Reported | None:
    """Find the attempt of a channel by the gateway's own id, or by ours, which it was given; of several the latest."""
    row = await connection.fetchrow(
        f"{_REPORTED} FROM delivery_attempt WHERE channel = $1 AND (provider_id = $2 OR id = $3) "
        "ORDER BY sent_at DESC NULLS LAST, id DESC LIMIT 1",
        channel,
        provider_id,
        _id_or_none(provider_id),
    )
    return None if row is None else Reported(*row.values())


def _id_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Movement:
    """An attempt moves to a state, if it is in one of those `among`."""

    attempt_id: str
    state: State
    among: Sequence[State]
    error: str | None = None


_MOVE: Final = """
WITH m AS (UPDATE delivery_attempt SET state = $2,
    delivered_at = CASE WHEN $2 IN ('delivered', 'seen') THEN coalesce(delivered_at, clock_timestamp()) END,
    seen_at = CASE WHEN $2 = 'seen' THEN clock_timestamp() END,
    error = CASE WHEN $2 = 'failed_permanent' THEN $4 END,
    finished_at = CASE WHEN $2 = 'failed_permanent' THEN clock_timestamp() ELSE finished_at END
  WHERE id = $1 AND state = ANY($3) RETURNING message_id),
 w AS (UPDATE delivery_attempt d SET state = 'expired', error = 'not needed any more', finished_at = clock_timestamp()
   FROM m WHERE d.message_id = m.message_id AND d.state = 'queued')
SELECT true FROM m
"""


async def move_attempt(connection: Connection, movement: Movement) -> bool:
    """Move an attempt; another try of its message that is still to come is withdrawn. False: it is elsewhere by now."""
    moved = await connection.fetchval(_MOVE, movement.attempt_id, movement.state, list(movement.among), movement.error)
    return bool(moved)
