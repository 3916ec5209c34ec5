"""A backup taken under load comes back whole, in a new epoch: nobody is alarmed twice, and nothing is half restored."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from dispatch.cli import main
from dispatch.demo.access import Access
from dispatch.embedded import archive
from dispatch.embedded.errors import NoArchiver, PostgresFailed
from tests.support.city import HOSPITAL_CALL, POLICE, City, Console, running
from tests.support.database import new_database

Told = tuple[int, str, str]
Command = Callable[..., Awaitable[Told]]


@pytest.fixture
def spare(postgres_url: str, worker_id: str) -> Iterator[str]:
    with new_database(postgres_url, f"dispatch_restored_{worker_id}_{os.getpid()}") as url:
        yield url


@pytest.fixture
def dispatch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    async def run(url: str, *arguments: str) -> Told:
        monkeypatch.setenv("DATABASE_URL", url)
        capsys.readouterr()
        code = await asyncio.to_thread(main, arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
async def sql(spare: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(spare)
    yield connection
    await connection.close()


async def _reporting(city: City, until: asyncio.Event) -> list[str]:
    client, known = city.integrator(), []
    while not until.is_set():
        answer = await client.post("/api/v1/incidents", json=HOSPITAL_CALL)
        assert answer.status_code == 201, answer.text
        known.append(answer.json()["incident"]["id"])
    return known


def _shown(console: Console) -> set[str]:
    snapshots = (frame for frame in console.frames if frame["type"] == "snapshot")
    return {incident["id"] for frame in snapshots for incident in frame["incidents"]}


HALVES = """
SELECT count(*) FROM incident i WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.incident_id = i.id)
  OR NOT EXISTS (SELECT 1 FROM audit a WHERE a.incident_id = i.id)
  OR NOT EXISTS (SELECT 1 FROM assignment a JOIN timer t ON t.subject_id = a.id WHERE a.incident_id = i.id)
"""


async def test_a_backup_under_load_is_restored_and_no_console_is_alarmed_a_second_time(
    city: City, city_database: tuple[str, Access], dispatch: Command, tmp_path: Path, spare: str
) -> None:
    before = [(await city.report())["id"] for _ in range(3)]
    away, stop = await city.unit_console(POLICE), asyncio.Event()
    await city.sql.execute(
        "INSERT INTO delivery_attempt (id, message_id, incident_id, channel, recipient, body, state, next_at) "
        "VALUES (gen_random_uuid(), gen_random_uuid(), $1, 'file', '0731', '{}', 'queued', now() + interval '1 hour')",
        before[0],
    )
    load = asyncio.create_task(_reporting(city, stop))
    code, told, said = await dispatch(city.url, "backup", str(tmp_path / "city.dump"))
    stop.set()
    meanwhile = await load
    assert code == 0, said
    assert "personal data" in told
    assert len(meanwhile) > 1
    await away.until(lambda c: {f["incident"]["id"] for f in c.named("assignment.issued")} >= set(meanwhile))
    seen, cursor = {event["event_id"] for event in away.events}, away.cursor
    code, told, said = await dispatch(spare, "restore", str(tmp_path / "city.dump"))
    assert code == 0, said
    async with running(spare, city_database[1]) as restored:
        assert restored.process.relay.epoch in told
        back = await restored.unit_console(POLICE, cursor)
        assert next(frame for frame in back.frames if frame["type"] == "welcome")["resume"] == "reset"
        await back.until(_shown)
        assert set(before) <= _shown(back) <= {*before, *meanwhile}
        fresh = await restored.report()
        issued = await back.event("assignment.issued")
        assert issued["incident"]["id"] == fresh["id"]
        assert {event["event_id"] for event in back.events}.isdisjoint(seen)
        assert await restored.sql.fetchval(HALVES) == 0
        states = "SELECT array_agg(DISTINCT state) FROM delivery_attempt WHERE channel = 'file'"
        assert await restored.sql.fetchval(states) == ["expired"]


async def test_a_backup_is_its_owners_and_is_not_written_over_by_mistake(
    city: City, dispatch: Command, tmp_path: Path
) -> None:
    target = tmp_path / "city.dump"
    assert (await dispatch(city.url, "backup", str(target)))[0] == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    first = target.read_bytes()
    code, _, said = await dispatch(city.url, "backup", str(target))
    assert (code, "--overwrite" in said, target.read_bytes() == first) == (1, True, True)
    await city.report()
    assert (await dispatch(city.url, "backup", "--overwrite", str(target)))[0] == 0
    assert target.read_bytes() != first
    assert [path.name for path in tmp_path.iterdir()] == ["city.dump"]


async def test_what_is_there_is_replaced_only_when_that_is_said_and_old_cursors_are_not_believed(
    city: City, city_database: tuple[str, Access], dispatch: Command, tmp_path: Path, spare: str
) -> None:
    incident, target = await city.report(), str(tmp_path / "city.dump")
    assert (await dispatch(city.url, "backup", target))[0] == 0
    assert (await dispatch(spare, "restore", target))[0] == 0
    code, _, said = await dispatch(spare, "restore", target)
    assert (code, "not empty" in said) == (1, True)
    async with running(spare, city_database[1]) as restored:
        console = await restored.unit_console(POLICE)
        cursor = await console.until(lambda c: c.cursor)
        code, _, said = await dispatch(spare, "restore", "--replace", target)
        assert (code, "stop them first" in said) == (1, True)
    # The same database turned back in time: its identity is the same, its epoch must not be.
    assert (await dispatch(spare, "restore", "--replace", target))[0] == 0
    async with running(spare, city_database[1]) as again:
        back = await again.unit_console(POLICE, cursor)
        assert next(frame for frame in back.frames if frame["type"] == "welcome")["resume"] == "reset"
        assert await back.until(_shown) == {incident["id"]}
        left = await again.sql.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname = 'before_restore'")
        assert left == 0


@pytest.mark.parametrize("how", ["cut", "text", "other", "missing"])
async def test_what_is_no_whole_backup_of_the_service_is_refused_and_changes_nothing(
    city: City, dispatch: Command, tmp_path: Path, spare: str, sql: asyncpg.Connection, how: str
) -> None:
    await sql.execute("CREATE TABLE precious (x int); INSERT INTO precious VALUES (1)")
    target = tmp_path / "city.dump"
    if how == "other":
        assert await asyncio.to_thread(_dump, spare, target) is None
    elif how == "text":
        target.write_text("SELECT 1;")
    elif how == "cut":
        await city.report()
        assert (await dispatch(city.url, "backup", str(target)))[0] == 0
        target.write_bytes(target.read_bytes()[: target.stat().st_size // 2])
    code, told, said = await dispatch(spare, "restore", "--replace", str(target))
    assert (code, told) == (1, "")
    assert said.startswith("refused: ")
    assert await sql.fetchval("SELECT x FROM precious") == 1
    assert await sql.fetchval("SELECT to_regclass('incident')") is None


def _dump(url: str, target: Path) -> None:
    archive.dump(archive.tool("pg_dump", oldest=15), url, target, lambda _line: None)


async def test_an_archive_of_a_schema_that_nobody_here_knows_is_refused_by_name(
    city: City, dispatch: Command, tmp_path: Path, spare: str, sql: asyncpg.Connection
) -> None:
    target = str(tmp_path / "city.dump")
    assert (await dispatch(city.url, "backup", target))[0] == 0
    assert (await dispatch(spare, "restore", target))[0] == 0
    await sql.execute("UPDATE alembic_version SET version_num = '9999'")
    assert (await dispatch(spare, "backup", "--overwrite", target))[0] == 0
    await sql.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    code, _, said = await dispatch(spare, "restore", target)
    assert (code, "9999" in said) == (1, True)
    assert await sql.fetchval("SELECT to_regclass('incident')") is None


async def test_without_database_or_programs_it_says_so(
    dispatch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, said = await dispatch("postgresql://nobody@127.0.0.1:1/none", "backup", str(tmp_path / "x"))
    assert (code, said.startswith("refused: the database did not answer")) == (1, True)
    with pytest.raises(NoArchiver, match="PostgreSQL 99 or newer"):
        archive.tool("pg_dump", oldest=99)
    with pytest.raises(PostgresFailed):
        archive.tables(archive.tool("pg_restore", oldest=15), tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


async def test_no_password_is_shown_to_other_accounts() -> None:
    seen: list[str] = []
    program = Path(sys.executable)
    url = "postgresql://me:s%40cret@127.0.0.1:1/none"
    with pytest.raises(PostgresFailed):
        await asyncio.to_thread(archive.dump, program, url, Path("/nowhere"), seen.append)
    name, environment = archive._away(url)
    assert (name, environment["PGPASSWORD"]) == ("postgresql://me@127.0.0.1:1/none", "s@cret")
    assert not any("cret" in line for line in seen)
