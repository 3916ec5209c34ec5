"""What requests about drills may contain."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from dispatch.api.schemas import Body, Code, Instant, Short


class DrillRecipientBody(Body):
    """Somebody to whom a drill's messages go in place of everybody; without `channel` on every one that there is."""

    name: Short
    address: Short
    channel: Code | None = None


class DrillBody(Body):
    """What is held, where and by whom; no `unit_ids`: every unit of the division. At once unless told."""

    name: Short
    division_code: Annotated[str, Field(max_length=20, pattern=r"^[0-9]{4,20}$")]
    unit_ids: Annotated[tuple[UUID, ...], Field(max_length=500)] = ()
    recipients: Annotated[tuple[DrillRecipientBody, ...], Field(max_length=50)] = ()
    starts_at: Instant | None = None
    ends_at: Instant


class EndDrill(Body):
    """Nothing needs to be said."""
