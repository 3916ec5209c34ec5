"""Rulesets: versions with their bodies, and what was done to them by whom and why.

Invariant: a body changes only while its version is a draft; whatever was published is kept for ever. What is in force
follows from the instants: no row changes when a version becomes effective.
Race: everything that writes here takes `lock_rulesets` first, so that two publications come one after the other.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dispatch.domain.actor import Actor
from dispatch.domain.ruleset_life import Standing
from dispatch.storage.database import Connection
from dispatch.storage.drills import DRILL_STAMP
from dispatch.storage.modes import STAMP

_IN_FORCE: Final = """SELECT version FROM ruleset WHERE status = 'published' AND effective_at <= clock_timestamp()
  ORDER BY effective_at DESC, version DESC LIMIT 1"""
_ENTRIES: Final = f"""
SELECT to_json(e) AS entry FROM (
  SELECT r.version, r.status, r.version IS NOT DISTINCT FROM ({_IN_FORCE}) AS in_force, r.base_version,
    coalesce(w.revision, 0) AS revision, r.note, r.created_at, r.created_by, r.published_at, r.published_by,
    r.effective_at, l.reason, l.changed_at, l.changed_by
  FROM ruleset r
  LEFT JOIN LATERAL (SELECT count(*) AS revision FROM ruleset_act a
    WHERE a.version = r.version AND a.act IN ('drafted', 'edited')) w ON true
  LEFT JOIN LATERAL (SELECT a.reason, a.recorded_at AS changed_at, a.actor->>'name' AS changed_by FROM ruleset_act a
    WHERE a.version = r.version ORDER BY a.seq DESC LIMIT 1) l ON true
  WHERE {{condition}} ORDER BY r.version DESC LIMIT $1) e
"""
_LIST: Final = _ENTRIES.format(
    condition="($2::integer IS NULL OR r.version < $2) AND ($3::text IS NULL OR r.status = $3)"
)
_FIND: Final = _ENTRIES.format(condition="r.version = $2")


async def lock_rulesets(connection: Connection) -> None:
    """Wait until nobody else writes rulesets; readers go on reading."""
    await connection.execute("LOCK TABLE ruleset IN SHARE ROW EXCLUSIVE MODE")


async def newest_ruleset(connection: Connection) -> tuple[int, str] | None:
    """Give version and body of the ruleset in force."""
    row = await connection.fetchrow(f"SELECT version, body FROM ruleset WHERE version = ({_IN_FORCE})")
    return None if row is None else (row["version"], row["body"])


async def list_effective(connection: Connection, limit: int) -> list[tuple[int, str]]:
    """List versions and bodies that are or were in force, the present one first."""
    rows = await connection.fetch(
        "SELECT version, body FROM ruleset WHERE status = 'published' AND effective_at <= clock_timestamp() "
        "ORDER BY effective_at DESC, version DESC LIMIT $1",
        limit,
    )
    return [(row["version"], row["body"]) for row in rows]


async def find_ruleset(connection: Connection, version: int) -> str | None:
    """Give the body of one version."""
    body: str | None = await connection.fetchval("SELECT body FROM ruleset WHERE version = $1", version)
    return body


@dataclass(frozen=True, slots=True)
class Versions:
    """Directory and ruleset version, and the stamps of modes and drills."""

    directory: int
    ruleset: int
    modes: int
    drills: int


async def versions(connection: Connection) -> Versions:
    """Give what is in force, as stored and by the database's clock."""
    row = await connection.fetchrow(
        f"SELECT (SELECT version FROM directory_version) AS directory, coalesce(({_IN_FORCE}), 0) AS ruleset, "
        f"{STAMP} AS modes, {DRILL_STAMP} AS drills"
    )
    return Versions(0, 0, 0, 0) if row is None else Versions(**row)


async def list_rulesets(
    connection: Connection, limit: int, *, below: int | None = None, status: str | None = None
) -> list[dict[str, Any]]:
    """List versions, newest first, without their bodies: status, who, when, why, whether in force."""
    return [json.loads(row["entry"]) for row in await connection.fetch(_LIST, limit, below, status)]


async def find_entry(connection: Connection, version: int) -> dict[str, Any] | None:
    """Find one version as it is listed."""
    row = await connection.fetchrow(_FIND, 1, version)
    return None if row is None else json.loads(row["entry"])


async def list_standing(connection: Connection) -> list[Standing]:
    """List what is published, by the instant from which it counts, the latest first; also what is not yet due."""
    rows = await connection.fetch(
        "SELECT r.version, r.effective_at, r.published_by, (SELECT (a.facts->>'restored')::integer FROM ruleset_act a "
        "WHERE a.version = r.version AND a.act = 'rolled_back' ORDER BY a.seq LIMIT 1) AS restored "
        "FROM ruleset r WHERE r.status = 'published' ORDER BY r.effective_at DESC, r.version DESC"
    )
    return [Standing(**row) for row in rows]


async def list_authors(connection: Connection, version: int) -> list[dict[str, Any]]:
    """List who drafted or edited a version: `kind`, `id`, `name`."""
    rows = await connection.fetch(
        "SELECT actor FROM ruleset_act WHERE version = $1 AND act IN ('drafted', 'edited') ORDER BY seq", version
    )
    return [json.loads(row["actor"]) for row in rows]


async def list_acts(connection: Connection, version: int) -> list[dict[str, Any]]:
    """List what was done to a version, oldest first: `act`, `actor`, `reason`, `facts`, `recorded_at`."""
    rows = await connection.fetch(
        "SELECT to_json(a) AS act FROM (SELECT act, actor, reason, facts, recorded_at FROM ruleset_act "
        "WHERE version = $1 ORDER BY seq) a",
        version,
    )
    return [json.loads(row["act"]) for row in rows]


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to be stored; with `effective_at` it is published."""

    body: str
    by: str
    base_version: int | None
    note: str | None
    effective_at: datetime | None = None


async def insert_version(connection: Connection, new: NewVersion) -> int:
    """Store the next version and give its number. Needs `lock_rulesets`."""
    return int(
        await connection.fetchval(
            "INSERT INTO ruleset (version, body, status, base_version, created_by, note, published_by, published_at, "
            "effective_at) SELECT coalesce(max(version), 0) + 1, $1::json, "
            "CASE WHEN $5::timestamptz IS NULL THEN 'draft' ELSE 'published' END, $2, $3, $4, "
            "CASE WHEN $5::timestamptz IS NOT NULL THEN $3 END, "
            "CASE WHEN $5::timestamptz IS NOT NULL THEN clock_timestamp() END, $5 FROM ruleset RETURNING version",
            new.body,
            new.base_version,
            new.by,
            new.note,
            new.effective_at,
        )
    )


async def replace_draft(connection: Connection, version: int, body: str, *, note: str | None) -> None:
    """Replace the body of a draft; its note stays unless there is a new one."""
    await connection.execute(
        "UPDATE ruleset SET body = $2::json, note = coalesce($3, note) WHERE version = $1 AND status = 'draft'",
        version,
        body,
        note,
    )


async def publish_draft(connection: Connection, version: int, *, by: str, effective_at: datetime) -> None:
    """Turn a draft into a published version."""
    await connection.execute(
        "UPDATE ruleset SET status = 'published', published_by = $2, published_at = clock_timestamp(), "
        "effective_at = $3 WHERE version = $1 AND status = 'draft'",
        version,
        by,
        effective_at,
    )


async def discard_version(connection: Connection, version: int, now: datetime) -> None:
    """Withdraw a draft, or a version that is published but not yet due at `now`."""
    await connection.execute(
        "UPDATE ruleset SET status = 'discarded' WHERE version = $1 "
        "AND (status = 'draft' OR (status = 'published' AND effective_at > $2))",
        version,
        now,
    )


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to a version: what, by whom, why, and what else is worth keeping."""

    version: int
    act: str
    actor: Actor
    reason: str | None
    facts: dict[str, object]


async def append_act(connection: Connection, act: Act) -> None:
    """Keep an act in the version's history and in the audit trail."""
    await connection.execute(
        "WITH a AS (INSERT INTO ruleset_act (version, act, actor, reason, facts) "
        "VALUES ($1, $2, $3::json, $4, $5::json) RETURNING *) "
        "INSERT INTO audit (actor, events) SELECT actor, json_build_array(json_build_object('event', "
        "'ruleset.' || act, 'facts', json_build_object('version', version, 'reason', reason, 'facts', facts))) FROM a",
        act.version,
        act.act,
        json.dumps(act.actor.data(), ensure_ascii=False),
        act.reason,
        json.dumps(act.facts, ensure_ascii=False),
    )
