"""People and keys are added and revoked. Secrets arrive hashed; they are shown once, by the caller."""

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Fault, ForbiddenError, InvalidRequestError
from dispatch.storage.access import (
    NewKey,
    NewPerson,
    disable_person,
    find_device_id,
    find_person,
    find_unit_id,
    insert_keys,
    list_keys,
    revoke_key,
    upsert_person,
)
from dispatch.storage.database import Database


async def store_keys(database: Database, keys: list[NewKey]) -> None:
    """Store keys, all or none."""
    async with database.transaction("store_keys") as connection:
        await insert_keys(connection, keys)


async def store_people(database: Database, people: list[NewPerson]) -> None:
    """Store people, all or none."""
    async with database.transaction("store_people") as connection:
        for person in people:
            await upsert_person(connection, person)


async def shut_out(database: Database, login: str) -> bool:
    """Shut a person out. False when there is none."""
    async with database.transaction("shut_out") as connection:
        return await disable_person(connection, login)


async def withdraw_key(database: Database, key_id: str) -> bool:
    """Revoke a key. False when there is none."""
    async with database.transaction("withdraw_key") as connection:
        return await revoke_key(connection, key_id)


async def show_keys(database: Database) -> list[dict[str, object]]:
    """List all keys, without their secrets."""
    async with database.connection() as connection:
        return await list_keys(connection)


async def require_unit(database: Database, code: str) -> str:
    """Give the id of a unit by its code.

    Raises:
        InvalidRequestError: no such unit.
    """
    async with database.connection() as connection:
        found = await find_unit_id(connection, code)
    return _known(found, "unit", code)


async def require_device(database: Database, code: str) -> str:
    """Give the id of a device by its code.

    Raises:
        InvalidRequestError: no such device.
    """
    async with database.connection() as connection:
        found = await find_device_id(connection, code)
    return _known(found, "device", code)


async def require_administrator(database: Database, login: str) -> Actor:
    """Give the administrator in whose name something is done on the command line.

    Raises:
        InvalidRequestError: nobody may log in by this name.
        ForbiddenError: somebody else than an administrator.
    """
    async with database.connection() as connection:
        found = await find_person(connection, login)
    if found is None:
        raise InvalidRequestError((Fault("", "unknown_user", f"nobody may log in as {login!r}"),))
    person_id, name, role = found
    if role != "admin":
        raise ForbiddenError(f"{login} has the role {role}, an admin is needed")
    return Actor(role, person_id, name)


def _known(found: str | None, what: str, code: str) -> str:
    if found is None:
        raise InvalidRequestError((Fault("", f"unknown_{what}", f"no {what} has the code {code!r}"),))
    return found
