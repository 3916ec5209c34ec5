"""Why these units: near misses of a stored decision, and who would go now. Reads only."""

from typing import cast

import orjson

from dispatch.domain.actor import SYSTEM
from dispatch.domain.call import locate, report_of
from dispatch.domain.decision_input import read_facts
from dispatch.domain.intake import Opening, decision_data
from dispatch.domain.rows import IncidentRow, instant
from dispatch.operations.context import Context
from dispatch.operations.opening import plan_for

NEAR_MISSES = 5


def explain_near_misses(context: Context, decision: dict[str, object]) -> list[dict[str, object]]:
    """List rules that would have matched but for one condition, if the ruleset of the decision is still in force."""
    if decision["ruleset_version"] != context.knowledge.ruleset.version:
        return []
    facts = read_facts(cast("dict[str, object]", decision["facts"]))
    return [
        {
            "rule": rule.id,
            "name": {"zh": rule.name_zh, "en": rule.name_en},
            "conditions": [
                {"text": c.text, "value": list(c.value) if isinstance(c.value, tuple) else c.value, "met": c.met}
                for c in missed
            ],
        }
        for rule, missed in context.knowledge.ruleset.near_misses(facts, NEAR_MISSES)
    ]


def recommend_again(context: Context, incident: IncidentRow) -> bytes:
    """Decide anew for an incident as it stands; gives the decision as JSON, nothing is written."""
    content = context.knowledge.directory.content
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
    plan = plan_for(context, opening).plan
    ids = [str(context.new_id()) for _ in plan.planned]
    return orjson.dumps(decision_data(plan, ids, instant(opening.now)))
