"""The report statement for several calls: what waits for one commit is written by the next one, all or nothing.

Each call gets its own answer. One whose key is there already is left out of the statement; whatever else is wrong with
one of them refuses the group as a whole, and nothing is written: then each is written by itself.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final

import asyncpg

from dispatch.storage.database import OUTAGES, Connection
from dispatch.storage.report import Report, Reported

# Race: a crew's row that somebody holds is not waited for: the claim counts as lost, and the report that wanted the
# crew waits by itself. Nor is any other lock waited for as long as alone: no call waits long for what another needs.
# Arguments: 1–16 columns, one entry per report: change id, incident id, incident, assignments, events, the change's
# rest, decision, call, actor, number prefix, urgency, attend at, stage at, the decision's input, key's scope, key;
# 17 the hash of the body; 18 claimed units, 19 for which incidents.
_STATEMENT: Final = """
WITH g AS MATERIALIZED (
   SELECT x.*, row_number() OVER (PARTITION BY prefix ORDER BY place) AS nth,
     count(*) OVER (PARTITION BY prefix) AS many
   FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
     $9::text[], $10::text[], $11::smallint[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::text[],
     $16::text[], $17::bytea[]) WITH ORDINALITY AS x (change_id, incident_id, incident, assignments, events, rest,
     decision, call, actor, prefix, urgency, attend_at, stage_at, input, scope, key, body_hash, place),
     set_config('lock_timeout', '300ms', true)
   WHERE NOT EXISTS (SELECT 1 FROM idempotency known WHERE known.scope = x.scope AND known.key = x.key)),
 wanted AS (SELECT w.* FROM unnest($18::uuid[], $19::uuid[]) AS w (unit_id, incident_id) JOIN g USING (incident_id)),
 claim AS (UPDATE unit_state SET committed_to = free.incident_id, version = version + 1
   FROM (SELECT w.unit_id, w.incident_id FROM wanted w JOIN unit_state s USING (unit_id)
     WHERE s.committed_to IS NULL ORDER BY w.unit_id FOR UPDATE OF s SKIP LOCKED) free
   WHERE unit_state.unit_id = free.unit_id AND unit_state.committed_to IS NULL RETURNING 1),
 claimed AS (SELECT refuse_lost_claim((SELECT count(*) FROM wanted), (SELECT count(*) FROM claim)) AS held),
 serial AS (INSERT INTO incident_serial AS s (prefix, last)
   SELECT prefix, many FROM g WHERE nth = 1 ORDER BY prefix
   ON CONFLICT (prefix) DO UPDATE SET last = s.last + excluded.last RETURNING prefix, last),
 c AS MATERIALIZED (SELECT g.*, prefix || lpad((last - many + nth)::text, 6, '0') AS number
   FROM g JOIN serial USING (prefix), claimed WHERE held),
 n AS MATERIALIZED (SELECT change_id, incident_id, place, number,
   replace(incident, '"number":"@number@"', '"number":"' || number || '"') AS incident FROM c),
 i AS (INSERT INTO incident SELECT r.* FROM n, json_populate_record(NULL::incident, n.incident::json) r
   RETURNING id, unit_ids, division_code, device_id, source_id),
 a AS (INSERT INTO assignment SELECT r.* FROM c, json_populate_recordset(NULL::assignment, c.assignments::json) r
   RETURNING id, incident_id, deliver_by, urge_by, acknowledge_by, close_by),
 t AS (INSERT INTO timer (subject_id, kind, urgency, due_at)
   SELECT a.id, 'assignment', c.urgency, least(deliver_by, urge_by, acknowledge_by, close_by)
     FROM a JOIN c USING (incident_id)
   UNION ALL SELECT incident_id, 'incident', urgency, attend_at FROM c WHERE attend_at IS NOT NULL
   UNION ALL SELECT incident_id, 'stage', urgency, stage_at FROM c WHERE stage_at IS NOT NULL),
 d AS (INSERT INTO decision (incident_id, body, input) SELECT incident_id, decision, input FROM c),
 p AS (INSERT INTO call SELECT r.* FROM c, json_populate_record(NULL::call, c.call::json) r),
 o AS (INSERT INTO outbox (id, incident_id, unit_ids, division_code, device_id, source_id, change)
   SELECT c.change_id, i.id, i.unit_ids, i.division_code, i.device_id, i.source_id,
     '{"incident":' || n.incident || ',"assignments":' || c.assignments || ',"events":' || c.events || ',' || c.rest
   FROM i JOIN c ON c.incident_id = i.id JOIN n USING (place) ORDER BY place RETURNING seq, xid, id),
 u AS (INSERT INTO audit (change_id, actor, incident_id, events)
   SELECT change_id, actor::json, incident_id, events::json FROM c ORDER BY place),
 k AS (INSERT INTO idempotency (scope, key, body_hash, change_id)
   SELECT scope, key, body_hash, change_id FROM c WHERE key IS NOT NULL)
SELECT o.seq, o.xid::text AS xid, n.number, n.place FROM o JOIN n ON n.change_id = o.id
"""


class GroupRefusedError(Exception):
    """One of the reports cannot be written beside the others; none was."""


def go_together(report: Report, others: Sequence[Report]) -> bool:
    """Say whether a report can be in a statement with others: not two of one key, not two that want one crew."""
    return not any(
        (report.once is not None and other.once is not None and report.once.name == other.once.name)
        or not set(report.exclusive_unit_ids).isdisjoint(other.exclusive_unit_ids)
        for other in others
    )


async def insert_group(connection: Connection, reports: Sequence[Report]) -> list[Reported | None]:
    """Write reports that come from no device, in one commit; what each drew, None for one whose key is there already.

    Raises:
        GroupRefusedError: at least one cannot be written so; nothing was written.
    """
    try:
        rows = await connection.fetch(_STATEMENT, *_arguments(reports))
    except asyncpg.PostgresError as error:
        # A lock that was not to be had in time may be one report's only; a lost connection is everybody's.
        alone = isinstance(error, asyncpg.LockNotAvailableError | asyncpg.TransactionRollbackError)
        if isinstance(error, OUTAGES) and not alone:
            raise
        raise GroupRefusedError from error
    found: list[Reported | None] = [None] * len(reports)
    for row in rows:
        found[row["place"] - 1] = Reported(row["seq"], int(row["xid"]), row["number"])
    return found


def _arguments(reports: Sequence[Report]) -> list[list[object]]:
    columns: list[list[object]] = [
        [report.change_id for report in reports],
        [report.incident_id for report in reports],
        [report.incident for report in reports],
        [report.assignments for report in reports],
        [report.events for report in reports],
        [report.rest for report in reports],
        [report.decision for report in reports],
        [report.call for report in reports],
        [report.actor for report in reports],
        [report.number_prefix for report in reports],
        [report.urgency for report in reports],
        [report.attend_at for report in reports],
        [report.stage_at for report in reports],
        [report.decided_from for report in reports],
        [report.once and report.once.scope for report in reports],
        [report.once and report.once.key for report in reports],
        [report.once and report.once.body_hash for report in reports],
        list(chain.from_iterable(report.exclusive_unit_ids for report in reports)),
    ]
    columns.append([report.incident_id for report in reports for _ in report.exclusive_unit_ids])
    return columns
