"""The rules in force are rolled back to those before them: one step, at once, by one person. An emergency brake.

The body of the earlier version comes back as a new version, so that numbers only grow and nothing published changes.
Each rollback goes one step further back (`domain/ruleset_life.choose_restored`). What waits for its instant was made
from what is being taken back: it is withdrawn with it.
"""

from dataclasses import dataclass

from dispatch.domain.actor import Actor
from dispatch.domain.directory import Directory
from dispatch.domain.errors import RulesetMovedOnError
from dispatch.domain.ruleset_life import choose_restored
from dispatch.operations.context import dumps
from dispatch.operations.ruleset_work import Account, check_document, get_document, get_entry, require_readable
from dispatch.storage.database import Database
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.rulesets import (
    Act,
    NewVersion,
    append_act,
    discard_version,
    insert_version,
    list_standing,
    lock_rulesets,
)
from dispatch.storage.timers import database_now
from dispatch.storage.written import Once


@dataclass(frozen=True, slots=True)
class Rollback:
    """Why, and which version is to be rolled back: None is whichever is in force."""

    reason: str
    version: int | None = None
    once: Once | None = None


async def rollback_ruleset(database: Database, rollback: Rollback, *, actor: Actor, directory: Directory) -> Account:
    """Bring back the rules that were in force before; answers the new version.

    Raises:
        RulesetMovedOnError: another version is in force than the one to be rolled back.
        WrongStateError: nothing was in force before.
        InvalidRequestError: the earlier rules can no longer be read with the directory as it is, with pointers.
        TwinError: the idempotency key is already there.
    """
    async with database.connection() as connection:
        _, restored = choose_restored(await list_standing(connection), await database_now(connection), rollback.version)
    document = await check_document((await get_document(database, restored))[1], directory, version=restored)
    require_readable(document)
    async with database.transaction("rollback_ruleset") as connection:
        await lock_rulesets(connection)
        standing, now = await list_standing(connection), await database_now(connection)
        present, still = choose_restored(standing, now, rollback.version)
        if still != restored:
            raise RulesetMovedOnError(
                f"version {present.version} has come into force meanwhile",
                facts={"current": present.data(), "changed_by": present.published_by},
            )
        new = NewVersion(document.body, actor.name, restored, rollback.reason, now)
        version = await insert_version(connection, new)
        withdrawn = [entry.version for entry in standing if entry.effective_at > now]
        for waiting in withdrawn:
            await discard_version(connection, waiting, now)
            await append_act(connection, Act(waiting, "discarded", actor, rollback.reason, {"rolled_back": version}))
        facts: dict[str, object] = {"from": present.version, "restored": restored, "withdrawn": withdrawn}
        await append_act(connection, Act(version, "rolled_back", actor, rollback.reason, facts))
        account = await get_entry(connection, version) | facts
        await keep_answer(connection, rollback.once, dumps(account))
    return account
