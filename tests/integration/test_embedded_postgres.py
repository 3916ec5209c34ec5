import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from dispatch.embedded import DataDirectoryInUse, EmbeddedPostgres, OtherDataVersion, PostgresFailed
from tests.support.memory import in_memory


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory that any account can reach, as below a system's temporary directory."""
    parent = Path(tempfile.mkdtemp(prefix="dispatch-test-", dir=in_memory()))
    parent.chmod(0o755)
    yield parent / "data"
    EmbeddedPostgres(parent / "data").discard()
    parent.rmdir()


@pytest.fixture(scope="module")
def _made() -> Iterator[Path]:
    """A data directory that was made once and whose server was stopped."""
    parent = Path(tempfile.mkdtemp(prefix="dispatch-test-", dir=in_memory()))
    parent.chmod(0o755)
    with EmbeddedPostgres(parent / "made", durable=False):
        pass
    yield parent / "made"
    EmbeddedPostgres(parent / "made").discard()
    parent.rmdir()


@pytest.fixture
def stopped(data: Path, _made: Path) -> Path:
    """A data directory of one's own that somebody has used and left: a copy, which is as good as one moved here."""
    subprocess.run(["/bin/cp", "-a", _made, data], check=True)
    (data / "postgres.json").unlink()  # names the other's socket
    return data


def quick(data: Path) -> EmbeddedPostgres:
    """Serve without waiting for the disk: for what is not about keeping anything."""
    return EmbeddedPostgres(data, durable=False)


async def value(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def sockets(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def postgres_directory(data: Path) -> Path:
    return data / "postgres"


async def test_what_was_committed_is_there_after_a_restart(stopped: Path) -> None:
    first = EmbeddedPostgres(stopped)
    url = first.start()
    await value(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()
    assert first.pid is None
    second = EmbeddedPostgres(stopped)
    again = second.start()
    assert again == url
    assert await value(again, "SELECT answer FROM kept") == 42
    second.stop()


async def test_the_database_is_utf8_in_utc_and_keeps_commits(data: Path) -> None:
    postgres = EmbeddedPostgres(data)
    url = postgres.start()
    shown = "SELECT string_agg(current_setting(name), ' ' ORDER BY name) FROM unnest(ARRAY[%s]) AS name"
    names = ("fsync", "full_page_writes", "server_encoding", "synchronous_commit", "timezone")
    assert await value(url, shown % ", ".join(f"'{name}'" for name in names)) == "on on UTF8 on UTC"
    postgres.stop()


async def test_nothing_but_a_socket_in_a_private_directory_listens(stopped: Path) -> None:
    postgres = quick(stopped)
    url = postgres.start()
    assert await value(url, "SHOW listen_addresses") == ""
    assert mode(sockets(url)) == 0o700
    assert mode(postgres_directory(stopped)) == 0o700
    assert sockets(url).stat().st_uid == postgres_directory(stopped).stat().st_uid
    postgres.stop()
    assert not sockets(url).exists()


def test_a_second_process_is_refused_by_name(stopped: Path) -> None:
    holder = quick(stopped)
    holder.start()
    code = (
        "import sys, pathlib; from dispatch.embedded import EmbeddedPostgres, DataDirectoryInUse\n"
        "try: EmbeddedPostgres(pathlib.Path(sys.argv[1])).start()\n"
        "except DataDirectoryInUse as refusal: print(refusal)"
    )
    said = subprocess.run([sys.executable, "-c", code, str(stopped)], capture_output=True, text=True, check=True).stdout
    assert f"is in use by process {os.getpid()}" in said
    assert "--data" in said
    assert holder.pid is not None
    holder.stop()


def test_the_same_object_cannot_be_started_twice(stopped: Path) -> None:
    postgres = quick(stopped)
    postgres.start()
    with pytest.raises(DataDirectoryInUse):
        postgres.start()
    assert postgres.pid is not None
    postgres.stop()
    postgres.stop()


async def test_a_killed_server_comes_back_with_every_commit(stopped: Path) -> None:
    postgres = EmbeddedPostgres(stopped)
    url = postgres.start()
    busy = await asyncpg.connect(url)
    await busy.execute("CREATE TABLE kept AS SELECT 1 AS answer")
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.stop()
    url = postgres.start()
    assert await value(url, "SELECT answer FROM kept") == 1
    postgres.stop()
    busy.terminate()


async def test_a_server_left_by_a_killed_process_is_taken_over(stopped: Path) -> None:
    code = (
        "import sys, os, signal, pathlib; from dispatch.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(pathlib.Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(stopped)], check=False).returncode == -signal.SIGKILL
    postgres = quick(stopped)
    assert await value(postgres.start(), "SELECT 1") == 1
    postgres.stop()


def test_a_stale_process_number_does_not_hinder_a_start(stopped: Path) -> None:
    with quick(stopped) as postgres:
        assert postgres.pid is not None
        noted = (postgres_directory(stopped) / "postmaster.pid").read_text().splitlines()
    (postgres_directory(stopped) / "postmaster.pid").write_text("\n".join([str(os.getpid()), *noted[1:]]) + "\n")
    with quick(stopped) as postgres:
        assert postgres.pid not in (None, os.getpid())


def test_data_of_another_major_version_is_refused_untouched_with_a_recipe(stopped: Path) -> None:
    version = postgres_directory(stopped) / "PG_VERSION"
    version.write_text("13\n")
    with pytest.raises(OtherDataVersion) as refusal:
        EmbeddedPostgres(stopped).start()
    assert refusal.value.found == 13
    assert "pg_dump" in str(refusal.value)
    assert "--data DIR" in str(refusal.value)
    assert version.read_text() == "13\n"
    with pytest.raises(OtherDataVersion):
        EmbeddedPostgres(stopped).start()


def test_a_creation_that_was_interrupted_is_begun_again(data: Path) -> None:
    half = data / "postgres.new"
    half.mkdir(parents=True)
    data.chmod(0o755)
    (half / "rubbish").write_text("half done")
    with quick(data) as postgres:
        assert postgres.pid is not None
    assert not half.exists()


def test_a_broken_configuration_is_reported_in_postgresql_own_words(stopped: Path) -> None:
    with (postgres_directory(stopped) / "postgresql.conf").open("a") as configuration:
        configuration.write("max_connections = 'many'\n")
    with pytest.raises(PostgresFailed, match="max_connections"):
        EmbeddedPostgres(stopped).start()


async def test_a_very_long_temporary_directory_leaves_room_for_the_socket(
    stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = stopped.parent / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with quick(stopped) as postgres:
        assert postgres.pid is not None
    long.rmdir()


async def test_a_directory_with_a_quote_and_a_space_is_served(data: Path) -> None:
    odd = data / 'o\'clock "x" $HOME'
    postgres = quick(odd)
    try:
        assert await value(postgres.start(), "SELECT 1") == 1
    finally:
        postgres.discard()
    assert not odd.exists()


async def test_a_moved_data_directory_is_found_at_its_new_place(stopped: Path) -> None:
    with quick(stopped):
        pass
    moved = stopped.with_name("moved")
    stopped.rename(moved)
    with quick(moved) as postgres:
        assert postgres.pid is not None
    assert (moved / "postgres").exists()
    assert not stopped.exists()
    postgres.discard()


def test_a_second_start_takes_a_fraction_of_a_second(stopped: Path) -> None:
    begun = time.monotonic()
    with EmbeddedPostgres(stopped):
        assert time.monotonic() - begun < 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands over to another account")
async def test_below_a_private_directory_of_root_the_files_are_placed_elsewhere(data: Path) -> None:
    data.parent.chmod(0o700)
    postgres = quick(data)
    url = postgres.start()
    placed = Path(str(await value(url, "SHOW data_directory")))
    assert data not in placed.parents
    assert placed.stat().st_uid != 0
    assert mode(data.parent) == 0o700
    postgres.stop()
    assert postgres.start() == url
    assert Path(str(await value(url, "SHOW data_directory"))) == placed
    postgres.discard()
    assert not placed.exists()
    data.parent.chmod(0o755)
