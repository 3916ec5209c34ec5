"""The directory as consoles need it: names of codes, units and their states, places."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import json_response, kept_answer
from dispatch.api.dependencies import Service, once_of, parse, principal_of, read_body, service_of, uuid_or_missing
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.api.paging import cut, matches, page_of
from dispatch.domain.directory import Place
from dispatch.domain.errors import ForbiddenError
from dispatch.domain.geo import Point
from dispatch.domain.unit import Unit, unit_status
from dispatch.domain.wire import Json, unit_view
from dispatch.operations.set_unit import DutyChange, Sighting, report_position, set_unit_duty
from dispatch.security import Principal

router: Final = APIRouter(prefix="/api/v1", tags=["directory"])


@router.get("/catalogue", responses=responses.CATALOGUE)
async def catalogue(request: Request) -> Response:
    """Give the names of everything that has a code, in Chinese and English."""
    service = service_of(request)
    await principal_of(request)
    content = service.context.knowledge.directory.content
    return json_response(
        {
            "unit_kinds": {k.code: {"zh": k.name, "en": k.name_en} for k in content.unit_kinds.values()},
            "incident_types": {
                t.code: {
                    "zh": t.name,
                    "en": t.name_en,
                    "class": t.incident_class,
                    "severity": t.severity,
                    "urgency": t.urgency,
                }
                for t in content.incident_types.values()
            },
            "place_kinds": {code: {"zh": zh, "en": en} for code, (zh, en) in content.place_kinds.items()},
            "divisions": [
                {
                    "code": division.code,
                    "name": division.name,
                    "name_en": division.name_en,
                    "parent_code": division.parent_code,
                    "level": division.level,
                }
                for division in content.divisions.values()
                if division.level != "village"
            ],
            "channels": list(service.context.paging_channels),
        }
    )


@router.get("/units", responses=responses.UNITS)
async def list_units(request: Request) -> Response:
    """List the units of your area, or your own: filter by `kind`, `division` (prefix), `q` (part of name or code)."""
    service = service_of(request)
    principal = await principal_of(request)
    principal.require("work")
    query = request.query_params
    page = page_of(query, allowed={"kind", "division", "q"}, after_is_id=False)
    found = (
        unit
        for unit in service.context.knowledge.directory.units.values()
        if query.get("kind") in {None, unit.kind}
        and unit.division_code.startswith(query.get("division", ""))
        and matches(query.get("q"), (unit.code, unit.name, unit.name_en))
        and (principal.covers(unit.division_code) if principal.is_desk else unit.id == principal.unit_id)
    )
    shown, after = cut(found, page, lambda unit: unit.code)
    return json_response({"items": [_unit(service, unit) for unit in shown], "after": after})


def _unit(service: Service, unit: Unit) -> Json:
    context = service.context
    state = context.knowledge.states.of(unit.id)
    return {
        **unit_view(unit.id, context.knowledge.directory),
        "division_code": unit.division_code,
        "longitude": unit.point.longitude,
        "latitude": unit.point.latitude,
        "phone": unit.phone,
        "status": unit_status(
            unit, state, context.now().astimezone(context.timezone), response=context.response_at(unit)
        ),
        "duty": state.duty,
        "load": state.load,
        "version": state.version,
    }


@router.get("/places", responses=responses.PLACES)
async def list_places(request: Request) -> Response:
    """List registered places: filter by `kind`, `q` (part of name, code or address)."""
    service = service_of(request)
    await principal_of(request)
    query = request.query_params
    page = page_of(query, allowed={"kind", "q"}, after_is_id=False)
    found = (
        place
        for place in service.context.knowledge.directory.content.places.values()
        if query.get("kind") in {None, place.kind}
        and matches(query.get("q"), (place.code, place.name, place.name_en, place.address))
    )
    shown, after = cut(found, page, lambda place: place.code)
    return json_response({"items": [_place(place) for place in shown], "after": after})


def _place(place: Place) -> Json:
    return {
        "id": place.id,
        "code": place.code,
        "kind": place.kind,
        "name": place.name,
        "name_en": place.name_en,
        "address": place.address,
        "division_code": place.division_code,
        "longitude": place.point.longitude,
        "latitude": place.point.latitude,
        "phone": place.phone,
    }


def _require_own_unit(service: Service, principal: Principal, unit_id: str) -> None:
    unit = service.context.knowledge.directory.units.get(unit_id)
    in_area = principal.is_desk and (unit is None or principal.covers(unit.division_code))
    if principal.unit_id != unit_id and not in_area:
        raise ForbiddenError("a unit speaks for itself only, a desk for the units of its area")


@router.post("/units/{unit_id}/status", responses=responses.UNIT, openapi_extra=body(schemas.UnitStatus, IDEMPOTENT))
async def set_status(request: Request, unit_id: str) -> Response:
    """Switch a unit available, off duty or out of service."""
    service = service_of(request)
    principal = await principal_of(request)
    raw = await read_body(request)
    given = parse(schemas.UnitStatus, raw)
    unit_id = uuid_or_missing(unit_id, "unit")
    _require_own_unit(service, principal, unit_id)
    wanted = DutyChange(unit_id, given.status, given.reason, once_of(request, principal, raw))
    return kept_answer(await set_unit_duty(service.context, wanted, actor=principal.actor))


@router.post(
    "/units/{unit_id}/position", responses=responses.POSITION, openapi_extra=body(schemas.Position, IDEMPOTENT)
)
async def set_position(request: Request, unit_id: str) -> Response:
    """Report where a unit is; used to find the nearest for 120 s."""
    service = service_of(request)
    principal = await principal_of(request)
    raw = await read_body(request)
    given = parse(schemas.Position, raw)
    unit_id = uuid_or_missing(unit_id, "unit")
    _require_own_unit(service, principal, unit_id)
    at = given.location.data()["wgs84"]
    point, once = Point(at["longitude"], at["latitude"]), once_of(request, principal, raw)
    sighting = Sighting(unit_id, point, given.reported_at, once)
    return kept_answer(await report_position(service.context, sighting, actor=principal.actor))
