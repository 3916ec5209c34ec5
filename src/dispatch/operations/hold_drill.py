"""A drill is announced or ended: audited, told to the desks that it touches, known to this process at once.

A drill starts and ends by the clock without anything being written: `domain/drill` says what stands at an instant.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from dispatch.domain.actor import Actor
from dispatch.domain.drill import Announcement, Drill, drill_view, require_sense
from dispatch.domain.events import Event
from dispatch.domain.wire import Json
from dispatch.operations.context import Context, Once
from dispatch.operations.ending import Ending, require_ending
from dispatch.operations.news import Act, News, act_once
from dispatch.operations.reach import WEB_PUSH
from dispatch.operations.replay import Kept
from dispatch.operations.rereading import reread_drills
from dispatch.storage.changes import Audience
from dispatch.storage.database import Connection
from dispatch.storage.drills import find_drill, insert_drill, store_drill_end


async def announce_drill(context: Context, said: Announcement, *, actor: Actor, once: Once | None) -> Kept:
    """Announce a drill; answers it.

    Raises:
        InvalidRequestError: an unknown division, unit or channel, an end before the start.
    """
    now = context.now()
    channels = [channel for channel in context.paging_channels if channel != WEB_PUSH]
    require_sense(said, context.knowledge.directory, channels=channels, now=now)

    async def change(connection: Connection) -> tuple[Json, News]:
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
        return _told(context, drill, "announced", actor)

    return await _change(context, once, "drill_announced", change)


async def end_drill(context: Context, ending: Ending[Drill], *, actor: Actor, once: Once | None) -> Kept:
    """End a drill that stands, or take back one that has not begun; answers it.

    Raises:
        NotFoundError: no such drill.
        WrongStateError: it has ended already; facts say how.
    """

    async def change(connection: Connection) -> tuple[Json, News]:
        now, directory = context.now(), context.knowledge.directory
        found = await find_drill(connection, ending.subject_id)
        drill = require_ending(found, ending, now, lambda one: drill_view(one, directory))
        ended = replace(drill, ended_at=now, ended_by=actor.name)
        await store_drill_end(connection, ended)
        return _told(context, ended, "ended", actor)

    return await _change(context, once, "drill_ended", change)


async def _change(
    context: Context, once: Once | None, name: str, change: Callable[[Connection], Awaitable[tuple[Json, News]]]
) -> Kept:
    kept = await act_once(context, once, Act(name, change))
    await reread_drills(context.database, context.knowledge)  # others learn of it by its stamp
    return kept


def _told(context: Context, drill: Drill, act: str, actor: Actor) -> tuple[Json, News]:
    view = drill_view(drill, context.knowledge.directory)
    event = Event(
        str(context.new_id()),
        "drill.changed",
        facts={"act": act, "division_code": drill.division_code, "drill": view},
    )
    return view, News(context.now(), [event], actor, Audience(division_code=drill.division_code))
