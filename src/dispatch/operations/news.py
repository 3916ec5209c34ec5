"""News: a change that concerns no incident. A mode, a drill, a test, a unit, a device, an alarm: audited and told.

Invariant: what is changed, its audit, its event and the answer kept for a repeat are one transaction.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.actor import Actor
from dispatch.domain.events import Event
from dispatch.domain.rows import ChangeRow, instant
from dispatch.domain.wire import Json
from dispatch.operations.context import Context, Once, commit_seen, dumps
from dispatch.operations.replay import Kept, answer_once
from dispatch.storage.changes import Audience, Plain, append_change
from dispatch.storage.database import Connection
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.written import Written


@dataclass(frozen=True, slots=True)
class News:
    """What happened, by whom, whom it concerns. `unit` is the one that it changed, as it is shown."""

    at: datetime
    events: Sequence[Event]
    actor: Actor
    audience: Audience
    unit: Json | None = None


async def append_news(connection: Connection, change_id: str, news: News) -> Written:
    """Write the change that tells of it, with its audit."""
    change: ChangeRow = {
        "incident": None,
        "assignments": [],
        "events": [event.data() for event in news.events],
        "unit": news.unit,
        "occurred_at": instant(news.at),
        "recorded_at": instant(news.at),
    }
    return await append_change(
        connection, Plain(change_id, dumps(change), dumps(news.actor.data())), audience=news.audience
    )


@dataclass(frozen=True, slots=True)
class Act:
    """What is done under the name of its transaction: gives the answer, and the news unless there are none."""

    name: str
    change: Callable[[Connection], Awaitable[tuple[Json, News | None]]]


async def act_once(context: Context, once: Once | None, act: Act) -> Kept:
    """Do it once for a key, in one transaction; tell of it when it is committed."""

    async def acted() -> str:
        written: Written | None = None
        async with context.database.transaction(act.name) as connection:
            view, news = await act.change(connection)
            if news is not None:
                written = await append_news(connection, str(context.new_id()), news)
            answer = dumps(view)
            await keep_answer(connection, once, answer)
        if written is not None:
            commit_seen(context, written)
        return answer

    return await answer_once(context, once, acted)
