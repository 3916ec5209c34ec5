"""A directory bundle and its ruleset are loaded: everything or nothing; every process follows within a second."""

import json
from typing import cast

from dispatch.domain.ruleset import parse_ruleset
from dispatch.storage.bundle import Bundle, list_known, newest_ruleset, write_bundle, write_ruleset
from dispatch.storage.database import Database


async def load_directory_bundle(database: Database, bundle: dict[str, object], *, published_by: str) -> tuple[int, int]:
    """Write a bundle; gives directory version and ruleset version.

    Raises:
        RuleProblemsError: the ruleset names something that does not exist, or is wrong in itself.
    """
    async with database.transaction("load_directory") as connection:
        tables = {key: value for key, value in bundle.items() if isinstance(value, list)}
        directory_version = await write_bundle(connection, cast("Bundle", tables))
        parse_ruleset(bundle["ruleset"], version=1, known=await list_known(connection))
        body = json.dumps(bundle["ruleset"], ensure_ascii=False)
        ruleset_version = await write_ruleset(
            connection, body, published_by=published_by, note="loaded with the directory"
        )
    return directory_version, ruleset_version


async def has_ruleset(database: Database) -> bool:
    """Say whether something was loaded already."""
    async with database.connection() as connection:
        return await newest_ruleset(connection) is not None
