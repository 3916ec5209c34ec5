"""The epoch of the cursors: a restored, copied or promoted database starts a new one, no old cursor is believed.

A promoted standby may lack the last commits of its primary: transaction ids are given out again, and a cursor from
before would claim what was never told.
"""

from contextlib import suppress
from typing import Final
from uuid import UUID

import asyncpg

from dispatch.storage.database import Connection
from dispatch.storage.sealing import begin_era
from dispatch.storage.servers import Lineage

_IDENTITY: Final = (
    "SELECT current_database() || ':' || (SELECT oid::text FROM pg_database WHERE datname = current_database())"
)
_SERVER: Final = "SELECT system_identifier::text FROM pg_control_system()"
# The changes that came with a restored dump carry the transaction ids of another server. They are kept for repeated
# requests, but are told to nobody again: they happened before this epoch. A promoted standby goes on with the same ids.
_ENSURE: Final = """
WITH before AS (SELECT database_identity AS identity FROM epoch),
 fresh AS (INSERT INTO epoch (epoch, database_identity) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE
    SET epoch = excluded.epoch, database_identity = excluded.database_identity,
      pruned_xid = CASE WHEN starts_with(epoch.database_identity, $3) THEN epoch.pruned_xid ELSE 0 END
    WHERE epoch.database_identity <> excluded.database_identity OR epoch.epoch = $4 RETURNING 1)
UPDATE outbox SET xid = pg_current_xact_id()
  WHERE EXISTS (SELECT 1 FROM fresh) AND NOT EXISTS (SELECT 1 FROM before WHERE starts_with(identity, $3))
"""


async def ensure_epoch(
    connection: Connection, fresh: UUID, *, lineage: Lineage | None = None, disbelieved: str | None = None
) -> str:
    """Give the database's epoch; start a new one if the rows came from another database, or before a promotion.

    `disbelieved` is an epoch that has proven wrong: it is replaced whatever the database says of itself.
    Race: several processes; the row decides, all read it back.
    """
    place: str = await connection.fetchval(_IDENTITY)
    # a server that does not tell who it is: name and oid must do
    with suppress(asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError):
        place += ":" + str(await connection.fetchval(_SERVER))
    identity = f"{place}:{lineage.timeline}" if lineage and lineage.timeline else place
    await connection.execute(_ENSURE, fresh.hex[-12:], identity, place, disbelieved)
    await begin_era(connection, place)
    epoch: str = await connection.fetchval("SELECT epoch FROM epoch")
    return epoch
