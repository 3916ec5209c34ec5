"""Group commit: calls that arrive while others' statements are on their way are written together by the next one.

Invariant: every caller gets the answer of its own report, and only after its commit. A lone report is never held back;
nobody waits for another's statement for longer than `PATIENCE_S`, and nobody fails because of another's report.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from dispatch.storage.database import Database
from dispatch.storage.report import Report, Reported, insert_report
from dispatch.storage.report_group import GroupRefusedError, go_together, insert_group
from dispatch.storage.written import TwinError

MOST_TOGETHER: Final = 16
"""So many in one statement: more gain little, all wait for the last, and a lost connection is felt by each of them."""
SIDE_BY_SIDE: Final = 2
"""So many statements are on their way before a call waits for one of them: while there is room nobody waits."""
PATIENCE_S: Final = 0.05
"""A statement that takes longer (a lock, a slow disk) is overtaken on another connection."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A report and the future of its answer."""

    report: Report
    outcome: "asyncio.Future[Reported | None]"

    def settle(self, drawn: Reported | None) -> None:
        if not self.outcome.done():
            self.outcome.set_result(drawn)

    def fail(self, error: BaseException) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)


class GroupCommit:
    """Writes reports, several at a time when several wait."""

    def __init__(self, database: Database) -> None:
        """Start with nothing waiting."""
        self._database = database
        self._waiting: list[_Waiting] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._awaited: list[list[_Waiting]] = []
        """The groups whose statements are on their way, oldest first, but for those that were overtaken."""
        self._begins: asyncio.Handle | None = None
        self._overtakes: asyncio.TimerHandle | None = None

    async def write(self, report: Report) -> Reported | None:
        """Write a report. None when the press must join the open incident of its device: nothing was written.

        A device's press goes by itself: it may have to wait for another press of the same button. So does what is
        entered from paper: it is in no hurry.

        Raises:
            TwinError: the idempotency key is already there; nothing was written.
            ClaimLostError: an exclusive unit was taken meanwhile; nothing was written.
        """
        if report.device_id is not None or report.occurred_at is not None:
            return await insert_report(self._database, report)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(report, loop.create_future())
        self._waiting.append(waiting)
        if len(self._awaited) >= SIDE_BY_SIDE:
            self._be_patient()
        elif self._begins is None:
            # Not before the end of this turn of the event loop: what was read from other sockets in it comes along.
            self._begins = loop.call_soon(self._begin)
        return await waiting.outcome

    def _begin(self) -> None:
        self._begins = None
        if group := self._take():
            self._awaited.append(group)
            task = asyncio.create_task(self._write(group), name="group_commit")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._waiting:
            self._be_patient()

    def _be_patient(self) -> None:
        self._overtakes = self._overtakes or asyncio.get_running_loop().call_later(PATIENCE_S, self._overtake)

    def _overtake(self) -> None:
        self._overtakes = None
        del self._awaited[:1]
        self._begin()

    def _go_on(self, group: list[_Waiting]) -> None:
        """Let those go on who wait for this group's statement; whoever was overtaken keeps nobody waiting."""
        if group in self._awaited:
            self._awaited.remove(group)
            if self._overtakes is not None:
                self._overtakes.cancel()
                self._overtakes = None
            self._begin()

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        later: list[_Waiting] = []
        for waiting in self._waiting:
            if waiting.outcome.done():  # whoever sent it is gone
                continue
            others = [one.report for one in group]
            fits = len(group) < MOST_TOGETHER and go_together(waiting.report, others)
            (group if fits else later).append(waiting)
        self._waiting = later
        return group

    async def _write(self, group: list[_Waiting]) -> None:
        try:
            if len(group) == 1:
                await self._alone(group[0])
            else:
                await self._together(group)
        finally:
            self._go_on(group)

    async def _alone(self, waiting: _Waiting) -> None:
        try:
            waiting.settle(await insert_report(self._database, waiting.report))
        except BaseException as error:
            waiting.fail(error)
            if not isinstance(error, Exception):
                raise

    async def _together(self, group: list[_Waiting]) -> None:
        try:
            async with self._database.connection() as connection:
                drawn = await insert_group(connection, [waiting.report for waiting in group])
        except GroupRefusedError:
            self._go_on(group)
            await asyncio.gather(*(self._alone(waiting) for waiting in group))
        except BaseException as error:
            for waiting in group:
                waiting.fail(error)
            if not isinstance(error, Exception):
                raise
        else:
            for waiting, one in zip(group, drawn, strict=True):
                if one is None:
                    waiting.fail(TwinError())
                else:
                    waiting.settle(one)
