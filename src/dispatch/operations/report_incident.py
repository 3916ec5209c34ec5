"""An integrator or an operator reports: the call opens an incident."""

from dispatch.operations.context import Answer, Context
from dispatch.operations.opening import Intake, open_by_call


async def report_incident(context: Context, intake: Intake) -> Answer:
    """Open an incident and send everybody.

    Raises:
        IdempotencyKeyReusedError: the key came with another body before.
        DatabaseUnavailableError: nothing was stored.
    """
    answer = await open_by_call(context, intake)
    if answer is None:
        message = "a report without a device found nothing to join"
        raise AssertionError(message)
    return answer
