"""The ledger of delivery attempts: claimed by one process at a time, never re-sent blindly."""

from dataclasses import dataclass
from typing import Final

from dispatch.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try on one channel to one recipient."""

    id: str
    assignment_id: str | None
    incident_id: str
    channel: str
    recipient: str
    body: str
    attempts: int


_CLAIM: Final = """
UPDATE delivery_attempt SET state = 'sending', attempts = attempts + 1,
  next_at = clock_timestamp() + interval '30 s'
WHERE id IN (SELECT id FROM delivery_attempt
  WHERE state IN ('queued', 'failed_temporary') AND next_at <= clock_timestamp()
  ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING id::text, assignment_id::text, incident_id::text, channel, recipient, body, attempts
"""


async def claim_attempts(connection: Connection, limit: int) -> list[Attempt]:
    """Claim attempts that are due."""
    return [Attempt(*row.values()) for row in await connection.fetch(_CLAIM, limit)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended; a temporary failure is due again after `retry_s`."""

    state: str
    provider_id: str | None
    error: str | None
    retry_s: float


async def finish_attempt(connection: Connection, attempt_id: str, outcome: Outcome) -> None:
    """Note how an attempt ended."""
    await connection.execute(
        "UPDATE delivery_attempt SET state = $2::text, provider_id = $3, error = $4, "
        "next_at = clock_timestamp() + make_interval(secs => $5), "
        "finished_at = CASE WHEN $2::text = 'failed_temporary' THEN NULL ELSE clock_timestamp() END WHERE id = $1",
        attempt_id,
        outcome.state,
        outcome.provider_id,
        outcome.error,
        outcome.retry_s,
    )


async def fail_abandoned(connection: Connection) -> int:
    """End attempts whose sender died: it is not known whether they were sent, so they are not sent again."""
    result: str = await connection.execute(
        "UPDATE delivery_attempt SET state = 'expired', error = 'sender ended', finished_at = clock_timestamp() "
        "WHERE state = 'sending' AND next_at < clock_timestamp()"
    )
    return int(result.rsplit(" ", 1)[1])
