"""A loaded city on disk: whoever needs a server of its own copies it instead of making one."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dispatch.demo.access import Access, make_access
from dispatch.demo.city import bundle
from dispatch.operations.load_directory import load_directory_bundle
from dispatch.operations.manage_access import store_keys, store_people
from dispatch.storage.database import Database
from dispatch.storage.migration import upgrade
from tests.support.pair import pair


@dataclass(frozen=True)
class Template:
    """A loaded city on disk, to be copied for each scene."""

    directory: Path
    access: Access


async def load_city(url: str) -> Access:
    await asyncio.to_thread(upgrade, url)
    access = make_access(bundle(), "http://127.0.0.1")
    database = Database(url, pool_size=2)
    await database.open()
    await load_directory_bundle(database, bundle(), published_by="test")
    await store_keys(database, access.keys)
    await store_people(database, access.people)
    await database.close()
    return access


@contextlib.contextmanager
def template() -> Iterator[Template]:
    """Load the city once."""
    with pair() as made:
        made.start_primary()
        access = asyncio.run(load_city(made.url))
        made.primary.stop("fast")
        yield Template(made.primary.directory, access)
