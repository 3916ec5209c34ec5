"""Thousands of timers that came due while nobody was there: acted on by urgency, and the desk is not drowned.

Timers of four urgencies are put into the past by hand; then a server starts.
"""

import asyncio
import json
import os
import shlex
import sys
import time
from typing import Any

import asyncpg

from tests.bench.dialects import Contract
from tests.bench.processes import ServerProcess, free_port
from tests.bench.subjects import REPOSITORY, WORLD_DATABASE, Laboratory
from tests.bench.wire import Posts

AT_ONCE = 32
LONGEST_S = 600.0
_OVERDUE = """
UPDATE timer SET due_at = clock_timestamp() - interval '1 h' * random(),
  urgency = abs(hashtext(a.incident_id::text)) % 4 FROM assignment a WHERE a.id = subject_id
"""
# Of what the server wrote since: in the order in which it wrote, who came before somebody more urgent.
_OUT_OF_ORDER = """
SELECT count(*) FROM (SELECT urgency, min(urgency) OVER (ORDER BY seq DESC) AS later FROM (
  SELECT DISTINCT ON (o.incident_id) o.seq, t.urgency FROM outbox o JOIN urgencies t USING (incident_id)
  WHERE o.seq > $1 ORDER BY o.incident_id, o.seq) told) o WHERE later < urgency
"""


async def measure(laboratory: Laboratory, timers: int) -> dict[str, Any]:
    """Make the timers, start a server, wait until none is overdue."""
    name = await laboratory.fresh(template=WORLD_DATABASE)
    port = free_port()
    os.environ["DATABASE_URL"] = laboratory.database(name)
    command = shlex.join([sys.executable, "-m", "dispatch", "serve", "--port", str(port)])
    log = laboratory.directory / "servers.log"
    server = ServerProcess(command, port=port, directory=REPOSITORY, log=log)
    connection = await asyncpg.connect(laboratory.database(name))
    try:
        server.start()
        await asyncio.to_thread(server.wait)
        await _report(laboratory, port, timers // 4)
        server.stop()
        await connection.execute(_OVERDUE)
        await connection.execute(
            "CREATE TABLE urgencies AS SELECT DISTINCT a.incident_id, t.urgency FROM timer t JOIN assignment a"
            " ON a.id = t.subject_id"
        )
        return await _act(connection, server, timers)
    finally:
        server.stop()
        await connection.close()
        await laboratory.forget(name)


async def _report(laboratory: Laboratory, port: int, count: int) -> None:
    dialect, posts, numbers = (
        Contract(json.loads(laboratory.world.read_text()), "reports"),
        Posts(port),
        iter(range(count)),
    )

    async def work() -> None:
        for number in numbers:
            body, headers = dialect.report(number, f"overdue-{number}")
            await posts.post(dialect.path, body, headers)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _act(connection: asyncpg.Connection, server: ServerProcess, timers: int) -> dict[str, Any]:
    before = await connection.fetchval("SELECT max(seq) FROM outbox")
    commits = await _commits(connection)
    server.start()
    began, cpu = time.monotonic(), server.cpu_s()
    while await connection.fetchval("SELECT count(*) FROM timer WHERE due_at <= clock_timestamp()"):
        if time.monotonic() - began > LONGEST_S:
            break
        await asyncio.sleep(0.5)
    seconds = time.monotonic() - began
    return {
        "timers": timers,
        "seconds": round(seconds, 1),
        "cpu_s": round(server.cpu_s() - cpu, 1),
        "transactions": await _commits(connection) - commits,
        "changes": await connection.fetchval("SELECT count(*) FROM outbox WHERE seq > $1", before),
        "out_of_order": await connection.fetchval(_OUT_OF_ORDER, before),
    }


async def _commits(connection: asyncpg.Connection) -> int:
    await asyncio.sleep(1.5)  # the statistics come a second late
    return int(await connection.fetchval("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"))
