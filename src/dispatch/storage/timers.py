"""Timers: what is due, by the database's clock. A timer is armed with its subject and re-armed, never forgotten."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch.storage.database import Connection

_DUE: Final = """
SELECT t.subject_id::text, t.kind, t.due_at, coalesce(a.incident_id, i.id)::text AS incident_id,
  $1::timestamptz AS now
FROM timer t LEFT JOIN assignment a ON t.kind = 'assignment' AND a.id = t.subject_id
  LEFT JOIN incident i ON t.kind IN ('incident', 'stage') AND i.id = t.subject_id
WHERE t.due_at <= $1 ORDER BY t.urgency, t.due_at LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose instant has come."""

    subject_id: str
    kind: str
    due_at: datetime
    incident_id: str | None


async def list_due(connection: Connection, now: datetime, limit: int) -> list[DueTimer]:
    """List due timers, most urgent first. Nothing is locked: whoever acts locks the incident and looks again."""
    rows = await connection.fetch(_DUE, now, limit)
    return [DueTimer(row["subject_id"], row["kind"], row["due_at"], row["incident_id"]) for row in rows]


async def still_due(connection: Connection, subject_ids: list[str], now: datetime) -> dict[tuple[str, str], datetime]:
    """Of these, tell which are still due, by subject and kind: read after the incident's lock was taken."""
    rows = await connection.fetch(
        "SELECT subject_id::text, kind, due_at FROM timer WHERE subject_id = ANY($1) AND due_at <= $2 FOR UPDATE",
        subject_ids,
        now,
    )
    return {(row["subject_id"], row["kind"]): row["due_at"] for row in rows}


async def next_due_at(connection: Connection) -> datetime | None:
    """Give the earliest instant of all timers."""
    found: datetime | None = await connection.fetchval("SELECT min(due_at) FROM timer")
    return found


async def disarm(connection: Connection, subject_id: str, *, stage: bool = False) -> None:
    """Remove a subject's timer: that of its stages, or the other one."""
    await connection.execute("DELETE FROM timer WHERE subject_id = $1 AND (kind = 'stage') = $2", subject_id, stage)


@dataclass(frozen=True, slots=True)
class TimerSet:
    """A timer to arm or re-arm."""

    subject_id: str
    kind: str
    urgency: int
    due_at: datetime


async def arm(connection: Connection, timer: TimerSet) -> None:
    """Arm or re-arm a timer."""
    await connection.execute(
        "INSERT INTO timer (subject_id, kind, urgency, due_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (subject_id, kind) DO UPDATE SET due_at = excluded.due_at",
        timer.subject_id,
        timer.kind,
        timer.urgency,
        timer.due_at,
    )


async def postpone(connection: Connection, subject_ids: list[str], due_at: datetime) -> None:
    """Put timers off: those of an incident that cannot be worked on must not hold up the others."""
    await connection.execute("UPDATE timer SET due_at = $2 WHERE subject_id = ANY($1)", subject_ids, due_at)


async def largest_overdue_ms(connection: Connection) -> float:
    """Give how late the latest timer is, in milliseconds; 0 when none is due."""
    value = await connection.fetchval(
        "SELECT extract(epoch FROM clock_timestamp() - min(due_at)) * 1000 FROM timer WHERE due_at <= clock_timestamp()"
    )
    return float(value or 0.0)


async def unarmed_assignments(connection: Connection) -> int:
    """Count open assignments without a timer. Invariant: always 0."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM assignment a WHERE a.status IN "
            "('issued', 'delivered', 'acknowledged', 'en_route', 'on_scene') "
            "AND NOT EXISTS (SELECT 1 FROM timer t WHERE t.subject_id = a.id)"
        )
        or 0
    )


async def database_now(connection: Connection) -> datetime:
    """Read the database's clock."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now
