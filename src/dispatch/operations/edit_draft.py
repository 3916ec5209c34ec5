"""A draft is edited: its whole body is replaced."""

import asyncio
from dataclasses import dataclass

from dispatch.domain.actor import Actor
from dispatch.domain.directory import Directory
from dispatch.domain.ruleset_diff import diff_rulesets
from dispatch.domain.ruleset_life import require_revision, require_verb
from dispatch.operations.context import dumps
from dispatch.operations.ruleset_work import Account, check_document, get_document, get_entry, require_readable
from dispatch.storage.database import Database
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.rulesets import Act, append_act, find_entry, lock_rulesets, replace_draft
from dispatch.storage.written import Once


@dataclass(frozen=True, slots=True)
class DraftEdit:
    """Which draft, what it says from now on, and which revision of it the editor has seen."""

    version: int
    document: object
    expected_revision: int | None = None
    note: str | None = None
    once: Once | None = None


async def edit_draft(database: Database, edit: DraftEdit, *, actor: Actor, directory: Directory) -> Account:
    """Replace the body of a draft; answers it with what lint finds. Who edits a draft cannot publish it.

    Raises:
        InvalidRequestError: the document cannot be read, with pointers.
        NotFoundError: there is no such version.
        WrongStateError: it is no draft any more.
        VersionConflictError: somebody edited it first.
        TwinError: the idempotency key is already there.
    """
    entry, before = await get_document(database, edit.version)
    require_verb(entry, edit.version, "edit")
    given = await check_document(edit.document, directory, version=edit.version)
    require_readable(given)
    facts = (await asyncio.to_thread(diff_rulesets, before, given.data)).names()
    async with database.transaction("edit_draft") as connection:
        await lock_rulesets(connection)
        locked = require_verb(await find_entry(connection, edit.version), edit.version, "edit")
        require_revision(locked, entry["revision"] if edit.expected_revision is None else edit.expected_revision)
        await replace_draft(connection, edit.version, given.body, note=edit.note)
        await append_act(connection, Act(edit.version, "edited", actor, edit.note, facts))
        account = await get_entry(connection, edit.version) | given.findings()
        await keep_answer(connection, edit.once, dumps(account))
    return account
