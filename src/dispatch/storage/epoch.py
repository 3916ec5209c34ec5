"""The epoch of the cursors: a restored dump or a copied database starts a new one, no old cursor is believed."""

from contextlib import suppress
from uuid import UUID

import asyncpg

from dispatch.storage.database import Connection

_IDENTITY = "SELECT current_database() || ':' || (SELECT oid::text FROM pg_database WHERE datname = current_database())"
_SERVER = "SELECT system_identifier::text FROM pg_control_system()"
# The changes that came with a restored dump carry the transaction ids of another server. They are kept for repeated
# requests, but are told to nobody again: they happened before this epoch.
_ENSURE = """
WITH fresh AS (INSERT INTO epoch (epoch, database_identity) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE
    SET epoch = excluded.epoch, database_identity = excluded.database_identity, pruned_xid = 0
    WHERE epoch.database_identity <> excluded.database_identity RETURNING 1)
UPDATE outbox SET xid = pg_current_xact_id() WHERE EXISTS (SELECT 1 FROM fresh)
"""


async def ensure_epoch(connection: Connection, fresh: UUID) -> str:
    """Give the database's epoch; start a new one if the rows came from another database.

    Race: two starting processes; the row decides, both read it back.
    """
    identity: str = await connection.fetchval(_IDENTITY)
    # a server that does not tell who it is: name and oid must do
    with suppress(asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError):
        identity += ":" + str(await connection.fetchval(_SERVER))
    await connection.execute(_ENSURE, fresh.hex[-12:], identity)
    epoch: str = await connection.fetchval("SELECT epoch FROM epoch")
    return epoch
