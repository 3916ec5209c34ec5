"""Writes a directory bundle (plain dicts, keyed by code) into the database, set-based, in one transaction.

Loading the same bundle twice changes nothing but the version: identities follow from codes.
"""

import json
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID, uuid5

from dispatch.domain.ladder import parse_ladder
from dispatch.domain.requirement_parse import Known
from dispatch.storage.database import Connection

NAMESPACE: Final = UUID("3f1d6f0e-8a54-4b7e-9c11-0d6a3f5b7e21")
"""Identities of directory rows are UUIDv5 of their kind and code in this namespace: stable over reloads."""
Bundle = dict[str, list[dict[str, object]]]


@dataclass(frozen=True, slots=True)
class _Target:
    """Which rows of a bundle go into which table."""

    key: str
    table: str
    primary: str
    columns: str


_UNIT: Final = (
    "id code kind agency name name_en division_code longitude latitude phone rank superior_id capabilities "
    "jurisdiction schedule on_call modes"
)
_PROFILE: Final = "code deliver_s urge_s acknowledge_s depart_s arrive_s feedback_s close_s remind_s"
_DIVISION: Final = "code name name_en parent_code level area_class longitude latitude boundary"
_TYPE: Final = "code name name_en class severity urgency clock_profile sensitive personal"
_DEVICE: Final = (
    "id code place_id name name_en trigger_mode hold_ms silent choices default_incident_type phone merge_window_s"
)
_LADDER: Final = "code agency urgency channels next_channel_s limits escalate steps silent_s"
_TARGETS: Final = (
    _Target("agencies", "agency", "code", "code name name_en rank"),
    _Target("unit_kinds", "unit_kind", "code", "code name name_en exclusive sensitive"),
    _Target("place_kinds", "place_kind", "code", "code name name_en"),
    _Target("divisions", "division", "code", _DIVISION),
    _Target("clock_profiles", "clock_profile", "code", _PROFILE),
    _Target("ladders", "ladder", "code", _LADDER),
    _Target("incident_types", "incident_type", "code", _TYPE),
    _Target("units", "unit", "id", _UNIT),
    _Target("places", "place", "id", "id code kind name name_en address division_code longitude latitude phone notes"),
    _Target("devices", "device", "id", _DEVICE),
)


def identity(kind: str, code: str) -> str:
    """Give the stable id of a directory row."""
    return str(uuid5(NAMESPACE, f"{kind}:{code}"))


def _placed(key: str, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Give agencies the rank of their place in the list, unless they say another."""
    return [{"rank": place, **row} for place, row in enumerate(rows, 1)] if key == "agencies" else rows


def _resolved(key: str, row: dict[str, object]) -> dict[str, object]:
    if key == "units":
        superior = row.get("superior")
        return {
            "modes": [],
            **row,
            "id": identity("unit", str(row["code"])),
            "superior_id": identity("unit", str(superior)) if superior else None,
        }
    if key == "ladders":
        return {**asdict(parse_ladder(row, f"/ladders/{row.get('code')}"))}
    if key == "incident_types":
        return {"personal": False, **row}
    if key == "places":
        return {**row, "id": identity("place", str(row["code"]))}
    if key == "devices":
        return {
            **row,
            "id": identity("device", str(row["code"])),
            "place_id": identity("place", str(row["place"])),
        }
    return row


async def write_bundle(connection: Connection, bundle: Bundle) -> int:
    """Insert or update every row of a bundle and raise the directory's version, which is returned."""
    for target in _TARGETS:
        rows = [_resolved(target.key, row) for row in _placed(target.key, bundle.get(target.key, []))]
        if rows:
            await _upsert(connection, target, json.dumps(rows, ensure_ascii=False))
    await connection.execute("INSERT INTO unit_state (unit_id) SELECT id FROM unit ON CONFLICT DO NOTHING")
    await connection.execute("INSERT INTO device_state (device_id) SELECT id FROM device ON CONFLICT DO NOTHING")
    version = int(await connection.fetchval("UPDATE directory_version SET version = version + 1 RETURNING version"))
    await connection.execute("SELECT keep_directory($1)", version)
    return version


async def _upsert(connection: Connection, target: "_Target", rows: str) -> None:
    columns = target.columns.split()
    names = ", ".join(columns)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column != target.primary)
    await connection.execute(
        f"INSERT INTO {target.table} ({names}) "
        f"SELECT {names} FROM json_populate_recordset(NULL::{target.table}, $1::json) "
        f"ON CONFLICT ({target.primary}) DO UPDATE SET {changes}",
        rows,
    )


async def list_known(connection: Connection) -> Known:
    """Give the names that rules may use, as stored."""
    kinds = await connection.fetch("SELECT code FROM unit_kind")
    types = await connection.fetch("SELECT code, personal FROM incident_type")
    profiles = await connection.fetch("SELECT code FROM clock_profile")
    return Known(
        frozenset(row["code"] for row in kinds),
        frozenset(row["code"] for row in types),
        frozenset(row["code"] for row in profiles),
        frozenset(row["code"] for row in types if row["personal"]),
    )
