"""Reading together: questions that arrive while others are being answered are answered by the next reading, at once.

After a restart a thousand consoles ask the same few things within a second: they cost some ten readings, not thousands
of round trips. Invariants: a question is answered only by a reading that began after it; a lone one waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

Asked = TypeVar("Asked")
Found = TypeVar("Found")

MOST_TOGETHER: Final = 250
"""So many in one reading: what it finds is in memory all at once."""
SIDE_BY_SIDE: Final = 2
"""So many readings are on their way at a time: one that is slow does not keep everybody waiting."""


class Together(Generic[Asked, Found]):
    """Answers questions of one kind; `read` gives the answers in the order of the questions."""

    def __init__(self, read: Callable[[list[Asked]], Awaitable[Sequence[Found]]]) -> None:
        """Start with nobody asking."""
        self._read = read
        self._waiting: list[tuple[Asked, asyncio.Future[Found]]] = []
        self._readings: set[asyncio.Task[None]] = set()
        self._begins: asyncio.Handle | None = None

    async def ask(self, asked: Asked) -> Found:
        """Give the answer.

        Raises:
            Exception: whatever the reading raised, to everybody who asked with this one.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Found] = loop.create_future()
        self._waiting.append((asked, answer))
        self._begin_soon()
        return await answer

    def _begin_soon(self) -> None:
        if self._begins is None and self._waiting and len(self._readings) < SIDE_BY_SIDE:
            # Not before the end of this turn of the event loop: who else was heard in it asks too.
            self._begins = asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        self._begins = None
        group, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        if group := [one for one in group if not one[1].done()]:  # whoever left asks nothing any more
            reading = asyncio.create_task(self._answer(group), name="together")
            self._readings.add(reading)
            reading.add_done_callback(self._ended)
        self._begin_soon()

    def _ended(self, reading: "asyncio.Task[None]") -> None:
        self._readings.discard(reading)
        self._begin_soon()

    async def _answer(self, group: "list[tuple[Asked, asyncio.Future[Found]]]") -> None:
        try:
            found = await self._read([asked for asked, _ in group])
        except BaseException as error:
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for (_, answer), one in zip(group, found, strict=True):
                if not answer.done():
                    answer.set_result(one)
