"""People and keys are added and revoked, and who did it is kept. Secrets arrive hashed, shown once by the caller."""

from dispatch.domain.actor import SYSTEM, Actor
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
from dispatch.storage.acts import note_acts
from dispatch.storage.database import Database


async def store_keys(database: Database, keys: list[NewKey], *, by: Actor = SYSTEM) -> None:
    """Store keys, all or none."""
    async with database.transaction("store_keys") as connection:
        await insert_keys(connection, keys)
        await note_acts(connection, "key.issued", by, [key.facts() for key in keys])


async def store_people(database: Database, people: list[NewPerson], *, by: Actor = SYSTEM) -> None:
    """Store people, all or none."""
    async with database.transaction("store_people") as connection:
        for person in people:
            await upsert_person(connection, person)
        await note_acts(connection, "person.added", by, [person.facts() for person in people])


async def shut_out(database: Database, login: str, *, by: Actor = SYSTEM) -> bool:
    """Shut a person out. False when there is none."""
    async with database.transaction("shut_out") as connection:
        found = await disable_person(connection, login)
        await note_acts(connection, "person.revoked", by, [{"login": login}] if found else [])
    return found


async def withdraw_key(database: Database, key_id: str, *, by: Actor = SYSTEM) -> bool:
    """Revoke a key. False when there is none."""
    async with database.transaction("withdraw_key") as connection:
        found = await revoke_key(connection, key_id)
        await note_acts(connection, "key.revoked", by, [{"id": key_id}] if found else [])
    return found


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
