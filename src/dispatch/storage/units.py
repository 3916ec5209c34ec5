"""The changing side of units: duty, position, commitment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch.domain.unit import UnitState
from dispatch.storage.database import Connection
from dispatch.storage.directory import state_of


async def list_committed(connection: Connection, unit_ids: list[str]) -> list[str]:
    """Of these units, list those that are committed to an incident."""
    rows = await connection.fetch(
        "SELECT unit_id::text FROM unit_state WHERE unit_id = ANY($1) AND committed_to IS NOT NULL", unit_ids
    )
    return [row["unit_id"] for row in rows]


_DUTY: Final = """
INSERT INTO unit_state AS s (unit_id, duty, duty_reason) VALUES ($1, $2, $3)
ON CONFLICT (unit_id) DO UPDATE SET duty = excluded.duty, duty_reason = excluded.duty_reason, version = s.version + 1
RETURNING *
"""
_POSITION: Final = """
INSERT INTO unit_state AS s (unit_id, longitude, latitude, position_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (unit_id) DO UPDATE SET longitude = excluded.longitude, latitude = excluded.latitude,
  position_at = excluded.position_at, version = s.version + 1
  WHERE s.position_at IS NULL OR s.position_at < excluded.position_at
RETURNING *
"""


async def set_duty(connection: Connection, unit_id: str, *, duty: str, reason: str | None) -> UnitState:
    """Set a unit's duty; gives its state."""
    row = await connection.fetchrow(_DUTY, unit_id, duty, reason)
    if row is None:
        message = "INSERT … RETURNING gave no row"
        raise LookupError(message)
    return state_of(row, load=0)


@dataclass(frozen=True, slots=True)
class PositionReport:
    """Where a unit is, in WGS-84."""

    unit_id: str
    longitude: float
    latitude: float
    reported_at: datetime


async def set_position(connection: Connection, report: PositionReport) -> UnitState | None:
    """Set a unit's position unless a newer one is known; gives its state."""
    row = await connection.fetchrow(_POSITION, report.unit_id, report.longitude, report.latitude, report.reported_at)
    return None if row is None else state_of(row, load=0)


async def claim_unit(connection: Connection, unit_id: str, incident_id: str) -> bool:
    """Commit an exclusive unit to an incident unless it is committed elsewhere."""
    found = await connection.fetchval(
        "UPDATE unit_state SET committed_to = $2, version = version + 1 "
        "WHERE unit_id = $1 AND (committed_to IS NULL OR committed_to = $2) RETURNING 1",
        unit_id,
        incident_id,
    )
    return found is not None
