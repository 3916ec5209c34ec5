"""A draft is published, at once or for a later instant: by a second person, on the rules that person has seen.

Invariant: what is published can be read and has no lint error. Race: of two publications the second waits for the
first and is then decided on other rules than those in force; it is refused and says which they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.actor import Actor
from dispatch.domain.directory import Directory
from dispatch.domain.errors import InvalidRequestError, VersionConflictError
from dispatch.domain.rows import instant
from dispatch.domain.ruleset_life import (
    choose_effective_at,
    require_place,
    require_revision,
    require_second_person,
    require_verb,
)
from dispatch.operations.context import dumps
from dispatch.operations.ruleset_work import Account, check_document, get_document, get_entry
from dispatch.storage.database import Connection, Database
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.rulesets import (
    Act,
    append_act,
    find_entry,
    list_authors,
    list_standing,
    lock_rulesets,
    publish_draft,
)
from dispatch.storage.timers import database_now
from dispatch.storage.written import Once


@dataclass(frozen=True, slots=True)
class Publication:
    """Which draft, why, from when on. `expected_version` is the version in force that the publisher has seen.

    It is needed only where that is another one than the draft was made from; `expected_revision` is the draft's.
    """

    version: int
    reason: str
    effective_at: datetime | None = None
    expected_version: int | None = None
    expected_revision: int | None = None
    two_persons: bool = True
    once: Once | None = None


async def publish_ruleset(
    database: Database, publication: Publication, *, actor: Actor, directory: Directory
) -> Account:
    """Publish a draft; every process uses it within a second of its instant.

    Raises:
        NotFoundError: there is no such version.
        WrongStateError: it is no draft.
        SecondPersonRequiredError: the publisher drafted or edited it.
        InvalidRequestError: it cannot be read or has lint errors, with pointers; or the instant is not possible.
        VersionConflictError: the draft was edited meanwhile.
        RulesetMovedOnError: it would replace other rules than it was made from.
        TwinError: the idempotency key is already there.
    """
    entry, data = await get_document(database, publication.version)
    require_verb(entry, publication.version, "publish")
    document = await check_document(data, directory, version=publication.version)
    async with database.transaction("publish_ruleset") as connection:
        await lock_rulesets(connection)
        effective_at = await _require(connection, publication, actor, checked=entry)
        if document.checked.errors:
            raise InvalidRequestError(document.checked.errors)
        await publish_draft(connection, publication.version, by=actor.name, effective_at=effective_at)
        facts: dict[str, object] = {
            "effective_at": instant(effective_at),
            "base_version": entry["base_version"],
            "expected_version": publication.expected_version,
            "two_persons": publication.two_persons,
        }
        await append_act(connection, Act(publication.version, "published", actor, publication.reason, facts))
        account = await get_entry(connection, publication.version) | document.findings()
        await keep_answer(connection, publication.once, dumps(account))
    return account


async def _require(
    connection: Connection, publication: Publication, actor: Actor, *, checked: Mapping[str, object]
) -> datetime:
    """Refuse what may not be published under the lock; gives the instant from which it counts."""
    entry = require_verb(await find_entry(connection, publication.version), publication.version, "publish")
    if publication.two_persons:
        require_second_person(await list_authors(connection, publication.version), actor)
    require_revision(entry, publication.expected_revision)
    if entry["revision"] != checked["revision"]:
        detail = "the draft was edited while it was being checked"
        raise VersionConflictError(detail, facts={"current": entry, "changed_by": entry["changed_by"]})
    effective_at = choose_effective_at(publication.effective_at, await database_now(connection))
    standing = await list_standing(connection)
    require_place(standing, effective_at, entry["base_version"], publication.expected_version)
    return effective_at
