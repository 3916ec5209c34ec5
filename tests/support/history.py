"""Asks the database, once everything is quiet, whether what happened may have happened, and whether all of it is told.

Works from the rows, the changes in the outbox and the audit trail; each breach is one line of text.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import asyncpg

from dispatch.domain import assignment as tasks
from dispatch.domain import incident as incidents

_UNARMED = """
SELECT a.id::text FROM assignment a WHERE a.ended_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM timer t WHERE t.subject_id = a.id)
"""
_LEFT_OVER = """
SELECT t.subject_id::text FROM timer t WHERE t.kind = 'assignment'
  AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.id = t.subject_id AND a.ended_at IS NULL)
"""
_UNTOLD = """
SELECT o.id::text FROM outbox o WHERE 1 <> (SELECT count(*) FROM audit u WHERE u.change_id = o.id)
UNION ALL
SELECT u.change_id::text FROM audit u WHERE u.change_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.id = u.change_id)
UNION ALL
SELECT o.id::text FROM outbox o JOIN audit u ON u.change_id = o.id
  WHERE (o.change::json->'events')::text <> u.events::text
"""
_UNDECIDED = """
SELECT i.id::text FROM incident i WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE d.incident_id = i.id)
  OR NOT EXISTS (SELECT 1 FROM assignment a WHERE a.incident_id = i.id) AND i.shortfalls::text = '[]'
"""
_TWICE = """
SELECT source_reference FROM incident WHERE source_reference IS NOT NULL GROUP BY 1, source_id HAVING count(*) > 1
UNION ALL SELECT number FROM incident GROUP BY 1 HAVING count(*) > 1
UNION ALL SELECT incident_id || ' ' || unit_id FROM assignment WHERE ended_at IS NULL
  GROUP BY incident_id, unit_id HAVING count(*) > 1
"""
_REACHABLE: dict[str, set[str]] = defaultdict(set)
for (_status, _verb), _after in tasks.TRANSITIONS.items():
    _REACHABLE[_status].add(_after)
_NEXT: dict[str, set[str]] = defaultdict(set)
for (_status, _verb), _after in incidents.TRANSITIONS.items():
    _NEXT[_status].add(_after)


@dataclass
class History:
    """What one database has to say of itself."""

    breaches: list[str] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)
    assignments: dict[str, dict[str, str]] = field(default_factory=dict)
    """incident → code of the unit → its first assignment"""
    paged: set[str] = field(default_factory=set)
    urged: set[str] = field(default_factory=set)
    escalated: set[str] = field(default_factory=set)
    """Assignments whose people were reached another way; that were nudged; for whose silence others were called."""
    silences: list["Silence"] = field(default_factory=list)


@dataclass(frozen=True)
class Silence:
    """One escalation as it was told, at the incident's urgency of then."""

    assignment_id: str
    unit_id: str
    urgency: str
    facts: dict[str, Any]


async def read_history(sql: Any) -> History:
    """Read everything and note each breach of what must hold."""
    found = History()
    for what, statement in (
        ("an open assignment without a timer", _UNARMED),
        ("a timer of nothing that is open", _LEFT_OVER),
        ("a change without its audit row, or the other way", _UNTOLD),
        ("an incident without decision or anybody sent", _UNDECIDED),
        ("written twice", _TWICE),
    ):
        found.breaches += [f"{what}: {row[0]}" for row in await sql.fetch(statement)]
    rows = await sql.fetch("SELECT change FROM outbox WHERE incident_id IS NOT NULL ORDER BY seq")
    changes = [json.loads(row["change"]) for row in rows]
    found.breaches += [*_incident_breaches(changes), *_assignment_breaches(changes), *_event_breaches(changes)]
    found.breaches += await _last_words(sql, changes)
    found.calls = {str(row["id"]) for row in await sql.fetch("SELECT id FROM call")}
    for row in await sql.fetch(
        "SELECT a.id::text, a.incident_id::text AS incident, u.code FROM assignment a "
        "JOIN unit u ON u.id = a.unit_id ORDER BY a.issued_at DESC, a.id DESC"
    ):
        found.assignments.setdefault(row["incident"], {})[row["code"]] = row["id"]
    _tell_apart(found, changes)
    return found


def _tell_apart(found: History, changes: list[dict[str, Any]]) -> None:
    """Sort what followed silence: another channel, a nudge, help. Those asked together are one silence."""
    kinds = {"paged": found.paged, "urged": found.urged, "escalated": found.escalated}
    units: dict[str, str] = {}
    for change in changes:
        units |= {row["id"]: row["unit_id"] for row in change["assignments"]}
        for event in change["events"]:
            subject, name = event["assignment_id"], event["event"].removeprefix("assignment.")
            if name in kinds:
                kinds[name].add(subject)
            if name == "escalated":
                urgency = change["incident"]["urgency"]
                found.silences.append(Silence(subject, units[subject], urgency, event["facts"]))
        asked_together = (row for row in change["assignments"] if row["selection"].get("offer") is not None)
        found.escalated |= {row["id"] for row in asked_together if "escalate" in row["steps_done"]}
    steps = {row["id"]: row for change in changes for row in change["assignments"]}
    for row in steps.values():
        if "escalate" in row["steps_done"] and row["id"] not in found.escalated:
            found.breaches.append(f"assignment {row['id']} was escalated and told nobody")


def _by_version(rows: Iterable[dict[str, Any]]) -> dict[str, dict[int, list[dict[str, Any]]]]:
    found: dict[str, dict[int, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row["id"]][row["version"]].append(row)
    return found


def _incident_breaches(changes: list[dict[str, Any]]) -> Iterable[str]:
    for incident_id, versions in _by_version(change["incident"] for change in changes).items():
        if sorted(versions) != list(range(1, len(versions) + 1)):
            yield f"incident {incident_id} skips a version: {sorted(versions)}"
        for version, rows in versions.items():
            if len(rows) > 1:
                yield f"incident {incident_id} has version {version} {len(rows)} times"
        ordered = [versions[version][0]["status"] for version in sorted(versions)]
        yield from _illegal(f"incident {incident_id}", ordered, _NEXT)


def _assignment_breaches(changes: list[dict[str, Any]]) -> Iterable[str]:
    rows = (row for change in changes for row in change["assignments"])
    for assignment_id, versions in _by_version(rows).items():
        if sorted(versions) != list(range(1, len(versions) + 1)):
            yield f"assignment {assignment_id} skips a version: {sorted(versions)}"
        for version, same in versions.items():
            if len({json.dumps(row, sort_keys=True) for row in same}) > 1:
                yield f"assignment {assignment_id} is two things in version {version}"
        ordered = [versions[version][0] for version in sorted(versions)]
        statuses = [row["status"] for row in ordered]
        if statuses[-1] == "completed" and _ends_by_itself(ordered[-1]):
            statuses.pop()
        yield from _illegal(f"assignment {assignment_id}", statuses, _REACHABLE)
        steps = ordered[-1]["steps_done"]
        if len(steps) != len(set(steps)):
            yield f"assignment {assignment_id} took a step twice: {steps}"


def _ends_by_itself(row: dict[str, Any]) -> bool:
    """Who was only to be told is done after its time or with the incident; a lead that has reported packs up."""
    return row["role"] == "notify" or row["fed_back_at"] is not None


def _illegal(what: str, statuses: list[str], after: dict[str, set[str]]) -> Iterable[str]:
    for before, now in pairwise(statuses):
        if now != before and now not in after[before]:
            yield f"{what} went from {before} to {now}: {statuses}"


def _event_breaches(changes: list[dict[str, Any]]) -> Iterable[str]:
    issued: dict[str, int] = defaultdict(int)
    seen: set[str] = set()
    for change in changes:
        for event in change["events"]:
            if event["event_id"] in seen:
                yield f"event {event['event_id']} was told by two changes"
            seen.add(event["event_id"])
            if event["event"] == "assignment.issued":
                issued[event["assignment_id"]] += 1
    for assignment_id, count in issued.items():
        if count > 1:
            yield f"assignment {assignment_id} was issued {count} times"


async def _last_words(sql: asyncpg.Connection, changes: list[dict[str, Any]]) -> list[str]:
    """Hold each row against the newest change that tells of it."""
    told: dict[str, dict[str, Any]] = {}
    for change in changes:
        for row in [change["incident"], *change["assignments"]]:
            if row["version"] >= told.get(row["id"], row)["version"]:
                told[row["id"]] = row
    rows = await sql.fetch(
        "SELECT id::text, version, status FROM incident UNION ALL SELECT id::text, version, status FROM assignment"
    )
    return [
        f"{row['id']} is {row['status']} in version {row['version']}, told was {told.get(row['id'], {}).get('status')}"
        for row in rows
        if (row["version"], row["status"]) != tuple(told.get(row["id"], {}).get(key) for key in ("version", "status"))
    ]
