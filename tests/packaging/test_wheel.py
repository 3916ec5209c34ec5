"""The steps of the Dockerfile, on this machine: build, install in a clean environment, start, without Node."""

import json
import signal
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READY_S = 60


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([ROOT / "scripts/wheel", out], check=True)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "environment"
    subprocess.run([ROOT / "scripts/install", folder, wheel], check=True)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No program is found by name, neither Node nor another Python; no settings of this machine's."""
    return {"PATH": "/nowhere", "HOME": str(tmp_path)}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def fetch(url: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers["Content-Type"], refusal.read()


@pytest.fixture
def demo(installed: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    port = free_port()
    command = [installed / "bin/dispatch", "demo", "--port", str(port), "--data", tmp_path / "data"]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.terminate()
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until_ready(url: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if process.poll() is not None:
            assert process.stdout is not None
            pytest.fail(f"dispatch demo ended with {process.returncode}:\n{process.stdout.read()}")
        try:
            if fetch(f"{url}/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"dispatch demo was not ready within {READY_S} s")


def test_the_wheel_carries_consoles_and_migrations_and_nothing_stray(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for page in ("index", "call", "unit", "desk"):
        assert f"dispatch/static/{page}.html" in names
    assert "dispatch/migrations/env.py" in names
    assert "dispatch/py.typed" in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"dispatch"}
    assert [name for name in names if "node_modules" in name or "__pycache__" in name] == []


def test_an_sdist_makes_the_same_wheel_without_node(built: Path, wheel: Path, environment: dict[str, str]) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # the first releases of 3.11 have none
        archive.extractall(built / "unpacked")
    (tree,) = (built / "unpacked").iterdir()
    command = [ROOT / ".venv/bin/python", "-m", "hatchling", "build", "-t", "wheel", "-d", built / "again"]
    subprocess.run(command, cwd=tree, env=environment, check=True)
    (again,) = (built / "again").glob("*.whl")
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


def test_the_installed_command_starts_the_demo_with_its_consoles(
    demo: tuple[str, subprocess.Popen[str]], tmp_path: Path
) -> None:
    url, process = demo
    wait_until_ready(url, process)
    for page in ("/", "/call", "/unit", "/desk"):
        status, kind, body = fetch(url + page)
        assert (status, kind.partition(";")[0]) == (200, "text/html"), page
        assert b"<script" in body
    assert fetch(f"{url}/api/v1/me")[:2] == (401, "application/problem+json")
    assert json.loads((tmp_path / "data" / "demo.json").read_text())["base_url"] == url
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


def test_no_lock_says_where_packages_come_from() -> None:
    assert [lock.name for lock in ROOT.glob("requirements*.txt") if "://" in lock.read_text()] == []
    packages = json.loads((ROOT / "console/package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
