"""Devices as they are enrolled and withdrawn, and how all of them are."""

from dispatch.storage.database import Connection
from dispatch.storage.devices import DeviceState, state_of_device


async def list_device_states(connection: Connection) -> dict[str, DeviceState]:
    """Give the states of all devices by their ids; one never heard of is not among them."""
    return {str(row["device_id"]): state_of_device(row) for row in await connection.fetch("SELECT * FROM device_state")}
