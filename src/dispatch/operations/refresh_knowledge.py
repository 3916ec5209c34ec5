"""Keeps what is in memory in step with the database: directory, ruleset, unit states, the clock."""

import json

from dispatch.domain.directory import States
from dispatch.domain.errors import NotFoundError
from dispatch.domain.requirement_parse import Known
from dispatch.domain.ruleset import CompiledRuleset, parse_ruleset
from dispatch.operations.context import Knowledge
from dispatch.storage.bundle import newest_ruleset, versions
from dispatch.storage.correlation import load_open
from dispatch.storage.database import Database
from dispatch.storage.directory import load_directory, load_states


async def load_knowledge(database: Database) -> tuple[Knowledge, int]:
    """Read everything as of one instant. Gives the knowledge and the transaction id from which changes must follow.

    Raises:
        NotFoundError: there is no ruleset: run `dispatch demo` or load one.
    """
    async with database.snapshot() as connection:
        directory = await load_directory(connection)
        newest = await newest_ruleset(connection)
        states = await load_states(connection)
        incidents = await load_open(connection, directory)
        xmin = int(await connection.fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))
    if newest is None:
        raise NotFoundError("the database holds no ruleset; load one with `dispatch load` or start `dispatch demo`")
    kept = States()
    kept.replace_all(states)
    content = directory.content
    ruleset = parse_ruleset(
        json.loads(newest[1]),
        version=newest[0],
        known=Known.of(content),
    )
    knowledge = Knowledge(directory, CompiledRuleset(ruleset), kept)
    knowledge.incidents.replace_all(incidents)
    return knowledge, xmin


async def refresh_knowledge(database: Database, knowledge: Knowledge) -> bool:
    """Swap directory and ruleset if their versions moved. True when something was swapped."""
    async with database.connection() as connection:
        directory_version, ruleset_version = await versions(connection)
    if directory_version == knowledge.directory.version and ruleset_version == knowledge.ruleset.version:
        return False
    fresh, _ = await load_knowledge(database)
    knowledge.directory, knowledge.ruleset = fresh.directory, fresh.ruleset
    await reload_states(database, knowledge)
    return True


async def reload_states(database: Database, knowledge: Knowledge) -> None:
    """Read all unit states and open incidents anew: whatever a mirror may have missed is healed."""
    knowledge.begin_reload()
    young_s = knowledge.correlations.longest_s
    async with database.snapshot() as connection:
        states = await load_states(connection)
        incidents = await load_open(connection, knowledge.directory, young_s=young_s)
    knowledge.end_reload(states, incidents)
