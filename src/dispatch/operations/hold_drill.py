"""A drill is announced or ended: audited, told to the desks of its area, known to this process at once.

A drill starts and ends by the clock without anything being written: `domain/drill` says what stands at an instant.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from dispatch.domain.actor import Actor
from dispatch.domain.drill import Announcement, Drill, drill_view, require_sense
from dispatch.domain.errors import NotFoundError, WrongStateError
from dispatch.domain.events import Event
from dispatch.domain.rows import ChangeRow, instant
from dispatch.operations.context import Context, Once, commit_seen, dumps
from dispatch.operations.reach import WEB_PUSH
from dispatch.operations.replay import Kept, answer_once
from dispatch.storage.changes import Audience, Plain, append_change
from dispatch.storage.database import Connection
from dispatch.storage.drills import find_drill, insert_drill, load_drills, store_drill_end
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.written import Written


async def announce_drill(context: Context, said: Announcement, *, actor: Actor, once: Once | None) -> Kept:
    """Announce a drill; answers it.

    Raises:
        InvalidRequestError: an unknown division, unit or channel, an end before the start.
    """
    now = context.now()
    channels = [channel for channel in context.paging_channels if channel != WEB_PUSH]
    require_sense(said, context.knowledge.directory, channels=channels, now=now)

    async def change(connection: Connection) -> Drill:
        drill = Drill(
            id=str(context.new_id()),
            name=said.name,
            participants=said.participants,
            recipients=said.recipients,
            starts_at=max(said.starts_at, now),
            ends_at=said.ends_at,
            announced_by=actor.name,
            announced_at=now,
        )
        await insert_drill(connection, drill)
        return drill

    return await _change_once(context, once, _Act("announced", actor, change))


@dataclass(frozen=True, slots=True)
class Ending:
    """Which drill is to end. `may_end` refuses one that is not the caller's to end."""

    drill_id: str
    may_end: Callable[[Drill], None]


async def end_drill(context: Context, ending: Ending, *, actor: Actor, once: Once | None) -> Kept:
    """End a drill that stands, or take back one that has not begun; answers it.

    Raises:
        NotFoundError: no such drill.
        WrongStateError: it has ended already; facts say how.
    """

    async def change(connection: Connection) -> Drill:
        now = context.now()
        drill = await find_drill(connection, ending.drill_id)
        if drill is None:
            raise NotFoundError("no such drill", facts={"drill_id": ending.drill_id})
        ending.may_end(drill)
        if drill.is_over(now):
            raise WrongStateError(
                f"it was ended by {drill.ended_by} already" if drill.ended_by else "its time is over already",
                facts={"current": drill_view(drill, context.knowledge.directory), "verb": "end", "allowed": []},
            )
        ended = replace(drill, ended_at=now, ended_by=actor.name)
        await store_drill_end(connection, ended)
        return ended

    return await _change_once(context, once, _Act("ended", actor, change))


@dataclass(frozen=True, slots=True)
class _Act:
    name: str
    actor: Actor
    change: Callable[[Connection], Awaitable[Drill]]


async def _change_once(context: Context, once: Once | None, act: _Act) -> Kept:
    """Change a drill in one transaction with its audit, its event and the answer kept for a repeat."""

    async def changed() -> str:
        async with context.database.transaction(f"drill_{act.name}") as connection:
            drill = await act.change(connection)
            written = await _tell(context, connection, act, drill)
            answer = dumps(drill_view(drill, context.knowledge.directory))
            await keep_answer(connection, once, answer)
        commit_seen(context, written)
        async with context.database.connection() as connection:  # others learn of it by its stamp
            context.knowledge.drills = await load_drills(connection)
        return answer

    return await answer_once(context, once, changed)


async def _tell(context: Context, connection: Connection, act: _Act, drill: Drill) -> Written:
    now, view = instant(context.now()), drill_view(drill, context.knowledge.directory)
    facts: dict[str, object] = {"act": act.name, "division_code": drill.division_code, "drill": view}
    change: ChangeRow = {
        "incident": None,
        "assignments": [],
        "events": [Event(str(context.new_id()), "drill.changed", facts=facts).data()],
        "unit": None,
        "occurred_at": now,
        "recorded_at": now,
    }
    row = Plain(str(context.new_id()), dumps(change), dumps(act.actor.data()))
    return await append_change(connection, row, audience=Audience(division_code=drill.division_code))
