"""The audit trail is sealed behind the commits: a chain inside them would put all calls in one line.

Any process may ask, as often as it likes: one seals, what is sealed stays so.
"""

from collections.abc import Callable
from datetime import datetime

from dispatch.domain.seal import NOTHING, Entry, Era, Kept, Seal, Span, merkle_root, next_spans
from dispatch.storage.database import Connection, Database
from dispatch.storage.sealing import (
    bound,
    insert_seal,
    last_seal,
    list_entries,
    read_era,
    take_seal_turn,
    utc_text,
    watermark,
)


async def seal_audit(database: Database, now: Callable[[], datetime]) -> Seal | None:
    """Seal what has been committed since the last seal; None when there is nothing, or another process is at it."""
    async with database.transaction("seal_audit") as connection:
        if not await take_seal_turn(connection):
            return None
        last, era = await last_seal(connection), await read_era(connection)
        for span in next_spans(None if last is None else last.seal, era):
            bounded = await _bounded(connection, span, era)
            entries = [] if bounded is None else await list_entries(connection, bounded, _ceiling(bounded, era))
            if bounded is not None and entries:
                seal = _sealed(bounded, entries, last, utc_text(now()))
                await insert_seal(connection, seal)
                return seal
    return None


async def _bounded(connection: Connection, span: Span, era: Era) -> Span | None:
    """Say how far a span can be sealed now; None while somebody may still write what belongs to the era before."""
    if span.floor < era.floor:
        return span if await watermark(connection) > era.began_xid else None
    return Span(span.floor, span.from_xid, await bound(connection, span))


def _ceiling(span: Span, era: Era) -> int | None:
    return era.floor if span.floor < era.floor else None


def _sealed(span: Span, entries: list[Entry], last: Kept | None, at: str) -> Seal:
    root = merkle_root([entry.leaf() for entry in entries])
    number, previous = (1, NOTHING) if last is None else (last.seal.number + 1, last.value)
    return Seal(number, span, len(entries), root, previous, at)
