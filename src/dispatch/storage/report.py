"""The report statement: a call becomes an incident with its assignments, in one round trip and one commit.

Call, incident, assignments, timers, decision, outbox, audit and idempotency record: together or not at all.
Rows travel as JSON texts whose keys are the columns; the change is put together from the same texts.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from dispatch.storage.database import Database
from dispatch.storage.written import ClaimLostError, Once, PaperTakenError, TwinError


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the statement writes, as text: the change in its parts, so that none is parsed twice."""

    change_id: str
    incident_id: str
    incident: str
    assignments: str
    events: str
    rest: str
    decision: str
    call: str
    actor: str
    number_prefix: str
    urgency: int
    once: Once | None
    exclusive_unit_ids: tuple[str, ...]
    device_id: str | None
    merge_for_s: int
    attend_at: datetime | None
    stage_at: datetime | None
    decided_from: str | None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """What the statement drew: the place in commit order and the incident's number."""

    seq: int
    xid: int
    number: str


_GATE_ALWAYS: Final = "gate AS (SELECT 1 AS open)"
# A test or exercise that is open must not swallow a real alarm: that opens an incident of its own.
# Race: of two presses at the same instant one takes the device's row, the other waits and joins. The one
# that waited does not see the other's incident yet: only an incident that is seen to have ended lets it open another.
_GATE_DEVICE: Final = """gate AS (
  INSERT INTO device_state AS d (device_id, state, incident_id, merge_until, last_press_at)
    SELECT $14, 'active', $2, clock_timestamp() + make_interval(secs => $15), clock_timestamp()
    WHERE NOT EXISTS (SELECT 1 FROM device_state r WHERE r.device_id = $14 AND r.state = 'revoked')
    ON CONFLICT (device_id) DO UPDATE SET incident_id = excluded.incident_id, merge_until = excluded.merge_until,
      last_press_at = excluded.last_press_at, state = CASE WHEN d.state = 'enrolled' THEN 'active' ELSE d.state END
    WHERE d.merge_until IS NULL OR d.merge_until < clock_timestamp() OR EXISTS (
      SELECT 1 FROM incident i WHERE i.id = d.incident_id
        AND (i.status IN ('closed', 'cancelled', 'merged', 'transferred')
          OR (i.exercise <> 'actual' AND ($3::json->>'exercise') = 'actual')))
    RETURNING 1 AS open)"""
# Race: two incidents want the same crew; rows are locked in id order, the loser's statement fails as a whole. It comes
# before the serial: whoever waits for a crew must not hold the row that every other call of the division needs.
_CLAIM: Final = """
 claim AS (UPDATE unit_state SET committed_to = $2, version = version + 1
   WHERE unit_id IN (SELECT unit_id FROM unit_state WHERE unit_id = ANY($13) ORDER BY unit_id FOR UPDATE)
     AND committed_to IS NULL AND EXISTS (SELECT 1 FROM gate) RETURNING unit_id),
 claimed AS (SELECT refuse_lost_claim(
   CASE WHEN EXISTS (SELECT 1 FROM gate) THEN cardinality($13::uuid[]) ELSE 0 END,
   (SELECT count(*) FROM claim)) AS held),"""
# Arguments: 1 change id, 2 incident id, 3 incident, 4 assignments, 5 events, 6 the change's rest, 7 decision, 8 call,
# 9 actor, 10 number prefix, 11 idempotency, 12 attend at, 13 exclusive units, 14 device, 15 merge for s, 16 urgency,
# 17 stage at, 18 the decision's input, 19 occurred at, where that is not when it was recorded.
# What was over before it was recorded needs no timer.
_STATEMENT: Final = """
WITH arguments AS (SELECT $2::uuid, $13::uuid[], $14::uuid, $15::double precision),
 {gate},{claim}
 serial AS (INSERT INTO incident_serial AS s (prefix, last) SELECT $10, 1 FROM gate{held}
   ON CONFLICT (prefix) DO UPDATE SET last = s.last + 1 RETURNING last),
 c AS (SELECT $10 || lpad(last::text, 6, '0') AS number,
   replace($3::text, '"number":"@number@"',
     '"number":"' || $10 || lpad(last::text, 6, '0') || '"') AS incident FROM serial),
 i AS (INSERT INTO incident SELECT r.* FROM c, json_populate_record(NULL::incident, c.incident::json) r
   RETURNING id, unit_ids, division_code, device_id, source_id),
 a AS (INSERT INTO assignment SELECT r.* FROM i, json_populate_recordset(NULL::assignment, ($4::text)::json) r
   RETURNING id, deliver_by, urge_by, acknowledge_by, close_by, ended_at),
 t AS (INSERT INTO timer (subject_id, kind, urgency, due_at)
   SELECT id, 'assignment', $16::smallint, least(deliver_by, urge_by, acknowledge_by, close_by) FROM a
     WHERE ended_at IS NULL
   UNION ALL SELECT id, 'incident', $16::smallint, $12 FROM i WHERE $12::timestamptz IS NOT NULL
   UNION ALL SELECT id, 'stage', $16::smallint, $17 FROM i WHERE $17::timestamptz IS NOT NULL),
 d AS (INSERT INTO decision (incident_id, body, input) SELECT id, $7::text, $18::text FROM i),
 p AS (INSERT INTO call SELECT r.* FROM i, json_populate_record(NULL::call, ($8::text)::json) r),
 o AS (INSERT INTO outbox (id, incident_id, unit_ids, division_code, device_id, source_id, change)
   SELECT $1::uuid, i.id, i.unit_ids, i.division_code, i.device_id, i.source_id,
     '{{"incident":' || c.incident || ',"assignments":' || $4::text || ',"events":' || $5::text || ',' || $6::text
   FROM i, c RETURNING seq, xid),
 u AS (INSERT INTO audit (change_id, occurred_at, actor, incident_id, events)
   SELECT $1::uuid, $19::timestamptz, ($9::text)::json, i.id, ($5::text)::json FROM i),
 k AS (INSERT INTO idempotency (scope, key, body_hash, change_id)
   SELECT ($11::text[])[1], ($11::text[])[2], decode(($11::text[])[3], 'hex'), $1::uuid FROM i
   WHERE $11::text[] IS NOT NULL)
SELECT o.seq, o.xid::text AS xid, c.number FROM o, c
"""


def _statement(*, device: bool, exclusive: bool) -> str:
    return _STATEMENT.format(
        gate=_GATE_DEVICE if device else _GATE_ALWAYS,
        claim=_CLAIM if exclusive else "",
        held=", claimed WHERE claimed.held" if exclusive else "",
    )


_STATEMENTS: Final = {
    (device, exclusive): _statement(device=device, exclusive=exclusive)
    for device in (False, True)
    for exclusive in (False, True)
}


async def insert_report(database: Database, report: Report) -> Reported | None:
    """Write a report. None when the press must join the open incident of its device: nothing was written.

    Raises:
        TwinError: the idempotency key is already there; nothing was written.
        ClaimLostError: an exclusive unit was taken meanwhile; nothing was written.
        PaperTakenError: an incident was entered under this paper number before; nothing was written.
    """
    statement = _STATEMENTS[report.device_id is not None, bool(report.exclusive_unit_ids)]
    async with database.connection() as connection:
        try:
            row = await connection.fetchrow(
                statement,
                report.change_id,
                report.incident_id,
                report.incident,
                report.assignments,
                report.events,
                report.rest,
                report.decision,
                report.call,
                report.actor,
                report.number_prefix,
                report.once.parameter() if report.once else None,
                report.attend_at,
                list(report.exclusive_unit_ids),
                report.device_id,
                float(report.merge_for_s),
                report.urgency,
                report.stage_at,
                report.decided_from,
                report.occurred_at,
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "idempotency_pkey":
                raise TwinError from None
            if error.constraint_name == "incident_paper":
                raise PaperTakenError from None
            raise
        except asyncpg.PostgresError as error:
            if error.sqlstate == "UD001":
                raise ClaimLostError from None
            raise
    return None if row is None else Reported(row["seq"], int(row["xid"]), row["number"])
