"""A device says that it lives; a low battery or an opened case is a fault that the desk sees."""

from dataclasses import dataclass
from typing import cast

from dispatch.domain.actor import Actor
from dispatch.domain.device import Status, advance, verb_of_check_in
from dispatch.domain.errors import NotFoundError
from dispatch.domain.events import Event
from dispatch.domain.rows import ChangeRow, instant
from dispatch.operations.context import Context, Once, commit_seen, dumps
from dispatch.operations.replay import Kept, answer_once
from dispatch.storage.changes import Audience, Plain, append_change
from dispatch.storage.devices import Sign, lock_device_state, note_sign
from dispatch.storage.idempotency import keep_answer


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
    return await answer_once(context, said.once, lambda: _note(context, said))


async def _note(context: Context, said: CheckIn) -> str:
    device = context.knowledge.directory.content.devices.get(said.device_id)
    if device is None:
        raise NotFoundError("no such device", facts={"device_id": said.device_id})
    place = context.knowledge.directory.content.places[device.place_id]
    async with context.database.transaction("check_in_device") as connection:
        before = cast("Status", await lock_device_state(connection, device.id))
        after = advance(before, verb_of_check_in(battery_percent=said.battery_percent, tamper=said.tamper))
        await note_sign(connection, Sign(device.id, after, said.battery_percent, said.tamper))
        answer = dumps({"state": after, "server_time": instant(context.now())})
        await keep_answer(connection, said.once, answer)
        if (before == "fault") == (after == "fault"):
            return answer
        facts: dict[str, object] = {
            "device_id": device.id,
            "code": device.code,
            "place": place.name,
            "division_code": place.division_code,
            "battery_percent": said.battery_percent,
            "tamper": said.tamper,
        }
        event = Event(str(context.new_id()), "device.fault" if after == "fault" else "device.restored", facts=facts)
        now = instant(context.now())
        change: ChangeRow = {
            "incident": None,
            "assignments": [],
            "events": [event.data()],
            "unit": None,
            "occurred_at": now,
            "recorded_at": now,
        }
        plain = Plain(str(context.new_id()), dumps(change), dumps(said.actor.data()))
        audience = Audience(division_code=place.division_code, device_id=device.id)
        written = await append_change(connection, plain, audience=audience)
    commit_seen(context, written)
    return answer
