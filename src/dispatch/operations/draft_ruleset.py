"""A ruleset is drafted: from a document, or from a version that is there. Nothing comes into force by this."""

from dataclasses import dataclass

from dispatch.domain.actor import Actor
from dispatch.domain.directory import Directory
from dispatch.domain.errors import Fault, InvalidRequestError, NotFoundError
from dispatch.operations.context import dumps
from dispatch.operations.ruleset_work import Account, check_document, get_document, get_entry, require_readable
from dispatch.storage.database import Database
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.rulesets import Act, NewVersion, append_act, insert_version, lock_rulesets, versions
from dispatch.storage.written import Once


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be drafted. Without a document it is a copy of its base, without a base that is what is in force."""

    document: object | None = None
    base_version: int | None = None
    note: str | None = None
    once: Once | None = None


async def draft_ruleset(database: Database, draft: Draft, *, actor: Actor, directory: Directory) -> Account:
    """Store a draft; answers it with what lint finds.

    Raises:
        InvalidRequestError: the document cannot be read, with pointers; or there is no such base.
        TwinError: the idempotency key is already there.
    """
    base = draft.base_version or await _version_in_force(database)
    copied = await _body_of(database, base) if draft.base_version or draft.document is None else None
    given = await check_document(copied if draft.document is None else draft.document, directory)
    require_readable(given)
    async with database.transaction("draft_ruleset") as connection:
        await lock_rulesets(connection)
        version = await insert_version(connection, NewVersion(given.body, actor.name, base, draft.note))
        facts: dict[str, object] = {"base_version": base, "copied": draft.document is None}
        await append_act(connection, Act(version, "drafted", actor, draft.note, facts))
        account = await get_entry(connection, version) | given.findings()
        await keep_answer(connection, draft.once, dumps(account))
    return account


async def _version_in_force(database: Database) -> int | None:
    async with database.connection() as connection:
        return (await versions(connection)).ruleset or None


async def _body_of(database: Database, base: int | None) -> object:
    if base is None:
        detail = "no ruleset is in force that could be copied: send one"
        raise InvalidRequestError((Fault("", "ruleset_required", detail),))
    try:
        return (await get_document(database, base))[1]
    except NotFoundError:
        raise InvalidRequestError((Fault("?base_version", "unknown_version", f"no version {base}"),)) from None
