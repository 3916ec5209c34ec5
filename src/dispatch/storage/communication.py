"""Tests of communication as stored: tests, who was called and answered, schedules.

Race: an answer, the end of the window and a delivery meet: each update names the states that it may leave.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, cast

import asyncpg
import orjson

from dispatch.domain.communication import MOVED_BY, Asked, CommunicationTest, Course, RollCall, Schedule, Subject
from dispatch.storage.database import Connection


async def insert_test(connection: Connection, test: CommunicationTest, calls: Sequence[RollCall]) -> None:
    """Store a test with everybody who is called."""
    await connection.execute(
        "INSERT INTO communication_test (id, name, division_code, channels, window_s, started_at, ends_at, started_by, "
        "schedule_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        test.id,
        test.name,
        test.division_code,
        list(test.channels),
        test.window_s,
        test.started_at,
        test.ends_at,
        test.started_by,
        test.schedule_id,
    )
    await connection.execute(
        "INSERT INTO communication_test_call (test_id, subject_kind, subject_id, channel, state, called_at, error) "
        "SELECT $1, k, s, c, t, $6, e FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $7::text[]) "
        "AS u(k, s, c, t, e)",
        test.id,
        [call.subject_kind for call in calls],
        [call.subject_id for call in calls],
        [call.channel for call in calls],
        [call.state for call in calls],
        test.started_at,
        [call.error for call in calls],
    )


_ATTEMPTS: Final = """
INSERT INTO delivery_attempt (id, message_id, test_id, unit_id, channel, recipient, recipient_kind, reason, urgency,
  source, exercise, body, state, next_at)
SELECT d.id, d.id, d.test_id, d.unit_id, d.channel, d.recipient, d.recipient_kind, 'test', d.urgency, d.source, 'test',
  d.body, 'queued', clock_timestamp()
FROM json_populate_recordset(NULL::delivery_attempt, $1::json) d
"""


async def insert_test_attempts(connection: Connection, attempts: Iterable[Mapping[str, object]]) -> None:
    """Queue the messages of a test."""
    await connection.execute(_ATTEMPTS, orjson.dumps(list(attempts)).decode())


_ANSWER: Final = """
UPDATE communication_test_call c SET delivered_at = coalesce(c.delivered_at, $4),
  state = CASE WHEN $5 OR c.answered_at IS NOT NULL THEN 'answered' ELSE 'delivered' END,
  answered_at = CASE WHEN $5 THEN coalesce(c.answered_at, $4) ELSE c.answered_at END, error = NULL
FROM communication_test t WHERE t.id = c.test_id AND t.ended_at IS NULL AND t.ends_at > $4
  AND c.test_id = $1 AND c.subject_id = $2 AND c.channel = $3
RETURNING c.*
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a console or device says to a test: it has shown it, or somebody has confirmed it."""

    test_id: str
    subject_id: str
    channel: str
    at: datetime
    answered: bool


async def note_reply(connection: Connection, reply: Reply) -> RollCall | None:
    """Note a reply; None when the test is over, or the subject is not called by it. Twice keeps the first."""
    row = await connection.fetchrow(_ANSWER, reply.test_id, reply.subject_id, reply.channel, reply.at, reply.answered)
    return None if row is None else _call(row)


async def note_press(connection: Connection, device_id: str, at: datetime) -> None:
    """Count a device's press as its answer to every test that calls it now."""
    await connection.execute(
        "UPDATE communication_test_call c SET state = 'answered', delivered_at = coalesce(c.delivered_at, $2), "
        "answered_at = coalesce(c.answered_at, $2), error = NULL FROM communication_test t WHERE t.id = c.test_id "
        "AND t.ended_at IS NULL AND t.started_at <= $2 AND t.ends_at > $2 AND c.subject_id = $1 "
        "AND c.channel = 'button'",
        device_id,
        at,
    )


_OF_ATTEMPT: Final = "d.id = $1 AND c.test_id = d.test_id AND c.subject_id = d.unit_id AND c.channel = d.channel"
_LOCK_CALL: Final = f"""
SELECT 1 FROM communication_test_call c, delivery_attempt d WHERE {_OF_ATTEMPT} FOR UPDATE OF c
"""
_COURSE: Final = f"""
UPDATE communication_test_call c SET
  state = CASE WHEN c.state = ANY($3) THEN $2 ELSE c.state END,
  error = CASE WHEN c.state <> ALL($3) THEN c.error WHEN $2 = 'failed' THEN d.error END,
  sent_at = CASE WHEN $2 = 'sent' THEN coalesce(c.sent_at, $4) ELSE c.sent_at END,
  delivered_at = CASE WHEN $2 IN ('delivered', 'seen') THEN coalesce(c.delivered_at, $4) ELSE c.delivered_at END,
  seen_at = CASE WHEN $2 = 'seen' THEN coalesce(c.seen_at, $4) ELSE c.seen_at END
FROM delivery_attempt d WHERE {_OF_ATTEMPT} AND ($2 <> 'failed' OR NOT EXISTS (
  SELECT 1 FROM delivery_attempt o WHERE o.test_id = d.test_id AND o.unit_id = d.unit_id AND o.channel = d.channel
    AND o.id <> d.id AND o.state IN ('sent', 'delivered', 'seen')))
"""


async def note_course(connection: Connection, attempt_id: str, course: Course, at: datetime) -> None:
    """Note in the report of a test what became of one of its messages; the ledger has it already.

    Race: two messages to one unit end at once. The call is locked first, so that the second sees what the first did.
    """
    await connection.execute(_LOCK_CALL, attempt_id)
    await connection.execute(_COURSE, attempt_id, course, list(MOVED_BY[course]), at)


async def find_test(connection: Connection, test_id: str) -> CommunicationTest | None:
    """Find a test."""
    row = await connection.fetchrow("SELECT * FROM communication_test WHERE id = $1", test_id)
    return None if row is None else _test(row)


async def list_tests(connection: Connection, limit: int, after: str | None) -> list[CommunicationTest]:
    """List tests, newest first (ids are in time order)."""
    rows = await connection.fetch(
        "SELECT * FROM communication_test WHERE $2::uuid IS NULL OR id < $2 ORDER BY id DESC LIMIT $1", limit, after
    )
    return [_test(row) for row in rows]


async def list_roll(connection: Connection, test_id: str) -> list[RollCall]:
    """List who was called by a test."""
    rows = await connection.fetch("SELECT * FROM communication_test_call WHERE test_id = $1", test_id)
    return [_call(row) for row in rows]


async def count_roll(connection: Connection, test_ids: Sequence[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Count the calls of tests: by test, channel, state."""
    counted: dict[str, dict[str, dict[str, int]]] = {test_id: {} for test_id in test_ids}
    for row in await connection.fetch(
        "SELECT test_id::text, channel, state, count(*) AS calls FROM communication_test_call WHERE test_id = ANY($1) "
        "GROUP BY test_id, channel, state",
        test_ids,
    ):
        counted[row["test_id"]].setdefault(row["channel"], {})[row["state"]] = row["calls"]
    return counted


async def list_overdue_tests(connection: Connection, now: datetime) -> list[str]:
    """List the tests whose window is over and which nobody has ended."""
    rows = await connection.fetch(
        "SELECT id::text FROM communication_test WHERE ended_at IS NULL AND ends_at <= $1 ORDER BY ends_at", now
    )
    return [row["id"] for row in rows]


_END: Final = """
WITH t AS (UPDATE communication_test SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING *),
 c AS (UPDATE communication_test_call SET state = 'silent' FROM t WHERE test_id = t.id AND state = 'called'),
 d AS (UPDATE delivery_attempt SET state = 'expired', error = 'the test is over', finished_at = clock_timestamp()
   FROM t WHERE delivery_attempt.test_id = t.id AND delivery_attempt.state = 'queued')
SELECT * FROM t
"""


async def close_test(connection: Connection, test_id: str, now: datetime) -> CommunicationTest | None:
    """End a test: whoever has said nothing is silent. None when another process has ended it."""
    row = await connection.fetchrow(_END, test_id, now)
    return None if row is None else _test(row)


async def insert_schedule(connection: Connection, schedule: Schedule) -> None:
    """Store a schedule."""
    asked = schedule.asked
    await connection.execute(
        "INSERT INTO communication_schedule (id, name, division_code, channels, window_s, weekdays, at, enabled, "
        "last_run_on, set_by, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        schedule.id,
        asked.name,
        asked.division_code,
        list(asked.channels),
        asked.window_s,
        list(schedule.weekdays),
        schedule.at,
        schedule.enabled,
        schedule.last_run_on,
        schedule.set_by,
        schedule.set_at,
    )


async def list_schedules(connection: Connection) -> list[Schedule]:
    """List all schedules, the oldest first."""
    return [_schedule(row) for row in await connection.fetch("SELECT * FROM communication_schedule ORDER BY id")]


async def lock_schedule(connection: Connection, schedule_id: str) -> Schedule | None:
    """Find a schedule, and keep others from changing it until this transaction is over."""
    row = await connection.fetchrow("SELECT * FROM communication_schedule WHERE id = $1 FOR UPDATE", schedule_id)
    return None if row is None else _schedule(row)


async def switch_schedule(connection: Connection, schedule: Schedule) -> None:
    """Store whether a schedule is enabled, and the date that counts as its last."""
    await connection.execute(
        "UPDATE communication_schedule SET enabled = $2, last_run_on = $3 WHERE id = $1",
        schedule.id,
        schedule.enabled,
        schedule.last_run_on,
    )


async def claim_run(connection: Connection, schedule_id: str, today: date) -> bool:
    """Note that a schedule is run on a local date; False when another process was first."""
    found = await connection.fetchval(
        "UPDATE communication_schedule SET last_run_on = $2 WHERE id = $1 AND enabled "
        "AND (last_run_on IS NULL OR last_run_on < $2) RETURNING 1",
        schedule_id,
        today,
    )
    return found is not None


def _test(row: asyncpg.Record) -> CommunicationTest:
    return CommunicationTest(
        id=str(row["id"]),
        name=row["name"],
        division_code=row["division_code"],
        channels=tuple(row["channels"]),
        window_s=row["window_s"],
        started_at=row["started_at"],
        ends_at=row["ends_at"],
        started_by=row["started_by"],
        schedule_id=str(row["schedule_id"]) if row["schedule_id"] else None,
        ended_at=row["ended_at"],
    )


def _call(row: asyncpg.Record) -> RollCall:
    return RollCall(
        subject_kind=cast("Subject", row["subject_kind"]),
        subject_id=str(row["subject_id"]),
        channel=row["channel"],
        state=row["state"],
        called_at=row["called_at"],
        delivered_at=row["delivered_at"],
        answered_at=row["answered_at"],
        error=row["error"],
        sent_at=row["sent_at"],
        seen_at=row["seen_at"],
    )


def _schedule(row: asyncpg.Record) -> Schedule:
    asked = Asked(row["name"], row["division_code"], tuple(row["channels"]), row["window_s"], str(row["id"]))
    return Schedule(
        id=str(row["id"]),
        asked=asked,
        weekdays=tuple(row["weekdays"]),
        at=row["at"],
        enabled=row["enabled"],
        last_run_on=row["last_run_on"],
        set_by=row["set_by"],
        set_at=row["set_at"],
    )
