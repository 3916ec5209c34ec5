"""An operator enters a paper record: the incident gets its true times, and nobody is alarmed about what is over.

Once by its paper number: the same record again is answered as the first time, another one under the number is refused.
"""

from dataclasses import dataclass, replace

from dispatch.domain.actor import Actor
from dispatch.domain.call import CallReport
from dispatch.domain.decision_input import input_data
from dispatch.domain.drill import Participants, smallest
from dispatch.domain.errors import IdempotencyKeyReusedError, PaperNumberTakenError, UnitUnavailableError
from dispatch.domain.incident import is_actual
from dispatch.domain.paper import Around, Paper, demanded_by, enter, placed, require_sense
from dispatch.operations.context import Answer, Context, Once, dumps
from dispatch.operations.opening import ATTEND_AFTER, Draft, Intake, opened, opening_of, plan_for, store_opening
from dispatch.operations.replay import find_replay
from dispatch.storage.drills import list_held_at
from dispatch.storage.work import find_paper
from dispatch.storage.written import ClaimLostError, PaperTakenError, TwinError


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as it was typed in, by whom, under which key."""

    report: CallReport
    paper: Paper
    actor: Actor
    once: Once


async def enter_paper(context: Context, entry: Entry) -> Answer:
    """Write the record down as an incident that is over, or as one that goes on with the units named.

    Raises:
        InvalidRequestError: its times cannot be true.
        PaperNumberTakenError: another record has this number.
        UnitUnavailableError: it goes on, and a crew that can be in one place only is on another incident.
        IdempotencyKeyReusedError: the key came with another body before.
        DatabaseUnavailableError: nothing was stored.
    """
    require_sense(entry.paper, context.now())
    try:
        answer = await _store(context, entry)
    except (TwinError, PaperTakenError):
        answer = await _known(context, entry)
    except ClaimLostError:
        raise UnitUnavailableError("one of the crews is committed to another incident") from None
    if answer is None:
        message = "a record without a device found nothing to join"
        raise AssertionError(message)
    return answer


async def _store(context: Context, entry: Entry) -> Answer | None:
    intake, paper = Intake(entry.report, entry.actor, entry.once), entry.paper
    opening = opening_of(context, intake)
    if paper.ended_at is not None:
        opening = replace(opening, links=())
    within = await _of_drill(context, entry, opening.where.division_code)
    decided = plan_for(context, replace(opening, now=paper.occurred_at), within=within)
    plan = demanded_by(decided.plan)
    change = enter(opening, paper, Around(plan, context.knowledge.directory, context.new_id))
    met = placed(plan, paper, change["assignments"])
    draft = Draft(
        change=change,
        plan=met.plan,
        filled=met.assignment_ids,
        claims=paper.crews_at_work if is_actual(entry.report.exercise) else (),
        attend_at=opening.now + ATTEND_AFTER if opened(change)["shortfalls"] else None,
        occurred_at=paper.occurred_at,
        decided_from=dumps(input_data(decided.request, None)),
    )
    return await store_opening(context, intake, opening, draft)


async def _of_drill(context: Context, entry: Entry, division_code: str) -> Participants | None:
    """Give who took part in the drill of then: what is known here are those that stand or will."""
    if entry.report.exercise != "exercise":
        return None
    async with context.database.connection() as connection:
        held = await list_held_at(connection, entry.paper.occurred_at)
    drill = smallest(held, context.knowledge.directory.chain(division_code))
    return None if drill is None else replace(drill.participants, drill_id=drill.id)


async def _known(context: Context, entry: Entry) -> Answer:
    try:
        if replay := await find_replay(context, entry.once):
            return replay
    except IdempotencyKeyReusedError:
        if entry.once.key != entry.paper.number:
            raise
    async with context.database.connection() as connection:
        known = await find_paper(connection, entry.paper.number)
    facts: dict[str, object] = {} if known is None else {"incident_id": known[0], "number": known[1]}
    raise PaperNumberTakenError(f"{entry.paper.number} was entered before", facts=facts)
