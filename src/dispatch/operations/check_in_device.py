"""A device says that it lives; a low battery or an opened case is a fault that the desk sees."""

from dataclasses import dataclass
from typing import cast

from dispatch.domain.actor import Actor
from dispatch.domain.device import Status, advance, verb_of_check_in
from dispatch.domain.directory import Device
from dispatch.domain.errors import NotFoundError
from dispatch.domain.events import Event, EventName
from dispatch.domain.rows import instant
from dispatch.domain.wire import Json
from dispatch.operations.context import Context, Once
from dispatch.operations.news import Act, News, act_once
from dispatch.operations.replay import Kept
from dispatch.storage.changes import Audience
from dispatch.storage.database import Connection
from dispatch.storage.devices import Sign, lock_device_state, note_sign


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What the device says of itself."""

    device_id: str
    battery_percent: int | None
    tamper: bool
    actor: Actor
    once: Once | None = None


async def check_in_device(context: Context, said: CheckIn) -> Kept:
    """Note the sign of life; answers the device's state. A change between fine and faulty becomes an event.

    Raises:
        NotFoundError: no such device.
        WrongStateError: the device was revoked.
    """
    device = context.knowledge.directory.content.devices.get(said.device_id)
    if device is None:
        raise NotFoundError("no such device", facts={"device_id": said.device_id})
    now = context.now()

    async def change(connection: Connection) -> tuple[Json, News | None]:
        before = cast("Status", await lock_device_state(connection, device.id))
        after = advance(before, verb_of_check_in(battery_percent=said.battery_percent, tamper=said.tamper))
        await note_sign(connection, Sign(device.id, after, said.battery_percent, said.tamper))
        changed = (before == "fault") != (after == "fault")
        news = _news(context, said, device, "device.fault" if after == "fault" else "device.restored")
        return {"state": after, "server_time": instant(now)}, news if changed else None

    return await act_once(context, said.once, Act("check_in_device", change))


def _news(context: Context, said: CheckIn, device: Device, event: EventName) -> News:
    place = context.knowledge.directory.content.places[device.place_id]
    facts: dict[str, object] = {
        "device_id": device.id,
        "code": device.code,
        "place": place.name,
        "division_code": place.division_code,
        "battery_percent": said.battery_percent,
        "tamper": said.tamper,
    }
    audience = Audience(division_code=place.division_code, device_id=device.id)
    return News(context.now(), [Event(str(context.new_id()), event, facts=facts)], said.actor, audience)
