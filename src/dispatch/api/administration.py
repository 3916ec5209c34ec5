"""What the desk and administration look up: agencies, people, shifts, devices, types, clocks, jurisdictions.

Invariant: what is known of a person reaches administration only.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final, TypeVar

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses
from dispatch.api.answers import json_response
from dispatch.api.dependencies import Service, principal_of, service_of
from dispatch.api.devices import device_view
from dispatch.api.paging import cut, matches, page_of
from dispatch.domain.device import STATUSES
from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.unit import Unit
from dispatch.domain.wire import Json, unit_view
from dispatch.security import Permission, Principal
from dispatch.storage.access import list_people
from dispatch.storage.devices import FRESH
from dispatch.storage.directory import list_agencies
from dispatch.storage.enrolment import list_device_states

router: Final = APIRouter(prefix="/api/v1", tags=["administration"])
Row = TypeVar("Row")


async def _asked(request: Request, permission: Permission = "direct") -> tuple[Service, Principal, QueryParams]:
    principal = await principal_of(request)
    principal.require(permission)
    return service_of(request), principal, request.query_params


def _listed(
    query: QueryParams, filters: set[str], rows: Iterable[Row], view: tuple[Callable[[Row], str], Callable[[Row], Json]]
) -> Response:
    """Answer the page that is asked for; `view` gives the key that orders a row, and its shape."""
    key, shape = view
    shown, after = cut(rows, page_of(query, allowed=filters, after_is_id=False), key)
    return json_response({"items": [shape(row) for row in shown], "after": after})


def _units(service: Service, principal: Principal, query: QueryParams) -> Iterable[Unit]:
    """Give the units of the caller's area by `kind` and `q`."""
    for unit in service.context.knowledge.directory.units.values():
        if (
            principal.covers(unit.division_code)
            and query.get("kind") in {None, unit.kind}
            and matches(query.get("q"), (unit.code, unit.name, unit.name_en))
        ):
            yield unit


@router.get("/agencies", responses=responses.AGENCIES, openapi_extra=responses.listed_by("q"))
async def agencies(request: Request) -> Response:
    """List agencies: filter by `q` (part of name or code). Reports show them by `rank`, the lowest first."""
    service, _, query = await _asked(request)
    async with service.context.database.connection() as connection:
        stored = await list_agencies(connection)
    found = [row for row in stored if matches(query.get("q"), (row["code"], row["name"], row["name_en"]))]
    return _listed(query, {"q"}, found, (lambda row: row["code"], lambda row: {**row}))


@router.get("/people", responses=responses.PEOPLE, openapi_extra=responses.listed_by("q", "role"))
async def people(request: Request) -> Response:
    """List who may log in, for administration: filter by `role`, `q` (part of name or login)."""
    service, _, query = await _asked(request, "administer")
    async with service.context.database.connection() as connection:
        stored = await list_people(connection)
    names = service.context.knowledge.directory

    def shape(row: Mapping[str, Any]) -> Json:
        unit_id = row["unit_id"]
        unit = None if unit_id is None else unit_view(unit_id, names)
        return {key: row[key] for key in row if key != "unit_id"} | {"unit": unit}

    found = [
        row
        for row in stored
        if query.get("role") in {None, row["role"]} and matches(query.get("q"), (row["login"], row["name"]))
    ]
    return _listed(query, {"q", "role"}, found, (lambda row: row["login"], shape))


@router.get("/shifts", responses=responses.SHIFTS, openapi_extra=responses.listed_by("q", "kind"))
async def shifts(request: Request) -> Response:
    """List when units are manned: filter by `kind`, `q` (part of a unit's name or code)."""
    service, principal, query = await _asked(request)
    names = service.context.knowledge.directory

    def shape(unit: Unit) -> Json:
        told = unit.on_call if principal.may("administer") else None
        return {
            "unit": unit_view(unit.id, names),
            "hours": None
            if unit.schedule is None
            else [
                {"days": sorted(hours.days), "starts": hours.starts.isoformat(), "ends": hours.ends.isoformat()}
                for hours in unit.schedule
            ],
            "has_on_call": unit.on_call is not None,
            "on_call": None if told is None else asdict(told),
        }

    units = _units(service, principal, query)
    return _listed(query, {"q", "kind"}, units, (lambda unit: unit.code, shape))


@router.get(
    "/jurisdictions", responses=responses.JURISDICTIONS, openapi_extra=responses.listed_by("q", "kind", "division")
)
async def jurisdictions(request: Request) -> Response:
    """List what units answer for: filter by `kind`, `division` (prefix of what is answered for), `q`."""
    service, principal, query = await _asked(request)
    names, division = service.context.knowledge.directory, query.get("division", "")

    def shape(unit: Unit) -> Json:
        return {"unit": unit_view(unit.id, names), "division_codes": list(unit.jurisdiction)}

    units = (
        unit
        for unit in _units(service, principal, query)
        if any(code.startswith(division) for code in unit.jurisdiction)
    )
    return _listed(query, {"q", "kind", "division"}, units, (lambda unit: unit.code, shape))


@router.get("/devices", responses=responses.DEVICES, openapi_extra=responses.listed_by("q", "state"))
async def devices(request: Request) -> Response:
    """List one-key devices and how they are: filter by `state`, `q` (part of name, code or place)."""
    service, principal, query = await _asked(request)
    wanted, content = query.get("state"), service.context.knowledge.directory.content
    if wanted is not None and wanted not in STATUSES:
        raise InvalidRequestError((Fault("?state", "unknown_state", f"state: {', '.join(STATUSES)}"),))
    async with service.context.database.connection() as connection:
        states = await list_device_states(connection)
    found = []
    for device in content.devices.values():
        place, state = content.places[device.place_id], states.get(device.id, FRESH)
        names = (device.code, device.name, device.name_en, place.name, place.name_en)
        if principal.covers(place.division_code) and wanted in {None, state.state} and matches(query.get("q"), names):
            found.append((device, state))
    return _listed(
        query,
        {"q", "state"},
        found,
        (
            lambda row: row[0].code,
            lambda row: {
                **device_view(service, row[0], row[1].state),
                "default_incident_type": row[0].default_incident_type,
                "merge_window_s": row[0].merge_window_s,
                **{key: getattr(row[1], key) for key in _TOLD},
            },
        ),
    )


_TOLD: Final = ("last_check_in_at", "battery_percent", "tamper", "false_alarm_count")


@router.get("/incident-types", responses=responses.INCIDENT_TYPES, openapi_extra=responses.listed_by("q"))
async def incident_types(request: Request) -> Response:
    """List incident types with their defaults: filter by `q` (part of name or code)."""
    service, _, query = await _asked(request)
    known = service.context.knowledge.directory.content.incident_types.values()
    found = [kind for kind in known if matches(query.get("q"), (kind.code, kind.name, kind.name_en))]
    return _listed(query, {"q"}, found, (lambda kind: kind.code, asdict))


@router.get("/ladders", responses=responses.LADDERS, openapi_extra=responses.listed_by("q"))
async def ladders(request: Request) -> Response:
    """List ladders, what follows when a unit stays silent: filter by `q` (part of the code)."""
    service, _, query = await _asked(request)
    known = service.context.knowledge.directory.content.ladders.all
    found = [ladder for ladder in known if matches(query.get("q"), (ladder.code,))]
    return _listed(query, {"q"}, found, (lambda ladder: ladder.code, asdict))


@router.get("/clock-profiles", responses=responses.CLOCK_PROFILES, openapi_extra=responses.listed_by("q"))
async def clock_profiles(request: Request) -> Response:
    """List clock profiles: filter by `q` (part of the code)."""
    service, _, query = await _asked(request)
    known = service.context.knowledge.directory.content.clock_profiles.values()
    found = [profile for profile in known if matches(query.get("q"), (profile.code,))]
    return _listed(query, {"q"}, found, (lambda profile: profile.code, asdict))
