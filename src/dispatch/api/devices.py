"""One-key devices: pressed, asked for their status, cancelled as a false alarm, checked in."""

import hashlib
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import incident_answer, intake_answer, json_response, kept_answer, see_incident
from dispatch.api.dependencies import Service, once_of, parse, principal_of, read_body, service_of, uuid_or_missing
from dispatch.api.intake import check_type
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.domain.directory import Device
from dispatch.domain.errors import ForbiddenError, NotFoundError
from dispatch.domain.rows import instant
from dispatch.domain.wire import Json
from dispatch.operations.check_in_device import CheckIn, check_in_device
from dispatch.operations.edit import Request as Edited
from dispatch.operations.end_incident import withdraw_alarm
from dispatch.operations.press_device import Press, press_device
from dispatch.security import Principal
from dispatch.storage.devices import get_device_state
from dispatch.storage.work import find_work
from dispatch.storage.written import Once

router: Final = APIRouter(prefix="/api/v1/devices", tags=["devices"])


async def _own_device(request: Request, device_id: str) -> tuple[Service, Principal, Device]:
    """Give the device if the caller is that device, or an operator who tries it out."""
    service = service_of(request)
    principal = await principal_of(request)
    device_id = uuid_or_missing(device_id, "device")
    if principal.device_id != device_id and not principal.is_desk:
        raise ForbiddenError("a device's key opens that device only")
    device = service.context.knowledge.directory.content.devices.get(device_id)
    if device is None:
        raise NotFoundError("no such device", facts={"device_id": device_id})
    place = service.context.knowledge.directory.content.places[device.place_id]
    if principal.is_desk and not principal.covers(place.division_code):
        raise NotFoundError("no such device", facts={"device_id": device_id})
    return service, principal, device


@router.post("/{device_id}/press", status_code=201, responses=responses.CREATED, openapi_extra=body(schemas.Press))
async def press(request: Request, device_id: str) -> Response:
    """Press the one key. `press_id` is the idempotency key: retry with the same one until you get an answer.

    The first press opens an incident, further ones within the device's merge window join it and count up.
    """
    raw = await read_body(request)
    service, principal, device = await _own_device(request, device_id)
    given = parse(schemas.Press, raw)
    if given.choice is not None:
        check_type(service, given.choice, "/choice")
    told = hashlib.sha256(given.model_dump_json(exclude={"pressed_at"}).encode()).digest()
    pressing = Press(
        device_id=device.id,
        press_id=str(given.press_id),
        pressed_at=given.pressed_at,
        choice=given.choice,
        exercise=given.exercise,
        actor=principal.actor,
        once=Once(f"device:{device.id}", str(given.press_id), told),
    )
    return await intake_answer(service, principal, await press_device(service.context, pressing))


@router.get("/{device_id}/status", responses=responses.DEVICE_STATUS)
async def status(request: Request, device_id: str) -> Response:
    """Say what the button may show: received, accepted, the units and their steps. No personal data."""
    service, principal, device = await _own_device(request, device_id)
    async with service.context.database.connection() as connection:
        state = await get_device_state(connection, device.id)
        work = await find_work(connection, state.incident_id) if state.incident_id else None
    return json_response(
        {
            "device": device_view(service, device, state.state),
            "incident": None if work is None else see_incident(service, principal, work),
            "server_time": instant(service.context.now()),
        }
    )


def device_view(service: Service, device: Device, state: str) -> Json:
    """Shape a device with its place."""
    place = service.context.knowledge.directory.content.places[device.place_id]
    return {
        "id": device.id,
        "code": device.code,
        "name": device.name,
        "name_en": device.name_en,
        "place": {
            "id": place.id,
            "code": place.code,
            "kind": place.kind,
            "name": place.name,
            "name_en": place.name_en,
            "address": place.address,
            "division_code": place.division_code,
        },
        "trigger_mode": device.trigger_mode,
        "hold_ms": device.hold_ms,
        "silent": device.silent,
        "choices": list(device.choices),
        "phone": device.phone,
        "state": state,
    }


@router.post("/{device_id}/cancel", responses=responses.INCIDENT, openapi_extra=body(schemas.DeviceCancel, IDEMPOTENT))
async def cancel(request: Request, device_id: str) -> Response:
    """Say that it was a false alarm: the units are called back, the incident is kept.

    409 when others have called for it too: then only the desk calls them back.
    """
    raw = await read_body(request)
    service, principal, device = await _own_device(request, device_id)
    given = parse(schemas.DeviceCancel, raw)
    async with service.context.database.connection() as connection:
        state = await get_device_state(connection, device.id)
    if state.incident_id is None:
        raise NotFoundError("this device has no incident to cancel", facts={"device_id": device.id})
    edited = Edited(state.incident_id, principal.actor, once_of(request, principal, raw))
    answer = await withdraw_alarm(service.context, edited, device_id=device.id, reason=given.reason)
    return incident_answer(service, principal, answer)


@router.post("/{device_id}/check-in", responses=responses.DEVICE_STATE, openapi_extra=body(schemas.CheckIn, IDEMPOTENT))
async def check_in(request: Request, device_id: str) -> Response:
    """Say that the device lives, how its battery is, whether its case was opened."""
    raw = await read_body(request)
    service, principal, device = await _own_device(request, device_id)
    given = parse(schemas.CheckIn, raw)
    once = once_of(request, principal, raw)
    said = CheckIn(device.id, given.battery_percent, given.tamper, principal.actor, once)
    return kept_answer(await check_in_device(service.context, said))
