"""Changes: writing one outside the hot path, and reading them back in commit order.

`save_change` stores the rows of a change that a transaction has computed under the incident's lock.
Invariant: visible is delivered, the watermark is remembered: a position claims only what lies below xmin.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import asyncpg
import orjson

from dispatch.storage.database import Connection
from dispatch.storage.timers import TimerSet
from dispatch.storage.written import Once, TwinError, Written

_ASSIGNMENT_COLUMNS: Final = [
    "role",
    "mandatory",
    "slot",
    "status",
    "version",
    "selection",
    "issued_at",
    "deliver_by",
    "urge_by",
    "acknowledge_by",
    "depart_by",
    "arrive_by",
    "feedback_by",
    "close_by",
    "delivered_at",
    "seen_at",
    "acknowledged_at",
    "en_route_at",
    "on_scene_at",
    "fed_back_at",
    "completed_at",
    "ended_at",
    "excused_at",
    "steps_done",
    "reason",
    "feedback",
    "backup_for",
    "min_ack_revision",
    "acknowledged_revision",
    "change_by",
    "updated_by",
]
_INCIDENT_COLUMNS: Final = [
    "version",
    "status",
    "severity",
    "urgency",
    "tags",
    "division_code",
    "area_class",
    "place",
    "place_id",
    "location",
    "address",
    "description",
    "call_count",
    "shortfalls",
    "pending_slots",
    "stages",
    "links",
    "unit_ids",
    "lead_unit_id",
    "disclosed",
    "revision",
    "settled_version",
    "closed_at",
    "disposition",
    "merged_into",
    "updated_by",
]


def _assign(columns: Sequence[str]) -> str:
    return ", ".join(f"{column} = r.{column}" for column in columns)


_SAVE: Final = f"""
WITH c AS (SELECT $1::json AS change),
 i AS (UPDATE incident SET {_assign(_INCIDENT_COLUMNS)}
   FROM c, json_populate_record(NULL::incident, c.change->'incident') r WHERE incident.id = r.id
   RETURNING incident.id, incident.unit_ids, incident.division_code, incident.device_id, incident.source_id),
 x AS (INSERT INTO assignment AS s
   SELECT r.* FROM c, json_populate_recordset(NULL::assignment, c.change->'assignments') r
     WHERE NOT EXISTS (SELECT 1 FROM assignment e WHERE e.id = r.id)),
 t AS (INSERT INTO timer (subject_id, kind, urgency, due_at)
   SELECT * FROM unnest($3::uuid[], $4::text[], $5::smallint[], $6::timestamptz[])
   ON CONFLICT (subject_id, kind) DO UPDATE SET due_at = excluded.due_at, urgency = excluded.urgency),
 td AS (DELETE FROM timer WHERE subject_id = ANY($7) AND kind <> 'stage'),
 ts AS (DELETE FROM timer WHERE $14 AND subject_id = ($1::json->'incident'->>'id')::uuid AND kind = 'stage'),
 f AS (UPDATE unit_state SET committed_to = NULL, version = version + 1
   WHERE unit_id = ANY($8) AND committed_to = ($1::json->'incident'->>'id')::uuid),
 p AS (INSERT INTO delivery_attempt (id, message_id, assignment_id, incident_id, unit_id, channel, recipient,
     recipient_kind, reason, urgency, source, exercise, body, state, error, next_at, finished_at)
   SELECT d.id, d.message_id, d.assignment_id, d.incident_id, d.unit_id, d.channel, d.recipient, d.recipient_kind,
     d.reason, d.urgency, d.source, d.exercise, d.body, d.state, d.error, clock_timestamp(),
     CASE WHEN d.state <> 'queued' THEN clock_timestamp() END
   FROM json_populate_recordset(NULL::delivery_attempt, $9::json) d),
 pd AS (UPDATE delivery_attempt SET state = 'expired', error = 'not needed any more', finished_at = clock_timestamp()
   WHERE assignment_id = ANY($7) AND state = 'queued'),
 o AS (INSERT INTO outbox (id, incident_id, unit_ids, division_code, device_id, source_id, change)
   SELECT $2, i.id, i.unit_ids, i.division_code, i.device_id, i.source_id, c.change::text FROM i, c
   RETURNING seq, xid, change),
 u AS (INSERT INTO audit (change_id, occurred_at, actor, incident_id, events)
   SELECT $2, $10, $11::json, i.id, c.change->'events' FROM i, c),
 k AS (INSERT INTO idempotency (scope, key, body_hash, change_id, assignments)
   SELECT ($12::text[])[1], ($12::text[])[2], decode(($12::text[])[3], 'hex'), $2, $13 FROM i
   WHERE $12::text[] IS NOT NULL)
SELECT seq, xid::text AS xid, change FROM o
"""
_UPDATE_ASSIGNMENTS: Final = f"""
UPDATE assignment SET {_assign(_ASSIGNMENT_COLUMNS)}
FROM json_populate_recordset(NULL::assignment, $1::json->'assignments') r
WHERE assignment.id = r.id
  AND (r.role = 'lead' AND r.status IN ('issued', 'delivered', 'acknowledged', 'en_route', 'on_scene')) = $2
"""


@dataclass(slots=True)
class Effects:
    """What a change brings with it beside its rows."""

    arm: list[TimerSet] = field(default_factory=list)
    disarm: list[str] = field(default_factory=list)
    no_stage: bool = False
    release_units: list[str] = field(default_factory=list)
    deliveries: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Saving:
    """A change to save, under the incident's lock. `assignments` are all, kept for a key's repeats."""

    change_id: str
    change: str
    assignments: str | None
    actor: str
    occurred_at: datetime
    once: Once | None = None


async def save_change(connection: Connection, saving: Saving, effects: Effects) -> Written:
    """Store a change computed under the incident's row lock.

    Existing assignments are updated first, new ones inserted after; of the existing ones those that do not lead, or
    lead no longer, come first: the one-lead index must see a lead step down or leave before another steps up.

    Raises:
        TwinError: the idempotency key is already there; the transaction is lost.
    """
    try:
        for leads in (False, True):
            await connection.execute(_UPDATE_ASSIGNMENTS, saving.change, leads)
        row = await connection.fetchrow(
            _SAVE,
            saving.change,
            saving.change_id,
            [timer.subject_id for timer in effects.arm],
            [timer.kind for timer in effects.arm],
            [timer.urgency for timer in effects.arm],
            [timer.due_at for timer in effects.arm],
            effects.disarm,
            effects.release_units,
            orjson.dumps(effects.deliveries).decode(),
            saving.occurred_at,
            saving.actor,
            saving.once.parameter() if saving.once else None,
            saving.assignments,
            effects.no_stage,
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "idempotency_pkey":
            raise TwinError from None
        raise
    if row is None:
        message = "a change was saved for an incident that does not exist"
        raise LookupError(message)
    return Written(row["seq"], int(row["xid"]), saving.change_id, row["change"])


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a change concerns; who of them may see what is decided when it is published."""

    unit_ids: tuple[str, ...] = ()
    division_code: str | None = None
    device_id: str | None = None
    source_id: str | None = None


_APPEND: Final = """
WITH o AS (INSERT INTO outbox (id, unit_ids, division_code, device_id, change)
   VALUES ($1, $2, $3, $4, $5) RETURNING seq, xid, change),
 u AS (INSERT INTO audit (change_id, actor, events) SELECT $1, $6::json, o.change::json->'events' FROM o)
SELECT seq, xid::text AS xid, change FROM o
"""


@dataclass(frozen=True, slots=True)
class Plain:
    """A change that concerns no incident, as text, and who did it."""

    change_id: str
    change: str
    actor: str


async def append_change(connection: Connection, plain: Plain, *, audience: Audience) -> Written:
    """Store a change that concerns no incident: a unit's status, a device's fault."""
    row = await connection.fetchrow(
        _APPEND,
        plain.change_id,
        list(audience.unit_ids),
        audience.division_code,
        audience.device_id,
        plain.change,
        plain.actor,
    )
    if row is None:
        message = "INSERT … RETURNING gave no row"
        raise LookupError(message)
    return Written(row["seq"], int(row["xid"]), plain.change_id, row["change"])


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at the outbox: the rows not yet delivered, and the xmin of the same snapshot."""

    rows: list[asyncpg.Record]
    xmin: int
    complete: bool


_READ: Final = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin, o.seq, o.xid::text AS xid, o.id::text AS id, o.change,
  extract(epoch FROM clock_timestamp() - o.recorded_at)::float8 AS age_s
FROM (SELECT 1) one LEFT JOIN LATERAL (
  SELECT * FROM outbox WHERE xid >= $1::text::xid8 AND seq <> ALL($2::bigint[]) ORDER BY xid, seq LIMIT $3) o ON true
"""


READ_WITHIN_S: Final = 5.0
"""It waits for no lock: a server that does not answer by then is taken for dead, for all its connections."""


async def read_changes(connection: Connection, since: int, *, delivered: Collection[int], limit: int) -> Pass:
    """Read the visible changes at or after a transaction id, without those already delivered, in commit order."""
    rows = await connection.fetch(_READ, str(since), list(delivered), limit, timeout=READ_WITHIN_S)
    found = [row for row in rows if row["seq"] is not None]
    return Pass(found, int(rows[0]["xmin"]), len(found) < limit)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader begins: what lies below `xmin` is final, of the rest `known` (seq → xid) is visible already."""

    xmin: int
    known: dict[int, int] = field(default_factory=dict)

    def holds(self, xid: int, seq: int) -> bool:
        """Say whether a change is in what was read."""
        return xid < self.xmin or seq in self.known


_POSITION: Final = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin, o.seq, o.xid::text AS xid FROM (SELECT 1) one
LEFT JOIN outbox o ON o.xid >= pg_snapshot_xmin(pg_current_snapshot())
"""


async def read_position(connection: Connection) -> Position:
    """Give the position that belongs to everything else that is read in this snapshot."""
    rows = await connection.fetch(_POSITION)
    return Position(int(rows[0]["xmin"]), {row["seq"]: int(row["xid"]) for row in rows if row["seq"] is not None})


async def get_change(connection: Connection, change_id: str) -> str:
    """Get the text of one change."""
    text: str | None = await connection.fetchval("SELECT change FROM outbox WHERE id = $1", change_id)
    if text is None:
        message = f"change {change_id} is gone"
        raise LookupError(message)
    return text


async def find_once(connection: Connection, once: Once) -> asyncpg.Record | None:
    """Find what a key has already brought about: a change, perhaps with `assignments`, or an `answer`."""
    return await connection.fetchrow(
        "SELECT k.body_hash, k.change_id::text, k.assignments, k.answer, o.change FROM idempotency k "
        "LEFT JOIN outbox o ON o.id = k.change_id WHERE k.scope = $1 AND k.key = $2",
        once.scope,
        once.key,
    )


_PRUNE: Final = """
WITH k AS (DELETE FROM idempotency WHERE (scope, key) IN (SELECT scope, key FROM idempotency
   WHERE created_at < clock_timestamp() - make_interval(secs => $1) ORDER BY created_at LIMIT $2) RETURNING 1),
 d AS (DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox
   WHERE recorded_at < clock_timestamp() - make_interval(secs => $1) AND xid < pg_snapshot_xmin(pg_current_snapshot())
   ORDER BY recorded_at LIMIT $2) RETURNING xid),
 e AS (UPDATE epoch SET pruned_xid = greatest(pruned_xid, (SELECT max(xid)::text::bigint FROM d))
   WHERE EXISTS (SELECT 1 FROM d))
SELECT greatest((SELECT count(*) FROM d), (SELECT count(*) FROM k))
"""


async def prune(connection: Connection, keep_for_s: float, *, most: int) -> int:
    """Delete so much of what is older than the promise (24 h and more); consoles from before then get a snapshot.

    Gives how many rows went, 0 when there is nothing left. In bites: all at once may take longer than a statement may,
    and then nothing would ever go.
    """
    return int(await connection.fetchval(_PRUNE, keep_for_s, most) or 0)


async def pruned_below(connection: Connection) -> int:
    """Give the newest transaction id that was pruned: a resume from before it must take a snapshot."""
    return int(await connection.fetchval("SELECT pruned_xid FROM epoch") or 0)
