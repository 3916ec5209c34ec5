"""Opening an incident: decide in memory, write everything in one statement. Shared by report and press.

Invariant: what was answered 2xx is committed. Race: an exclusive crew lost to another incident → decide again
without it; the same key twice → the first one's answer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

from dispatch.domain.actor import Actor
from dispatch.domain.call import CallReport, Where, locate
from dispatch.domain.candidate import Request
from dispatch.domain.decision_input import RecordedStates, input_data
from dispatch.domain.drill import Participants
from dispatch.domain.geo import Point
from dispatch.domain.ids import number_prefix
from dispatch.domain.incident import is_actual
from dispatch.domain.intake import URGENCY_RANK, Opening, call_row, decision_data, open_incident
from dispatch.domain.routing import Plan, decide
from dispatch.domain.rows import ChangeRow, IncidentRow, parse_instant
from dispatch.domain.trigger import next_stage_at
from dispatch.domain.unit import UnitState
from dispatch.operations.context import Answer, Context, Once, dumps, local_facts, log_committed
from dispatch.operations.correlating import links_of
from dispatch.operations.in_flight import Fresh
from dispatch.operations.replay import find_replay
from dispatch.storage.report import Report
from dispatch.storage.units import list_committed
from dispatch.storage.written import ClaimLostError, Place, TwinError
from dispatch.telemetry import DECISION

ATTEND_AFTER = timedelta(seconds=1)
"""A plan with gaps is an alarm at the duty desk at once; the timer repeats it until somebody acts."""
MAX_CLAIMS = 20
NEAR_BOUNDARY_M = 300.0
"""So close to another district the units of both sides may be the right ones."""


@dataclass(frozen=True, slots=True)
class Intake:
    """A call with its sender. `merge_for_s` is given for a device's press."""

    report: CallReport
    actor: Actor
    once: Once | None
    merge_for_s: int = 0
    where: Where | None = None
    """Where the call is, if that was found out before."""


async def open_by_call(context: Context, intake: Intake) -> Answer | None:
    """Open an incident and send everybody. None when a device's press has to join the open incident instead.

    Raises:
        IdempotencyKeyReusedError: the key came with another body before.
        DatabaseUnavailableError: nothing was stored.
    """
    opening = opening_of(context, intake)
    lost: frozenset[str] = frozenset()
    for _ in range(MAX_CLAIMS):
        decided = plan_for(context, opening, lost=lost)
        try:
            opened = await _write(context, intake, opening, decided)
        except TwinError:
            return await find_replay(context, intake.once)
        except ClaimLostError:
            lost |= await _committed(context, decided.plan)
            continue
        return opened
    message = "exclusive units were lost to other incidents again and again"
    raise RuntimeError(message)


def opening_of(context: Context, intake: Intake) -> Opening:
    """Locate a call and look up what follows from its type, and what it may be about."""
    directory = context.knowledge.directory
    kind = directory.content.incident_types[intake.report.incident_type]
    where = intake.where or locate(intake.report, directory)
    return Opening(
        report=intake.report,
        where=where,
        kind=kind,
        profile=directory.clocks_of(kind, intake.report.urgency or kind.urgency),
        actor=intake.actor,
        now=context.now(),
        call_id=str(context.new_id()),
        links=links_of(context, intake.report, where),
        is_there=context.is_there,
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan, and what it was made from."""

    plan: Plan
    request: Request
    seen: dict[str, UnitState]


def plan_for(
    context: Context, opening: Opening, *, lost: frozenset[str] = frozenset(), within: Participants | None = None
) -> Decided:
    """Decide who goes; pure work over what is in memory. `within` are those who alone may, known from before."""
    knowledge, report = context.knowledge, opening.report
    place = opening.where.place
    local = opening.now.astimezone(context.timezone)
    facts = local_facts(
        {
            "incident_type": report.incident_type,
            "place_kind": place.kind if place else report.place_kind,
            "urgency": opening.urgency,
            "severity": opening.severity,
            "tags": frozenset(report.tags),
            "division_code": opening.where.division_code,
            "area_class": knowledge.directory.area_class(opening.where.division_code),
            "channel": report.channel,
            "exercise": report.exercise,
            "near_boundary": _near_boundary(context, opening.where.point),
            **context.standing_facts(opening.where.division_code, opening.now),
        },
        local,
    )
    began = perf_counter()
    request = Request(
        facts=facts,
        division_code=opening.where.division_code,
        point=opening.where.point,
        local=local,
        now=opening.now,
        lost=lost,
        responses=knowledge.modes.responses(opening.now),
        participants=within or context.participants(report.exercise, opening.where.division_code),
    )
    states = RecordedStates(knowledge.states)
    plan = decide(request, knowledge.ruleset, knowledge.directory, states)
    DECISION.labels(report.exercise).observe(perf_counter() - began)
    return Decided(plan, request, states.seen)


def _near_boundary(context: Context, point: Point | None) -> str | None:
    """Say whether another district is across the road, if any rule asks and boundaries are known."""
    if point is None or "near_boundary" not in context.knowledge.ruleset.fields:
        return None
    near = context.knowledge.directory.space.near_boundary(point, NEAR_BOUNDARY_M)
    return None if near is None else ("yes" if near else "no")


async def _write(context: Context, intake: Intake, opening: Opening, decided: Decided) -> Answer | None:
    plan = decided.plan
    change = open_incident(opening, plan, new_id=context.new_id, directory=context.knowledge.directory)
    draft = Draft(
        change=change,
        plan=plan,
        claims=tuple(_claims(plan)) if is_actual(intake.report.exercise) else (),
        attend_at=opening.now + ATTEND_AFTER if plan.shortfalls else None,
        stage_at=next_stage_at(opened(change), change["assignments"], opening.now) if plan.stages else None,
        decided_from=dumps(input_data(decided.request, decided.seen)),
    )
    return await store_opening(context, intake, opening, draft)


@dataclass(frozen=True, slots=True)
class Draft:
    """The change that opens an incident before it is stored, and the plan that is kept as its decision."""

    change: ChangeRow
    plan: Plan
    claims: tuple[str, ...] = ()
    attend_at: datetime | None = None
    stage_at: datetime | None = None
    decided_from: str | None = None
    occurred_at: datetime | None = None
    filled: tuple[str, ...] | None = None
    """The assignments of the planned units in the plan's order; None: the first of the change."""


async def store_opening(context: Context, intake: Intake, opening: Opening, draft: Draft) -> Answer | None:
    """Write everything in one statement, publish it. None when a device's press has to join instead.

    Raises:
        TwinError, ClaimLostError, PaperTakenError: nothing was written.
    """
    change, incident = draft.change, opened(draft.change)
    filled = draft.filled
    if filled is None:
        filled = tuple(row["id"] for row in change["assignments"])[: len(draft.plan.planned)]
    decision = decision_data(draft.plan, filled, change["recorded_at"])
    report = Report(
        change_id=str(context.new_id()),
        incident_id=incident["id"],
        incident=dumps(incident),
        assignments=dumps(change["assignments"]),
        events=dumps(change["events"]),
        rest=dumps({key: change[key] for key in ("unit", "occurred_at", "recorded_at")})[1:],
        decision=dumps(decision),
        call=dumps(call_row(opening, incident_id=incident["id"])),
        actor=dumps(intake.actor.data()),
        number_prefix=_number_prefix(context, incident),
        urgency=URGENCY_RANK[opening.urgency],
        once=intake.once,
        exclusive_unit_ids=draft.claims,
        device_id=intake.report.device_id if intake.merge_for_s else None,
        merge_for_s=intake.merge_for_s,
        attend_at=draft.attend_at,
        stage_at=draft.stage_at,
        decided_from=draft.decided_from,
        occurred_at=draft.occurred_at,
    )
    reported = await context.reports.write(report)
    if reported is None:
        return None
    incident["number"] = reported.number
    context.publish(Place(reported.seq, reported.xid, report.change_id), change)
    linked = frozenset(link["incident_id"] for link in opening.links)
    context.in_flight.fresh.append(Fresh(incident["id"], opening.now, linked))
    log_committed(change)
    return Answer(change, report.change_id, decision=decision)


def opened(change: ChangeRow) -> IncidentRow:
    """Give the incident that a change opens."""
    if change["incident"] is None:
        raise AssertionError
    return change["incident"]


def _number_prefix(context: Context, incident: IncidentRow) -> str:
    local_date = parse_instant(incident["opened_at"]).astimezone(context.timezone).date().isoformat().replace("-", "")
    return number_prefix(incident["division_code"], local_date)


async def _committed(context: Context, plan: Plan) -> frozenset[str]:
    async with context.database.connection() as connection:
        return frozenset(await list_committed(connection, _claims(plan)))


def _claims(plan: Plan) -> list[str]:
    return [entry.unit.id for entry in plan.planned if entry.unit.exclusive and entry.role != "notify"]
