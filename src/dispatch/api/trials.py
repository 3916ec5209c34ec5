"""Rules are tried before they act: on one call, on a stored incident, on the last days."""

import asyncio
from dataclasses import replace
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dispatch.api import responses, trial_schemas
from dispatch.api.answers import json_response, kept_answer, look_once
from dispatch.api.dependencies import (
    Service,
    once_of,
    parse,
    principal_of,
    read_body,
    service_of,
    uuid_or_missing,
    version_or_missing,
)
from dispatch.api.intake import call_report, check_type
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.api.paging import page_of
from dispatch.api.tables import CSV_TYPE, PARQUET_TYPE, csv_chunks, parquet_bytes
from dispatch.domain.call import CallReport
from dispatch.domain.errors import Fault, InvalidRequestError, NotFoundError
from dispatch.domain.ruleset_parse import is_under
from dispatch.domain.suggest import did_you_mean
from dispatch.domain.wire import Json
from dispatch.operations.backtest_ruleset import Backtest, Wanted, cancel_backtest, start_backtest
from dispatch.operations.simulate_ruleset import Imagined, simulate_call, simulate_incident
from dispatch.operations.trial import ruleset_to_try
from dispatch.security import Principal
from dispatch.storage.work import get_work

router: Final = APIRouter(prefix="/api/v1/rulesets", tags=["rulesets"])
MOST_DIGITS: Final = 9


async def _desk(request: Request) -> tuple[Service, Principal]:
    principal = await principal_of(request)
    principal.require("direct")
    return service_of(request), principal


@router.post(
    "/{version}/simulate", responses=responses.SIMULATION, openapi_extra=body(trial_schemas.Simulate, IDEMPOTENT)
)
async def simulate(request: Request, version: str) -> Response:
    """Say what a draft or a published version would do about one call, beside what the rules in force would.

    Nothing is written and nobody is sent.
    """
    service, principal = await _desk(request)
    raw = await read_body(request)
    given = parse(trial_schemas.Simulate, raw)
    number = version_or_missing(version)
    context, names = service.context, service.context.knowledge.directory

    async def look() -> object:
        ruleset = await ruleset_to_try(context, number)
        if given.call is not None:
            imagined = Imagined(_report(service, principal, given), given.at, given.all_free)
            return simulate_call(context, ruleset, imagined).data(names)
        incident_id = str(given.incident_id)
        async with context.database.connection() as connection:
            principal.require_sight((await get_work(connection, incident_id)).incident)
        return (await simulate_incident(context, ruleset, incident_id)).data(names)

    return await look_once(service, once_of(request, principal, raw), look)


def _report(service: Service, principal: Principal, given: trial_schemas.Simulate) -> CallReport:
    if given.call is None:
        raise AssertionError
    check_type(service, given.call.incident_type, "/call/incident_type")
    try:
        report = call_report(service, principal, given.call)
    except InvalidRequestError as error:
        below = tuple(replace(fault, pointer=f"/call{fault.pointer}") for fault in error.faults)
        raise InvalidRequestError(below, facts=error.facts) from None
    return report if given.channel is None else replace(report, channel=given.channel)


@router.post(
    "/{version}/backtest",
    status_code=202,
    responses=responses.BACKTEST_STARTED,
    openapi_extra=body(trial_schemas.BacktestRequest, IDEMPOTENT),
)
async def backtest(request: Request, version: str) -> Response:
    """Decide the incidents of the last days again by a draft or a published version, in the background.

    One runs at a time in each process, the newest five are kept; a restart loses them. Ask the same process for it.
    """
    service, principal = await _desk(request)
    raw = await read_body(request)
    given = parse(trial_schemas.BacktestRequest, raw)
    _check_type(service, given.incident_type)
    wanted = Wanted(
        version_or_missing(version), given.days, principal.division_codes, given.incident_type, given.division
    )
    once = once_of(request, principal, raw)
    return kept_answer(await start_backtest(service.context, service.backtests, wanted, once=once), status=202)


def _check_type(service: Service, incident_type: str | None) -> None:
    known = service.context.knowledge.directory.content.incident_types
    if incident_type is not None and not any(is_under(code, incident_type) for code in known):
        detail = f"no incident type is this or below it{did_you_mean(incident_type, known)}"
        raise InvalidRequestError((Fault("/incident_type", "unknown_incident_type", detail),))


async def _seen(request: Request, backtest_id: str) -> tuple[Service, Principal, Backtest]:
    """Give a back-test to whoever may know of all its incidents."""
    service, principal = await _desk(request)
    found = service.backtests.get(uuid_or_missing(backtest_id, "backtest"))
    if not all(principal.covers(area) for area in found.areas):
        raise NotFoundError("no such back-test", facts={"id": found.id})
    return service, principal, found


@router.get("/backtests/{backtest_id}", responses=responses.BACKTEST)
async def read_backtest(request: Request, backtest_id: str) -> Response:
    """Tell how far a back-test is, and what it has found so far."""
    _, _, found = await _seen(request, backtest_id)
    return json_response(found.data())


@router.post(
    "/backtests/{backtest_id}/cancel", responses=responses.BACKTEST, openapi_extra={"parameters": [IDEMPOTENT]}
)
async def cancel(request: Request, backtest_id: str) -> Response:
    """End a back-test; what it has found stays. One that has ended stays as it is."""
    service, principal, found = await _seen(request, backtest_id)
    raw = await read_body(request)
    once = once_of(request, principal, raw)
    return kept_answer(await cancel_backtest(service.context, service.backtests, found.id, once=once))


@router.get(
    "/backtests/{backtest_id}/rows", responses=responses.BACKTEST_ROWS, openapi_extra=responses.listed_by("differs")
)
async def rows(request: Request, backtest_id: str) -> Response:
    """List what would have been different, incident by incident; `differs=true` leaves out where nothing would.

    While it runs `after` is never null: more may come.
    """
    _, _, found = await _seen(request, backtest_id)
    query = request.query_params
    page = page_of(query, allowed={"differs"}, after_is_id=False)
    only = query.get("differs")
    if only not in {None, "true", "false"}:
        raise InvalidRequestError((Fault("?differs", "not_a_flag", "differs: true or false"),))
    kept, place = found.book.rows, _place(page.after)
    shown: list[Json] = []
    while place < len(kept) and len(shown) < page.limit:
        if only is None or kept[place].differs is (only == "true"):
            shown.append(kept[place].data())
        place += 1
    more = place < len(kept) or found.state == "running"
    return json_response({"items": shown, "after": str(place) if more else None})


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdigit() and len(after) <= MOST_DIGITS):
        raise InvalidRequestError((Fault("?after", "not_a_place", "after: what the page before gave"),))
    return int(after)


_AS_CSV: Final = responses.file_of("text/csv", responses.BACKTEST)
_AS_PARQUET: Final = responses.file_of(PARQUET_TYPE, responses.BACKTEST) | responses.NOT_INSTALLED


@router.get("/backtests/{backtest_id}/rows.csv", responses=_AS_CSV)
async def rows_csv(request: Request, backtest_id: str) -> Response:
    """Take the rows away as CSV: UTF-8 with a byte order mark, lists in one cell parted by `; `."""
    _, _, found = await _seen(request, backtest_id)
    headers = {"Content-Disposition": f'attachment; filename="backtest-{found.id}.csv"'}
    return StreamingResponse(csv_chunks(tuple(found.book.rows)), media_type=CSV_TYPE, headers=headers)


@router.get("/backtests/{backtest_id}/rows.parquet", responses=_AS_PARQUET)
async def rows_parquet(request: Request, backtest_id: str) -> Response:
    """Take the rows away as Parquet; 501 where this installation lacks the extra `parquet`."""
    _, _, found = await _seen(request, backtest_id)
    content = await asyncio.to_thread(parquet_bytes, tuple(found.book.rows))
    headers = {"Content-Disposition": f'attachment; filename="backtest-{found.id}.parquet"'}
    return Response(content, media_type=PARQUET_TYPE, headers=headers)
