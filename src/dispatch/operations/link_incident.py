"""Links to other incidents that may be the same event: a race's are added late, the desk dismisses what is not so."""

from datetime import timedelta
from typing import Final

from dispatch.domain.actor import SYSTEM
from dispatch.domain.correlation import MOST_LINKS
from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.domain.incident import OPEN
from dispatch.domain.rows import ChangeRow, instant
from dispatch.operations.context import Answer, Context
from dispatch.operations.correlating import links_since
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.operations.in_flight import Fresh
from dispatch.operations.replay import find_replay
from dispatch.storage.work import get_work

SETTLED_AFTER: Final = timedelta(seconds=1)
"""Until then every process has heard of what the others opened: 250 ms where nobody rings."""


class _NothingToDoError(Exception):
    """The links are already as they should be."""


async def unlink_incident(context: Context, request: Request, *, other_id: str, reason: str) -> Answer:
    """Dismiss a suggestion: the link goes, who said so and why stays in the trail. Without the link nothing changes."""

    async def act(edit: Edit) -> None:
        link = edit.unlink(other_id)
        if link is None:
            raise _NothingToDoError
        edit.tell("incident.unlinked", links=[link], reason=reason)

    try:
        return await edit_incident(context, "unlink_incident", request=request, act=act)
    except _NothingToDoError:
        return await find_replay(context, request.once) or await _as_it_stands(context, request.incident_id)


async def _as_it_stands(context: Context, incident_id: str) -> Answer:
    async with context.database.connection() as connection:
        work = await get_work(connection, incident_id)
    now = instant(context.now())
    change: ChangeRow = {
        "incident": work.incident,
        "assignments": work.assignments,
        "events": [],
        "unit": None,
        "occurred_at": now,
        "recorded_at": now,
    }
    return Answer(change, change_id="")


async def link_late(context: Context) -> int:
    """Link what this process opened a moment ago to what another opened in the same instant. Gives how many were.

    Race: neither of two processes could know of the other's incident. Of such a pair the younger gets the link.
    """
    now, linked, waiting = context.now(), 0, context.in_flight.fresh
    while waiting and now - waiting[0].opened_at >= SETTLED_AFTER:
        fresh = waiting.popleft()
        try:
            linked += await _link(context, fresh)
        except DatabaseUnavailableError:
            waiting.appendleft(fresh)  # nobody else knows that it is to be looked at
            raise
    return linked


async def _link(context: Context, fresh: Fresh) -> bool:
    if len(fresh.linked) >= MOST_LINKS:  # as many as an incident has: in a storm that is nearly all of them
        return False
    found = [
        link
        for link in links_since(context, fresh.incident_id, fresh.opened_at)
        if link["incident_id"] not in fresh.linked
    ][: MOST_LINKS - len(fresh.linked)]
    if not found:
        return False

    async def act(edit: Edit) -> None:
        if edit.incident["status"] not in OPEN:
            raise _NothingToDoError
        edit.incident["links"] = [*edit.incident["links"], *found]
        edit.tell("incident.linked", links=found)

    try:
        await edit_incident(context, "link_late", request=Request(fresh.incident_id, SYSTEM), act=act)
    except _NothingToDoError:
        return False
    return True
