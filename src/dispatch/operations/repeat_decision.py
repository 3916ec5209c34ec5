"""A stored decision is made again from what it was made from: the same input and versions give the same bytes.

Reads only. A difference is a finding for an investigator: another program decided, or a record was altered.
"""

from dataclasses import dataclass

import orjson

from dispatch.domain.decision_input import read_facts, read_input
from dispatch.domain.errors import NotFoundError
from dispatch.domain.intake import decision_data
from dispatch.domain.routing import decide
from dispatch.operations.context import Context
from dispatch.operations.trial import past_ruleset
from dispatch.storage.directory import find_kept_directory
from dispatch.storage.work import find_decided_from, get_decision


@dataclass(frozen=True, slots=True)
class Repeated:
    """A decision as stored and as made again."""

    stored: bytes
    again: bytes

    @property
    def is_identical(self) -> bool:
        """Say whether both are the same, byte for byte."""
        return self.stored == self.again


async def repeat_decision(context: Context, incident_id: str) -> Repeated:
    """Decide again as it was decided then.

    Raises:
        NotFoundError: input, ruleset or directory of then are not there any more.
    """
    async with context.database.snapshot() as connection:
        stored = await get_decision(connection, incident_id)
        kept = await find_decided_from(connection, incident_id)
        if kept is None:
            raise NotFoundError("what this decision was made from was not kept", facts={"incident_id": incident_id})
        decision = orjson.loads(stored)
        ruleset = await past_ruleset(context, decision["ruleset_version"], connection)
        directory = await find_kept_directory(connection, decision["directory_version"])
    if ruleset is None or directory is None:
        versions = {key: decision[key] for key in ("ruleset_version", "directory_version")}
        raise NotFoundError("ruleset or directory of then are not there any more", facts=versions)
    request, states = read_input(orjson.loads(kept), read_facts(decision["facts"]))
    plan = decide(request, ruleset, directory, states)
    ids = [entry for requirement in decision["requirements"] for entry in requirement["filled"]]
    ids = (ids + [""] * len(plan.planned))[: len(plan.planned)]
    return Repeated(stored.encode(), orjson.dumps(decision_data(plan, ids, decision["decided_at"])))
