"""The schema goes up and down with data in it, and the code says which one it needs."""

import asyncio
from pathlib import Path

import asyncpg
from alembic.config import Config
from alembic.script import ScriptDirectory

from dispatch.demo.city import bundle
from dispatch.operations.load_directory import load_directory_bundle
from dispatch.storage.database import Database
from dispatch.storage.migration import downgrade, upgrade
from dispatch.storage.schema import WANTED, current_revision

ROOT = Path(__file__).parents[2]


def test_the_newest_revision_is_the_one_the_code_wants() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == WANTED


async def test_the_schema_goes_up_down_and_up_again_on_data(empty_database: str) -> None:
    assert await current_revision(empty_database) is None
    for _ in range(2):
        await asyncio.to_thread(upgrade, empty_database)
        assert await current_revision(empty_database) == WANTED
        database = Database(empty_database, pool_size=2)
        await database.open()
        await load_directory_bundle(database, bundle(), published_by="test")
        await load_directory_bundle(database, bundle(), published_by="test")
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM division WHERE level = 'village'") == 895
            assert await connection.fetchval("SELECT max(version) FROM ruleset") == 1
        await database.close()
        await asyncio.to_thread(downgrade, empty_database, "base")
    connection = await asyncpg.connect(empty_database)
    left = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert [row["tablename"] for row in left] == ["alembic_version"]


async def test_two_processes_that_migrate_at_once_do_it_once(empty_database: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(_upgrade_elsewhere, empty_database) for _ in range(2)))
    assert await current_revision(empty_database) == WANTED


def _upgrade_elsewhere(url: str) -> None:
    import subprocess
    import sys

    code = "import sys; from dispatch.storage.migration import upgrade; upgrade(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, url], check=True, timeout=60)
