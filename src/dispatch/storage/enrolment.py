"""Devices as they are enrolled and withdrawn, and how all of them are."""

import json
from typing import Any, Final

from dispatch.storage.database import Connection
from dispatch.storage.devices import DeviceState, state_of_device


async def list_device_states(connection: Connection) -> dict[str, DeviceState]:
    """Give the states of all devices by their ids; one never heard of is not among them."""
    return {str(row["device_id"]): state_of_device(row) for row in await connection.fetch("SELECT * FROM device_state")}


_LIST: Final = """
SELECT to_json(l) AS device FROM (
  SELECT d.id, d.code, d.name, d.name_en, p.code AS place, d.trigger_mode, d.default_incident_type, d.choices,
    coalesce(s.state, 'enrolled') AS state, s.last_check_in_at, s.last_press_at, s.battery_percent,
    coalesce(s.tamper, false) AS tamper
  FROM device d JOIN place p ON p.id = d.place_id LEFT JOIN device_state s ON s.device_id = d.id
  ORDER BY d.code COLLATE "C") l
"""


async def list_devices(connection: Connection) -> list[dict[str, Any]]:
    """List all devices with their states, by code."""
    return [json.loads(row["device"]) for row in await connection.fetch(_LIST)]


async def find_place_id(connection: Connection, code: str) -> str | None:
    """Find a place by its code."""
    found: str | None = await connection.fetchval("SELECT id::text FROM place WHERE code = $1", code)
    return found


_INSERT: Final = """
INSERT INTO device (id, code, place_id, name, name_en, trigger_mode, choices, default_incident_type)
SELECT id, code, place_id, name, name_en, trigger_mode, choices, default_incident_type
FROM json_populate_record(NULL::device, $1::json) ON CONFLICT DO NOTHING RETURNING id
"""


async def insert_device(connection: Connection, row: dict[str, object]) -> bool:
    """Insert a device and raise the directory's version; False when its code is taken."""
    device_id = await connection.fetchval(_INSERT, json.dumps(row, ensure_ascii=False))
    if device_id is None:
        return False
    await connection.execute("INSERT INTO device_state (device_id) VALUES ($1) ON CONFLICT DO NOTHING", device_id)
    await connection.execute("UPDATE directory_version SET version = version + 1")
    return True


async def revoke_device(connection: Connection, device_id: str, *, state: str) -> int:
    """Set a device's state and revoke its keys; gives how many there were."""
    await connection.execute("UPDATE device_state SET state = $2 WHERE device_id = $1", device_id, state)
    ended = await connection.fetch(
        "UPDATE api_key SET revoked_at = clock_timestamp() WHERE device_id = $1 AND revoked_at IS NULL RETURNING id",
        device_id,
    )
    return len(ended)
