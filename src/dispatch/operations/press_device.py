"""One key is pressed: the first press opens an incident, every further one within the window joins and counts up.

Invariant: a press is never dropped and never rate-limited away; the same press_id twice has one effect.
"""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from dispatch.domain.actor import Actor
from dispatch.domain.call import CallReport
from dispatch.domain.device import Status, advance
from dispatch.domain.directory import Device
from dispatch.domain.errors import DatabaseUnavailableError, NotFoundError
from dispatch.operations.context import Answer, Context, Once, commit_seen, dumps
from dispatch.operations.opening import Intake, open_by_call
from dispatch.operations.replay import find_replay
from dispatch.storage.communication import note_press
from dispatch.storage.devices import Joining, get_device_state, join_call
from dispatch.storage.written import TwinError

MAX_TRIES = 5


@dataclass(frozen=True, slots=True)
class Press:
    """A press as received. `pressed_at` is the device's own clock: kept, never trusted."""

    device_id: str
    press_id: str
    pressed_at: datetime | None
    choice: str | None
    exercise: str
    actor: Actor
    once: Once


async def press_device(context: Context, press: Press) -> Answer:
    """Open or join.

    Raises:
        NotFoundError: no such device.
        WrongStateError: the device was revoked.
        DatabaseUnavailableError: nothing was stored; the device keeps trying with the same press_id.
    """
    device = find_device(context, press.device_id)
    intake = Intake(_report(press, device), press.actor, press.once, merge_for_s=max(1, device.merge_window_s))
    for _ in range(MAX_TRIES):
        answer = await open_by_call(context, intake)
        answer = answer or await _join(context, press, device)
        if answer is not None:
            if press.exercise == "test":
                await _answer_tests(context, device)
            return answer
        await _require_enrolled(context, device)
    message = "the device's incident ended again and again between opening and joining"
    raise RuntimeError(message)


async def _answer_tests(context: Context, device: Device) -> None:
    """Count a test press as the answer to whatever test of communication calls the device; it never costs the press."""
    with contextlib.suppress(DatabaseUnavailableError):
        async with context.database.connection() as connection:
            await note_press(connection, device.id, context.now())


def find_device(context: Context, device_id: str) -> Device:
    """Find a device in the directory.

    Raises:
        NotFoundError: no such device.
    """
    device = context.knowledge.directory.content.devices.get(device_id)
    if device is None:
        raise NotFoundError("no such device", facts={"device_id": device_id})
    return device


async def _require_enrolled(context: Context, device: Device) -> None:
    """Refuse a revoked device; asked only when a press neither opened nor joined."""
    async with context.database.connection() as connection:
        state = await get_device_state(connection, device.id)
    advance(cast("Status", state.state), "press")


def _report(press: Press, device: Device) -> CallReport:
    return CallReport(
        incident_type=press.choice or device.default_incident_type,
        channel="one_key_device",
        place_id=device.place_id,
        occurred_at=press.pressed_at,
        exercise=press.exercise,
        source_reference=press.press_id,
        device_id=device.id,
    )


async def _join(context: Context, press: Press, device: Device) -> Answer | None:
    joining = Joining(
        device_id=device.id,
        actor_name=press.actor.name,
        ids=(str(context.new_id()), str(context.new_id()), str(context.new_id())),
        body=dumps({"choice": press.choice, "press_id": press.press_id, "exercise": press.exercise}),
        occurred_at=press.pressed_at,
        now=context.now(),
        actor=dumps(press.actor.data()),
        once=press.once,
        merge_for_s=max(1, device.merge_window_s),
    )
    try:
        written = await join_call(context.database, joining)
    except TwinError:
        return await find_replay(context, press.once)
    return None if written is None else commit_seen(context, written)
