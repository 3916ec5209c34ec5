"""A draft is discarded, or a published version before it is due. It stays readable, with the reason."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.actor import Actor
from dispatch.domain.rows import parse_instant
from dispatch.domain.ruleset_life import TOO_LATE, Entry, require_verb
from dispatch.operations.context import dumps
from dispatch.operations.ruleset_work import Account, get_entry
from dispatch.storage.database import Database
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.rulesets import Act, append_act, discard_version, find_entry, lock_rulesets
from dispatch.storage.timers import database_now
from dispatch.storage.written import Once


@dataclass(frozen=True, slots=True)
class Discard:
    """Which version, and why."""

    version: int
    reason: str
    once: Once | None = None


async def discard_draft(database: Database, discard: Discard, *, actor: Actor) -> Account:
    """Withdraw a version that never came into force; answers how it stands.

    Raises:
        NotFoundError: there is no such version.
        WrongStateError: it is in force, was, or will be in a moment; or it is discarded already.
        TwinError: the idempotency key is already there.
    """
    async with database.transaction("discard_draft") as connection:
        await lock_rulesets(connection)
        entry, now = await find_entry(connection, discard.version), await database_now(connection)
        require_verb(entry, discard.version, "discard", waiting=_is_waiting(entry, now))
        await discard_version(connection, discard.version, now)
        await append_act(connection, Act(discard.version, "discarded", actor, discard.reason, {}))
        account = await get_entry(connection, discard.version)
        await keep_answer(connection, discard.once, dumps(account))
    return account


def _is_waiting(entry: Entry | None, now: datetime) -> bool:
    if entry is None or entry["status"] != "published":
        return False
    return parse_instant(str(entry["effective_at"])) > now + TOO_LATE
