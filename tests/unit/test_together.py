"""Questions that wait are answered together, each by a reading that began after it."""

import asyncio
from collections.abc import Sequence

import pytest

from dispatch.storage.together import MOST_TOGETHER, SIDE_BY_SIDE, Together


class Library:
    """Answers with the number of the reading; a reading waits until it is let go."""

    def __init__(self) -> None:
        self.read: list[list[int]] = []
        self.gates: list[asyncio.Event] = []
        self.questions: Together[int, tuple[int, int]] = Together(self._read)

    async def _read(self, asked: list[int]) -> Sequence[tuple[int, int]]:
        self.read.append(asked)
        number = len(self.read)
        self.gates.append(asyncio.Event())
        await self.gates[-1].wait()
        if 13 in asked:
            message = "nobody reads thirteen"
            raise LookupError(message)
        return [(number, one) for one in asked]

    def ask(self, one: int) -> "asyncio.Task[tuple[int, int]]":
        return asyncio.create_task(self.questions.ask(one))


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_thousand_consoles_that_come_back_do_not_each_ask_the_database() -> None:
    library = Library()
    asked = [library.ask(number) for number in range(1, 13)]
    await turns()
    assert library.read == [list(range(1, 13))]
    library.gates[0].set()
    assert await asyncio.gather(*asked) == [(1, number) for number in range(1, 13)]


async def test_who_comes_while_a_reading_is_under_way_is_not_told_what_that_one_saw() -> None:
    library = Library()
    first = library.ask(1)
    await turns()
    others = [library.ask(2)]
    await turns()
    assert library.read == [[1], [2]], "a second reading goes beside it"
    others += [library.ask(3), library.ask(4)]
    await turns()
    assert len(library.read) == SIDE_BY_SIDE
    library.gates[0].set()
    await turns()
    assert library.read == [[1], [2], [3, 4]]
    for gate in library.gates:
        gate.set()
    assert await first == (1, 1)
    assert await asyncio.gather(*others) == [(2, 2), (3, 3), (3, 4)]


async def test_a_reading_that_fails_is_told_to_all_who_waited_for_it_and_the_next_one_goes_on() -> None:
    library = Library()
    asked = [library.ask(1), library.ask(13)]
    await turns()
    library.gates[0].set()
    for one in asked:
        with pytest.raises(LookupError):
            await one
    again = library.ask(2)
    await turns()
    library.gates[1].set()
    assert await again == (2, 2)


async def test_who_left_while_waiting_is_not_read_for() -> None:
    library = Library()
    busy = [library.ask(1)]
    await turns()
    busy.append(library.ask(2))
    await turns()
    gone, stays = library.ask(3), library.ask(4)
    await turns()
    gone.cancel()
    library.gates[0].set()
    await turns()
    assert library.read[2] == [4]
    for gate in library.gates:
        gate.set()
    assert await stays == (3, 4)
    await asyncio.gather(*busy)


async def test_no_reading_takes_more_than_it_can_hold() -> None:
    library = Library()
    asked = [library.ask(100 + number) for number in range(MOST_TOGETHER + 1)]
    await turns()
    assert [len(one) for one in library.read] == [MOST_TOGETHER, 1]
    for gate in library.gates:
        gate.set()
    await asyncio.gather(*asked)
