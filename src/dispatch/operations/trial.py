"""What trying rules out is made of: a version made ready to decide, whoever's it is. Writes nothing.

A published version is read by its own names: one that was good years ago stays readable when its kinds are gone.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from dispatch.domain.decided import Decided
from dispatch.domain.decision_input import read_input
from dispatch.domain.errors import InvalidRequestError, WrongStateError
from dispatch.domain.requirement_parse import Known
from dispatch.domain.ruleset import CompiledRuleset, RuleProblemsError, parse_ruleset
from dispatch.domain.why_not import Question
from dispatch.operations.context import Context
from dispatch.operations.ruleset_work import get_document
from dispatch.storage.database import Connection
from dispatch.storage.decisions import StoredDecision
from dispatch.storage.rulesets import find_ruleset

MOST_FAULTS: Final = 20


async def ruleset_to_try(context: Context, version: int) -> CompiledRuleset:
    """Make a draft or a published version ready.

    Raises:
        NotFoundError: no such version.
        WrongStateError: the draft was discarded.
        InvalidRequestError: it is not valid as it stands; with a pointer to every fault.
    """
    entry, data = await get_document(context.database, version)
    if entry["status"] == "discarded":
        facts: dict[str, object] = {"current": entry, "allowed": ["draft", "published"]}
        raise WrongStateError(f"ruleset version {version} was discarded", facts=facts)
    published = entry["status"] == "published"
    try:
        if published and (known := await past_ruleset(context, version)) is not None:
            return known
        names = None if published else Known.of(context.knowledge.directory.content)
        return await _compiled(data, version, known=names)
    except RuleProblemsError as error:
        raise InvalidRequestError(error.problems[:MOST_FAULTS]) from None


async def past_ruleset(
    context: Context, version: int, connection: "Connection | None" = None
) -> CompiledRuleset | None:
    """Give a version that was in force once; None when it cannot be read any more. The last few are kept at hand."""
    knowledge = context.knowledge
    if version == knowledge.ruleset.version:
        return knowledge.ruleset
    if version in knowledge.past:
        return knowledge.past[version]
    if connection is None:
        async with context.database.connection() as own:
            body = await find_ruleset(own, version)
    else:
        body = await find_ruleset(connection, version)
    try:
        found = None if body is None else await _compiled(json.loads(body), version, known=None)
    except (RuleProblemsError, ValueError, RecursionError):
        return None
    if found is not None:
        knowledge.keep(found)
    return found


async def _compiled(data: object, version: int, *, known: Known | None) -> CompiledRuleset:
    """Read and compile beside the event loop: a large ruleset takes a second."""

    def compiled() -> CompiledRuleset:
        return CompiledRuleset(parse_ruleset(data, version=version, known=known or _own_names(data)))

    return await asyncio.to_thread(compiled)


def _own_names(data: object) -> Known:
    names = frozenset(_texts(data))
    return Known(names, names)


def _texts(data: object) -> Iterator[str]:
    waiting = [data]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision read back; `question` is what it was made from, by today's directory, if that is known."""

    decided: Decided
    ruleset: CompiledRuleset | None
    question: Question | None


async def read_back(context: Context, stored: StoredDecision) -> Kept:
    """Read a decision back with the ruleset that made it."""
    decided = Decided.of_stored(orjson.loads(stored.body))
    ruleset = await past_ruleset(context, decided.ruleset_version)
    if ruleset is None or stored.input is None:
        return Kept(decided, ruleset, None)
    request, states = read_input(orjson.loads(stored.input), decided.facts)
    if states is None:
        return Kept(decided, ruleset, None)
    return Kept(decided, ruleset, Question(request, ruleset, context.knowledge.directory, states))
