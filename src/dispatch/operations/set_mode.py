"""An area is set to a mode, the mode is ended, the desk is reminded of it: audited, and told to whom it touches.

A mode starts and ends by the clock without anything being written: `domain/mode` says what stands at an instant.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.errors import NotFoundError, WrongStateError
from dispatch.domain.events import Event, EventName
from dispatch.domain.mode import Mode
from dispatch.domain.mode_setting import ModeSetting, mode_view, require_effect, require_meaning
from dispatch.domain.rows import ChangeRow, instant
from dispatch.operations.context import Context, Once, commit_seen, dumps
from dispatch.operations.replay import Kept, answer_once
from dispatch.storage.changes import Audience, Plain, append_change
from dispatch.storage.database import Connection
from dispatch.storage.idempotency import keep_answer
from dispatch.storage.modes import claim_recall, find_mode, insert_mode, list_unfinished, store_end
from dispatch.storage.written import Written


async def set_mode(context: Context, setting: ModeSetting, *, actor: Actor, once: Once | None) -> Kept:
    """Set a mode; answers it.

    Raises:
        InvalidRequestError: an unknown division or value, an end before the start.
        WrongStateError: `normal` beside a higher response mode of the same division.
    """
    directory, now = context.knowledge.directory, context.now()

    async def change(connection: Connection) -> Mode:
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
        return mode

    require_meaning(setting, directory, now)
    return await _change_once(context, once, _Act("set", actor, change))


@dataclass(frozen=True, slots=True)
class Ending:
    """Which mode is to end, and why. `may_end` refuses a mode that is not the caller's to end."""

    mode_id: str
    reason: str
    may_end: Callable[[Mode], None]


async def end_mode(context: Context, ending: Ending, *, actor: Actor, once: Once | None) -> Kept:
    """End a mode that stands, or take back one that has not begun; answers it.

    Raises:
        NotFoundError: no such mode.
        WrongStateError: it has ended already; facts say how.
    """

    async def change(connection: Connection) -> Mode:
        now = context.now()
        mode = await find_mode(connection, ending.mode_id)
        if mode is None:
            raise NotFoundError("no such mode", facts={"mode_id": ending.mode_id})
        ending.may_end(mode)
        if mode.is_over(now):
            raise WrongStateError(
                f"it was ended by {mode.ended_by} already" if mode.ended_by else "its time is over already",
                facts={"current": mode_view(mode, context.knowledge.directory), "verb": "end", "allowed": []},
            )
        ended = replace(mode, ended_at=now, ended_by=actor.name, end_reason=ending.reason)
        await store_end(connection, ended)
        return ended

    return await _change_once(context, once, _Act("ended", actor, change))


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
            written = await _tell(context, connection, _News(mode, "mode.recalled", {}, SYSTEM))
        commit_seen(context, written)
    return len(due)


@dataclass(frozen=True, slots=True)
class _Act:
    name: str
    actor: Actor
    change: Callable[[Connection], Awaitable[Mode]]


async def _change_once(context: Context, once: Once | None, act: _Act) -> Kept:
    """Change a mode in one transaction with its audit, its event and the answer kept for a repeat."""

    async def changed() -> str:
        async with context.database.transaction(f"mode_{act.name}") as connection:
            mode = await act.change(connection)
            written = await _tell(context, connection, _News(mode, "mode.changed", {"act": act.name}, act.actor))
            answer = dumps(mode_view(mode, context.knowledge.directory))
            await keep_answer(connection, once, answer)
        commit_seen(context, written)
        return answer

    return await answer_once(context, once, changed)


@dataclass(frozen=True, slots=True)
class _News:
    mode: Mode
    event: EventName
    facts: dict[str, object]
    actor: Actor


async def _tell(context: Context, connection: Connection, news: _News) -> Written:
    now = instant(context.now())
    facts = {**news.facts, "mode": mode_view(news.mode, context.knowledge.directory)}
    change: ChangeRow = {
        "incident": None,
        "assignments": [],
        "events": [Event(str(context.new_id()), news.event, facts=facts).data()],
        "unit": None,
        "occurred_at": now,
        "recorded_at": now,
    }
    row = Plain(str(context.new_id()), dumps(change), dumps(news.actor.data()))
    return await append_change(connection, row, audience=Audience(division_code=news.mode.division_code))
