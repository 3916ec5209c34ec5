"""Decisions as they are kept, with what they were made from: one, or those of some days. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from dispatch.domain.ids import uuid7
from dispatch.storage.database import Connection


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision of an incident; `input` is missing where it was decided before inputs were kept."""

    incident_id: str
    number: str
    incident_type: str
    division_code: str
    opened_at: str
    body: str
    input: str | None


_DECISION: Final = """
SELECT i.id::text AS incident_id, i.number, i.incident_type, i.division_code,
  trim(both '"' from to_json(i.opened_at)::text) AS opened_at, d.body, d.input
FROM incident i JOIN decision d ON d.incident_id = i.id
"""


async def find_decision(connection: Connection, incident_id: str) -> StoredDecision | None:
    """Read the decision of one incident, if there is one."""
    row = await connection.fetchrow(f"{_DECISION} WHERE i.id = $1", incident_id)
    return None if row is None else StoredDecision(**dict(row))


async def find_incident_id(connection: Connection, number_or_id: str) -> str | None:
    """Find an incident by the number that people read, or by its id."""
    try:
        wanted, column = str(UUID(number_or_id)), "id"
    except ValueError:
        wanted, column = number_or_id, "number"
    found: str | None = await connection.fetchval(f"SELECT id::text FROM incident WHERE {column} = $1", wanted)
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """Which incidents are meant: opened in a time, of a type or below it, in a division, in the areas of a person."""

    since: datetime
    until: datetime
    incident_type: str | None = None
    division: str | None = None
    areas: tuple[str, ...] | None = None


_WITHIN: Final = """
WHERE i.id > $1 AND i.opened_at >= $2 AND i.opened_at < $3 AND i.exercise = 'actual'
  AND ($4::text IS NULL OR i.incident_type = $4 OR i.incident_type LIKE $4 || '.%')
  AND ($5::text IS NULL OR i.division_code LIKE $5 || '%')
  AND ($6::text[] IS NULL OR i.division_code LIKE ANY($6))
"""
_CLOCKS_APART: Final = timedelta(days=1)
"""Ids are in time order, by the clock of the process that drew them; nobody's is a day wrong."""


def before_span(span: Span) -> str:
    """Give an id from which no incident of the span is left out: what is older need not even be looked at."""
    started = span.since - _CLOCKS_APART
    return str(uuid7(max(0, int(started.timestamp() * 1000)), 0))


async def count_decisions(connection: Connection, span: Span) -> int:
    """Count the decisions of a span."""
    statement = f"SELECT count(*) FROM incident i JOIN decision d ON d.incident_id = i.id {_WITHIN}"
    return int(await connection.fetchval(statement, *_arguments(span, before_span(span))))


async def list_decisions(connection: Connection, span: Span, *, after: str, limit: int) -> list[StoredDecision]:
    """List the decisions of a span in the order of their ids, after one of them."""
    statement = f"{_DECISION} {_WITHIN} ORDER BY i.id LIMIT {limit:d}"
    rows = await connection.fetch(statement, *_arguments(span, after))
    return [StoredDecision(**dict(row)) for row in rows]


def _arguments(span: Span, after: str) -> tuple[object, ...]:
    areas = None if span.areas is None else [f"{code}%" for code in span.areas]
    return after, span.since, span.until, span.incident_type, span.division, areas
