"""Acts that concern no incident and no console: they stand in the audit trail alone."""

import json
from collections.abc import Sequence

from dispatch.domain.actor import Actor
from dispatch.storage.database import Connection


async def note_acts(connection: Connection, name: str, actor: Actor, acts: Sequence[dict[str, object]]) -> None:
    """Keep what was done, in the transaction that does it, each with its facts: no secrets, no hashes of any."""
    if not acts:
        return
    events = [{"event": name, "facts": facts} for facts in acts]
    await connection.execute(
        "INSERT INTO audit (actor, events) VALUES ($1::json, $2::json)",
        json.dumps(actor.data(), ensure_ascii=False),
        json.dumps(events, ensure_ascii=False),
    )
