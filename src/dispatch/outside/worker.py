"""Threads for what can only block: each owner has its own, so that whatever hangs hangs nobody else.

They are daemons: a provider that never answers does not keep the process from ending.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, TypeVar

Result = TypeVar("Result")
MOST_WAITING: Final = 1000


class BusyError(Exception):
    """All threads hang, and as many wait as may."""


class Worker:
    """A few threads of one owner; started when they are first needed."""

    def __init__(self, name: str, *, threads: int) -> None:
        """Name the threads; none runs yet."""
        self._name = name
        self._most = threads
        self._threads: list[threading.Thread] = []
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()

    async def run(self, act: Callable[[], Result], *, within_s: float) -> Result:
        """Run something that blocks. What has not begun when the time is over is not begun any more.

        Raises:
            TimeoutError: it took longer, or its turn did not come; if it had begun, how it ends is not known.
            BusyError: too many wait.
        """
        if self._queue.qsize() >= MOST_WAITING:
            raise BusyError(f"{self._name}: {MOST_WAITING} are waiting")
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        future: Future[Result] = Future()
        self._queue.put((future, act))
        async with asyncio.timeout(within_s):
            return await asyncio.wrap_future(future)

    def _work(self) -> None:
        while True:
            future, act = self._queue.get()
            if not future.set_running_or_notify_cancel():
                continue
            with suppress(InvalidStateError):
                try:
                    result = act()
                except Exception as error:  # noqa: BLE001 - whatever it was, whoever waits for it is told
                    future.set_exception(error)
                else:
                    future.set_result(result)
