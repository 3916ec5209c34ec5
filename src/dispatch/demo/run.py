"""`dispatch demo`: own PostgreSQL, the demo city, all consoles, demo logins. One command, nothing to prepare."""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from dispatch.app import Server, create_app, end_by_signal, server_for
from dispatch.demo.access import make_access, start_page
from dispatch.demo.city import bundle
from dispatch.demo.greeting import greet
from dispatch.demo.try_call import try_call
from dispatch.embedded import EmbeddedPostgres
from dispatch.operations.load_directory import load_directory_bundle
from dispatch.operations.manage_access import store_keys, store_people
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.schema import WANTED, current_revision
from dispatch.telemetry import configure_logs


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line asks for."""

    data: Path
    host: str
    port: int
    exit_after_call: bool


def run_demo(options: DemoOptions, settings: Settings) -> int:
    """Start everything and serve until stopped. Gives the exit code."""
    options.data.mkdir(parents=True, exist_ok=True)
    configure_logs(os.environ.get("DISPATCH_LOG_LEVEL", "WARNING"))
    if settings.database_url:
        return _on(options, settings, settings.database_url)
    print("starting PostgreSQL …", flush=True)
    postgres = EmbeddedPostgres(options.data / "postgres")
    url = postgres.start()
    try:
        return _on(options, settings, url)
    finally:
        postgres.stop()


def _on(options: DemoOptions, settings: Settings, url: str) -> int:
    _migrate(url)
    demo = asyncio.run(_prepare(options, url))
    settings = settings.model_copy(
        update={
            "database_url": url,
            "host": options.host,
            "port": options.port,
            "paging_file": settings.paging_file or str(options.data / "pages.log"),
            "drain_s": 0.0,
            "kit_dir": settings.kit_dir or str(options.data / "kit"),
        }
    )
    app = create_app(settings, start_page(demo))
    server = server_for(settings, app)
    if options.exit_after_call:
        return asyncio.run(try_call(server, demo))

    async def serve() -> None:
        announcing = asyncio.create_task(_announce(server, demo, options))
        await server.serve()
        announcing.cancel()

    end_by_signal()
    asyncio.run(serve())
    return 0 if server.started else 1


def _migrate(url: str) -> None:
    if asyncio.run(current_revision(url)) != WANTED:
        from dispatch.storage.migration import upgrade

        upgrade(url)


async def _announce(server: Server, demo: dict[str, Any], options: DemoOptions) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn tells by this flag only
        await asyncio.sleep(0.02)
    print(greet(demo, options.data), flush=True)


async def _prepare(options: DemoOptions, url: str) -> dict[str, Any]:
    """Load the city and its keys once; later starts find them in demo.json."""
    city = bundle()
    mark = sha256(json.dumps(city, sort_keys=True).encode()).hexdigest()[:16] + sha256(url.encode()).hexdigest()[:8]
    path = options.data / "demo.json"
    base_url = f"http://{'127.0.0.1' if options.host == '0.0.0.0' else options.host}:{options.port}"  # noqa: S104
    known = _read(path)
    if known is not None and known.get("mark") == mark:
        known |= {"base_url": base_url, "database_url": url}
        _write(path, known)
        return known
    began = time.monotonic()
    print("loading the demo city of Xiangtan …", flush=True)
    database = Database(url, pool_size=2)
    await database.open()
    try:
        await load_directory_bundle(database, city, published_by="demo")
        access = make_access(city, base_url)
        await store_keys(database, access.keys)
        await store_people(database, access.people)
    finally:
        await database.close()
    demo = access.demo | {"mark": mark, "database_url": url}
    _write(path, demo)
    print(f"loaded in {time.monotonic() - began:.1f} s", flush=True)
    return demo


def _read(path: Path) -> dict[str, Any] | None:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) else None


def _write(path: Path, demo: dict[str, Any]) -> None:
    """Write the demo's secrets so that only their owner reads them."""
    aside = path.with_suffix(".new")
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(demo, ensure_ascii=False, indent=1), encoding="utf-8")
    aside.replace(path)
    sys.stdout.flush()
