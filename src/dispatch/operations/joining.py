"""A call about what is known already joins the open incident, where the ruleset lets it do so by itself.

Invariants: the call is kept with everything it said, counted and told; what it makes worse is not lost. Whatever keeps
it from joining lets it open an incident instead: it is never dropped, and never waits for long.
"""

import asyncio
import contextlib
import logging
from typing import Final

from dispatch.domain.correlation import JOINABLE, Match, traits_of_call
from dispatch.domain.errors import DatabaseUnavailableError, DispatchError, NotFoundError, WrongStateError
from dispatch.domain.intake import Opening, call_row
from dispatch.operations.context import Answer, Context, dumps
from dispatch.operations.correlating import matches_of
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.operations.opening import Intake, opening_of
from dispatch.operations.worsening import raise_by_call
from dispatch.storage.correlation import insert_call
from dispatch.storage.database import is_held

logger = logging.getLogger(__name__)
WAIT_S: Final = 2.0
"""So long a call waits for another that is opening an incident, or holds one; then it opens one of its own."""
MOST_WAITS: Final = 3


async def join_open(context: Context, intake: Intake) -> Answer | None:
    """Let a call join the best open incident that takes it. None: it has to open one, and there is no time to lose.

    Race: a call that is about to open the incident is waited for. Nothing is awaited between the last look and the
    return, so that of many calls in one instant exactly one goes on to open.
    """
    opening = opening_of(context, intake)
    traits = traits_of_call(intake.report, opening.where)
    tried: set[str] = set()
    waits = 0
    while True:
        found = (one for one in matches_of(context, intake.report, where=opening.where) if one.join == "auto")
        if match := next((one for one in found if one.incident.id not in tried), None):
            tried.add(match.incident.id)
            if answer := await _join(context, intake, opening, match):
                return answer
            continue
        coming = context.in_flight.find_coming(traits, context.knowledge.correlations, context.now())
        if coming is None or waits == MOST_WAITS:
            return None
        waits += 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                await coming.done.wait()


async def _join(context: Context, intake: Intake, opening: Opening, match: Match) -> Answer | None:
    """Join under the incident's lock. None when it has ended, or is done, or cannot be had in time."""
    row = call_row(opening, incident_id=match.incident.id)
    report = intake.report
    said = {"severity": report.severity, "urgency": report.urgency, "tags": list(report.tags)}
    call = row | {"outcome": "joined", "body": {**row["body"], **said}}  # type: ignore[dict-item]

    async def act(edit: Edit) -> None:
        if edit.incident["status"] not in JOINABLE:
            raise WrongStateError("the incident is not being worked on", facts={"status": edit.incident["status"]})
        edit.move_incident("join")
        edit.incident["call_count"] += 1
        await insert_call(edit.connection, dumps(call))
        edit.tell(
            "incident.call_joined",
            call_count=edit.incident["call_count"],
            call_id=opening.call_id,
            reason=match.reason,
            distance_m=match.distance_m,
        )
        await raise_by_call(edit, opening)

    request = Request(match.incident.id, intake.actor, intake.once, waits_ms=round(WAIT_S * 1000))
    async with context.in_flight.joining(match.incident.id) as queue:
        if queue.held:
            return None
        try:
            return await edit_incident(context, "join_incident", request=request, act=act)
        except (WrongStateError, NotFoundError):
            return None
        except DatabaseUnavailableError as error:
            if not is_held(error):
                raise
            queue.held = True  # who waits behind need not find out one by one
            return None
        except DispatchError:
            raise
        except Exception:  # Invariant: whatever keeps a call from joining lets it open an incident instead
            logger.exception("a call could not join", extra={"incident_id": match.incident.id})
            return None
