"""Refusals with a stable code. `api/errors.py` maps them to problem+json, `live/closing.py` to close codes.

A refusal says what was asked, what stands now and what would work. Bugs are not refusals and are not caught.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request: where (JSON pointer), which kind, in words."""

    pointer: str
    code: str
    detail: str


class DispatchError(Exception):
    """A refusal. `facts` are shown to the caller beside the code."""

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"

    def __init__(self, detail: str, *, facts: dict[str, object] | None = None) -> None:
        """Keep the sentence for people and the facts for machines."""
        super().__init__(detail)
        self.detail = detail
        self.facts = facts or {}


class UnauthenticatedError(DispatchError):
    """Nobody, or somebody with a key that is unknown, expired or revoked."""

    code = "unauthenticated"
    title = "Who is calling is not known"


class ForbiddenError(DispatchError):
    """Known, but not allowed to do or see this."""

    code = "forbidden"
    title = "Not allowed"


class OriginRefusedError(ForbiddenError):
    """A browser's unsafe request that comes from another site."""

    code = "origin_refused"
    title = "Request from another site"


class NotFoundError(DispatchError):
    """No such thing, or none that the caller may know of."""

    code = "not_found"
    title = "Not found"


class NotRepeatableError(DispatchError):
    """A decision that cannot be made again. Facts: `why`, and the versions that are gone."""

    code = "not_repeatable"
    title = "The decision cannot be made again"


class InvalidRequestError(DispatchError):
    """The request's content is wrong; `faults` say where."""

    code = "invalid_request"
    title = "The request is not valid"

    def __init__(self, faults: tuple[Fault, ...], *, facts: dict[str, object] | None = None) -> None:
        """Keep the faults; the first one's code is the error's own when there is only one."""
        super().__init__("; ".join(f.detail for f in faults[:3]), facts=facts)
        self.faults = faults


class WrongStateError(DispatchError):
    """A verb in a state that does not know it. Facts: `current`, `verb`, `allowed`."""

    code = "wrong_state"
    title = "Not possible in this state"


class AlreadyTakenError(DispatchError):
    """The task was offered to several units and others have acknowledged it first. Facts: `current`."""

    code = "already_taken"
    title = "Somebody else has taken it"


class ExcludedByRuleError(DispatchError):
    """The rules forbid this kind of unit at this incident; a person may override that with a reason.

    Facts: `unit`, `unit_kind`, and `why` in both languages where the rules in force say it.
    """

    code = "excluded_by_rule"
    title = "The rules forbid this kind of unit here"


class VersionConflictError(DispatchError):
    """Somebody else changed it first. Facts: `current`, `changed_by`."""

    code = "version_conflict"
    title = "Changed by somebody else meanwhile"


class ReturnForbiddenError(DispatchError):
    """An urgent assignment cannot be sent back: it would bounce between districts."""

    code = "return_forbidden"
    title = "An urgent assignment cannot be returned"


class FeedbackRequiredError(DispatchError):
    """The lead completes only after it has given feedback."""

    code = "feedback_required"
    title = "Feedback first"


class UnitUnavailableError(DispatchError):
    """The unit named by hand is already on this incident, committed elsewhere or out of service."""

    code = "unit_unavailable"
    title = "The unit cannot be sent"


class PaperNumberTakenError(DispatchError):
    """Another record was entered under this paper number. Facts: `incident_id`, `number`."""

    code = "paper_number_taken"
    title = "This paper record was entered before, with other content"


class SecondPersonRequiredError(DispatchError):
    """Who wrote a draft asks to publish it: another person must have looked at it. Facts: `written_by`."""

    code = "second_person_required"
    title = "Another person must publish this"


class RulesetMovedOnError(DispatchError):
    """Other rules are in force than those this was decided on. Facts: `current`, `changed_by`."""

    code = "ruleset_moved_on"
    title = "Other rules have come into force meanwhile"


class IdempotencyKeyReusedError(DispatchError):
    """The same key came with another body."""

    code = "idempotency_key_reused"
    title = "Idempotency-Key was used for something else"


class PayloadTooLargeError(DispatchError):
    """The body is larger than allowed. Facts: `limit_bytes`."""

    code = "payload_too_large"
    title = "The body is too large"


class RateLimitedError(DispatchError):
    """Too many tries. Facts: `retry_after_s`."""

    code = "rate_limited"
    title = "Too many tries"


class NotInstalledError(DispatchError):
    """An optional part of the installation is missing; the words say how to add it. Facts: `extra`."""

    code = "not_installed"
    title = "This installation cannot do that"


class DatabaseUnavailableError(DispatchError):
    """The database did not answer or refused to write: nothing was stored, try again with the same key."""

    code = "database_unavailable"
    title = "Nothing was stored: the database is not available"
