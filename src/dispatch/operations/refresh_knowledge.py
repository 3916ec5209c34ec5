"""Keeps what is in memory in step with the database: directory, ruleset, unit states, the clock.

Invariant: a process always has rules. What is stored was checked before; should it be unreadable all the same (changed
by hand, or naming what the directory no longer has), the rules in use stay in use, and the log, `/readyz` and a metric
say so until it is mended.
"""

import asyncio
import json
import logging
from dataclasses import dataclass

from dispatch.domain.directory import Directory, States
from dispatch.domain.errors import NotFoundError
from dispatch.domain.requirement_parse import Known
from dispatch.domain.ruleset import CompiledRuleset, RuleProblemsError, parse_ruleset
from dispatch.operations.context import Context, Knowledge, Refused
from dispatch.operations.rereading import reread_drills, reread_modes
from dispatch.storage.changes import Position, read_position
from dispatch.storage.correlation import load_open
from dispatch.storage.database import Database
from dispatch.storage.directory import load_directory, load_states
from dispatch.storage.drills import load_drills
from dispatch.storage.epoch import ensure_epoch
from dispatch.storage.modes import load_modes
from dispatch.storage.rulesets import list_effective, newest_ruleset, versions
from dispatch.telemetry import RULESET_REFUSED

logger = logging.getLogger(__name__)
MOST_TRIED = 10
"""How many versions a process that starts looks back for one that can be read."""


async def load_knowledge(database: Database) -> tuple[Knowledge, Position]:
    """Read everything as of one instant. Gives the knowledge and the position from which changes must follow.

    A process that starts has no rules to keep: it takes the newest that can be read of those that were in force.

    Raises:
        NotFoundError: there is no ruleset, or none of the last ones can be read: load one.
    """
    async with database.snapshot() as connection:
        directory = await load_directory(connection)
        stored = await list_effective(connection, MOST_TRIED)
        states = await load_states(connection)
        modes, drills = await load_modes(connection), await load_drills(connection)
        incidents = await load_open(connection, directory)
        position = await read_position(connection)
    if not stored:
        raise NotFoundError("the database holds no ruleset; load one with `dispatch load` or start `dispatch demo`")
    ruleset, refused = await _newest_readable(stored, directory)
    kept = States()
    kept.replace_all(states)
    knowledge = Knowledge(directory, ruleset, kept, modes=modes, drills=drills)
    _note(knowledge, refused)
    knowledge.incidents.replace_all(incidents)
    return knowledge, position


@dataclass(frozen=True, slots=True)
class Begun:
    """An epoch, and the position from which its changes must follow."""

    epoch: str
    position: Position


async def begin_epoch(context: Context, disbelieved: str | None) -> Begun:
    """Agree with the other processes on an epoch and read everything in memory again: it may never have happened.

    Directory and rules too: a version number that was given twice may stand for two texts. `disbelieved` is an epoch
    whose cursors have proven wrong. Run twice, it gives the same epoch.
    """
    lineage = context.database.lineage
    async with context.database.connection() as connection:
        epoch = await ensure_epoch(connection, context.new_id(), lineage=lineage, disbelieved=disbelieved)
    fresh, position = await load_knowledge(context.database)
    context.knowledge.start_over(fresh)
    logger.warning("the database's history is another now: all consoles start from a snapshot", extra={"epoch": epoch})
    return Begun(epoch, position)


async def refresh_knowledge(database: Database, knowledge: Knowledge) -> bool:
    """Swap directory, ruleset, modes and drills if they moved. True when directory or ruleset were swapped."""
    async with database.connection() as connection:
        now = await versions(connection)
    if now.drills != knowledge.drills.stamp:
        await reread_drills(database, knowledge)
    if now.modes != knowledge.modes.stamp:
        await reread_modes(database, knowledge)
    stored = (now.directory, now.ruleset)
    if stored == (knowledge.directory.version, knowledge.ruleset.version) and knowledge.refused is None:
        return False
    async with database.snapshot() as connection:
        newest = await newest_ruleset(connection)
        if newest is None or _is_refused_already(knowledge, stored[0], newest):
            return False
        known, used = knowledge.directory, knowledge.ruleset
        directory = known if known.version == stored[0] else await load_directory(connection)
    ruleset, refused = await _read(newest, directory)
    if knowledge.directory is not known or knowledge.ruleset is not used:
        return False  # Race: all started over from another history meanwhile; the next look compares with that
    if ruleset is not None and ruleset.version != used.version:
        knowledge.keep(used)  # every incident that is open goes on by it
    knowledge.directory, knowledge.ruleset = directory, ruleset or used
    _note(knowledge, refused)
    await reload_states(database, knowledge)
    return True


def _is_refused_already(knowledge: Knowledge, directory_version: int, newest: tuple[int, str]) -> bool:
    """Say whether this very text was refused with this very directory: it is not read again and again."""
    return knowledge.directory.version == directory_version and (
        knowledge.refused is not None and knowledge.refused.is_about(*newest)
    )


async def _newest_readable(
    stored: list[tuple[int, str]], directory: Directory
) -> tuple[CompiledRuleset, Refused | None]:
    first: Refused | None = None
    for candidate in stored:
        ruleset, refused = await _read(candidate, directory)
        first = first or refused
        if ruleset is not None:
            return ruleset, first
    detail = first.detail if first else ""
    raise NotFoundError(f"none of the last rulesets can be read: {detail}")


async def _read(stored: tuple[int, str], directory: Directory) -> tuple[CompiledRuleset | None, Refused | None]:
    """Read and compile a stored ruleset in a thread: a large one takes a second, in which calls must go on."""
    version, body = stored

    def read() -> CompiledRuleset:
        ruleset = parse_ruleset(json.loads(body), version=version, known=Known.of(directory.content))
        return CompiledRuleset(ruleset)

    try:
        return await asyncio.to_thread(read), None
    except (RuleProblemsError, ValueError, RecursionError) as error:
        return None, Refused(version, body, str(error) or type(error).__name__)


def _note(knowledge: Knowledge, refused: Refused | None) -> None:
    knowledge.refused = refused
    RULESET_REFUSED.set(0 if refused is None else refused.version)
    if refused is not None:
        logger.error(
            "the stored ruleset cannot be read; the one in use stays in use",
            extra={"refused": refused.version, "in_use": knowledge.ruleset.version, "cause": refused.detail},
        )


async def reload_states(database: Database, knowledge: Knowledge) -> None:
    """Read all unit states and open incidents anew: whatever a mirror may have missed is healed."""
    young_s = knowledge.correlations.longest_s
    with knowledge.reloading() as reload:
        async with database.snapshot() as connection:
            states = await load_states(connection)
            incidents = await load_open(connection, knowledge.directory, young_s=young_s)
            position = await read_position(connection)
        knowledge.end_reload(reload, position, states, incidents)
