"""Which of the servers in a PostgreSQL URL is asked: the one that takes writes, and never one from before a promotion.

Invariant: one process never works on two histories. A server on an older timeline than one that was seen (the primary
of yesterday, come back) is refused like one that does not answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from dispatch.domain.errors import DatabaseUnavailableError

Raw: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

WITHIN_S: Final = 5.0
"""For the only server; of several each has less, so that the last one is reached too."""
EACH_WITHIN_S: Final = 2.0
_PASSED_OVER: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_WHO: Final = "SELECT system_identifier::text FROM pg_control_system()"
# Not pg_control_checkpoint(): after a promotion it names the old timeline until the next checkpoint.
_TIMELINE: Final = "SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)"
_UNTOLD: Final = (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError, asyncpg.FeatureNotSupportedError)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Whose history a server writes: the cluster, and how often a standby of it was promoted or it was turned back."""

    cluster: str = ""
    timeline: int = 0

    def is_before(self, other: "Lineage") -> bool:
        """Say whether this is an earlier history of the same cluster."""
        return self.cluster == other.cluster and self.timeline < other.timeline


class OutdatedServerError(ConnectionError):
    """A server that was the primary once; another one was promoted since."""


def driver_dsn(url: str) -> str:
    """Turn any PostgreSQL URL, SQLAlchemy's spelling among them, into the one that asyncpg reads."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql{separator}{rest}" if scheme.startswith(("postgres", "postgresql")) else url


@contextmanager
def _readable() -> Iterator[None]:
    """Say what is wrong with a URL without repeating it: it may hold a password."""
    try:
        yield
    except ValueError:
        raise DatabaseUnavailableError(
            "DATABASE_URL cannot be read: postgresql://user:password@host:port/database, special characters as %XX"
        ) from None


def hosts_of(url: str) -> list[tuple[str, int]]:
    """List the servers of a URL with several, `h1:p1,h2:p2` or `?host=…&port=…`; empty when it names one at most."""
    parts = urlsplit(driver_dsn(url))
    query = parse_qs(parts.query)
    named = parts.netloc.rpartition("@")[2] or ",".join(query.get("host", [])[-1:])
    ports = ",".join(query.get("port", [])[-1:]).split(",")
    hosts = named.split(",")
    if len(hosts) < 2:  # noqa: PLR2004
        return []
    return [_host(host, ports[min(at, len(ports) - 1)]) for at, host in enumerate(hosts)]


def _host(text: str, port: str) -> tuple[str, int]:
    if text.startswith("/"):
        return text, int(port or 5432)
    host, separator, own = text.rpartition(":")
    if not separator or own.endswith("]"):
        host, own = text, port
    return unquote(host.strip("[]")), int(own or 5432)


class Servers:
    """The servers of one URL, the last good one first."""

    def __init__(self, url: str) -> None:
        """Keep the URL; nothing is connected yet."""
        self.url = url
        self.lineage: Lineage | None = None
        self._dsn = driver_dsn(url)
        with _readable():
            named = hosts_of(url)
        self._hosts: list[Mapping[str, Any]] = [{"host": host, "port": port} for host, port in named] or [{}]
        self._moved: list[Callable[[], Awaitable[object]]] = []

    def on_move(self, act: Callable[[], Awaitable[object]]) -> None:
        """Have something done, before the next connection is used, when the history has become another."""
        self._moved.append(act)

    async def connect(self, _dsn: object = None, **options: Any) -> Raw:  # noqa: ANN401
        """Connect to the first server that takes writes and is of the newest history that was seen.

        Called by a pool too, which hands over its own URL first.

        Raises:
            OSError, TimeoutError, asyncpg.PostgresError and its like: what the last one that was tried said.
        """
        within_s = WITHIN_S if len(self._hosts) == 1 else EACH_WITHIN_S
        failure: BaseException | None = None
        for host in list(self._hosts):
            try:
                async with asyncio.timeout(within_s):
                    connection = await self._connect_to(host, options)
            except _PASSED_OVER as error:
                failure = failure if isinstance(failure, asyncpg.PostgresError) else error
                continue
            self._hosts.sort(key=lambda other: other is not host)
            return connection
        raise failure or ConnectionError("no server")

    async def _connect_to(self, host: Mapping[str, Any], options: Mapping[str, Any]) -> Raw:
        wanted = {"target_session_attrs": "read-write", "timeout": WITHIN_S}
        if "target_session_attrs=" in self._dsn:
            del wanted["target_session_attrs"]
        with _readable():
            connection: Raw = await asyncpg.connect(self._dsn, **(wanted | dict(host) | dict(options)))
        try:
            await self._accept(await _lineage(connection))
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _accept(self, found: Lineage) -> None:
        known = self.lineage
        if known is not None and found.is_before(known):
            raise OutdatedServerError(f"timeline {found.timeline} is before {known.timeline}: this is a former primary")
        if found != known:
            self.lineage = found
            if known is not None:
                for act in self._moved:
                    await act()


async def _lineage(connection: Raw) -> Lineage:
    """Ask a server who it is. One that does not tell (other rights, another make) is taken as it is."""
    try:
        cluster = await connection.fetchval(_WHO)
        timeline = await connection.fetchval(_TIMELINE)
    except _UNTOLD:
        return Lineage()
    return Lineage(str(cluster), int(str(timeline), 16))
