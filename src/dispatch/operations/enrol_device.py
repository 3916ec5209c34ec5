"""A one-key device is enrolled at a place, or withdrawn for good. Secrets arrive hashed.

Invariant: a withdrawn device stays known with its calls and its open incident; it never becomes another one.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.device import Status, advance
from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.suggest import did_you_mean
from dispatch.storage.access import NewKey, find_device_id, insert_keys
from dispatch.storage.acts import note_acts
from dispatch.storage.bundle import identity, list_known
from dispatch.storage.database import Database
from dispatch.storage.devices import lock_device_state
from dispatch.storage.enrolment import find_place_id, insert_device, list_devices, revoke_device


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A device to be enrolled."""

    code: str
    place_code: str
    name: str
    name_en: str
    trigger_mode: str
    default_incident_type: str
    choices: tuple[str, ...]


async def enrol_device(database: Database, enrolment: Enrolment, *, key: NewKey, by: Actor = SYSTEM) -> str:
    """Enrol a device with its first key; running processes know it within a second. Gives its id.

    Raises:
        InvalidRequestError: the code is taken, or nobody knows the place or a type.
    """
    device_id = identity("device", enrolment.code)
    async with database.transaction("enrol_device") as connection:
        place_id = await find_place_id(connection, enrolment.place_code)
        if place_id is None:
            raise _fault("unknown_place", f"no place has the code {enrolment.place_code!r}")
        known = await list_known(connection)
        _require_types((enrolment.default_incident_type, *enrolment.choices), known.incident_types)
        row = asdict(enrolment) | {"id": device_id, "place_id": place_id}
        if not await insert_device(connection, row):
            raise _fault("device_exists", f"the code {enrolment.code!r} is taken; a revoked device keeps its code")
        await insert_keys(connection, [replace(key, device_id=device_id)])
        enrolled: dict[str, object] = {
            "id": device_id,
            "code": enrolment.code,
            "place": enrolment.place_code,
            "key_id": key.id,
        }
        await note_acts(connection, "device.enrolled", by, [enrolled])
    return device_id


def _require_types(wanted: Iterable[str], known: frozenset[str]) -> None:
    for name in wanted:
        if name not in known:
            raise _fault("unknown_incident_type", f"unknown incident type {name!r}{did_you_mean(name, known)}")


async def withdraw_device(database: Database, code: str, *, by: Actor = SYSTEM) -> int:
    """Revoke a device and its keys, at once and for good; what it called goes on. Gives the number of keys.

    Raises:
        InvalidRequestError: no such device.
        WrongStateError: it is revoked already.
    """
    async with database.transaction("withdraw_device") as connection:
        device_id = await find_device_id(connection, code)
        if device_id is None:
            raise _fault("unknown_device", f"no device has the code {code!r}")
        state = advance(cast("Status", await lock_device_state(connection, device_id)), "revoke")
        keys = await revoke_device(connection, device_id, state=state)
        await note_acts(connection, "device.revoked", by, [{"id": device_id, "code": code, "keys": keys}])
    return keys


async def show_devices(database: Database) -> list[dict[str, Any]]:
    """List all devices and how they are, by code."""
    async with database.connection() as connection:
        return await list_devices(connection)


def _fault(code: str, detail: str) -> InvalidRequestError:
    return InvalidRequestError((Fault("", code, detail),))
