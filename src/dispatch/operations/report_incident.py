"""An integrator or an operator reports: the call opens an incident, or joins the one that it is about."""

from dispatch.domain.call import locate
from dispatch.domain.correlation import traits_of_call
from dispatch.operations.context import Answer, Context
from dispatch.operations.joining import join_open
from dispatch.operations.opening import Intake, open_by_call


async def report_incident(context: Context, intake: Intake) -> Answer:
    """Open an incident and send everybody, or join one where the ruleset lets calls of this type join by themselves.

    Raises:
        IdempotencyKeyReusedError: the key came with another body before.
        DatabaseUnavailableError: nothing was stored.
    """
    if not context.knowledge.correlations.joins_by_itself(intake.report.incident_type):
        return await _open(context, intake)
    if joined := await join_open(context, intake):
        return joined
    traits = traits_of_call(intake.report, intake.where or locate(intake.report, context.knowledge.directory))
    with context.in_flight.opening(traits, context.now()):
        return await _open(context, intake)


async def _open(context: Context, intake: Intake) -> Answer:
    answer = await open_by_call(context, intake)
    if answer is None:
        message = "a report without a device found nothing to join"
        raise AssertionError(message)
    return answer
