"""Health that tells the truth: the process, its readiness, the largest overdue timer, the metrics."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dispatch.api import responses
from dispatch.api.answers import json_response
from dispatch.api.dependencies import service_of
from dispatch.storage.timers import largest_overdue_ms, unarmed_assignments
from dispatch.telemetry import REGISTRY

router: Final = APIRouter(tags=["health"])
Readiness = Callable[[], Awaitable[dict[str, bool]]]
LATE_MS = 5_000.0


@router.get("/healthz", responses=responses.HEALTH)
async def healthz() -> Response:
    """Say that the process answers."""
    return json_response({"status": "ok"})


@router.get("/readyz", responses=responses.READY)
async def readyz(request: Request) -> Response:
    """Say whether calls can be taken: database, migrations, every loop. 503 names what is not well.

    A stored ruleset that cannot be read is a warning only: calls are taken by the rules in use.
    """
    ready: Readiness = request.app.state.readiness
    checks = await ready()
    well = all(checks.values())
    content = {"status": "ready" if well else "not_ready", "checks": checks, "warnings": _warnings(request)}
    return json_response(content, status=200 if well else 503)


def _warnings(request: Request) -> list[str]:
    knowledge = service_of(request).context.knowledge
    if knowledge.refused is None:
        return []
    version, used = knowledge.refused.version, knowledge.ruleset.version
    return [f"ruleset {version} cannot be read, {used} stays in use: {knowledge.refused.detail}"]


@router.get("/healthz/escalation", responses=responses.ESCALATION)
async def escalation(request: Request) -> Response:
    """Say how late the latest timer is and whether an open assignment has none. 503 when either is not well."""
    async with service_of(request).context.database.connection() as connection:
        overdue_ms = await largest_overdue_ms(connection)
        unarmed = await unarmed_assignments(connection)
    well = overdue_ms < LATE_MS and unarmed == 0
    content = {"largest_overdue_ms": round(overdue_ms, 1), "unarmed_assignments": unarmed}
    return json_response({"status": "ok" if well else "late", **content}, status=200 if well else 503)


@router.get("/metrics", responses=responses.METRICS, response_class=PlainTextResponse)
async def metrics() -> Response:
    """Give the metrics in Prometheus' text format."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
