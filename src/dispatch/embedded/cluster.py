"""One PostgreSQL cluster on disk: where it lies, how it is made, whether these programs can read it.

Invariant: a cluster directory that exists is complete, with its database in it. It is made under another name and
renamed, so an interruption leaves nothing half done.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dispatch.embedded.account import Account, own_directory, shared_directory
from dispatch.embedded.errors import OtherDataVersion, PostgresFailed
from dispatch.embedded.programs import Programs

DATABASE = "dispatch"
SUPERUSER = "postgres"
_LONG_S = 120
# A socket's whole path has room for 103 bytes on some systems; ".s.PGSQL.5432" goes behind the directory.
_LONGEST_SOCKET_DIRECTORY = 85

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Directories of one cluster: `home` holds its files, `sockets` its socket."""

    home: Path
    sockets: Path

    @property
    def directory(self) -> Path:
        return self.home / "postgres"

    @property
    def server_log(self) -> Path:
        return self.directory / "server.log"

    @property
    def pid_file(self) -> Path:
        return self.directory / "postmaster.pid"

    @property
    def url(self) -> str:
        # The port stands here so that a PGPORT in the environment does not lead elsewhere.
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={self.sockets}&port=5432"


def place(data: Path, account: Account) -> Path:
    """Return the directory that the data directory's cluster and lock lie in.

    It is the data directory itself unless the account cannot reach that; then it is one of its own, elsewhere.
    """
    # Root's data directory must let the account pass to the cluster; files in it have their own permissions.
    data.mkdir(mode=0o700 if account.uid is None else 0o711, parents=True, exist_ok=True)
    data = data.resolve()
    noted = _noted(data).get("home")
    if noted is not None and Path(noted).is_dir():
        return Path(noted)
    if account.reaches(data):
        return data
    key = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    home = shared_directory() / f"dispatch-{key}"
    own_directory(home, mode=0o711, owner_uid=os.geteuid())
    log.info("the database's account cannot reach %s: its files are placed in %s", data, home)
    return home


def locate(data: Path, home: Path, account: Account) -> Cluster:
    """Return the cluster with a directory for its socket, noting both places in the data directory's `postgres.json`.

    The caller holds the lock in `home`. The socket's directory keeps its name over restarts.
    """
    data = data.resolve()
    sockets = _socket_directory(_noted(data).get("sockets"), account)
    places = {"sockets": str(sockets)} | ({} if home == data else {"home": str(home)})
    if places != _noted(data):
        fresh = data / "postgres.json.new"
        fresh.write_text(json.dumps(places, indent=1) + "\n")
        fresh.replace(data / "postgres.json")
    return Cluster(home, sockets)


def _noted(data: Path) -> dict[str, str]:
    try:
        noted: dict[str, str] = json.loads((data / "postgres.json").read_text())
    except FileNotFoundError:
        return {}
    return noted


def _socket_directory(known: str | None, account: Account) -> Path:
    """Make the remembered directory again, or a new short one; 0700, so that nobody else can even try to connect."""
    if known is not None:
        sockets = Path(known)
        try:
            own_directory(sockets, mode=0o700, owner_uid=account.owner_uid)
        except OSError:
            log.warning("the socket's directory %s was taken; choosing another", sockets)
        else:
            account.give(sockets)
            return sockets
    root = Path(tempfile.gettempdir())
    if len(os.fsencode(root)) > _LONGEST_SOCKET_DIRECTORY - len("/dispatch-12345678") or not account.reaches(root):
        root = Path("/tmp")  # noqa: S108 mkdtemp makes a fresh 0700 directory
    sockets = Path(tempfile.mkdtemp(prefix="dispatch-", dir=root))
    account.give(sockets)
    return sockets


def prepare(cluster: Cluster, programs: Programs, account: Account, *, durable: bool) -> None:
    """Make the cluster if there is none, refuse one of another major version, write its settings.

    Raises OtherDataVersion and PostgresFailed. The caller holds the cluster's lock.
    """
    if not cluster.directory.exists():
        _create(cluster, programs, account, durable=durable)
    found = int((cluster.directory / "PG_VERSION").read_text().strip().partition(".")[0])
    if found != programs.major:
        raise OtherDataVersion(cluster.directory, found=found, running=programs.major)
    settings = cluster.directory / "dispatch.conf"
    settings.write_text(_settings(cluster, durable=durable))
    account.give(settings)


def _create(cluster: Cluster, programs: Programs, account: Account, *, durable: bool) -> None:
    log.info("creating the database in %s with PostgreSQL %s", cluster.directory, programs.version)
    fresh = cluster.home / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    account.give(fresh)
    initdb: list[str | Path] = [programs.path("initdb"), "-D", fresh, "-U", SUPERUSER, "--encoding=UTF8", "--locale=C"]
    initdb += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
    _must("initdb", account, initdb if durable else [*initdb, "--no-sync"])
    with (fresh / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude_if_exists = 'dispatch.conf'\n")
    # Single-user mode: the database is there before anybody can connect.
    statement = f"CREATE DATABASE {DATABASE}"
    single: list[str | Path] = [
        programs.path("postgres"),
        "--single",
        "-D",
        fresh,
        "-c",
        f"fsync={'on' if durable else 'off'}",
        "postgres",
    ]
    _must("creating the database", account, ["/bin/sh", "-c", f'echo "{statement}" | "$0" "$@"', *single])
    fresh.rename(cluster.directory)


def _must(act: str, account: Account, command: list[str | Path]) -> None:
    done = account.run(command, timeout=_LONG_S)
    if done.returncode != 0:
        raise PostgresFailed(act, done.stderr or done.stdout)


def _settings(cluster: Cluster, *, durable: bool) -> str:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(cluster.sockets),
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": "200",
        "shared_buffers": "64MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "jit": "off",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
    }
    if not durable:
        settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
    quoted = ((name, value.replace("'", "''")) for name, value in settings.items())
    lines = (f"{name} = '{value}'\n" for name, value in quoted)
    return "# Written at every start of dispatch; your own settings belong into postgresql.conf.\n" + "".join(lines)
