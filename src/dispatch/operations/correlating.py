"""Which open incidents may be what a call is about: look-ups in memory, nothing is written."""

from datetime import datetime

from dispatch.domain.call import CallReport, Where, locate
from dispatch.domain.correlation import Match, traits_of_call
from dispatch.domain.rows import LinkData
from dispatch.operations.context import Context


def matches_of(context: Context, report: CallReport, *, where: Where | None = None) -> list[Match]:
    """List the matches of a call, best first."""
    knowledge = context.knowledge
    traits = traits_of_call(report, where or locate(report, knowledge.directory))
    return knowledge.incidents.matches(traits, knowledge.correlations, context.now())


def links_of(context: Context, report: CallReport, where: Where) -> tuple[LinkData, ...]:
    """Give the links that a call opens its incident with."""
    return tuple(match.link() for match in matches_of(context, report, where=where))


def links_since(context: Context, incident_id: str, now: datetime) -> list[LinkData]:
    """Give links to incidents that were opened before this one, as they are known now: of two the younger has it."""
    knowledge = context.knowledge
    own = knowledge.incidents.find(incident_id)
    if own is None:
        return []
    found = knowledge.incidents.matches(own.traits, knowledge.correlations, now)
    return [match.link() for match in found if match.incident.id < incident_id]
