"""Refusals as RFC 9457 problem+json. The only place that knows status codes of errors."""

from collections.abc import Sequence
from typing import Final

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request
from starlette.responses import Response

from dispatch.domain import errors as domain
from dispatch.domain.errors import DispatchError, Fault, InvalidRequestError

PROBLEM_JSON: Final = "application/problem+json"
STATUS: Final[dict[type[DispatchError], int]] = {
    domain.DispatchError: 400,
    domain.UnauthenticatedError: 401,
    domain.ForbiddenError: 403,
    domain.OriginRefusedError: 403,
    domain.NotFoundError: 404,
    domain.NotRepeatableError: 404,
    domain.InvalidRequestError: 422,
    domain.WrongStateError: 409,
    domain.AlreadyTakenError: 409,
    domain.ExcludedByRuleError: 409,
    domain.VersionConflictError: 409,
    domain.ReturnForbiddenError: 409,
    domain.FeedbackRequiredError: 409,
    domain.UnitUnavailableError: 409,
    domain.PaperNumberTakenError: 409,
    domain.SecondPersonRequiredError: 403,
    domain.RulesetMovedOnError: 409,
    domain.IdempotencyKeyReusedError: 422,
    domain.PayloadTooLargeError: 413,
    domain.RateLimitedError: 429,
    domain.NotInstalledError: 501,
    domain.DatabaseUnavailableError: 503,
}
RETRY_AFTER_S: Final = 2


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[Fault] = (),
    facts: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Build a problem. `facts` stand beside the standard members, never over them."""
    body: dict[str, object] = {
        **(facts or {}),
        "type": f"urn:dispatch:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"pointer": fault.pointer, "code": fault.code, "detail": fault.detail} for fault in errors],
    }
    content = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS, default=str)
    return Response(content, status, headers=headers, media_type=PROBLEM_JSON)


def refusal(error: DispatchError) -> Response:
    """Answer a refusal."""
    status = STATUS[type(error)]
    headers: dict[str, str] = {}
    if status == STATUS[domain.DatabaseUnavailableError]:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(error, domain.RateLimitedError):
        headers["Retry-After"] = str(error.facts.get("retry_after_s", RETRY_AFTER_S))
    if isinstance(error, domain.UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    faults = error.faults if isinstance(error, InvalidRequestError) else ()
    code = faults[0].code if len(faults) == 1 else error.code
    return problem(status, code, error.title, error.detail, errors=faults, facts=error.facts, headers=headers)


async def handle_refusal(request: Request, error: Exception) -> Response:
    """Answer any DispatchError that an endpoint raised."""
    del request
    if not isinstance(error, DispatchError):
        raise error
    return refusal(error)


def invalid(error: ValidationError) -> InvalidRequestError:
    """Turn pydantic's findings into faults with JSON pointers. Values are not repeated: they may be personal."""
    found = error.errors(include_url=False, include_context=True, include_input=False)
    return InvalidRequestError(tuple(_fault(detail) for detail in found[:20]))


def _fault(detail: ErrorDetails) -> Fault:
    pointer = "".join(f"/{_escape(part)}" for part in detail["loc"])
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, FaultError):
        return Fault(pointer + cause.fault.pointer, cause.fault.code, cause.fault.detail)
    code = {"missing": "required", "extra_forbidden": "unknown_field", "json_invalid": "invalid_json"}
    return Fault(pointer, code.get(detail["type"], detail["type"]), detail["msg"])


def _escape(part: str | int) -> str:
    return str(part).encode(errors="replace").decode()[:100].replace("~", "~0").replace("/", "~1")


class FaultError(ValueError):
    """A validator's finding with its own code."""

    def __init__(self, code: str, detail: str, pointer: str = "") -> None:
        """Keep the fault."""
        super().__init__(detail)
        self.fault = Fault(pointer, code, detail)
