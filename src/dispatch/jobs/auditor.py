"""The auditor: every few seconds it is proven that nobody is forgotten. In every server, and in `dispatch audit`.

Never retried, never silent: a pass that fails is an error in the log, counted, and keeps the dead man's switch quiet;
the next pass is a new one. It never fails its loop: a server that cannot be audited still takes calls.
"""

import asyncio
import logging

from dispatch.operations.audit_now import Audited, Ground, audit_now
from dispatch.outside.dead_man import DeadMan, SignLostError
from dispatch.telemetry import AUDIT_FINDINGS, AUDITS, DEAD_MAN_SIGNS

logger = logging.getLogger(__name__)
WITHIN_S = 10.0
SIGN_WITHIN_S = 5.0


class Auditor:
    """Makes one audit at a time and gives the sign of life when it was complete and found nothing."""

    def __init__(self, ground: Ground, dead_man: DeadMan | None) -> None:
        """Keep what is audited, and whom to tell that all is well."""
        self._ground = ground
        self._dead_man = dead_man
        self.failure: str | None = None
        """Why the last audit could not be made; None when it was."""

    async def once(self) -> Audited | None:
        """Audit once; None when it could not be made."""
        try:
            async with asyncio.timeout(WITHIN_S):
                audited = await audit_now(self._ground)
        except Exception as error:
            self.failure = str(error) or type(error).__name__
            AUDITS.labels("failed").inc()
            logger.exception("the audit could not be made: nothing is known to be well")
            return None
        self.failure = None
        self._note(audited)
        if self._dead_man is not None and not audited.findings:
            await self._sign(self._dead_man)
        return audited

    def _note(self, audited: Audited) -> None:
        AUDITS.labels("findings" if audited.findings else "well").inc()
        AUDIT_FINDINGS.clear()
        for finding in audited.findings:
            AUDIT_FINDINGS.labels(finding.code).set(finding.count)
        by_code = {finding.code: finding for finding in audited.findings}
        for alarm in audited.raised:
            found = next((finding for code, finding in by_code.items() if code == alarm.code), None)
            logger.error("the audit found something", extra={"finding": found and found.data()})
        for alarm in audited.cleared:
            logger.warning("what the audit had found is gone", extra={"code": alarm.code})

    async def _sign(self, dead_man: DeadMan) -> None:
        try:
            async with asyncio.timeout(SIGN_WITHIN_S):
                await dead_man.sign()
        except (SignLostError, TimeoutError) as error:
            DEAD_MAN_SIGNS.labels("lost").inc()
            logger.warning("the sign of life was lost", extra={"cause": str(error) or type(error).__name__})
        else:
            DEAD_MAN_SIGNS.labels("given").inc()
