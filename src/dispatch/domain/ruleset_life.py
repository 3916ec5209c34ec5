"""The life of a ruleset: drafted, edited, published for an instant, rolled back. Who may do what, on which version.

Published versions take effect one after another; `Standing` is one of them. Pure: time and rows are arguments.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dispatch.domain.actor import Actor
from dispatch.domain.errors import (
    Fault,
    InvalidRequestError,
    NotFoundError,
    RulesetMovedOnError,
    SecondPersonRequiredError,
    VersionConflictError,
    WrongStateError,
)
from dispatch.domain.rows import instant

Entry = Mapping[str, object]
"""A version as listed: status, revision, who, when, why; without its body."""
MOST_AHEAD: Final = timedelta(days=90)
A_MOMENT_AGO: Final = timedelta(seconds=60)
"""An instant this long past means now: clocks differ, and answers take their time."""
TOO_LATE: Final = timedelta(seconds=2)
"""A version that is due within this time may be in use already somewhere when its withdrawal is committed."""
_KNOWS: Final = {"draft": ("edit", "publish", "discard"), "waiting": ("discard",)}


@dataclass(frozen=True, slots=True)
class Standing:
    """A published version with the instant from which it counts. `restored`: a rollback gave it this one's body."""

    version: int
    effective_at: datetime
    published_by: str
    restored: int | None = None

    @property
    def origin(self) -> int:
        """Name the version whose body this is."""
        return self.version if self.restored is None else self.restored

    def data(self) -> dict[str, object]:
        """Give what a refusal tells of it."""
        return {"version": self.version, "published_by": self.published_by, "effective_at": instant(self.effective_at)}


def require_verb(entry: Entry | None, version: int, verb: str, *, waiting: bool = False) -> Entry:
    """Refuse a verb that the version's status does not know; `waiting` says that it is published but not yet due.

    Raises:
        NotFoundError: there is no such version.
        WrongStateError: facts carry `current` and `allowed`.
    """
    if entry is None:
        raise NotFoundError("no such ruleset", facts={"version": version})
    allowed = _KNOWS.get("waiting" if waiting else str(entry["status"]), ())
    if verb not in allowed:
        raise WrongStateError(
            f"version {version} is {entry['status']}: a ruleset that was published or discarded never changes",
            facts={"current": entry, "verb": verb, "allowed": list(allowed)},
        )
    return entry


def require_revision(entry: Entry, expected: int | None) -> None:
    """Refuse a decision on another state of a draft than the one that stands; None is a decision on any.

    Raises:
        VersionConflictError: facts carry `current` and `changed_by`.
    """
    if expected is not None and expected != entry["revision"]:
        raise VersionConflictError(
            f"the draft is at revision {entry['revision']}, not {expected}",
            facts={"current": entry, "changed_by": entry["changed_by"]},
        )


def require_second_person(authors: Collection[Entry], actor: Actor) -> None:
    """Refuse somebody who drafted or edited what is to be published.

    Raises:
        SecondPersonRequiredError: facts name who wrote it.
    """
    if actor.id is not None and any(author["id"] == actor.id for author in authors):
        names = sorted({str(author["name"]) for author in authors})
        raise SecondPersonRequiredError(
            "whoever drafted or edited a ruleset may not publish it: a second person must", facts={"written_by": names}
        )


def choose_effective_at(wanted: datetime | None, now: datetime) -> datetime:
    """Give the instant from which a publication counts: now, unless a later one is wanted.

    Raises:
        InvalidRequestError: it has passed, or lies more than 90 days ahead.
    """
    if wanted is None or now - A_MOMENT_AGO <= wanted <= now:
        return now
    if wanted < now:
        raise InvalidRequestError((Fault("/effective_at", "in_the_past", "rules cannot have been in force before"),))
    if wanted > now + MOST_AHEAD:
        detail = f"rules can be published at most {MOST_AHEAD.days} days ahead"
        raise InvalidRequestError((Fault("/effective_at", "too_far_ahead", detail),))
    return wanted


def require_place(
    standing: Sequence[Standing], effective_at: datetime, base_version: object, expected: int | None
) -> None:
    """Refuse a publication that was decided on other rules than those it replaces. `standing` comes newest first.

    What it replaces is what is in force at its own instant. Nothing may be due after it: that would take its place by
    itself, made by somebody who never saw it.

    Raises:
        RulesetMovedOnError: facts carry `current` and `changed_by`.
    """
    later = [entry for entry in standing if entry.effective_at > effective_at]
    if later:
        raise _moved_on(later[-1], f"version {later[-1].version} is due after it and would take its place: discard it")
    before = standing[0] if standing else None
    seen = base_version if expected is None else expected
    if before is not None and seen != before.version:
        detail = f"version {before.version} is what it would replace, not {seen}: compare, then say expected_version"
        raise _moved_on(before, detail)
    if before is None and expected is not None:
        raise InvalidRequestError((Fault("/expected_version", "unknown_version", "no version is in force"),))


def choose_restored(standing: Sequence[Standing], now: datetime, expected: int | None = None) -> tuple[Standing, int]:
    """Give the version in force and the one whose body a rollback brings back. `standing` comes newest first.

    Each rollback goes one step further back, as undoing does: after a bad version and a second rollback the bad one
    does not return. What was undone is published again by a draft of it.

    Raises:
        RulesetMovedOnError: another version is in force than the one to be rolled back.
        WrongStateError: nothing was in force before.
    """
    past = [entry for entry in standing if entry.effective_at <= now]
    if not past:
        raise WrongStateError("no ruleset is in force", facts={"current": None})
    present = past[0]
    if expected is not None and expected != present.version:
        raise _moved_on(present, f"version {present.version} is in force, not {expected}")
    place = next((place for place, entry in enumerate(past) if entry.version == present.origin), 0)
    if place + 1 >= len(past):
        raise WrongStateError(
            f"nothing was in force before version {present.origin}", facts={"current": present.data()}
        )
    return present, past[place + 1].origin


def _moved_on(current: Standing, detail: str) -> RulesetMovedOnError:
    return RulesetMovedOnError(detail, facts={"current": current.data(), "changed_by": current.published_by})
