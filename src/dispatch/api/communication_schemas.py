"""What requests about communication tests may contain."""

from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dispatch.api.errors import FaultError
from dispatch.api.schemas import Body, Code, Short
from dispatch.domain.communication import USUAL


def _local(at: time) -> time:
    if at.tzinfo is not None:
        raise FaultError("local_time_expected", "a local time without an offset, for example 08:30")
    return at.replace(second=0, microsecond=0)


class CommunicationTestBody(Body):
    """Which test is wanted. `channels` are `console`, `button` and those of this installation, by their names."""

    name: Short
    division_code: Annotated[str, Field(max_length=20, pattern=r"^[0-9]{4,20}$")]
    channels: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)] = USUAL
    window_s: Annotated[int, Field(strict=True, ge=10, le=3600)] = 60


class ScheduleBody(CommunicationTestBody):
    """A test that comes again: on these weekdays (1 is Monday) at this local time."""

    weekdays: Annotated[tuple[Annotated[int, Field(strict=True, ge=1, le=7)], ...], Field(min_length=1, max_length=7)]
    at: Annotated[time, AfterValidator(_local)]


class ScheduleSwitch(Body):
    """Whether it goes on."""

    enabled: Annotated[bool, Field(strict=True)]


class Answered(Body):
    """The page has shown the test (`delivered`), or somebody has confirmed it."""

    state: Literal["delivered", "answered"]
