"""What a version of the rules would do about one call, beside what the version in force would. Writes nothing."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.actor import SYSTEM
from dispatch.domain.call import CallReport, locate
from dispatch.domain.decided import Decided
from dispatch.domain.difference import Difference, compare, difference_data
from dispatch.domain.directory import Directory, States
from dispatch.domain.errors import NotFoundError, WrongStateError
from dispatch.domain.explanation import Explanation, explain
from dispatch.domain.intake import Opening
from dispatch.domain.reasons import ASSUMPTIONS
from dispatch.domain.routing import decide
from dispatch.domain.rows import instant
from dispatch.domain.ruleset import CompiledRuleset
from dispatch.domain.why_not import Question
from dispatch.operations.context import Context
from dispatch.operations.opening import plan_for
from dispatch.operations.trial import read_back
from dispatch.storage.decisions import find_decision


@dataclass(frozen=True, slots=True)
class Simulation:
    """The explanation by one version, that by the version in force, and what they differ in."""

    ruleset_version: int
    in_force_version: int
    directory_version: int
    decided_at: datetime
    assumptions: tuple[str, ...]
    explanation: Explanation
    in_force: Explanation
    difference: Difference

    def data(self, names: Directory) -> dict[str, object]:
        """Give it for an answer: what `orjson` can write."""
        return {
            "ruleset_version": self.ruleset_version,
            "in_force_version": self.in_force_version,
            "directory_version": self.directory_version,
            "decided_at": instant(self.decided_at),
            "assumptions": [{"code": code, "sentence": ASSUMPTIONS[code]} for code in self.assumptions],
            "explanation": self.explanation,
            "in_force": self.in_force,
            "difference": difference_data(self.difference, names),
        }


@dataclass(frozen=True, slots=True)
class Imagined:
    """A call made by hand: `at` is when it comes, in local time; None: now. `all_free`: nobody is busy or away."""

    report: CallReport
    at: datetime | None = None
    all_free: bool = False


def simulate_call(context: Context, ruleset: CompiledRuleset, imagined: Imagined) -> Simulation:
    """Decide about a call made by hand.

    The request is made as for a real call, only by other rules, perhaps at another time and with everybody free.
    """
    now = _instant(imagined.at, context)
    knowledge = context.knowledge
    states = States() if imagined.all_free else knowledge.states
    trying = replace(context, knowledge=replace(knowledge, ruleset=ruleset, states=states))
    request = plan_for(trying, _opening(context, imagined.report, now)).request
    assumed = "all_free" if imagined.all_free else "present_states"
    question = Question(request, ruleset, knowledge.directory, states)
    return _simulate(context, question, ("directory_in_force", assumed))


async def simulate_incident(context: Context, ruleset: CompiledRuleset, incident_id: str) -> Simulation:
    """Decide about a stored incident from what was recorded.

    Raises:
        NotFoundError: the incident has no decision.
        WrongStateError: what it was decided from was not kept or cannot be read any more.
    """
    async with context.database.connection() as connection:
        stored = await find_decision(connection, incident_id)
    if stored is None:
        raise NotFoundError("no decision is stored for this incident", facts={"incident_id": incident_id})
    question = (await read_back(context, stored)).question
    if question is None:
        raise WrongStateError(
            "what this incident was decided from is not kept: try the call by hand",
            facts={"current": {"incident_id": incident_id}},
        )
    return _simulate(context, replace(question, ruleset=ruleset), ("directory_in_force", "recorded_states"))


def _simulate(context: Context, question: Question, assumptions: tuple[str, ...]) -> Simulation:
    request, states, directory = question.request, question.states, question.directory
    in_force = context.knowledge.ruleset
    after = decide(request, question.ruleset, directory, states)
    before = decide(request, in_force, directory, states)
    return Simulation(
        ruleset_version=question.ruleset.version,
        in_force_version=in_force.version,
        directory_version=directory.version,
        decided_at=request.now,
        assumptions=assumptions,
        explanation=explain(Decided.of_plan(after), question.ruleset, directory),
        in_force=explain(Decided.of_plan(before), in_force, directory),
        difference=compare(before, after),
    )


def _instant(at: datetime | None, context: Context) -> datetime:
    if at is None:
        return context.now()
    return at.replace(tzinfo=context.timezone) if at.tzinfo is None else at


def _opening(context: Context, report: CallReport, now: datetime) -> Opening:
    directory = context.knowledge.directory
    kind = directory.content.incident_types[report.incident_type]
    return Opening(
        report=report,
        where=locate(report, directory),
        kind=kind,
        profile=directory.clocks_of(kind, report.urgency or kind.urgency),
        actor=SYSTEM,
        now=now,
        call_id="",
    )
