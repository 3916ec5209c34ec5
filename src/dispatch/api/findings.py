"""What the last lint of the rules in force found."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses
from dispatch.api.answers import json_response
from dispatch.api.dependencies import principal_of, service_of
from dispatch.domain.rows import instant
from dispatch.domain.ruleset_check import findings_data

router: Final = APIRouter(prefix="/api/v1", tags=["administration"])


@router.get("/rulesets/findings", responses=responses.FINDINGS)
async def findings(request: Request) -> Response:
    """List what is wrong with the rules in force: errors first. Looked at when rules or directory change, and daily.

    `linted_at` is null until this process has looked for the first time, seconds after its start.
    """
    principal = await principal_of(request)
    principal.require("direct")
    linted = service_of(request).context.knowledge.linted
    return json_response(
        {
            "ruleset_version": None if linted is None else linted.ruleset_version,
            "directory_version": None if linted is None else linted.directory_version,
            "linted_at": None if linted is None else instant(linted.linted_at),
            **findings_data(() if linted is None else linted.findings),
        }
    )
