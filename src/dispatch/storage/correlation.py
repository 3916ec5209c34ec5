"""What correlation reads and writes: the open incidents that are young enough, and the row of a call that joins."""

from typing import Final, cast

import orjson

from dispatch.domain.correlation import OpenIncident
from dispatch.domain.directory import Directory
from dispatch.domain.open_incidents import MOST_KEPT, open_incident_of
from dispatch.domain.rows import IncidentRow
from dispatch.storage.database import Connection

_OPEN: Final = f"""
SELECT json_build_object('id', id, 'number', number, 'incident_type', incident_type, 'exercise', exercise,
  'status', status, 'division_code', division_code, 'device_id', device_id, 'place_id', place_id, 'location', location,
  'tags', tags, 'opened_at', opened_at, 'version', version) AS row
FROM (SELECT * FROM incident WHERE status NOT IN ('closed', 'cancelled', 'merged', 'transferred')
  AND ($1::double precision IS NULL OR opened_at > clock_timestamp() - make_interval(secs => $1))
  ORDER BY id DESC LIMIT {MOST_KEPT}) young ORDER BY id
"""


async def load_open(
    connection: Connection, directory: Directory, *, young_s: float | None = None
) -> list[OpenIncident]:
    """Read the open incidents, the oldest first; with `young_s` only those opened since."""
    rows = await connection.fetch(_OPEN, young_s)
    return [open_incident_of(cast("IncidentRow", orjson.loads(row["row"])), directory) for row in rows]


async def insert_call(connection: Connection, call: str) -> None:
    """Write the row of a call that joins an incident, under the incident's lock."""
    await connection.execute("INSERT INTO call SELECT r.* FROM json_populate_record(NULL::call, $1::json) r", call)


async def has_call_of(connection: Connection, incident_id: str, source_id: str) -> bool:
    """Say whether a call of this sender is among those of an incident; only integrators' keys are kept as senders."""
    found = await connection.fetchval(
        "SELECT 1 FROM call WHERE incident_id = $1 AND source_id = $2 LIMIT 1", incident_id, source_id
    )
    return found is not None
