"""A database for tests: made once per worker, emptied between tests in one round trip."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

_TABLES = """
SELECT c.oid::regclass::text AS name,
       string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname <> 'alembic_version'
 GROUP BY c.oid
"""


class Administrator:
    """One connection in a thread of its own, so that blocking fixtures can use it beside any test's event loop."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection = self._wait(asyncpg.connect(url, timeout=30))
        self._cleaning = ""

    def execute(self, sql: str) -> None:
        self._wait(self._connection.execute(sql))

    def learn(self) -> None:
        """Read which tables there are, and keep what the migrations have put into them."""
        steps = ["BEGIN", "SET LOCAL lock_timeout = '10s'", "SET LOCAL session_replication_role = 'replica'"]
        refill = []
        for number, (name, columns) in enumerate(self._wait(self._connection.fetch(_TABLES))):
            steps.append(f"DELETE FROM {name}")
            if self._wait(self._connection.fetchval(f"SELECT EXISTS (TABLE {name})")):
                self.execute(f"CREATE TEMP TABLE kept_{number} AS SELECT {columns} FROM {name}")
                refill.append(f"INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE TABLE kept_{number}")
        self._cleaning = ";".join([*steps, *refill, "COMMIT"])

    def clean(self) -> None:
        """Bring all tables back to what they held after the migrations. Triggers and foreign keys do not interfere."""
        try:
            self.execute(self._cleaning)
        except asyncpg.LockNotAvailableError:
            self.execute("ROLLBACK")
            raise AssertionError("an earlier test left a transaction open") from None

    def close(self) -> None:
        self._wait(self._connection.close(timeout=5))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(60)


@contextmanager
def new_database(server_url: str, name: str) -> Iterator[str]:
    """Make an empty database on the server and drop it afterwards, with whoever is still connected."""
    administrator = Administrator(server_url)
    try:
        administrator.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        finally:
            administrator.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        administrator.close()
