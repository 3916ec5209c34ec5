"""A directory bundle and its ruleset are loaded: everything or nothing; every process follows within a second.

The ruleset is published at once, by whoever may run this on the database: no draft, no second person. The history says
that it was loaded.
"""

import json
from collections.abc import Collection
from typing import cast

from dispatch.domain.actor import Actor
from dispatch.domain.ladder import CHANNELS, require_ladders
from dispatch.domain.ruleset import parse_ruleset
from dispatch.storage.acts import note_acts
from dispatch.storage.bundle import Bundle, list_known, write_bundle
from dispatch.storage.database import Connection, Database
from dispatch.storage.rulesets import Act, NewVersion, append_act, insert_version, lock_rulesets, newest_ruleset
from dispatch.storage.timers import database_now

REASON = "loaded with the directory"


async def load_directory_bundle(
    database: Database, bundle: dict[str, object], *, published_by: str, channels: Collection[str] = CHANNELS
) -> tuple[int, int]:
    """Write a bundle; gives directory version and ruleset version. `channels` are those that its ladders may name.

    Raises:
        InvalidRequestError: a ladder names a channel, limit or step that does not exist.
        RuleProblemsError: the ruleset names something that does not exist, or is wrong in itself.
    """
    async with database.transaction("load_directory") as connection:
        require_ladders(cast("list[dict[str, object]]", bundle.get("ladders") or []), channels)
        tables = {key: value for key, value in bundle.items() if isinstance(value, list)}
        directory_version = await write_bundle(connection, cast("Bundle", tables))
        parse_ruleset(bundle["ruleset"], version=1, known=await list_known(connection))
        ruleset_version = await _publish(connection, bundle["ruleset"], published_by)
        loaded: dict[str, object] = {"version": directory_version, "ruleset_version": ruleset_version}
        await note_acts(connection, "directory.loaded", Actor("system", None, published_by), [loaded])
    return directory_version, ruleset_version


async def _publish(connection: Connection, ruleset: object, published_by: str) -> int:
    """Publish a ruleset as the next version, unless it equals the one in force; give the version in force."""
    await lock_rulesets(connection)
    newest = await newest_ruleset(connection)
    if newest is not None and json.loads(newest[1]) == ruleset:
        return newest[0]
    base, now = None if newest is None else newest[0], await database_now(connection)
    body = json.dumps(ruleset, ensure_ascii=False)
    version = await insert_version(connection, NewVersion(body, published_by, base, REASON, now))
    actor = Actor("system", None, published_by)
    await append_act(connection, Act(version, "loaded", actor, REASON, {"base_version": base}))
    return version


async def has_ruleset(database: Database) -> bool:
    """Say whether something was loaded already."""
    async with database.connection() as connection:
        return await newest_ruleset(connection) is not None
