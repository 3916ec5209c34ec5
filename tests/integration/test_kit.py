"""The kit for the hours without the service: whole at every instant, for its owner only, and missed when it is old."""

import asyncio
import contextlib
import csv
import io
import os
import stat
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dispatch.assembly import new_id
from dispatch.cli import main
from dispatch.demo.access import Access
from dispatch.domain.audit_findings import LIMITS
from dispatch.jobs.auditor import Auditor
from dispatch.jobs.snapshot_kit import KitLoop
from dispatch.operations import gather_kit
from dispatch.operations.audit_now import Ground as AuditGround
from dispatch.operations.gather_kit import Ground
from dispatch.outside.kit_directory import KitDirectory
from tests.support.city import POLICE, City, running

NAMES = {"open.html", "incidents.csv", "assignments.csv", "units.csv"}


def loop_of(city: City, path: Path, *, copies: int = 3, made_by: str = "here") -> KitLoop:
    context = city.process.context
    ground = Ground(context.database, context.knowledge, context.now, context.timezone, made_by)
    return KitLoop(ground, KitDirectory(path, copies=copies))


async def found(city: City) -> list[str]:
    context = city.process.context
    audited = await Auditor(AuditGround(context.database, new_id, lambda _: None, LIMITS), None).once()
    assert audited is not None
    return [finding.code for finding in audited.findings]


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def modes(path: Path) -> set[int]:
    return {stat.S_IMODE(entry.stat().st_mode) for entry in path.rglob("*") if entry.is_file()}


async def test_what_is_open_is_there_with_units_steps_and_telephone_numbers(city: City, tmp_path: Path) -> None:
    incident = await city.report()
    await city.act(POLICE, incident, "acknowledge")
    over = await city.report(description="<b>已结</b>")
    await (await city.person()).post(f"/api/v1/incidents/{over['id']}/close", json={})
    await loop_of(city, tmp_path / "kit").once()
    current = tmp_path / "kit" / "current"
    assert {path.name for path in current.iterdir()} == NAMES
    page = (current / "open.html").read_text(encoding="utf-8")
    assert incident["number"] in page
    assert over["number"] not in page
    for said in ("病房里有人砸东西", "值班护士", "0731-55500001", "主办", "岳塘区"):
        assert said in page
    (row,) = table(current / "incidents.csv")
    assert row["编号 number"] == incident["number"]
    tasks = table(current / "assignments.csv")
    police = next(task for task in tasks if task["单位代码 unit code"] == POLICE)
    assert police["acknowledged_at 时间"]
    assert police["电话 phone"].startswith("0731-")
    units = table(current / "units.csv")
    assert len(units) == len(city.process.context.knowledge.directory.units)
    busy = next(unit for unit in units if unit["单位代码 unit code"] == POLICE)
    assert busy["在处警情 busy with"] == incident["number"]


async def test_no_exercise_stands_before_a_real_incident_nor_takes_its_place(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await city.report()
    drills = [await city.report(exercise="exercise") for _ in range(2)]
    await loop_of(city, tmp_path / "kit").once()
    rows = table(tmp_path / "kit" / "current" / "incidents.csv")
    assert [row["编号 number"] for row in rows] == [one["number"] for one in (real, *reversed(drills))]
    monkeypatch.setattr(gather_kit, "MOST_INCIDENTS", 1)
    await loop_of(city, tmp_path / "kit").once()
    (row,) = table(tmp_path / "kit" / "current" / "incidents.csv")
    assert row["编号 number"] == real["number"]


async def test_nobody_but_its_owner_reads_it_whatever_the_umask(city: City, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        await loop_of(city, tmp_path / "kit").once()
    finally:
        os.umask(before)
    kit = tmp_path / "kit"
    assert modes(kit) == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in (kit, *kit.iterdir()) if p.is_dir()} == {0o700}


async def test_the_last_copies_are_kept_and_no_more(city: City, tmp_path: Path) -> None:
    loop = loop_of(city, tmp_path, copies=3)
    (tmp_path / "notes").mkdir()
    for _ in range(5):
        await loop.once()
        city.offset += timedelta(seconds=60)
    stamped = sorted(path.name for path in tmp_path.iterdir() if path.name not in {"current", "notes"})
    assert len(stamped) == 3
    assert all({path.name for path in (tmp_path / name).iterdir()} == NAMES for name in stamped)
    assert (tmp_path / "notes").is_dir()


async def test_whoever_reads_while_it_is_written_reads_a_whole_page(city: City, tmp_path: Path) -> None:
    await city.report()
    loop, done, torn = loop_of(city, tmp_path), threading.Event(), []
    await loop.once()
    page = tmp_path / "current" / "open.html"

    def read() -> None:
        while not done.is_set():
            text = page.read_text(encoding="utf-8")
            if not text.endswith("</html>\n"):
                torn.append(len(text))

    reading = asyncio.create_task(asyncio.to_thread(read))
    for _ in range(10):
        await loop.once()
    done.set()
    await reading
    assert torn == []


@pytest.mark.expects_error_log
async def test_a_disk_that_refuses_leaves_the_old_kit_whole_and_the_auditor_misses_the_new_one(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = loop_of(city, tmp_path)
    await loop.once()
    before = (tmp_path / "current" / "open.html").read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dispatch.outside.kit_directory.os.fsync", full)
    await city.report()
    await loop.once()
    assert (tmp_path / "current" / "open.html").read_bytes() == before
    assert not [path for path in (tmp_path / "current").iterdir() if path.name not in NAMES]
    await city.sql.execute("UPDATE kit SET written_at = now() - interval '181 s'")
    assert await found(city) == ["kit_old"]
    monkeypatch.undo()
    await loop.once()
    assert (tmp_path / "current" / "open.html").read_bytes() != before
    assert await found(city) == []
    assert "failed" in (await city.client().get("/metrics")).text


@pytest.mark.expects_error_log
async def test_a_kit_that_was_never_written_is_missed_and_one_that_was_switched_off_is_not(
    city: City, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a directory")
    loop = loop_of(city, tmp_path / "file" / "kit")
    await loop.once()
    assert await found(city) == []  # it may still come
    await city.sql.execute("UPDATE kit SET expected_at = now() - interval '181 s'")
    assert await found(city) == ["kit_old"]
    await loop.forget()
    assert await found(city) == []


async def test_two_processes_write_one_after_the_other_and_each_gets_its_turn(city: City, tmp_path: Path) -> None:
    loops = [loop_of(city, tmp_path / name, made_by=name) for name in ("one", "two", "three")]
    await asyncio.gather(*(loop.once() for loop in loops))
    for name in ("one", "two", "three"):
        assert (tmp_path / name / "current" / "open.html").exists()
    assert await city.sql.fetchval("SELECT count(*) FROM kit WHERE written_at IS NOT NULL") == 3
    assert await city.sql.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


async def test_a_server_writes_it_by_itself_and_is_not_missed_when_it_stops(
    city_database: tuple[str, Access], tmp_path: Path, city: City
) -> None:
    async with running(*city_database, kit_dir=str(tmp_path / "kit")):
        async with asyncio.timeout(30):
            while not (tmp_path / "kit" / "current" / "units.csv").exists():
                await asyncio.sleep(0.05)
            while not await city.sql.fetchval("SELECT count(*) FROM kit WHERE written_at IS NOT NULL"):
                await asyncio.sleep(0.05)
    assert await city.sql.fetchval("SELECT count(*) FROM kit") == 0


async def test_the_command_writes_one_at_once(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    incident = await city.report()
    monkeypatch.setenv("DATABASE_URL", city.url)
    assert await asyncio.to_thread(main, ["snapshot", str(tmp_path / "kit")]) == 0
    assert "1 open incident\n" in capsys.readouterr().out
    page = (tmp_path / "kit" / "current" / "open.html").read_text(encoding="utf-8")
    assert "it is not renewed" in page
    assert incident["number"] in page
    (tmp_path / "file").write_text("x")
    assert await asyncio.to_thread(main, ["snapshot", str(tmp_path / "file")]) == 1


@pytest.mark.expects_error_log
async def test_a_disk_that_hangs_takes_no_thread_from_whoever_dispatches_and_tears_no_file(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    mended, writing, most = threading.Event(), [0], [0]
    write = KitDirectory.write

    def hang(self: KitDirectory, files: Mapping[str, str], made: datetime) -> Path:
        writing[0] += 1
        most[0] = max(most[0], writing[0])
        mended.wait()
        writing[0] -= 1
        return write(self, files, made)

    monkeypatch.setattr(KitDirectory, "write", hang)
    loop = loop_of(city, tmp_path / "kit")
    try:
        for _ in range(3):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.5):
                    await loop.once()
        async with asyncio.timeout(5):
            await asyncio.to_thread(lambda: None)
        assert most == [1]
    finally:
        mended.set()
