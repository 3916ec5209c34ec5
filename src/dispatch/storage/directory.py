"""Reads the directory into memory, with the states of its units."""

import json
from dataclasses import dataclass, replace
from datetime import time
from typing import Any, Final, cast

import asyncpg

from dispatch.domain.clock_profile import ClockProfile
from dispatch.domain.directory import Device, Directory, DirectoryContent, Division, IncidentType, Place
from dispatch.domain.geo import Point
from dispatch.domain.ladder import Ladder, Ladders, parse_ladder
from dispatch.domain.unit import Contact, Duty, ShiftWindow, Unit, UnitKind, UnitState
from dispatch.storage.database import Connection
from dispatch.storage.space import SpatialIndex


async def directory_version(connection: Connection) -> int:
    """Read the version of the directory as stored."""
    return int(await connection.fetchval("SELECT version FROM directory_version"))


@dataclass(frozen=True, slots=True)
class _Tables:
    """Where the directory's rows come from: the tables as they are, or what was kept of them with an older version."""

    connection: Connection
    kept_with: int | None = None

    async def rows(self, table: str) -> list[asyncpg.Record]:
        """Give the rows of a table."""
        if self.kept_with is None:
            return list(await self.connection.fetch(f"SELECT * FROM {table} ORDER BY code"))
        sql = (
            f"SELECT r.* FROM directory_snapshot s, json_populate_recordset(NULL::{table}, s.body::json->'{table}') r "
            "WHERE s.version = $1 ORDER BY r.code"
        )
        return list(await self.connection.fetch(sql, self.kept_with))


async def load_directory(connection: Connection) -> Directory:
    """Read everything and build the indexes. Call it inside a snapshot: the version must fit the rows."""
    tables = _Tables(connection)
    places = {str(row["id"]): _place(row) for row in await tables.rows("place")}
    devices = {str(row["id"]): _device(row) for row in await tables.rows("device")}
    return await _build(tables, await directory_version(connection), places, devices)


async def find_kept_directory(connection: Connection, version: int) -> Directory | None:
    """Read the directory of an older version: what routing reads of it, without places and devices."""
    kept_with = await connection.fetchval("SELECT max(version) FROM directory_snapshot WHERE version <= $1", version)
    return None if kept_with is None else await _build(_Tables(connection, kept_with), version, {}, {})


async def _build(tables: _Tables, version: int, places: dict[str, Place], devices: dict[str, Device]) -> Directory:
    kinds = {row["code"]: _unit_kind(row) for row in await tables.rows("unit_kind")}
    units = {str(row["id"]): _unit(row, kinds[row["kind"]]) for row in await tables.rows("unit")}
    divisions = {row["code"]: _division(row) for row in await tables.rows("division")}
    content = DirectoryContent(
        version=version,
        unit_kinds=kinds,
        units=units,
        places=places,
        devices=devices,
        divisions=divisions,
        incident_types={row["code"]: _incident_type(row) for row in await tables.rows("incident_type")},
        clock_profiles={row["code"]: _profile(row) for row in await tables.rows("clock_profile")},
        ladders=Ladders([_ladder(row) for row in await tables.rows("ladder")]),
        place_kinds={row["code"]: (row["name"], row["name_en"]) for row in await tables.rows("place_kind")},
    )
    return Directory(content, SpatialIndex(units.values(), divisions.values()))


async def list_agencies(connection: Connection) -> list[dict[str, Any]]:
    """List agencies: `code`, `name`, `name_en`, `rank`."""
    return [dict(row) for row in await connection.fetch("SELECT code, name, name_en, rank FROM agency")]


_OF_REAL_ALARMS: Final = "EXISTS (SELECT 1 FROM incident i WHERE i.id = a.incident_id AND i.exercise = 'actual')"


async def load_states(connection: Connection) -> dict[str, UnitState]:
    """Read the states of all units, with the number of their open assignments; exercises keep nobody busy."""
    rows = await connection.fetch(
        "SELECT unit_id::text, count(*) AS load FROM assignment a WHERE status IN "
        "('issued', 'delivered', 'acknowledged', 'en_route', 'on_scene') "
        f"AND {_OF_REAL_ALARMS} GROUP BY unit_id"
    )
    loads: dict[str, int] = {row["unit_id"]: row["load"] for row in rows}
    states = {
        str(row["unit_id"]): state_of(row, loads.get(str(row["unit_id"]), 0))
        for row in await connection.fetch("SELECT * FROM unit_state")
    }
    for unit_id, load in loads.items():
        states.setdefault(unit_id, UnitState(load=load))
    for row in await connection.fetch(_RELEASED):
        known = states.get(row["unit_id"], UnitState())
        states[row["unit_id"]] = replace(known, released_at=row["released_at"])
    return states


_RELEASED: Final = f"""
SELECT unit_id::text, max(ended_at) AS released_at FROM assignment a
WHERE ended_at > clock_timestamp() - interval '1 day' AND role <> 'notify' AND acknowledged_at IS NOT NULL
  AND {_OF_REAL_ALARMS} GROUP BY unit_id
"""
"""Since when units are free again; what is longer ago than a day is rest enough for anybody."""


def state_of(row: asyncpg.Record, load: int) -> UnitState:
    """Turn a row of unit_state into a state."""
    longitude, latitude = row["longitude"], row["latitude"]
    return UnitState(
        duty=cast("Duty", row["duty"]),
        committed_to=str(row["committed_to"]) if row["committed_to"] else None,
        position=None if longitude is None else Point(longitude, latitude),
        position_at=row["position_at"],
        load=load,
        version=row["version"],
    )


def _point(row: asyncpg.Record) -> Point:
    return Point(row["longitude"], row["latitude"])


def _unit_kind(row: asyncpg.Record) -> UnitKind:
    return UnitKind(row["code"], row["name"], row["name_en"], row["exclusive"], row["sensitive"])


def _unit(row: asyncpg.Record, kind: UnitKind) -> Unit:
    return Unit(
        id=str(row["id"]),
        code=row["code"],
        kind=row["kind"],
        agency=row["agency"],
        name=row["name"],
        name_en=row["name_en"],
        division_code=row["division_code"],
        point=_point(row),
        phone=row["phone"],
        rank=row["rank"],
        superior_id=str(row["superior_id"]) if row["superior_id"] else None,
        capabilities=frozenset(row["capabilities"]),
        jurisdiction=tuple(row["jurisdiction"]),
        schedule=_schedule(row["schedule"]),
        on_call=_contact(row["on_call"]),
        exclusive=kind.exclusive,
        sensitive=kind.sensitive,
        modes=frozenset(row["modes"]),
    )


def _schedule(text: str | None) -> tuple[ShiftWindow, ...] | None:
    if text is None or (windows := json.loads(text)) is None:
        return None
    return tuple(
        ShiftWindow(frozenset(window["days"]), time.fromisoformat(window["from"]), time.fromisoformat(window["to"]))
        for window in windows
    )


def _contact(text: str | None) -> Contact | None:
    contact = None if text is None else json.loads(text)
    return None if contact is None else Contact(contact["name"], contact["phone"])


def _division(row: asyncpg.Record) -> Division:
    return Division(
        row["code"],
        row["name"],
        row["name_en"],
        row["parent_code"],
        row["level"],
        row["area_class"],
        _point(row),
        _boundary(row["boundary"]),
    )


def _boundary(text: str | None) -> tuple[tuple[Point, ...], ...]:
    rings = json.loads(text) if text else None
    return tuple(tuple(Point(*position) for position in ring) for ring in rings or ())


def _place(row: asyncpg.Record) -> Place:
    return Place(
        str(row["id"]),
        row["code"],
        row["kind"],
        row["name"],
        row["name_en"],
        row["address"],
        row["division_code"],
        _point(row),
        row["phone"],
    )


def _device(row: asyncpg.Record) -> Device:
    return Device(
        id=str(row["id"]),
        code=row["code"],
        place_id=str(row["place_id"]),
        name=row["name"],
        name_en=row["name_en"],
        trigger_mode=row["trigger_mode"],
        hold_ms=row["hold_ms"],
        silent=row["silent"],
        choices=tuple(row["choices"]),
        default_incident_type=row["default_incident_type"],
        phone=row["phone"],
        merge_window_s=row["merge_window_s"],
    )


def _incident_type(row: asyncpg.Record) -> IncidentType:
    return IncidentType(
        code=row["code"],
        name=row["name"],
        name_en=row["name_en"],
        incident_class=row["class"],
        severity=row["severity"],
        urgency=row["urgency"],
        clock_profile=row["clock_profile"],
        sensitive=row["sensitive"],
        personal=row["personal"],
    )


def _ladder(row: asyncpg.Record) -> Ladder:
    kept = dict(row) | {"limits": json.loads(row["limits"]), "steps": json.loads(row["steps"])}
    return parse_ladder(kept, f"/ladders/{row['code']}")


def _profile(row: asyncpg.Record) -> ClockProfile:
    return ClockProfile(
        code=row["code"],
        deliver_s=row["deliver_s"],
        urge_s=row["urge_s"],
        acknowledge_s=row["acknowledge_s"],
        depart_s=row["depart_s"],
        arrive_s=None if row["arrive_s"] is None else json.loads(row["arrive_s"]),
        feedback_s=row["feedback_s"],
        close_s=row["close_s"],
        remind_s=row["remind_s"],
    )
