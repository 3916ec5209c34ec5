"""A stored decision is made again from what it was made from: the same input and versions give the same bytes.

Reads only. A difference is a finding for an investigator: another program decided, or a record was altered. Of a paper
record it is made again what the rules demand; who went was decided by people.
"""

from dataclasses import dataclass
from typing import Literal

import orjson

from dispatch.domain.decision_input import read_facts, read_input
from dispatch.domain.directory import States
from dispatch.domain.errors import NotRepeatableError
from dispatch.domain.intake import decision_data
from dispatch.domain.paper import demands_again
from dispatch.domain.routing import decide
from dispatch.operations.context import Context
from dispatch.operations.trial import past_ruleset
from dispatch.storage.directory import find_kept_directory
from dispatch.storage.work import find_decided_from, get_decision


@dataclass(frozen=True, slots=True)
class Repeated:
    """A decision as stored and as made again: the whole, or only what the rules demand."""

    stored: bytes
    again: bytes
    scope: Literal["whole", "demands"]

    @property
    def is_identical(self) -> bool:
        """Say whether both are the same, byte for byte."""
        return self.stored == self.again


async def repeat_decision(context: Context, incident_id: str) -> Repeated:
    """Decide again as it was decided then.

    Raises:
        NotRepeatableError: input, ruleset or directory of then are not there any more.
    """
    async with context.database.snapshot() as connection:
        stored = await get_decision(connection, incident_id)
        kept = await find_decided_from(connection, incident_id)
        if kept is None:
            raise NotRepeatableError("what this decision was made from was not kept then", facts={"why": "no_input"})
        decision = orjson.loads(stored)
        ruleset = await past_ruleset(context, decision["ruleset_version"], connection)
        directory = await find_kept_directory(connection, decision["directory_version"])
    if ruleset is None or directory is None:
        versions = {key: decision[key] for key in ("ruleset_version", "directory_version")}
        gone: dict[str, object] = {"why": "version_gone", **versions}
        raise NotRepeatableError("ruleset or directory of then are not there any more", facts=gone)
    request, states = read_input(orjson.loads(kept), read_facts(decision["facts"]))
    plan = decide(request, ruleset, directory, states or States())
    if states is None:
        return Repeated(stored.encode(), orjson.dumps(demands_again(plan, decision)), "demands")
    ids = [entry for requirement in decision["requirements"] for entry in requirement["filled"]]
    ids = (ids + [""] * len(plan.planned))[: len(plan.planned)]
    return Repeated(stored.encode(), orjson.dumps(decision_data(plan, ids, decision["decided_at"])), "whole")
