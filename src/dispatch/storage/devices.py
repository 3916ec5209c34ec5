"""The changing side of one-key devices, and the statement with which a press joins an open incident."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from dispatch.storage.database import Connection, Database
from dispatch.storage.written import Once, TwinError, Written


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What changes about a device."""

    state: str
    incident_id: str | None
    false_alarm_count: int
    last_check_in_at: datetime | None
    battery_percent: int | None
    tamper: bool


async def get_device_state(connection: Connection, device_id: str) -> DeviceState:
    """Read a device's state; one never heard of is enrolled."""
    row = await connection.fetchrow("SELECT * FROM device_state WHERE device_id = $1", device_id)
    return FRESH if row is None else state_of_device(row)


FRESH: Final = DeviceState("enrolled", None, 0, None, None, tamper=False)
"""A device that was never heard of."""


def state_of_device(row: asyncpg.Record) -> DeviceState:
    """Turn a row of device_state into a state."""
    return DeviceState(
        state=row["state"],
        incident_id=str(row["incident_id"]) if row["incident_id"] else None,
        false_alarm_count=row["false_alarm_count"],
        last_check_in_at=row["last_check_in_at"],
        battery_percent=row["battery_percent"],
        tamper=row["tamper"],
    )


# Race: the desk cancels in the same instant. Both lock the incident first and the device's row second.
_JOIN: Final = """
WITH s AS (SELECT incident_id FROM device_state WHERE device_id = $1 AND state <> 'revoked'),
 i AS (UPDATE incident SET call_count = call_count + 1, version = incident.version + 1, updated_by = $2
   FROM s WHERE incident.id = s.incident_id
     AND incident.status IN ('received', 'dispatched', 'in_progress', 'resolved', 'suspended')
     AND (incident.exercise = 'actual' OR ($4::json->>'exercise') <> 'actual') RETURNING incident.*),
 d AS (UPDATE device_state SET last_press_at = clock_timestamp(),
     merge_until = clock_timestamp() + make_interval(secs => $9) FROM i WHERE device_state.device_id = $1),
 p AS (INSERT INTO call (id, incident_id, channel, device_id, outcome, body, occurred_at, recorded_at)
   SELECT ($3::uuid[])[3], i.id, 'one_key_device', $1, 'joined', $4::json, $5, clock_timestamp() FROM i),
 o AS (INSERT INTO outbox (id, incident_id, unit_ids, division_code, device_id, source_id, change)
   SELECT ($3::uuid[])[1], i.id, i.unit_ids, i.division_code, i.device_id, i.source_id, json_build_object(
     'incident', to_json(i), 'assignments', '[]'::json, 'events', json_build_array(json_build_object(
       'event_id', ($3::uuid[])[2], 'event', 'incident.call_joined', 'assignment_id', NULL,
       'facts', json_build_object('call_count', i.call_count, 'call_id', ($3::uuid[])[3],
         'choice', $4::json->>'choice', 'exercise', $4::json->>'exercise'))),
     'unit', NULL, 'occurred_at', to_json($6::timestamptz), 'recorded_at', to_json($6::timestamptz))::text
   FROM i RETURNING seq, xid, change),
 u AS (INSERT INTO audit (change_id, actor, incident_id, events)
   SELECT ($3::uuid[])[1], $7::json, i.id, o.change::json->'events' FROM i, o),
 w AS (SELECT coalesce(json_agg(to_json(a) ORDER BY a.issued_at, a.slot, a.id), '[]')::text AS assignments
   FROM i JOIN assignment a ON a.incident_id = i.id),
 k AS (INSERT INTO idempotency (scope, key, body_hash, change_id, assignments)
   SELECT ($8::text[])[1], ($8::text[])[2], decode(($8::text[])[3], 'hex'), ($3::uuid[])[1], w.assignments FROM i, w)
SELECT seq, xid::text AS xid, change, assignments FROM o, w
"""


@dataclass(frozen=True, slots=True)
class Joining:
    """A further press. `ids` are change, event and call."""

    device_id: str
    actor_name: str
    ids: tuple[str, str, str]
    body: str
    occurred_at: datetime | None
    now: datetime
    actor: str
    once: Once
    merge_for_s: int


async def join_call(database: Database, joining: Joining) -> Written | None:
    """Count a further press of a device into its open incident. None when that has ended meanwhile.

    Raises:
        TwinError: this press was counted already.
    """
    async with database.connection() as connection:
        try:
            row = await connection.fetchrow(
                _JOIN,
                joining.device_id,
                joining.actor_name,
                list(joining.ids),
                joining.body,
                joining.occurred_at,
                joining.now,
                joining.actor,
                joining.once.parameter(),
                float(joining.merge_for_s),
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "idempotency_pkey":
                raise TwinError from None
            raise
    if row is None:
        return None
    return Written(row["seq"], int(row["xid"]), joining.ids[0], row["change"], row["assignments"])


async def count_false_alarm(connection: Connection, device_id: str) -> None:
    """Count a false alarm and let the next press open a new incident."""
    await connection.execute(
        "UPDATE device_state SET false_alarm_count = false_alarm_count + 1, merge_until = NULL WHERE device_id = $1",
        device_id,
    )


async def count_presses(connection: Connection, incident_id: str, device_id: str) -> int:
    """Count the calls of an incident that came from a device."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM call WHERE incident_id = $1 AND device_id = $2", incident_id, device_id
        )
    )


async def follow_merge(connection: Connection, merged_id: str, into_id: str) -> None:
    """Let the next press of a device whose incident was merged join the incident that it was merged into."""
    await connection.execute("UPDATE device_state SET incident_id = $2 WHERE incident_id = $1", merged_id, into_id)


async def lock_device_state(connection: Connection, device_id: str) -> str:
    """Lock a device's state for a change and read it."""
    await connection.execute("INSERT INTO device_state (device_id) VALUES ($1) ON CONFLICT DO NOTHING", device_id)
    return str(await connection.fetchval("SELECT state FROM device_state WHERE device_id = $1 FOR UPDATE", device_id))


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of life, and the state that follows from it."""

    device_id: str
    state: str
    battery_percent: int | None
    tamper: bool


async def note_sign(connection: Connection, sign: Sign) -> None:
    """Note a sign of life."""
    await connection.execute(
        "UPDATE device_state SET last_check_in_at = clock_timestamp(), state = $2, "
        "battery_percent = coalesce($3, battery_percent), tamper = $4 WHERE device_id = $1",
        sign.device_id,
        sign.state,
        sign.battery_percent,
        sign.tamper,
    )
