"""Why these units: the stored decision explained by the rules that made it, and who would go now. Reads only."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

import orjson

from dispatch.domain.actor import SYSTEM
from dispatch.domain.call import locate, report_of
from dispatch.domain.decision_input import read_facts
from dispatch.domain.directory import Directory
from dispatch.domain.drill import Participants
from dispatch.domain.errors import NotFoundError
from dispatch.domain.explanation import Explanation, explain, near_misses
from dispatch.domain.intake import Opening, decision_data
from dispatch.domain.rows import instant
from dispatch.domain.why_not import why_not_stored
from dispatch.operations.context import Context
from dispatch.operations.opening import plan_for
from dispatch.operations.trial import past_ruleset, read_back
from dispatch.storage.decisions import find_decision
from dispatch.storage.work import Work


async def explain_incident(context: Context, incident_id: str, *, unit: str | None = None) -> Explanation:
    """Explain the stored decision of an incident, and why a unit (by code or id) was sent or not if one is named.

    Raises:
        NotFoundError: the incident has no decision, or there is no such unit.
    """
    async with context.database.connection() as connection:
        stored = await find_decision(connection, incident_id)
    if stored is None:
        raise NotFoundError("no decision is stored for this incident", facts={"incident_id": incident_id})
    kept, directory = await read_back(context, stored), context.knowledge.directory
    explanation = explain(kept.decided, kept.ruleset, directory)
    if unit is None:
        return explanation
    known = frozenset(seen.unit_id for seen in kept.decided.seen)
    unit_id = unit_named(directory, unit, besides=known)
    return explanation.with_unit(why_not_stored(kept.decided, kept.question, unit_id, directory=directory))


def unit_named(directory: Directory, code_or_id: str, *, besides: frozenset[str] = frozenset()) -> str:
    """Give the id of a unit by its code or id.

    Raises:
        NotFoundError: the directory has none, and it is none of those `besides`.
    """
    unit = directory.unit_by_code.get(code_or_id) or directory.units.get(code_or_id.lower())
    if unit is not None:
        return unit.id
    if code_or_id.lower() in besides:
        return code_or_id.lower()
    raise NotFoundError("no such unit", facts={"unit": code_or_id[:100]})


async def explain_near_misses(context: Context, decision: Mapping[str, object]) -> list[dict[str, object]]:
    """List rules that would have matched but for one condition, by the ruleset that made the decision."""
    ruleset = await past_ruleset(context, cast("int", decision["ruleset_version"]))
    if ruleset is None:
        return []
    return [
        {"rule": missed.rule, "name": asdict(missed.name), "conditions": [asdict(line) for line in missed.conditions]}
        for missed in near_misses(read_facts(cast("Mapping[str, object]", decision["facts"])), ruleset)
    ]


def recommend_again(context: Context, work: Work) -> bytes:
    """Decide anew for an incident as it stands; gives the decision as JSON, nothing is written."""
    content, incident = context.knowledge.directory.content, work.incident
    report = report_of(incident)
    kind = content.incident_types[incident["incident_type"]]
    opening = Opening(
        report=report,
        where=locate(report, context.knowledge.directory),
        kind=kind,
        profile=context.knowledge.directory.clocks_of(kind, incident["urgency"]),
        actor=SYSTEM,
        now=context.now(),
        call_id="",
    )
    plan = plan_for(context, opening, within=Participants.of(work.participants)).plan
    ids = [str(context.new_id()) for _ in plan.planned]
    return orjson.dumps(decision_data(plan, ids, instant(opening.now)))
