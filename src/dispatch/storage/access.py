"""Keys, people and sessions. Only hashes of secrets are stored."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dispatch.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a key or a session, as stored."""

    token_hash: bytes
    is_session: bool
    kind: str
    id: str
    name: str
    role: str | None
    unit_id: str | None
    device_id: str | None
    division_codes: tuple[str, ...]


_HOLDERS: Final = """
SELECT token_hash, false AS is_session, kind, id::text, name, NULL AS role, unit_id::text, device_id::text,
  division_codes
FROM api_key
WHERE token_hash = ANY($1::bytea[]) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
UNION ALL
SELECT s.token_hash, true, 'person', p.id::text, p.name, p.role, p.unit_id::text, NULL, p.division_codes
FROM session s JOIN person p ON p.id = s.person_id
WHERE s.token_hash = ANY($1::bytea[]) AND s.expires_at > clock_timestamp() AND p.disabled_at IS NULL
"""


async def find_holders(connection: Connection, token_hashes: list[bytes]) -> list[Holder]:
    """Find who holds these keys and sessions, in one statement; what is unknown, expired or revoked is left out."""
    return [
        Holder(**{**row, "division_codes": tuple(row["division_codes"])})
        for row in await connection.fetch(_HOLDERS, token_hashes)
    ]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be stored."""

    id: str
    token_hash: bytes
    name: str
    kind: str
    unit_id: str | None = None
    device_id: str | None = None
    division_codes: tuple[str, ...] = ()
    expires_at: datetime | None = None

    def facts(self) -> dict[str, object]:
        """Give what the audit trail keeps of it."""
        shown = {name: getattr(self, name) for name in ("id", "name", "kind", "unit_id", "device_id")}
        expires_at = None if self.expires_at is None else self.expires_at.isoformat()
        return {**shown, "division_codes": list(self.division_codes), "expires_at": expires_at}


async def insert_keys(connection: Connection, keys: list[NewKey]) -> None:
    """Store keys; one whose id exists is replaced."""
    await connection.executemany(
        "INSERT INTO api_key (id, token_hash, name, kind, unit_id, device_id, division_codes, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, "
        "revoked_at = NULL, expires_at = excluded.expires_at",
        [
            (
                key.id,
                key.token_hash,
                key.name,
                key.kind,
                key.unit_id,
                key.device_id,
                list(key.division_codes),
                key.expires_at,
            )
            for key in keys
        ],
    )


async def revoke_key(connection: Connection, key_id: str) -> bool:
    """Revoke a key at once. False when there is none."""
    found = await connection.fetchval(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = $1 RETURNING 1", key_id
    )
    return found is not None


async def list_keys(connection: Connection) -> list[dict[str, object]]:
    """List keys without their hashes, newest first."""
    rows = await connection.fetch(
        "SELECT to_json(k) AS key FROM (SELECT id, name, kind, unit_id, device_id, division_codes, created_at, "
        "expires_at, revoked_at FROM api_key ORDER BY created_at DESC) k"
    )
    return [json.loads(row["key"]) for row in rows]


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to be stored."""

    id: str
    login: str
    name: str
    role: str
    unit_id: str | None
    division_codes: tuple[str, ...]
    password_hash: str

    def facts(self) -> dict[str, object]:
        """Give what the audit trail keeps of them."""
        codes = list(self.division_codes)
        return {"login": self.login, "role": self.role, "unit_id": self.unit_id, "division_codes": codes}


async def upsert_person(connection: Connection, person: NewPerson) -> None:
    """Store a person or change one with the same login; a changed password ends the sessions of the old one."""
    await connection.execute(
        "INSERT INTO person (id, login, name, role, unit_id, division_codes, password_hash) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (login) DO UPDATE SET name = excluded.name, "
        "role = excluded.role, unit_id = excluded.unit_id, division_codes = excluded.division_codes, "
        "password_hash = excluded.password_hash, disabled_at = NULL",
        person.id,
        person.login,
        person.name,
        person.role,
        person.unit_id,
        list(person.division_codes),
        person.password_hash,
    )
    await connection.execute("DELETE FROM session USING person p WHERE p.id = person_id AND p.login = $1", person.login)


async def list_people(connection: Connection) -> list[dict[str, Any]]:
    """List people without their passwords."""
    rows = await connection.fetch(
        "SELECT to_json(p) AS person FROM (SELECT id, login, name, role, unit_id, division_codes, disabled_at "
        "FROM person) p"
    )
    return [json.loads(row["person"]) for row in rows]


async def find_password(connection: Connection, login: str) -> tuple[str, str] | None:
    """Find id and password hash of a person who may log in."""
    row = await connection.fetchrow(
        "SELECT id::text, password_hash FROM person WHERE login = $1 AND disabled_at IS NULL", login
    )
    return None if row is None else (row["id"], row["password_hash"])


async def find_person(connection: Connection, login: str) -> tuple[str, str, str] | None:
    """Find id, name and role of a person who may log in."""
    row = await connection.fetchrow(
        "SELECT id::text, name, role FROM person WHERE login = $1 AND disabled_at IS NULL", login
    )
    return None if row is None else (row["id"], row["name"], row["role"])


async def disable_person(connection: Connection, login: str) -> bool:
    """Shut a person out and end their sessions. False when there is none."""
    person_id = await connection.fetchval(
        "UPDATE person SET disabled_at = clock_timestamp() WHERE login = $1 RETURNING id", login
    )
    if person_id is None:
        return False
    await connection.execute("DELETE FROM session WHERE person_id = $1", person_id)
    return True


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to be stored."""

    token_hash: bytes
    id: str
    person_id: str
    password_hash: str
    lives_for_s: float


async def insert_session(connection: Connection, session: NewSession) -> bool:
    """Store a session; False when the password that was checked has changed, or its owner was shut out.

    Race: the password is changed while the old one is being checked. The person's row is locked: a session that comes
    first is ended by the change, one that comes second is not made.
    """
    made = await connection.fetchval(
        "INSERT INTO session (token_hash, id, person_id, expires_at) "
        "SELECT $1, $2, p.id, clock_timestamp() + make_interval(secs => $5) FROM person p "
        "WHERE p.id = $3 AND p.password_hash = $4 AND p.disabled_at IS NULL FOR SHARE RETURNING 1",
        session.token_hash,
        session.id,
        session.person_id,
        session.password_hash,
        session.lives_for_s,
    )
    return made is not None


async def delete_session(connection: Connection, token_hash: bytes) -> None:
    """End a session."""
    await connection.execute("DELETE FROM session WHERE token_hash = $1", token_hash)


async def delete_expired_sessions(connection: Connection) -> None:
    """Forget sessions that ended by themselves."""
    await connection.execute("DELETE FROM session WHERE expires_at < clock_timestamp()")


async def find_unit_id(connection: Connection, code: str) -> str | None:
    """Find a unit by its code."""
    found: str | None = await connection.fetchval("SELECT id::text FROM unit WHERE code = $1", code)
    return found


async def find_device_id(connection: Connection, code: str) -> str | None:
    """Find a device by its code."""
    found: str | None = await connection.fetchval("SELECT id::text FROM device WHERE code = $1", code)
    return found
