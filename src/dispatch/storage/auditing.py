"""What an audit counts, by SQL over the stored rows and the server's own books; and the alarms that stand.

One statement, so that everything is of one instant: what a single commit wrote together is never seen in halves.
"""

from typing import Final, cast

import asyncpg

from dispatch.domain.audit_findings import Alarm, Code, Finding, Limits, Scope
from dispatch.storage.database import Connection

LOCK: Final = 0x6175646974
"""Advisory lock of a pass: of two processes one looks and tells, then the other."""

_OPEN: Final = "('issued', 'delivered', 'acknowledged', 'en_route', 'on_scene')"
_WORKS: Final = "('acknowledged', 'en_route', 'on_scene')"
_ACTIVE: Final = "('received', 'dispatched', 'in_progress', 'resolved')"
_ACTS: Final = f"""SELECT 1 FROM assignment a WHERE a.incident_id = i.id AND a.role <> 'notify'
  AND a.status IN {_OPEN}"""
_ALARMED: Final = "SELECT 1 FROM timer t WHERE t.subject_id = i.id AND t.kind = 'incident'"

_CALM: Final = """coalesce((SELECT u.recorded_at FROM audit u WHERE u.incident_id = i.id ORDER BY u.seq DESC LIMIT 1)
  < at.now - make_interval(secs => $8), true)"""

# Arguments: 1 timer, 2 silence, 3 nobody, 4 watermark, 5 delivery, 6 kit, 7 relay, 8 settle, 9 seal: limits in seconds.
# Whoever answers late owes the next step in the same instant: what changed just now is looked at by the next audit.
# Of a closed incident only a lead that packs up is at work: its end alone is waited for.
# Of a server that gives no sign of life any more the relay is not missed: its consoles have gone elsewhere.
# A kit that nobody has tried to write for a quarter of an hour has lost its process: that one cannot know better.
# A suspended incident is somebody's decision, with a name and a reason: only its assignments are looked at.
# A place is somebody's while a unit in it is at work, while its gap is an alarm that repeats, or while it is held back.
_AUDIT: Final = f"""
WITH at AS (SELECT clock_timestamp() AS now),
 unarmed AS (SELECT i.number, NULL::float8 AS over_s FROM assignment a JOIN incident i ON i.id = a.incident_id
   WHERE a.status IN {_OPEN}
     AND NOT EXISTS (SELECT 1 FROM timer t WHERE t.subject_id = a.id AND t.kind = 'assignment')),
 late AS (SELECT coalesce(i.number, t.kind) AS number, extract(epoch FROM at.now - t.due_at)::float8 AS over_s
   FROM at, timer t LEFT JOIN assignment a ON a.id = t.subject_id
     LEFT JOIN incident i ON i.id = coalesce(a.incident_id, t.subject_id)
   WHERE t.due_at < at.now - make_interval(secs => $1) AND {_CALM}),
 silent AS (SELECT i.number, extract(epoch FROM at.now - a.acknowledge_by)::float8 AS over_s
   FROM at, assignment a JOIN incident i ON i.id = a.incident_id
   WHERE a.status IN ('issued', 'delivered') AND NOT 'escalate' = ANY(a.steps_done)
     AND a.acknowledge_by < at.now - make_interval(secs => $2) AND {_CALM}),
 missed AS (SELECT concat_ws(' ', i.number, n.code, s.deadline) AS number,
     extract(epoch FROM at.now - s.due_at)::float8 AS over_s
   FROM at, assignment a JOIN incident i ON i.id = a.incident_id LEFT JOIN unit n ON n.id = a.unit_id,
     LATERAL (VALUES ('depart_by', 'depart_overdue', a.depart_by, a.status = 'acknowledged'),
       ('arrive_by', 'arrive_overdue', a.arrive_by, a.status IN ('acknowledged', 'en_route')),
       ('change_by', 'change_overdue', a.change_by, a.status IN {_WORKS}),
       ('feedback_by', 'feedback_overdue', a.feedback_by, a.status IN {_WORKS} AND a.fed_back_at IS NULL),
       ('close_by', 'close_overdue', a.close_by, a.status IN {_OPEN})) s (deadline, step, due_at, owed)
   WHERE s.owed AND NOT s.step = ANY(a.steps_done) AND s.due_at < at.now - make_interval(secs => $2)
     AND a.status IN {_OPEN} AND (i.closed_at IS NULL OR s.deadline = 'close_by') AND {_CALM}),
 places AS (SELECT i.number, NULL::float8 AS over_s FROM incident i
   WHERE i.status IN {_ACTIVE} AND EXISTS (SELECT 1 FROM unnest(i.pending_slots) place WHERE
     NOT EXISTS ({_ACTS} AND a.slot = place)
     AND NOT (EXISTS ({_ALARMED})
       AND EXISTS (SELECT 1 FROM json_array_elements(i.shortfalls) gap WHERE (gap->>'slot')::int = place))
     AND NOT EXISTS (SELECT 1 FROM json_array_elements(i.stages) held, json_array_elements_text(held->'slots') slot
       WHERE slot::int = place))),
 nobody AS (SELECT i.number, extract(epoch FROM at.now - i.opened_at)::float8 AS over_s FROM at, incident i
   WHERE i.status IN {_ACTIVE} AND i.opened_at < at.now - make_interval(secs => $3)
     AND NOT EXISTS ({_ACTS}) AND NOT EXISTS (SELECT 1 FROM timer t WHERE t.subject_id = i.id)),
 held AS (SELECT source AS number, extract(epoch FROM at.now - since)::float8 AS over_s FROM at, (
     SELECT 'transaction' AS source, xact_start AS since FROM pg_stat_activity WHERE backend_xid IS NOT NULL
     UNION ALL SELECT 'prepared transaction', prepared FROM pg_prepared_xacts
     UNION ALL SELECT 'outbox', min(recorded_at) FROM outbox WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())) s
   WHERE since < at.now - make_interval(secs => $4)),
 waiting AS (SELECT d.channel AS number, extract(epoch FROM at.now - d.next_at)::float8 AS over_s
   FROM at, delivery_attempt d WHERE d.state IN ('queued', 'sending')
     AND d.next_at < at.now - make_interval(secs => $5)),
 old AS (SELECT k.place AS number, extract(epoch FROM at.now - coalesce(k.written_at, k.expected_at))::float8 AS over_s
   FROM at, kit k WHERE k.tried_at > at.now - interval '15 min'
     AND coalesce(k.written_at, k.expected_at) < at.now - make_interval(secs => $6)),
 stuck AS (SELECT coalesce(p.name, p.id::text) AS number,
     extract(epoch FROM at.now - least(p.relay_looked_at, p.relay_behind_since))::float8 AS over_s
   FROM at, process p WHERE p.seen_at > at.now - interval '5 s'
     AND least(p.relay_looked_at, p.relay_behind_since) < at.now - make_interval(secs => $7)),
 unsealed AS (SELECT NULL::text AS number, extract(epoch FROM at.now - u.recorded_at)::float8 AS over_s FROM at,
   (SELECT a.recorded_at FROM audit a WHERE a.seq > coalesce((SELECT floor_seq FROM audit_era), 0)
      AND a.xid >= coalesce((SELECT s.up_to_xid FROM audit_seal s ORDER BY s.number DESC LIMIT 1), '0'::xid8)
      ORDER BY a.xid, a.seq LIMIT 1000) u
   WHERE u.recorded_at < at.now - make_interval(secs => $9)),
 found AS (
   SELECT 'assignment_without_timer' AS code, u.* FROM unarmed u
   UNION ALL SELECT 'timer_late', l.* FROM late l
   UNION ALL SELECT 'silence_without_step', s.* FROM silent s
   UNION ALL SELECT 'deadline_without_step', m.* FROM missed m
   UNION ALL SELECT 'place_without_anybody', p.* FROM places p
   UNION ALL SELECT 'incident_without_anybody', n.* FROM nobody n
   UNION ALL SELECT 'watermark_held', h.* FROM held h
   UNION ALL SELECT 'delivery_late', w.* FROM waiting w
   UNION ALL SELECT 'kit_old', o.* FROM old o
   UNION ALL SELECT 'relay_stuck', r.* FROM stuck r
   UNION ALL SELECT 'audit_unsealed', e.* FROM unsealed e)
SELECT code, count(*) AS count, max(over_s) AS worst_s,
  (array_agg(DISTINCT number) FILTER (WHERE number IS NOT NULL))[1:10] AS names FROM found GROUP BY code
"""


async def take_turn(connection: Connection) -> None:
    """Wait until no other process audits; until this transaction ends.

    Race: without it a process that looked before a finding could clear the alarm of one that looked after.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)


async def count_findings(connection: Connection, limits: Limits) -> list[Finding]:
    """Count what breaks a rule, with the names of a few; the server's clock says how late."""
    rows = await connection.fetch(
        _AUDIT,
        limits.timer_s,
        limits.silence_s,
        limits.nobody_s,
        limits.watermark_s,
        limits.delivery_s,
        limits.kit_s,
        limits.relay_s,
        limits.settle_s,
        limits.seal_s,
    )
    findings = sorted((_finding(row, limits) for row in rows), key=lambda finding: finding.code)
    silent_s = await _servers_silent_for(connection)
    if silent_s > limits.server_s:
        findings.append(Finding("servers_silent", 1, silent_s, limits.server_s))
    return findings


def _finding(row: asyncpg.Record, limits: Limits) -> Finding:
    code = cast("Code", row["code"])
    return Finding(code, row["count"], row["worst_s"], limits.of(code), tuple(sorted(row["names"] or ())))


_SCOPE: Final = f"""
SELECT (SELECT count(*) FROM incident i WHERE i.status IN {_ACTIVE} OR i.status = 'suspended') AS incidents,
  count(*) AS assignments,
  count(*) FILTER (WHERE (a.status IN ('issued', 'delivered') AND a.acknowledge_by < now())
    OR (a.status = 'acknowledged' AND a.depart_by < now())
    OR (a.status IN ('acknowledged', 'en_route') AND a.arrive_by < now())
    OR (a.status IN {_WORKS} AND a.fed_back_at IS NULL AND a.feedback_by < now())) AS overdue
FROM assignment a WHERE a.status IN {_OPEN}
"""


async def count_scope(connection: Connection) -> Scope:
    """Count what is open, and what of it has missed a deadline: that alone is no finding, its ladder goes on."""
    row = await connection.fetchrow(_SCOPE)
    return Scope(0, 0, 0) if row is None else Scope(*row.values())


async def _servers_silent_for(connection: Connection) -> float:
    """Give how long no server has given a sign of life."""
    seconds = await connection.fetchval(
        "SELECT extract(epoch FROM clock_timestamp() - coalesce(max(seen_at), '2000-01-01'))::float8 FROM process"
    )
    return float(seconds)


async def list_standing(connection: Connection) -> list[Alarm]:
    """List the alarms that were raised and not cleared."""
    rows = await connection.fetch("SELECT * FROM audit_alarm WHERE cleared_at IS NULL ORDER BY raised_at, id")
    return [_alarm(row) for row in rows]


async def insert_alarm(connection: Connection, alarm: Alarm) -> None:
    """Store an alarm; of one code only one stands, the index refuses another."""
    await connection.execute(
        "INSERT INTO audit_alarm (id, code, count, worst_s, limit_s, raised_at) VALUES ($1, $2, $3, $4, $5, $6)",
        alarm.id,
        alarm.code,
        alarm.count,
        alarm.worst_s,
        alarm.limit_s,
        alarm.raised_at,
    )


async def store_cleared(connection: Connection, alarm: Alarm) -> None:
    """Store that an alarm is over."""
    await connection.execute("UPDATE audit_alarm SET cleared_at = $2 WHERE id = $1", alarm.id, alarm.cleared_at)


def _alarm(row: asyncpg.Record) -> Alarm:
    return Alarm(
        id=str(row["id"]),
        code=row["code"],
        count=row["count"],
        worst_s=row["worst_s"],
        limit_s=row["limit_s"],
        raised_at=row["raised_at"],
        cleared_at=row["cleared_at"],
    )
