"""The PostgreSQL that comes with the demo and the tests.

Owns finding PostgreSQL's programs and running one private cluster with them, which listens on a socket in a 0700
directory and on nothing else. Production uses a real server by `DATABASE_URL`; nobody but `cli`, `demo` and the tests'
fixtures knows which of the two is behind a connection.
"""

from dispatch.embedded.errors import (
    DataDirectoryInUse,
    EmbeddedPostgresError,
    NoUsablePostgres,
    OtherDataVersion,
    PostgresFailed,
)
from dispatch.embedded.postgres import EmbeddedPostgres

__all__ = [
    "DataDirectoryInUse",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "NoUsablePostgres",
    "OtherDataVersion",
    "PostgresFailed",
]
