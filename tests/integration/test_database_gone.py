"""The database goes away: nothing is lost, the answer says so, work goes on when it is back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from dispatch.demo.access import Access, make_access
from dispatch.demo.city import bundle
from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.embedded import EmbeddedPostgres
from dispatch.operations.load_directory import load_directory_bundle
from dispatch.operations.manage_access import store_keys, store_people
from dispatch.storage.database import Database, outages_named
from dispatch.storage.migration import upgrade
from tests.support.city import POLICE, City, running


@pytest.fixture
async def own_postgres(tmp_path: Path) -> AsyncIterator[tuple[EmbeddedPostgres, str, Access]]:
    postgres = EmbeddedPostgres(tmp_path / "data", durable=False)
    url = await asyncio.to_thread(postgres.start)
    await asyncio.to_thread(upgrade, url)
    access = make_access(bundle(), "http://127.0.0.1")
    database = Database(url, pool_size=2)
    await database.open()
    await load_directory_bundle(database, bundle(), published_by="test")
    await store_keys(database, access.keys)
    await store_people(database, access.people)
    await database.close()
    try:
        yield postgres, url, access
    finally:
        await asyncio.to_thread(postgres.discard)


async def test_without_its_database_the_service_says_so_and_a_press_gets_through_when_it_is_back(
    own_postgres: tuple[EmbeddedPostgres, str, Access],
) -> None:
    postgres, url, access = own_postgres
    async with running(url, access) as city:
        console = await city.unit_console(POLICE)
        await city.sql.close()
        await asyncio.to_thread(postgres.stop)
        press_id = "01980000-0000-7000-8000-00000000000a"
        refused = await city.press(press_id)
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await city.client().get("/readyz")).status_code == 503
        assert (await city.client().get("/healthz")).status_code == 200
        assert await asyncio.to_thread(postgres.start) == url
        answers = []
        for _ in range(60):
            answers.append(await city.press(press_id))
            if answers[-1].status_code == 201:
                break
            await asyncio.sleep(0.2)
        assert answers[-1].status_code == 201
        assert answers[-1].json()["call"]["outcome"] == "opened"
        await _reaches(city, console)
        city.sql = await asyncpg.create_pool(url, min_size=1, max_size=2)
        assert await city.sql.fetchval("SELECT count(*) FROM incident") == 1


async def _reaches(city: City, console: object) -> None:
    back = console if console.closed is None else await city.unit_console(POLICE)  # type: ignore[attr-defined]
    found = lambda c: any(  # noqa: E731
        (f["type"] == "snapshot" and f["incidents"]) or f.get("event") == "assignment.issued" for f in c.frames
    )
    await back.until(found)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DiskFullError("no space left on device"),
        asyncpg.InternalServerError("could not extend file: File too large"),
        asyncpg.TooManyConnectionsError("too many"),
        asyncpg.AdminShutdownError("terminating"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.ReadOnlySQLTransactionError("standby"),
        asyncpg.ConnectionDoesNotExistError("gone"),
        ConnectionRefusedError("refused"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_kind_of_outage_has_one_name(error: Exception) -> None:
    with pytest.raises(DatabaseUnavailableError), outages_named():
        raise error
