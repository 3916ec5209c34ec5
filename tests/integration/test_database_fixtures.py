import asyncpg


async def test_a_cleaned_database_holds_what_the_migrations_put_there(clean_database: str) -> None:
    connection = await asyncpg.connect(clean_database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM directory_version") == 1
        assert await connection.fetchval("SELECT count(*) FROM incident") == 0
        # Left for the next test, which finds both undone.
        await connection.execute("DELETE FROM directory_version")
        await connection.execute("INSERT INTO unit_kind (code, name, name_en) VALUES ('left', 'left', 'left')")
    finally:
        await connection.close()


async def test_what_one_test_writes_another_does_not_see(clean_database: str) -> None:
    connection = await asyncpg.connect(clean_database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM directory_version") == 1
        assert await connection.fetchval("SELECT count(*) FROM unit_kind") == 0
    finally:
        await connection.close()


async def test_an_empty_database_has_no_tables(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        await connection.close()
