"""A receipt of a message: a browser proves by its token that it has it, a gateway reports how it ended.

Invariant: monotone, and the first end stands: what does not move the attempt is answered and changes nothing. The
receipt is the attempt's own; the assignment counts as delivered only when a console has shown it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dispatch.domain.actor import Actor
from dispatch.domain.attempt import ARRIVED, Report, State, after, moving_from
from dispatch.domain.errors import NotFoundError, WrongStateError
from dispatch.operations.context import Context, Once, dumps
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.operations.receipts import ask_no_further, go_on_without
from dispatch.operations.replay import Kept, answer_once
from dispatch.storage.communication import note_course
from dispatch.storage.database import Connection
from dispatch.storage.delivery import Movement, Reported, find_by_provider, find_by_token, move_attempt
from dispatch.storage.idempotency import keep_answer
from dispatch.telemetry import DELIVERIES

Find = Callable[[Connection], Awaitable[Reported | None]]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is reported of an attempt, and who says so. `find` is how the reporter names it."""

    find: Find
    report: Report
    actor: Actor
    error: str | None = None
    once: Once | None = None


def shown_by(token: str) -> Find:
    """Name an attempt by the token that its recipient's device was given."""
    return lambda connection: find_by_token(connection, token)


def known_as(channel: str, provider_id: str) -> Find:
    """Name an attempt as its gateway knows it."""
    return lambda connection: find_by_provider(connection, channel, provider_id)


async def note_receipt(context: Context, receipt: Receipt) -> Kept:
    """Note a receipt; answers the state in which the attempt now is.

    Raises:
        NotFoundError: no such attempt, or its gateway has not told its id yet.
    """
    return await answer_once(context, receipt.once, lambda: _note(context, receipt))


async def _note(context: Context, receipt: Receipt) -> str:
    async with context.database.connection() as connection:
        known = await receipt.find(connection)
    if known is None:
        raise NotFoundError("no such message")
    if after(known.state, receipt.report) == known.state:
        return await _as_it_is(context, receipt, known.state)
    if known.incident_id is None:
        return await _note_of_test(context, receipt, known)

    async def act(edit: Edit) -> None:
        if not await _move(edit.connection, receipt, known):
            raise WrongStateError("another receipt was faster")
        await _follow(edit, receipt, known)

    try:
        request = Request(known.incident_id, receipt.actor)
        await edit_incident(context, "note_receipt", request=request, act=act)
    except WrongStateError:
        return await _note(context, receipt)
    return _answer(after(known.state, receipt.report))


async def _move(connection: Connection, receipt: Receipt, known: Reported) -> bool:
    state = after(known.state, receipt.report)
    moved = await move_attempt(connection, Movement(known.id, state, moving_from(receipt.report), receipt.error))
    if moved:
        await keep_answer(connection, receipt.once, _answer(state))
    return moved


async def _follow(edit: Edit, receipt: Receipt, known: Reported) -> None:
    """Tell of it and let the ladder know."""
    state = after(known.state, receipt.report)
    DELIVERIES.labels(known.channel, state, edit.incident["exercise"]).inc()
    if state in ARRIVED:
        event = "assignment.page_seen" if state == "seen" else "assignment.page_delivered"
        edit.tell(event, known.assignment_id, channel=known.channel)  # type: ignore[arg-type]
        ask_no_further(edit, known.assignment_id, reason=known.reason)
    else:
        edit.tell("assignment.page_failed", known.assignment_id, channel=known.channel)
        await go_on_without(edit, known.assignment_id, reason=known.reason)


async def _note_of_test(context: Context, receipt: Receipt, known: Reported) -> str:
    """Note a receipt of a message of a test of communication: it belongs to no incident, the test's report has it."""
    async with context.database.transaction("note_receipt") as connection:
        moved = await _move(connection, receipt, known)
        if moved:
            await note_course(connection, known.id, receipt.report, context.now())
    return _answer(after(known.state, receipt.report)) if moved else await _note(context, receipt)


async def _as_it_is(context: Context, receipt: Receipt, state: State) -> str:
    async with context.database.transaction("note_receipt") as connection:
        await keep_answer(connection, receipt.once, _answer(state))
    return _answer(state)


def _answer(state: State) -> str:
    return dumps({"state": state})
