"""The course of an incident under edit: what its rules demand, as decided and as it came up since.

An incident keeps the ruleset that decided it: whatever is asked of the rules later is asked of that version.
Invariant: what the rules forbid is only ever added to.
"""

from dataclasses import dataclass
from typing import cast

import orjson

from dispatch.domain.candidate import Request
from dispatch.domain.condition import Facts
from dispatch.domain.decided import requirement_of
from dispatch.domain.decision_input import read_facts
from dispatch.domain.routing import excluded_kinds
from dispatch.domain.ruleset import CompiledRuleset, Requirement
from dispatch.operations.edit import Edit
from dispatch.operations.reinforce import where
from dispatch.operations.trial import past_ruleset
from dispatch.storage.work import get_decision, list_further


@dataclass(slots=True)
class Course:
    """The ruleset that decided, the facts then, and every requirement by its number; `decided` of them at first."""

    ruleset: CompiledRuleset
    facts: Facts
    requirements: list[Requirement]
    decided: int
    excluded: frozenset[str]


async def course_of(edit: Edit) -> Course:
    """Read the course of the incident, as far as it has come."""
    decision = orjson.loads(await get_decision(edit.connection, edit.incident["id"]))
    further = await list_further(edit.connection, edit.incident["id"])
    ruleset = await past_ruleset(edit.context, cast("int", decision["ruleset_version"]), edit.connection)
    course = Course(
        ruleset=ruleset or edit.context.knowledge.ruleset,
        facts=read_facts(decision["facts"]),
        requirements=[requirement_of(stored) for stored in (*decision["requirements"], *further)],
        decided=len(decision["requirements"]),
        excluded=frozenset(decision["excluded"]),
    )
    course.excluded |= excluded_kinds(course.ruleset.matching(facts_now(edit, course)))
    return course


def facts_now(edit: Edit, course: Course) -> Facts:
    """Give the facts of the decision with what has been learnt since: tags, urgency, severity."""
    incident, tags = edit.incident, frozenset(edit.incident["tags"])
    return {**course.facts, "tags": tags, "urgency": incident["urgency"], "severity": incident["severity"]}


def request_now(edit: Edit, course: Course, role: str) -> Request:
    """Ask for units as the incident stands now.

    Whoever was sent before is taken; who was only told may still be sent to act.
    """
    there = (row for row in edit.assignments if role == "notify" or row["role"] != "notify")
    return Request(
        facts=facts_now(edit, course),
        division_code=edit.incident["division_code"],
        point=where(edit.incident, edit.context.knowledge.directory),
        local=edit.now.astimezone(edit.context.timezone),
        now=edit.now,
        taken=frozenset(row["unit_id"] for row in there),
        excluded=course.excluded,
        responses=edit.context.knowledge.modes.responses(edit.now),
        participants=edit.participants,
    )
