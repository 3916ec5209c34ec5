"""What requests to try rules may contain."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from dispatch.api.errors import FaultError
from dispatch.api.schemas import Body, Code, IncidentReport
from dispatch.operations.backtest_ruleset import MOST_DAYS


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise FaultError(
            "instant_expected", "an instant is text: 2026-11-23T02:30, local time unless it says otherwise"
        )
    return value


LocalInstant = Annotated[datetime, BeforeValidator(_text)]


class Simulate(Body):
    """A call made by hand, or a stored incident.

    `at` is when the call comes, in local time unless it has an offset: a night rule can be tried by day. `all_free`
    takes every unit as free and at its base; otherwise they are as they are now. A stored incident is decided from what
    was recorded.
    """

    call: IncidentReport | None = None
    incident_id: UUID | None = None
    at: LocalInstant | None = None
    all_free: Annotated[bool, Field(strict=True)] = False
    channel: Code | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Simulate":
        if (self.call is None) == (self.incident_id is None):
            raise FaultError("call_required", "give `call` or `incident_id`, one of both")
        if self.call is None and (self.at or self.all_free or self.channel):
            raise FaultError("recorded", "a stored incident is decided from what was recorded", "/incident_id")
        return self


class BacktestRequest(Body):
    """The stored decisions of the last days; of one type or below it, of one division or below it."""

    days: Annotated[int, Field(strict=True, ge=1, le=MOST_DAYS)] = 30
    incident_type: Code | None = None
    division: Annotated[str, Field(max_length=20, pattern=r"^[0-9]{2,20}$")] | None = None
