"""Rulesets over HTTP: read by the desk, drafted, edited, published, discarded and rolled back by administration.

A ruleset's document is the whole body, as JSON or YAML; what stands beside it goes into the query, so that pointers are
the document's own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, ruleset_views
from dispatch.api.answers import json_response, kept_answer, look_once
from dispatch.api.dependencies import (
    Service,
    once_of,
    parse,
    parse_query,
    principal_of,
    read_body,
    service_of,
    version_or_missing,
)
from dispatch.api.openapi import IDEMPOTENT, body, document
from dispatch.api.paging import page_of
from dispatch.documents.json_read import read_json
from dispatch.documents.ruleset_text import write_ruleset_yaml
from dispatch.documents.yaml_read import read_yaml
from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.operations.compare_rulesets import compare_versions, lint_version
from dispatch.operations.context import Once, dumps
from dispatch.operations.discard_draft import Discard, discard_draft
from dispatch.operations.draft_ruleset import Draft, draft_ruleset
from dispatch.operations.edit_draft import DraftEdit, edit_draft
from dispatch.operations.publish_ruleset import Publication, publish_ruleset
from dispatch.operations.replay import answer_once
from dispatch.operations.rollback_ruleset import Rollback, rollback_ruleset
from dispatch.operations.ruleset_work import Account, get_document
from dispatch.security import Permission, Principal
from dispatch.storage.rulesets import list_acts, list_rulesets

router: Final = APIRouter(prefix="/api/v1/rulesets", tags=["rulesets"])
MOST_BYTES: Final = 8 * 1024 * 1024
YAML: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
STATUSES: Final = ("draft", "published", "discarded")
_TEXT: Final[dict[str, object]] = {"type": "string", "minLength": 1, "maxLength": 200}
_NUMBER: Final[dict[str, object]] = {"type": "integer", "minimum": 1, "maximum": 2_147_483_647}
_DRAFT_QUERY: Final = responses.parameters(base_version=_NUMBER, note=_TEXT)["parameters"]
_EDIT_QUERY: Final = responses.parameters(expected_revision=_NUMBER, note=_TEXT)["parameters"]


async def _asked(request: Request, permission: Permission = "direct") -> tuple[Service, Principal]:
    principal = await principal_of(request)
    principal.require(permission)
    return service_of(request), principal


def _is_yaml(kinds: str) -> bool:
    return any(kind.partition(";")[0].strip().lower() in YAML for kind in kinds.split(","))


async def _document(request: Request, raw: bytes) -> object | None:
    """Read the body beside the event loop, as YAML if it says so; None when there is none."""
    if not raw:
        return None
    read = read_yaml if _is_yaml(request.headers.get("content-type", "")) else read_json
    found = await asyncio.to_thread(read, raw)
    # An empty document is not the absence of one.
    return {} if found is None else found


async def _once(
    service: Service, once: Once | None, act: Callable[[], Awaitable[Account]], *, status: int = 200
) -> Response:
    async def acted() -> str:
        return dumps(await act())

    return kept_answer(await answer_once(service.context, once, acted), status=status)


@router.get(
    "",
    responses=responses.RULESETS,
    openapi_extra=responses.parameters(
        status={"type": "string", "enum": list(STATUSES)},
        limit={"type": "integer", "minimum": 1, "maximum": 200},
        after={"type": "string", "pattern": "^[0-9]{1,9}$"},
    ),
)
async def list_versions(request: Request) -> Response:
    """List all versions, newest first, with who did what last and why; one is `in_force`. Filter by `status`."""
    service, _ = await _asked(request)
    query = request.query_params
    page = page_of(query, allowed={"status"}, after_is_id=False)
    if query.get("status") not in {None, *STATUSES}:
        raise InvalidRequestError((Fault("?status", "unknown_status", f"status: {', '.join(STATUSES)}"),))
    below = None if page.after is None else version_or_missing(page.after)
    async with service.context.database.connection() as connection:
        found = await list_rulesets(connection, page.limit + 1, below=below, status=query.get("status"))
    shown = found[: page.limit]
    after = str(shown[-1]["version"]) if len(found) > page.limit else None
    return json_response({"items": shown, "after": after})


@router.post(
    "",
    status_code=201,
    responses=responses.DRAFTED,
    openapi_extra=document(ruleset_views.RulesetDocument, *_DRAFT_QUERY, IDEMPOTENT, required=False),
)
async def draft(request: Request) -> Response:
    """Draft a ruleset: the body is its document, as JSON or (`Content-Type: application/yaml`) as YAML, up to 8 MiB.

    Without a body the draft is a copy of `base_version`, or of what is in force. What cannot be read is refused with
    JSON pointers; what lint finds comes with the answer.
    """
    service, principal = await _asked(request, "administer")
    given = parse_query(ruleset_views.DraftQuery, request)
    raw = await read_body(request, MOST_BYTES)
    once = once_of(request, principal, raw)
    wanted = Draft(await _document(request, raw), given.base_version, given.note, once)
    directory = service.context.knowledge.directory
    return await _once(
        service,
        once,
        lambda: draft_ruleset(service.context.database, wanted, actor=principal.actor, directory=directory),
        status=201,
    )


@router.get(
    "/{version}",
    responses=responses.RULESET,
    openapi_extra=responses.parameters(format={"type": "string", "enum": ["json", "yaml"]}),
)
async def read_version(request: Request, version: str) -> Response:
    """Read a version with its document; with `format=yaml` (or `Accept: application/yaml`) the document alone."""
    service, _ = await _asked(request)
    wanted = request.query_params.get("format")
    if wanted not in {None, "json", "yaml"} or set(request.query_params) - {"format"}:
        raise InvalidRequestError((Fault("?format", "unknown_format", "format: json, yaml; no other parameter"),))
    entry, data = await get_document(service.context.database, version_or_missing(version))
    if wanted == "yaml" or (wanted is None and _is_yaml(request.headers.get("accept", ""))):
        text = await asyncio.to_thread(write_ruleset_yaml, data)
        return Response(text.encode(), media_type="application/yaml")
    return json_response(entry | {"ruleset": data})


@router.put(
    "/{version}",
    responses=responses.DRAFT,
    openapi_extra=document(ruleset_views.RulesetDocument, *_EDIT_QUERY, IDEMPOTENT, required=True),
)
async def edit(request: Request, version: str) -> Response:
    """Replace the document of a draft, up to 8 MiB. Who edits a draft cannot publish it.

    `expected_revision` is the revision you have seen: when somebody edited it since, the answer is 409 and says who.
    """
    service, principal = await _asked(request, "administer")
    given = parse_query(ruleset_views.EditQuery, request)
    raw = await read_body(request, MOST_BYTES)
    once, found = once_of(request, principal, raw), await _document(request, raw)
    if found is None:
        raise InvalidRequestError((Fault("", "ruleset_required", "the body is the whole ruleset"),))
    wanted = DraftEdit(version_or_missing(version), found, given.expected_revision, given.note, once)
    directory = service.context.knowledge.directory
    return await _once(
        service,
        once,
        lambda: edit_draft(service.context.database, wanted, actor=principal.actor, directory=directory),
    )


@router.get("/{version}/history", responses=responses.RULESET_HISTORY)
async def history(request: Request, version: str) -> Response:
    """Read what was done to a version, by whom and why, oldest first."""
    service, _ = await _asked(request)
    await get_document(service.context.database, version_or_missing(version))
    async with service.context.database.connection() as connection:
        return json_response({"items": await list_acts(connection, version_or_missing(version))})


@router.get("/{version}/diff", responses=responses.RULESET_DIFF, openapi_extra=responses.parameters(against=_NUMBER))
async def diff(request: Request, version: str) -> Response:
    """Compare with `against`, usually what it was made from: rules added, removed, changed, field by field in words."""
    service, _ = await _asked(request)
    if set(request.query_params) - {"against"}:
        raise InvalidRequestError((Fault("?", "unknown_parameter", "the only parameter is against"),))
    against = request.query_params.get("against")
    other = None if against is None else version_or_missing(against)
    return json_response(await compare_versions(service.context.database, version_or_missing(version), other))


@router.post("/{version}/lint", responses=responses.LINTED, openapi_extra=body(ruleset_views.Lint, IDEMPOTENT))
async def lint(request: Request, version: str) -> Response:
    """Say what can be said against a version with the directory as it is now. Nothing is written."""
    service, principal = await _asked(request)
    raw = await read_body(request)
    parse(ruleset_views.Lint, raw)
    directory = service.context.knowledge.directory

    async def look() -> Account:
        return await lint_version(service.context.database, version_or_missing(version), directory)

    return await look_once(service, once_of(request, principal, raw), look)


@router.post("/{version}/publish", responses=responses.DRAFT, openapi_extra=body(ruleset_views.Publish, IDEMPOTENT))
async def publish(request: Request, version: str) -> Response:
    """Publish a draft, at once or at `effective_at` (at most 90 days ahead); every process uses it within a second.

    Whoever drafted or edited it may not publish it. It is refused when it has lint errors, and when other rules are in
    force than it was made from, unless you name these as `expected_version`.
    """
    service, principal = await _asked(request, "administer")
    raw = await read_body(request)
    given, once = parse(ruleset_views.Publish, raw), once_of(request, principal, raw)
    wanted = Publication(
        version_or_missing(version),
        given.reason,
        given.effective_at,
        given.expected_version,
        given.expected_revision,
        service.two_persons,
        once,
    )
    directory = service.context.knowledge.directory
    return await _once(
        service,
        once,
        lambda: publish_ruleset(service.context.database, wanted, actor=principal.actor, directory=directory),
    )


@router.post("/{version}/discard", responses=responses.DISCARDED, openapi_extra=body(ruleset_views.Reason, IDEMPOTENT))
async def discard(request: Request, version: str) -> Response:
    """Discard a draft, or a published version that is not yet due. It stays readable."""
    service, principal = await _asked(request, "administer")
    raw = await read_body(request)
    given, once = parse(ruleset_views.Reason, raw), once_of(request, principal, raw)
    wanted = Discard(version_or_missing(version), given.reason, once)
    return await _once(service, once, lambda: discard_draft(service.context.database, wanted, actor=principal.actor))


@router.post(
    "/{version}/rollback", responses=responses.ROLLED_BACK, openapi_extra=body(ruleset_views.Reason, IDEMPOTENT)
)
async def rollback(request: Request, version: str) -> Response:
    """Roll the version in force back: the rules before it come back at once as a new version, one step per call.

    The emergency brake: one person is enough. Versions that are published and not yet due are withdrawn with it.
    """
    service, principal = await _asked(request, "administer")
    raw = await read_body(request)
    given, once = parse(ruleset_views.Reason, raw), once_of(request, principal, raw)
    wanted = Rollback(given.reason, version_or_missing(version), once)
    directory = service.context.knowledge.directory
    return await _once(
        service,
        once,
        lambda: rollback_ruleset(service.context.database, wanted, actor=principal.actor, directory=directory),
    )
