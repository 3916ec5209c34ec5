"""Tests of communication: started by shift leaders, answered by consoles and devices, reported to the desk."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import communication_schemas, responses
from dispatch.api.answers import json_response, kept_answer
from dispatch.api.dependencies import Service, once_of, parse, principal_of, read_body, service_of, uuid_or_missing
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.api.paging import page_of
from dispatch.api.tables import BYTE_ORDER_MARK, CSV_TYPE
from dispatch.domain.communication import (
    BUTTON,
    CONSOLE,
    Asked,
    RollCall,
    Schedule,
    call_view,
    communication_view,
    count_states,
    schedule_view,
)
from dispatch.domain.directory import Directory
from dispatch.domain.errors import Fault, ForbiddenError, InvalidRequestError, NotFoundError
from dispatch.domain.wire import Json
from dispatch.operations.schedule_communication import (
    Switching,
    Wanted,
    schedule_communication,
    switch_communication,
)
from dispatch.operations.try_communication import answer_communication_test, start_communication_test
from dispatch.security import Principal
from dispatch.storage.communication import Reply, count_roll, find_test, list_roll, list_schedules, list_tests

router: Final = APIRouter(prefix="/api/v1", tags=["communication tests"])
TESTS, SCHEDULES = "/communication-tests", "/communication-schedules"
_SILENT_FIRST: Final = ("silent", "failed", "called", "sent", "delivered", "seen", "answered")
_COLUMNS: Final = (
    *("subject", "code", "name", "name_en", "unit_kind", "place", "channel", "state"),
    *("called_at", "sent_after_s", "delivered_after_s", "seen_after_s", "answered_after_s", "error"),
)


def _require_own_area(service: Service, principal: Principal, division_code: str) -> None:
    """Refuse another's area; what is no division at all is said by its name later."""
    known = service.context.knowledge.directory.content.divisions
    if division_code in known and not principal.covers(division_code):
        raise ForbiddenError("communication is tested within your own divisions", facts={"division": division_code})


def _asked(given: communication_schemas.CommunicationTestBody) -> Asked:
    return Asked(given.name, given.division_code, given.channels, given.window_s)


@router.post(
    TESTS,
    status_code=201,
    responses=responses.TEST_STARTED,
    openapi_extra=body(communication_schemas.CommunicationTestBody, IDEMPOTENT),
)
async def start(request: Request) -> Response:
    """Start a test: consoles and buttons show it, named message channels send it to whoever is on duty.

    Nobody's telephone rings unless you name its channel.
    """
    service, principal = service_of(request), await principal_of(request)
    principal.require("drill")
    raw = await read_body(request)
    given = parse(communication_schemas.CommunicationTestBody, raw)
    _require_own_area(service, principal, given.division_code)
    once = once_of(request, principal, raw)
    kept = await start_communication_test(service.context, _asked(given), actor=principal.actor, once=once)
    return kept_answer(kept, status=201)


@router.get(
    TESTS,
    responses=responses.TESTS,
    openapi_extra=responses.parameters(
        limit={"type": "integer", "minimum": 1, "maximum": 200}, after={"type": "string", "format": "uuid"}
    ),
)
async def list_all(request: Request) -> Response:
    """List the tests that touch your area, newest first, each with its totals."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("direct")
    page, directory = page_of(request.query_params, allowed=set()), service.context.knowledge.directory
    async with service.context.database.snapshot() as connection:
        tests = await list_tests(connection, page.limit, page.after)
        totals = await count_roll(connection, [test.id for test in tests])
    items = [
        communication_view(test, totals[test.id], directory)
        for test in tests
        if principal.is_touched_by(test.division_code, directory)
    ]
    return json_response({"items": items, "after": tests[-1].id if len(tests) == page.limit else None})


@router.get(
    TESTS + "/{test_id}",
    responses=responses.TEST_REPORT,
    openapi_extra=responses.parameters(format={"type": "string", "enum": ["json", "csv"]}),
)
async def report(request: Request, test_id: str) -> Response:
    """Read who answered after how many seconds, who only got it, who was silent; `format=csv` gives a table."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("direct")
    page_of(request.query_params, allowed={"format"})
    wanted, directory = request.query_params.get("format", "json"), service.context.knowledge.directory
    if wanted not in {"json", "csv"}:
        raise InvalidRequestError((Fault("?format", "unknown_value", "format: json or csv"),))
    async with service.context.database.snapshot() as connection:
        test = await find_test(connection, uuid_or_missing(test_id, "test"))
        if test is None or not principal.is_touched_by(test.division_code, directory):
            raise NotFoundError("no such test", facts={"test_id": test_id})
        calls = await list_roll(connection, test.id)
    lines = _in_order(calls, directory)
    if wanted == "csv":
        headers = {"Content-Disposition": f'attachment; filename="communication-test-{test.id}.csv"'}
        return Response(_table(lines), media_type=CSV_TYPE, headers=headers)
    return json_response({**communication_view(test, count_states(calls), directory), "calls": lines})


@router.post(
    TESTS + "/{test_id}/answer",
    responses=responses.TEST_ANSWERED,
    openapi_extra=body(communication_schemas.Answered, IDEMPOTENT),
)
async def answer(request: Request, test_id: str) -> Response:
    """Say that your console or device has shown a test (`delivered`), or that somebody has confirmed it (`answered`).

    A device's press of exercise `test` confirms it too.
    """
    service, principal = service_of(request), await principal_of(request)
    raw = await read_body(request)
    principal.require("press" if principal.device_id else "work")
    subject = principal.unit_id or principal.device_id
    if subject is None:
        raise ForbiddenError("only a unit's console or a device answers a test")
    given = parse(communication_schemas.Answered, raw)
    reply = Reply(
        test_id=uuid_or_missing(test_id, "test"),
        subject_id=subject,
        channel=BUTTON if principal.device_id else CONSOLE,
        at=service.context.now(),
        answered=given.state == "answered",
    )
    once = once_of(request, principal, raw)
    return kept_answer(await answer_communication_test(service.context, reply, once=once))


@router.get(SCHEDULES, responses=responses.SCHEDULES)
async def schedules(request: Request) -> Response:
    """List the scheduled tests that touch your area."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("direct")
    page_of(request.query_params, allowed=set())
    directory = service.context.knowledge.directory
    async with service.context.database.connection() as connection:
        known = await list_schedules(connection)
    shown = [one for one in known if principal.is_touched_by(one.asked.division_code, directory)]
    return json_response({"items": [schedule_view(one, _local(service)) for one in shown]})


@router.post(
    SCHEDULES,
    status_code=201,
    responses=responses.SCHEDULE_SET,
    openapi_extra=body(communication_schemas.ScheduleBody, IDEMPOTENT),
)
async def schedule(request: Request) -> Response:
    """Schedule a test: on weekdays at a local time, from the next such time on."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("drill")
    raw = await read_body(request)
    given = parse(communication_schemas.ScheduleBody, raw)
    _require_own_area(service, principal, given.division_code)
    wanted = Wanted(_asked(given), given.weekdays, given.at)
    once = once_of(request, principal, raw)
    return kept_answer(
        await schedule_communication(service.context, wanted, actor=principal.actor, once=once), status=201
    )


@router.patch(
    SCHEDULES + "/{schedule_id}",
    responses=responses.SCHEDULE,
    openapi_extra=body(communication_schemas.ScheduleSwitch),
)
async def switch(request: Request, schedule_id: str) -> Response:
    """Switch a scheduled test on or off."""
    service, principal = service_of(request), await principal_of(request)
    principal.require("drill")
    given = parse(communication_schemas.ScheduleSwitch, await read_body(request))

    def may_switch(known: Schedule) -> None:
        _require_own_area(service, principal, known.asked.division_code)

    switching = Switching(uuid_or_missing(schedule_id, "schedule"), given.enabled, may_switch)
    schedule = await switch_communication(service.context, switching, actor=principal.actor)
    return json_response(schedule_view(schedule, _local(service)))


def _local(service: Service) -> datetime:
    return service.context.now().astimezone(service.context.timezone)


def _in_order(calls: Sequence[RollCall], directory: Directory) -> list[Json]:
    """Shape the calls: who said nothing first, then by channel and code."""
    lines = [call_view(call, directory) for call in calls]

    def place(line: Json) -> tuple[int, str, str]:
        return _SILENT_FIRST.index(str(line["state"])), str(line["channel"]), str(_named(line)["code"] or "")

    return sorted(lines, key=place)


def _named(line: Json) -> Json:
    return cast("Json", line["unit"] or line["device"])


def _table(lines: Sequence[Json]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for line in lines:
        named = _named(line)
        row = {**named, **line, "unit_kind": named.get("kind")}
        writer.writerow([row.get(column) for column in _COLUMNS])
    return BYTE_ORDER_MARK + text.getvalue()
