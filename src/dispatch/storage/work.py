"""Incidents and assignments: reading them, and locking them for a change."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, cast

import asyncpg
import orjson

from dispatch.domain.assignment import OPEN
from dispatch.domain.errors import NotFoundError
from dispatch.domain.rows import AssignmentRow, IncidentRow
from dispatch.storage.database import Connection

OPEN_STATUSES: Final = ("received", "dispatched", "in_progress", "resolved", "suspended")
"""The literal list that the partial index `incident_open` is written for."""
_OPEN: Final = "status NOT IN ('closed', 'cancelled', 'merged', 'transferred')"


@dataclass(slots=True)
class Work:
    """An incident with all its assignments, as rows. `participants`: of the drill that an exercise was decided in."""

    incident: IncidentRow
    assignments: list[AssignmentRow]
    participants: dict[str, object] | None = None


_WITH_ASSIGNMENTS: Final = """
SELECT to_json(i) AS incident, coalesce((SELECT json_agg(to_json(a) ORDER BY a.issued_at, a.slot, a.id)
  FROM assignment a WHERE a.incident_id = i.id), '[]') AS assignments,
  CASE WHEN i.exercise = 'exercise'
    THEN (SELECT d.input::json->'participants' FROM decision d WHERE d.incident_id = i.id) END AS participants
FROM incident i WHERE {where}
"""


def _work(row: asyncpg.Record) -> Work:
    return Work(
        incident=cast("IncidentRow", orjson.loads(row["incident"])),
        assignments=cast("list[AssignmentRow]", orjson.loads(row["assignments"])),
        participants=None if row["participants"] is None else orjson.loads(row["participants"]),
    )


async def lock_work(connection: Connection, incident_id: str) -> Work:
    """Lock an incident and read it with its assignments as of now.

    Raises:
        NotFoundError: no such incident.
    """
    if await connection.fetchval("SELECT 1 FROM incident WHERE id = $1 FOR UPDATE", incident_id) is None:
        raise NotFoundError("no such incident", facts={"incident_id": incident_id})
    return await get_work(connection, incident_id)


async def try_lock_work(connection: Connection, incident_id: str) -> Work | None:
    """Lock an incident unless somebody is changing it at this moment."""
    locked = await connection.fetchval("SELECT 1 FROM incident WHERE id = $1 FOR UPDATE SKIP LOCKED", incident_id)
    return None if locked is None else await get_work(connection, incident_id)


async def get_work(connection: Connection, incident_id: str) -> Work:
    """Read an incident with its assignments.

    Raises:
        NotFoundError: no such incident.
    """
    work = await find_work(connection, incident_id)
    if work is None:
        raise NotFoundError("no such incident", facts={"incident_id": incident_id})
    return work


async def find_work(connection: Connection, incident_id: str) -> Work | None:
    """Read an incident with its assignments, if it exists."""
    row = await connection.fetchrow(_WITH_ASSIGNMENTS.format(where="i.id = $1"), incident_id)
    return None if row is None else _work(row)


async def incident_of(connection: Connection, assignment_id: str) -> str:
    """Give the incident of an assignment.

    Raises:
        NotFoundError: no such assignment.
    """
    found: str | None = await connection.fetchval(
        "SELECT incident_id::text FROM assignment WHERE id = $1", assignment_id
    )
    if found is None:
        raise NotFoundError("no such assignment", facts={"assignment_id": assignment_id})
    return found


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A unit that has said it comes and has not been taken back, with what its watch depends on."""

    id: str
    incident_id: str
    unit_id: str
    status: str
    urgency: str
    on_call: bool


_ACKNOWLEDGED: Final = f"""
SELECT a.id::text, a.incident_id::text, a.unit_id::text, a.status, i.urgency,
  coalesce((a.selection->>'on_call')::boolean, false) AS on_call
FROM assignment a JOIN incident i ON i.id = a.incident_id
WHERE i.{_OPEN} AND i.status <> 'suspended' AND a.status IN ('acknowledged', 'en_route', 'on_scene')
  AND a.role <> 'notify' AND a.fed_back_at IS NULL AND NOT 'reopened' = ANY(a.steps_done)
"""


async def list_acknowledged(connection: Connection) -> list[Acknowledged]:
    """List the units of open incidents that have acknowledged and neither fed back nor been taken back."""
    return [Acknowledged(*row.values()) for row in await connection.fetch(_ACKNOWLEDGED)]


async def get_decision(connection: Connection, incident_id: str) -> str:
    """Get the stored decision of an incident, as JSON text."""
    return str(await connection.fetchval("SELECT body FROM decision WHERE incident_id = $1", incident_id) or "null")


async def list_further(connection: Connection, incident_id: str) -> list[dict[str, object]]:
    """List the requirements that came up after the decision, in order; their numbers follow on."""
    kept = await connection.fetchval("SELECT further FROM decision WHERE incident_id = $1", incident_id)
    return [] if kept is None else cast("list[dict[str, object]]", orjson.loads(kept))


async def write_further(connection: Connection, incident_id: str, further: list[dict[str, object]]) -> None:
    """Keep the requirements that came up after the decision; the incident's lock is held."""
    body = orjson.dumps(further).decode()
    await connection.execute("UPDATE decision SET further = $2::json WHERE incident_id = $1", incident_id, body)


async def find_decided_from(connection: Connection, incident_id: str) -> str | None:
    """Get what a decision was made from, as JSON text; None when it was made before that was kept."""
    kept: str | None = await connection.fetchval("SELECT input FROM decision WHERE incident_id = $1", incident_id)
    return kept


async def list_calls(connection: Connection, incident_id: str) -> list[dict[str, object]]:
    """List the calls of an incident, oldest first."""
    rows = await connection.fetch(
        "SELECT to_json(c) AS call FROM call c WHERE incident_id = $1 ORDER BY recorded_at, id", incident_id
    )
    return [orjson.loads(row["call"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents to list; an empty field does not filter. `after` is the last id of the page before."""

    open_only: bool = False
    status: str | None = None
    incident_type: str | None = None
    division_codes: tuple[str, ...] | None = None
    unit_id: str | None = None
    source_id: str | None = None
    device_id: str | None = None
    source_reference: str | None = None
    exercise: str | None = None
    after: str | None = None
    limit: int = 50


async def list_work(connection: Connection, wanted: Filter) -> list[Work]:
    """List incidents with their assignments, newest first (ids are in time order)."""
    clauses, arguments = _clauses(wanted)
    where = " AND ".join(clauses) or "true"
    sql = _WITH_ASSIGNMENTS.format(where=f"{where} ORDER BY i.id DESC LIMIT {int(wanted.limit)}")
    return [_work(row) for row in await connection.fetch(sql, *arguments)]


async def list_own_work(connection: Connection, unit_ids: Collection[str], limit: int) -> dict[str, list[Work]]:
    """List for each of several units the open incidents that it is on, newest first, in one statement."""
    sql = _WITH_ASSIGNMENTS.format(where=f"{_OWN_WORK.format('$1')} ORDER BY i.id DESC")
    own: dict[str, list[Work]] = {unit_id: [] for unit_id in unit_ids}
    for row in await connection.fetch(sql, list(own)):
        work = _work(row)
        is_open = work.incident["status"] in OPEN_STATUSES
        units = {one["unit_id"] for one in work.assignments if is_open or one["status"] in OPEN}
        for unit_id in units & own.keys():
            if len(own[unit_id]) < limit:
                own[unit_id].append(work)
    return own


async def find_paper(connection: Connection, paper_number: str) -> tuple[str, str] | None:
    """Find the incident that was entered under a paper number: its id and its own number."""
    row = await connection.fetchrow(
        "SELECT id::text, number FROM incident WHERE channel = 'back_entry' AND source_reference = $1", paper_number
    )
    return None if row is None else (row["id"], row["number"])


async def count_open(connection: Connection) -> int:
    """Count the open incidents."""
    return int(await connection.fetchval(f"SELECT count(*) FROM incident WHERE {_OPEN}"))


_EVER_ON: Final = "EXISTS (SELECT 1 FROM assignment w WHERE w.incident_id = i.id AND w.unit_id = {0}::uuid)"
# A lead that has fed back may close the incident before it says that it is done: its task is still open.
_OWN_WORK: Final = f"""i.id IN (SELECT w.incident_id FROM assignment w WHERE w.unit_id = ANY({{0}}::uuid[])
    AND w.status IN ('issued', 'delivered', 'acknowledged', 'en_route', 'on_scene')
  UNION SELECT o.id FROM incident o WHERE o.{_OPEN}
    AND EXISTS (SELECT 1 FROM assignment w WHERE w.incident_id = o.id AND w.unit_id = ANY({{0}}::uuid[])))"""


def _clauses(wanted: Filter) -> tuple[list[str], list[object]]:
    templates: list[tuple[str, object]] = [
        ("i.status = {}", wanted.status),
        ("i.incident_type = {}", wanted.incident_type),
        ("i.division_code LIKE ANY({}::text[])", wanted.division_codes and [f"{c}%" for c in wanted.division_codes]),
        (_OWN_WORK, [wanted.unit_id] if wanted.open_only and wanted.unit_id is not None else None),
        (_EVER_ON, None if wanted.open_only else wanted.unit_id),
        ("i.source_id = {}::uuid", wanted.source_id),
        ("i.device_id = {}::uuid", wanted.device_id),
        ("i.source_reference = {}", wanted.source_reference),
        ("i.exercise = {}", wanted.exercise),
        ("i.id < {}::uuid", wanted.after),
    ]
    clauses = [f"i.{_OPEN}"] if wanted.open_only and wanted.unit_id is None else []
    arguments: list[object] = []
    for template, value in templates:
        if value is not None:
            arguments.append(value)
            clauses.append(template.format(f"${len(arguments)}"))
    return clauses, arguments


async def list_audit(connection: Connection, incident_id: str) -> list[dict[str, object]]:
    """List the audit rows of an incident, oldest first."""
    rows = await connection.fetch(
        "SELECT to_json(a) AS entry FROM (SELECT recorded_at, occurred_at, actor, events FROM audit "
        "WHERE incident_id = $1 ORDER BY seq) a",
        incident_id,
    )
    return [orjson.loads(row["entry"]) for row in rows]


async def list_deliveries(connection: Connection, incident_id: str) -> list[dict[str, object]]:
    """List the delivery attempts of an incident, oldest first."""
    rows = await connection.fetch(
        "SELECT to_json(d) AS attempt FROM delivery_attempt d WHERE incident_id = $1 ORDER BY created_at, id",
        incident_id,
    )
    return [orjson.loads(row["attempt"]) for row in rows]
