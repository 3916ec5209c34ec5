"""A real PostgreSQL for the tests: one private server per worker, or the one that DATABASE_URL_TEST names."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from dispatch.demo.access import PASSWORD, Access, make_access
from dispatch.demo.city import bundle
from dispatch.embedded import EmbeddedPostgres
from dispatch.operations.load_directory import load_directory_bundle
from dispatch.operations.manage_access import store_keys, store_people
from dispatch.storage.database import Database
from tests.support.city import CLEAN, City, running
from tests.support.database import Administrator, new_database
from tests.support.memory import in_memory
from tests.support.template import Template, template

_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Tests log in by the hundred; the real cost of a password is paid where passwords are tested."""


LONG = frozenset({"test_schema_fuzz.py", "test_chaos.py", "test_kill.py", "test_first_start.py"})
"""They take as long as a hundred others: whoever begins with one of them at the end is waited for by everybody."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server that may be used freely; the database in the URL is for making others."""
    if given := os.environ.get("DATABASE_URL_TEST"):
        yield given
        return
    parent = Path(tempfile.mkdtemp(prefix="dispatch-test-", dir=in_memory()))
    postgres = EmbeddedPostgres(parent / "data", durable=False)
    try:
        yield postgres.start()
    finally:
        postgres.discard()
        postgres.data.parent.rmdir()


@pytest.fixture
def empty_database(postgres_url: str, worker_id: str) -> Iterator[str]:
    """A database of one test's own, without tables."""
    with new_database(postgres_url, f"dispatch_empty_{worker_id}_{os.getpid()}") as url:
        yield url


@pytest.fixture(scope="session")
def _administrator(postgres_url: str, worker_id: str) -> Iterator[tuple[str, Administrator]]:
    from dispatch.storage.migration import upgrade

    with new_database(postgres_url, f"dispatch_{worker_id}_{os.getpid()}") as url:
        # In a thread: the migration may run an event loop of its own.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(upgrade, url).result()
        administrator = Administrator(url)
        administrator.learn()
        yield url, administrator
        administrator.close()


@pytest.fixture(scope="session")
def database_url(_administrator: tuple[str, Administrator]) -> str:
    """The worker's database, migrated to the newest version."""
    return _administrator[0]


@pytest.fixture
def clean_database(_administrator: tuple[str, Administrator]) -> str:
    """The worker's database, holding what the migrations put there and nothing else."""
    url, administrator = _administrator
    administrator.clean()
    return url


@pytest.fixture(scope="session")
def _city_database(postgres_url: str, worker_id: str) -> Iterator[tuple[str, Access, Administrator]]:
    from dispatch.storage.migration import upgrade

    with new_database(postgres_url, f"dispatch_city_{worker_id}_{os.getpid()}") as url:
        access = make_access(bundle(), "http://127.0.0.1")
        with ThreadPoolExecutor(1) as thread:
            thread.submit(upgrade, url).result()
            thread.submit(asyncio.run, _load_city(url, access)).result()
        administrator = Administrator(url)
        yield url, access, administrator
        administrator.close()


async def _load_city(url: str, access: Access) -> None:
    database = Database(url, pool_size=2)
    await database.open()
    await load_directory_bundle(database, bundle(), published_by="test")
    await store_keys(database, access.keys)
    await store_people(database, access.people)
    async with database.connection() as connection:
        await connection.execute("UPDATE person SET password_hash = $1", _QUICK.hash(PASSWORD))
    await database.close()


@pytest.fixture(scope="session")
def city_on_disk() -> Iterator[Template]:
    """The demo city in a directory to be copied, for tests that break the server below it."""
    made = template()
    # In a thread: loading the city runs an event loop of its own.
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(made.__enter__).result()
        thread.submit(made.__exit__, None, None, None).result()


@pytest.fixture
def city_database(_city_database: tuple[str, Access, Administrator]) -> tuple[str, Access]:
    """The demo city with nothing going on, and its keys."""
    url, access, administrator = _city_database
    administrator.execute("BEGIN;" + CLEAN + "COMMIT")
    return url, access


@pytest.fixture
async def city(city_database: tuple[str, Access]) -> AsyncIterator[City]:
    """The running service on the demo city."""
    async with running(*city_database) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _one_city(_city_database: tuple[str, Access, Administrator]) -> AsyncIterator[City]:
    url, access, administrator = _city_database
    administrator.execute("BEGIN;" + CLEAN + "COMMIT")
    async with running(url, access) as started:
        yield started


@pytest.fixture
def one_city(_one_city: City, city_database: tuple[str, Access]) -> City:
    """One running service for a whole module, for what is refused: the rows are clean, the service remembers nothing.

    Such a test is marked `asyncio(loop_scope="module")`.
    """
    del city_database
    return _one_city
