"""What a version says differently from another, and what can be said against it. Reads only."""

import asyncio

from dispatch.domain.directory import Directory
from dispatch.domain.ruleset_diff import diff_rulesets
from dispatch.operations.ruleset_work import Account, check_document, get_document
from dispatch.storage.database import Database
from dispatch.storage.rulesets import versions


async def compare_versions(database: Database, version: int, against: int | None = None) -> Account:
    """Give what changed from `against` to `version`; usually from what it was made from, or what is in force.

    Raises:
        NotFoundError: there is no such version.
    """
    entry, after = await get_document(database, version)
    if against is None:
        against = entry["base_version"]
    if against is None:
        async with database.connection() as connection:
            against = (await versions(connection)).ruleset
    _, before = await get_document(database, against)
    found = await asyncio.to_thread(diff_rulesets, before, after)
    return {"version": version, "against": against, "same": found.is_empty, **found.data()}


async def lint_version(database: Database, version: int, directory: Directory) -> Account:
    """Give what can be said against a stored version with the directory as it is.

    Raises:
        NotFoundError: there is no such version.
    """
    _, data = await get_document(database, version)
    return (await check_document(data, directory, version=version)).findings()
