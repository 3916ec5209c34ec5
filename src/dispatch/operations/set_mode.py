"""An area is set to a mode, the mode is ended, the desk is reminded of it: audited, and told to whom it touches.

A mode starts and ends by the clock without anything being written: `domain/mode` says what stands at an instant.
"""

from dataclasses import replace

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.events import Event, EventName
from dispatch.domain.mode import Mode
from dispatch.domain.mode_setting import ModeSetting, mode_view, require_effect, require_meaning
from dispatch.domain.wire import Json
from dispatch.operations.context import Context, Once, commit_seen
from dispatch.operations.ending import Ending, require_ending
from dispatch.operations.news import Act, News, act_once, append_news
from dispatch.operations.replay import Kept
from dispatch.storage.changes import Audience
from dispatch.storage.database import Connection
from dispatch.storage.modes import claim_recall, find_mode, insert_mode, list_unfinished, store_end


async def set_mode(context: Context, setting: ModeSetting, *, actor: Actor, once: Once | None) -> Kept:
    """Set a mode; answers it.

    Raises:
        InvalidRequestError: an unknown division or value, an end before the start.
        WrongStateError: `normal` beside a higher response mode of the same division.
    """
    directory, now = context.knowledge.directory, context.now()

    async def change(connection: Connection) -> tuple[Json, News]:
        require_effect(setting, await list_unfinished(connection, now), directory)
        mode = Mode(
            id=str(context.new_id()),
            division_code=setting.division_code,
            field=setting.field,
            value=setting.value,
            starts_at=max(setting.starts_at, now),
            ends_at=setting.ends_at,
            reason=setting.reason,
            set_by=actor.name,
            set_at=now,
        )
        await insert_mode(connection, mode)
        return _told(context, mode, actor, "set")

    require_meaning(setting, directory, now)
    return await act_once(context, once, Act("mode_set", change))


async def end_mode(context: Context, ending: Ending[Mode], *, actor: Actor, once: Once | None) -> Kept:
    """End a mode that stands, or take back one that has not begun; answers it.

    Raises:
        NotFoundError: no such mode.
        WrongStateError: it has ended already; facts say how.
    """

    async def change(connection: Connection) -> tuple[Json, News]:
        now, directory = context.now(), context.knowledge.directory
        found = await find_mode(connection, ending.subject_id)
        mode = require_ending(found, ending, now, lambda one: mode_view(one, directory))
        ended = replace(mode, ended_at=now, ended_by=actor.name, end_reason=ending.reason)
        await store_end(connection, ended)
        return _told(context, ended, actor, "ended")

    return await act_once(context, once, Act("mode_ended", change))


async def remind_modes(context: Context) -> int:
    """Remind the desk of every mode that is about to end, or that stands without an end; gives how many.

    Any process may ask, as often as it likes: each reminder is claimed by one.
    """
    now = context.now()
    async with context.database.connection() as connection:
        due = [mode for mode in await list_unfinished(connection, now) if mode.is_to_be_recalled(now)]
    for mode in due:
        async with context.database.transaction("remind_modes") as connection:
            if not await claim_recall(connection, mode, now):
                continue
            news = _news(context, mode, SYSTEM, "mode.recalled")
            written = await append_news(connection, str(context.new_id()), news)
        commit_seen(context, written)
    return len(due)


def _told(context: Context, mode: Mode, actor: Actor, act: str) -> tuple[Json, News]:
    news = _news(context, mode, actor, "mode.changed", act=act)
    return mode_view(mode, context.knowledge.directory), news


def _news(context: Context, mode: Mode, actor: Actor, event: EventName, **facts: object) -> News:
    facts["mode"] = mode_view(mode, context.knowledge.directory)
    told = Event(str(context.new_id()), event, facts=facts)
    return News(context.now(), [told], actor, Audience(division_code=mode.division_code))
