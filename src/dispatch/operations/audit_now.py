"""One audit: look, and let every desk know of what is found and of what is gone. By any process, told once.

Nothing is tried twice here: an audit that cannot be made raises, and whoever asked for it says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.actor import SYSTEM
from dispatch.domain.audit_findings import LIMITS, Alarm, Finding, Limits, Scope, alarm_view, settle
from dispatch.domain.events import Event, EventName
from dispatch.domain.ids import NewId
from dispatch.operations.news import News, append_news
from dispatch.storage.auditing import count_findings, count_scope, insert_alarm, list_standing, store_cleared, take_turn
from dispatch.storage.changes import Audience
from dispatch.storage.database import Connection, Database
from dispatch.storage.timers import database_now
from dispatch.storage.written import Written


@dataclass(frozen=True, slots=True)
class Ground:
    """What an audit stands on: a way to the database and fresh ids; no directory, no rules, nothing in memory."""

    database: Database
    new_id: NewId
    publish: Callable[[Written], None]
    """Hand a committed change to the own process's sockets, if there are any."""
    limits: Limits = LIMITS


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit came to, by the database's clock; `standing` alarms stand after it."""

    at: datetime
    findings: tuple[Finding, ...]
    raised: tuple[Alarm, ...]
    cleared: tuple[Alarm, ...]
    scope: Scope
    standing: int


async def audit_now(ground: Ground) -> Audited:
    """Look once, raise and clear alarms in the same transaction; another process's audit goes before or after.

    Raises:
        DatabaseUnavailableError: nothing could be looked at, or nobody be told.
    """
    async with ground.database.transaction("audit") as connection:
        await take_turn(connection)
        at = await database_now(connection)
        findings = await count_findings(connection, ground.limits)
        standing = await list_standing(connection)
        wanted = settle(standing, findings)
        audited = Audited(
            at,
            tuple(findings),
            raised=tuple(_alarm(ground, finding, at) for finding in wanted.to_raise),
            cleared=tuple(replace(alarm, cleared_at=at) for alarm in wanted.to_clear),
            scope=await count_scope(connection),
            standing=len(standing) + len(wanted.to_raise) - len(wanted.to_clear),
        )
        for alarm in audited.cleared:
            await store_cleared(connection, alarm)
        for alarm in audited.raised:
            await insert_alarm(connection, alarm)
        written = await _tell(ground, connection, audited) if audited.raised or audited.cleared else None
    if written is not None:
        ground.publish(written)
    return audited


def _alarm(ground: Ground, finding: Finding, at: datetime) -> Alarm:
    return Alarm(str(ground.new_id()), finding.code, finding.count, finding.worst_s, finding.limit_s, raised_at=at)


async def _tell(ground: Ground, connection: Connection, audited: Audited) -> Written:
    told: list[tuple[EventName, Alarm]] = [("audit.cleared", alarm) for alarm in audited.cleared]
    told += [("audit.alarmed", alarm) for alarm in audited.raised]
    events = [Event(str(ground.new_id()), name, facts={"alarm": alarm_view(alarm)}) for name, alarm in told]
    return await append_news(connection, str(ground.new_id()), News(audited.at, events, SYSTEM, Audience()))
