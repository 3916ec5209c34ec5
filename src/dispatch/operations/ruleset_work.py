"""What the acts on rulesets are made of: a document is checked beside the event loop, a version told as it stands."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from dispatch.domain.directory import Directory
from dispatch.domain.errors import InvalidRequestError, NotFoundError
from dispatch.domain.ruleset_check import Checked, check_ruleset, findings_data
from dispatch.storage.database import Connection, Database
from dispatch.storage.rulesets import find_entry, find_ruleset

Account = dict[str, Any]
"""How a version stands after an act, as it is answered."""


@dataclass(frozen=True, slots=True)
class Document:
    """A ruleset that was checked: its body as it will be stored, and what was found."""

    data: object
    body: str
    checked: Checked

    def findings(self) -> dict[str, object]:
        """Give what was found as it is answered."""
        return findings_data(self.checked.findings)


async def check_document(data: object, directory: Directory, *, version: int = 0) -> Document:
    """Check a document in a thread: a large one takes a second, in which calls must go on."""

    def check() -> Document:
        checked = check_ruleset(data, version=version, directory=directory)
        body = "" if checked.ruleset is None else json.dumps(data, ensure_ascii=False)
        return Document(data, body, checked)

    return await asyncio.to_thread(check)


def require_readable(document: Document) -> None:
    """Refuse what cannot be read as a ruleset.

    Raises:
        InvalidRequestError: with a pointer to everything that is wrong.
    """
    if document.checked.ruleset is None:
        raise InvalidRequestError(document.checked.errors)


async def get_document(database: Database, version: int) -> tuple[Account, object]:
    """Give a version as listed, and its body as plain data.

    Raises:
        NotFoundError: there is no such version.
    """
    async with database.snapshot() as connection:
        entry, body = await find_entry(connection, version), await find_ruleset(connection, version)
    if entry is None or body is None:
        raise NotFoundError("no such ruleset", facts={"version": version})
    return entry, json.loads(body)


async def get_entry(connection: Connection, version: int) -> Account:
    """Give a version that is there as it is listed.

    Raises:
        NotFoundError: it is not there.
    """
    entry = await find_entry(connection, version)
    if entry is None:
        raise NotFoundError("no such ruleset", facts={"version": version})
    return entry
