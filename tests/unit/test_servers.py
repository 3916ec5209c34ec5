"""Which server of several is asked: hosts as libpq writes them, the dead passed over, yesterday's primary refused."""

import asyncio
from typing import Any

import pytest

from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.storage import servers
from dispatch.storage.servers import Lineage, OutdatedServerError, Servers, hosts_of


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u@h/db", []),
        ("postgresql://u@/db?host=/tmp/a&port=5432", []),
        ("postgresql://u:p@h1:1,h2:2/db?target_session_attrs=read-write", [("h1", 1), ("h2", 2)]),
        ("postgresql+asyncpg://u:p%40x@h1,h2/db", [("h1", 5432), ("h2", 5432)]),
        ("postgresql://u@h1,h2/db?port=6000", [("h1", 6000), ("h2", 6000)]),
        ("postgresql://u@[::1]:1,[fe80::2]/db", [("::1", 1), ("fe80::2", 5432)]),
        ("postgresql://u@/db?host=/tmp/a,/tmp/b&port=1,2", [("/tmp/a", 1), ("/tmp/b", 2)]),
        ("postgresql://u@/db?host=h1:7,h2&port=5,6", [("h1", 7), ("h2", 6)]),
    ],
)
def test_hosts_are_read_as_libpq_writes_them(url: str, hosts: list[tuple[str, int]]) -> None:
    assert hosts_of(url) == hosts


class Cluster:
    """Stands in for the driver: what each host answers, and which were asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
        self.answers, self.asked = answers, []
        self.terminated: list[str] = []
        monkeypatch.setattr(servers.asyncpg, "connect", self.connect)
        monkeypatch.setattr(servers, "EACH_WITHIN_S", 0.05)

    async def connect(self, _dsn: str, *, host: str, **_: Any) -> "Connected":
        self.asked.append(host)
        answer = self.answers[host]
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            await asyncio.Event().wait()
        return Connected(self, host, answer)


class Connected:
    def __init__(self, cluster: Cluster, host: str, timeline: int) -> None:
        self.cluster, self.host, self.timeline = cluster, host, timeline

    async def fetchval(self, sql: str) -> str:
        return "7" if "system_identifier" in sql else f"{self.timeline:08X}"

    def terminate(self) -> None:
        self.cluster.terminated.append(self.host)


URL = "postgresql://u@h1,h2/db"


async def test_a_host_that_says_nothing_does_not_use_up_the_time_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch, h1=None, h2=1)
    known = Servers(URL)
    assert (await known.connect()).host == "h2"
    assert (await known.connect()).host == "h2"
    assert cluster.asked == ["h1", "h2", "h2"], "the last good one is asked first"


async def test_a_former_primary_that_comes_back_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch, h1=1, h2=2)
    known = Servers(URL)
    moves: list[Lineage | None] = []

    async def moved() -> None:
        moves.append(known.lineage)

    known.on_move(moved)
    assert (await known.connect()).host == "h1"
    cluster.answers["h1"] = ConnectionRefusedError()
    assert (await known.connect()).host == "h2"
    assert moves == [Lineage("7", 2)]
    cluster.answers |= {"h1": 1, "h2": ConnectionRefusedError()}
    with pytest.raises(OutdatedServerError):
        await known.connect()
    assert cluster.terminated == ["h1"]


@pytest.mark.parametrize(
    "url", ["postgresql://u:secret@host:port/d", "postgresql://h1:1,h2:x/d?p=secret", "mysql://secret", "secret"]
)
async def test_a_url_with_a_slip_is_named_as_such_and_its_password_is_not_repeated(url: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match="DATABASE_URL cannot be read") as refused:
        await Servers(url).connect()
    assert "secret" not in str(refused.value)


async def test_when_nobody_answers_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Cluster(monkeypatch, h1=ConnectionRefusedError("refused"), h2=None)
    with pytest.raises(TimeoutError):
        await Servers(URL).connect()
