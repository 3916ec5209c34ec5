"""The auditor as tests use it: it looks when it is told to, with limits that a test need not wait for."""

import asyncio
from dataclasses import replace
from typing import Any

from dispatch.assembly import new_id
from dispatch.domain.audit_findings import LIMITS, Limits
from dispatch.jobs.auditor import Auditor
from dispatch.operations.audit_now import Ground
from dispatch.operations.context import commit_seen
from dispatch.outside.dead_man import DeadMan
from tests.support.alive import Outside
from tests.support.city import City

SHORT = replace(LIMITS, watermark_s=0.2, delivery_s=5.0, settle_s=0.0)


def auditor_of(city: City, outside: Outside | None = None, limits: Limits = SHORT) -> Auditor:
    context = city.process.context

    def publish(written: Any) -> None:
        commit_seen(context, written)

    return Auditor(Ground(context.database, new_id, publish, limits), DeadMan(outside.url) if outside else None)


async def found(auditor: Auditor) -> list[str]:
    audited = await auditor.once()
    assert audited is not None, auditor.failure
    return [finding.code for finding in audited.findings]


async def stop_loop(city: City, name: str) -> None:
    """Stop a loop, as if it hung."""
    task = next(task for task in city.process.tasks if task.get_name() == name)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def code_of(frame: dict[str, Any]) -> str:
    return str(frame["facts"]["alarm"]["code"])


async def until_found(auditor: Auditor, code: str) -> tuple[str, ...]:
    """Audit until something is found; gives its names."""
    async with asyncio.timeout(30):
        while True:
            audited = await auditor.once()
            assert audited is not None, auditor.failure
            if found := [finding for finding in audited.findings if finding.code == code]:
                return found[0].names
            await asyncio.sleep(0.1)
