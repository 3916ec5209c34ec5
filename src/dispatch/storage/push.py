"""Push subscriptions of units, and the key that messages are signed with.

Invariant: a subscription is live as long as the key or session that made it: who is logged out, revoked or moved to
another unit gets no more messages, without anything being written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from dispatch.domain.push import PushTarget
from dispatch.storage.database import Connection

MOST_OF_A_UNIT: Final = 100
_LIVE: Final = """
s.gone_at IS NULL AND (
  EXISTS (SELECT 1 FROM api_key k WHERE k.token_hash = s.token_hash AND k.unit_id = s.unit_id
    AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()))
  OR EXISTS (SELECT 1 FROM session x JOIN person p ON p.id = x.person_id WHERE x.token_hash = s.token_hash
    AND p.unit_id = s.unit_id AND x.expires_at > clock_timestamp() AND p.disabled_at IS NULL))
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser of a unit that wants to be told."""

    id: str
    unit_id: str
    target: PushTarget


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription to be stored, and who made it."""

    id: str
    unit_id: str
    holder_kind: str
    holder_id: str
    token_hash: bytes
    target: PushTarget


async def list_subscriptions(connection: Connection, unit_id: str) -> list[Subscription]:
    """List the live subscriptions of a unit, the one renewed last first."""
    rows = await connection.fetch(
        f"SELECT s.id::text, s.unit_id::text, s.endpoint, s.p256dh, s.auth FROM push_subscription s "
        f"WHERE s.unit_id = $1 AND {_LIVE} ORDER BY s.renewed_at DESC, s.id",
        unit_id,
    )
    return [_subscription(row) for row in rows]


async def list_subscriptions_of(connection: Connection, unit_ids: Sequence[str]) -> dict[str, list[str]]:
    """Give the live subscriptions of many units at once, by unit, as a channel is handed them."""
    rows = await connection.fetch(
        f"SELECT s.id::text, s.unit_id::text, s.endpoint, s.p256dh, s.auth FROM push_subscription s "
        f"WHERE s.unit_id = ANY($1) AND {_LIVE} ORDER BY s.renewed_at DESC, s.id",
        unit_ids,
    )
    found: dict[str, list[str]] = {}
    for subscription in map(_subscription, rows):
        found.setdefault(subscription.unit_id, []).append(subscription.target.text())
    return found


_UPSERT: Final = """
INSERT INTO push_subscription (id, unit_id, holder_kind, holder_id, token_hash, endpoint, p256dh, auth)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (endpoint) DO UPDATE SET unit_id = excluded.unit_id, holder_kind = excluded.holder_kind,
  holder_id = excluded.holder_id, token_hash = excluded.token_hash, p256dh = excluded.p256dh, auth = excluded.auth,
  renewed_at = clock_timestamp()
RETURNING id::text, unit_id::text, created_at, renewed_at, last_sent_at, gone_at IS NOT NULL AS gone
"""


async def upsert_subscription(connection: Connection, new: NewSubscription) -> dict[str, Any]:
    """Store a subscription; the browser's earlier one becomes it, whosever it was. Gives its row without secrets."""
    row = await connection.fetchrow(
        _UPSERT,
        new.id,
        new.unit_id,
        new.holder_kind,
        new.holder_id,
        new.token_hash,
        new.target.endpoint,
        new.target.p256dh,
        new.target.auth,
    )
    return dict(row)


async def count_others(connection: Connection, unit_id: str, endpoint: str) -> int:
    """Count the live subscriptions of a unit on other browsers."""
    found: int = await connection.fetchval(
        f"SELECT count(*) FROM push_subscription s WHERE s.unit_id = $1 AND s.endpoint <> $2 AND {_LIVE}",
        unit_id,
        endpoint,
    )
    return found


async def delete_subscription(connection: Connection, subscription_id: str, *, unit_id: str) -> bool:
    """Delete a subscription of a unit. False when it has none of this id."""
    found = await connection.fetchval(
        "DELETE FROM push_subscription WHERE id = $1 AND unit_id = $2 RETURNING 1", subscription_id, unit_id
    )
    return found is not None


async def note_gone(connection: Connection, endpoint: str) -> None:
    """Note that the push service no longer knows a subscription, for good: its browser is told when it renews it."""
    await connection.execute(
        "UPDATE push_subscription SET gone_at = clock_timestamp() WHERE endpoint = $1 AND gone_at IS NULL", endpoint
    )


async def note_sent(connection: Connection, endpoint: str) -> None:
    """Note that the push service took a message."""
    await connection.execute(
        "UPDATE push_subscription SET last_sent_at = clock_timestamp() WHERE endpoint = $1", endpoint
    )


async def find_subscription(connection: Connection, subscription_id: str, *, unit_id: str) -> Subscription | None:
    """Find a live subscription of a unit."""
    row = await connection.fetchrow(
        f"SELECT s.id::text, s.unit_id::text, s.endpoint, s.p256dh, s.auth FROM push_subscription s "
        f"WHERE s.id = $1 AND s.unit_id = $2 AND {_LIVE}",
        subscription_id,
        unit_id,
    )
    return None if row is None else _subscription(row)


async def claim_test(connection: Connection, subscription_id: str, *, every_s: float) -> bool:
    """Note that a subscription is being tested; False while the last test is younger than that."""
    found = await connection.fetchval(
        "UPDATE push_subscription SET tested_at = clock_timestamp() WHERE id = $1 "
        "AND (tested_at IS NULL OR tested_at <= clock_timestamp() - make_interval(secs => $2)) RETURNING 1",
        subscription_id,
        every_s,
    )
    return found is not None


async def prune_subscriptions(connection: Connection) -> None:
    """Delete what has been gone for a month, and what nobody who may have it has renewed for a day."""
    await connection.execute(
        "DELETE FROM push_subscription s WHERE s.gone_at < clock_timestamp() - interval '30 days' "
        f"OR (s.gone_at IS NULL AND s.renewed_at < clock_timestamp() - interval '1 day' AND NOT ({_LIVE}))"
    )


async def ensure_push_key(connection: Connection, draw: Callable[[], str]) -> str:
    """Give the private key of this installation; draw and keep one where there is none.

    Race: two starting processes; the row decides, both read it back.
    """
    found: str | None = await connection.fetchval("SELECT private_key FROM push_key")
    if found is None:
        await connection.execute("INSERT INTO push_key (private_key) VALUES ($1) ON CONFLICT DO NOTHING", draw())
        found = await connection.fetchval("SELECT private_key FROM push_key")
    return str(found)


def _subscription(row: asyncpg.Record) -> Subscription:
    return Subscription(row["id"], row["unit_id"], PushTarget(row["endpoint"], row["p256dh"], row["auth"]))
