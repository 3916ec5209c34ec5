"""Ending before its time what stands until an end: a mode, a drill. It is there, it is the caller's, it is not over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from dispatch.domain.errors import NotFoundError, WrongStateError
from dispatch.domain.wire import Json


class Standing(Protocol):
    """What stands until its end, or until somebody ended it."""

    @property
    def ended_by(self) -> str | None: ...

    def is_over(self, now: datetime) -> bool: ...


One = TypeVar("One", bound=Standing)


@dataclass(frozen=True, slots=True)
class Ending(Generic[One]):
    """Which one of a noun is to end, and why. `may_end` refuses one that is not the caller's to end."""

    noun: str
    subject_id: str
    may_end: Callable[[One], None]
    reason: str = ""


def require_ending(found: One | None, ending: Ending[One], now: datetime, view: Callable[[One], Json]) -> One:
    """Give what is to be ended, found under its lock.

    Raises:
        NotFoundError: there is none.
        WrongStateError: it has ended already; facts say how.
    """
    if found is None:
        raise NotFoundError(f"no such {ending.noun}", facts={f"{ending.noun}_id": ending.subject_id})
    ending.may_end(found)
    if found.is_over(now):
        raise WrongStateError(
            f"it was ended by {found.ended_by} already" if found.ended_by else "its time is over already",
            facts={"current": view(found), "verb": "end", "allowed": []},
        )
    return found
