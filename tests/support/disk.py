"""A full disk without a disk of one's own: no file of the server may grow beyond 1 MB while it lasts.

The limit is set on every process of the server and inherited by new ones; PostgreSQL gets an error when it extends a
table. The segments of the write-ahead log (1 MB each, see `Pair`) can still be written, as when they lie elsewhere.
"""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

from tests.support.pair import Server

LIMIT = 1024 * 1024
# Grown beforehand and rolled back: what is written next goes to the end of a table that may not grow.
_GROW = """
BEGIN;
INSERT INTO idempotency (scope, key, body_hash, answer)
  SELECT 'nobody', 'filler-' || n, '\\x00', repeat('x', 100) FROM generate_series(1, 12000) n;
ROLLBACK;
"""


@contextlib.contextmanager
def full_disk(server: Server) -> Iterator[None]:
    server.sql(_GROW)
    _limit(server, LIMIT)
    try:
        yield
    finally:
        _limit(server, None)


def _limit(server: Server, most: int | None) -> None:
    for pid in server.pids:
        if server.account.uid is None:
            soft = resource.RLIM_INFINITY if most is None else most
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
            continue
        # Of another account: only a program of that account may set it.
        done = server.account.run(["prlimit", "--pid", str(pid), f"--fsize={most or 'unlimited'}:"])
        assert done.returncode == 0 or not Path(f"/proc/{pid}").exists(), done.stderr
