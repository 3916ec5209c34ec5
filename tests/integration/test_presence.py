"""Which units have somebody at a console is known in every process, whatever the database forgets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import pytest

from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.domain.presence import Presence
from dispatch.jobs import presence as presence_loop
from dispatch.jobs.presence import Here, PresenceLoop
from dispatch.storage.database import Database
from dispatch.storage.presence import Sign, Told
from dispatch.storage.timers import database_now

UNITS = [str(uuid4()) for _ in range(3)]


@dataclass
class Process:
    """What a process knows of who is there, without anything else of it."""

    database: Database
    presence: Presence
    live: set[str] = field(default_factory=set)
    epoch: str = "before"

    def __post_init__(self) -> None:
        self.id = str(uuid4())
        self.loop = PresenceLoop(
            self.database, self.presence, Here(lambda: Sign(self.id, "x"), lambda: set(self.live), lambda: self.epoch)
        )


@pytest.fixture
async def pair(clean_database: str) -> AsyncIterator[tuple[Process, Process]]:
    database = Database(clean_database, pool_size=2)
    await database.open()
    async with database.connection() as connection:
        started_at = await database_now(connection) - timedelta(hours=1)
    yield Process(database, Presence(started_at)), Process(database, Presence(started_at))
    await database.close()


async def look(*processes: Process) -> None:
    for _ in range(2):
        for process in processes:
            await process.loop.once()


async def silent_in(process: Process) -> list[bool]:
    async with process.database.connection() as connection:
        now = await database_now(connection) + timedelta(seconds=1)
    return [not process.presence.is_there(unit, now) for unit in UNITS]


async def forget(process: Process, *statements: str) -> None:
    """Lose what a promoted standby had not received yet."""
    async with process.database.connection() as connection:
        for statement in statements:
            await connection.execute(statement)


@pytest.mark.parametrize("lost", ["DELETE FROM console_presence", "DELETE FROM process"])
async def test_nobody_at_a_console_is_called_absent_after_a_failover_that_lost_the_rows(
    pair: tuple[Process, Process], lost: str
) -> None:
    one, other = pair
    one.live = set(UNITS[:2])
    await look(one, other)
    assert await silent_in(other) == [False, False, True]
    await forget(one, lost)
    one.epoch = other.epoch = "after"
    successor = Process(one.database, Presence(one.presence.since))
    await look(one, other, successor)
    other.presence.since -= timedelta(hours=1)  # the time in which all consoles come back is over
    for process in (other, successor):
        assert await silent_in(process) == [False, False, True]


async def test_whoever_left_shortly_before_a_failover_does_not_count_as_there_for_ever(
    pair: tuple[Process, Process],
) -> None:
    one, other = pair
    one.live = set(UNITS)
    await look(one, other)
    one.live = {UNITS[0]}
    await look(one, other)
    await forget(one, "UPDATE console_presence SET gone_at = NULL")  # the standby has not heard that they left
    one.epoch = other.epoch = "after"
    await look(one, other)
    async with one.database.connection() as connection:
        there = await connection.fetch("SELECT unit_id::text FROM console_presence WHERE gone_at IS NULL")
    assert [row["unit_id"] for row in there] == [UNITS[0]]


async def test_what_is_told_to_a_primary_whose_clock_is_behind_is_read_all_the_same(
    pair: tuple[Process, Process],
) -> None:
    one, other = pair
    one.live = set(UNITS)
    await look(one, other)
    await forget(one, "UPDATE console_presence SET changed_at = changed_at + interval '1 hour'")
    await look(other)
    one.live = set(UNITS[:1])
    one.epoch = other.epoch = "after"
    await look(one, other)
    assert [other.presence.sightings[unit][one.id].gone_at is None for unit in UNITS] == [True, False, False]


async def test_consoles_that_are_only_now_coming_back_are_given_their_time(pair: tuple[Process, Process]) -> None:
    one, other = pair
    one.live = set(UNITS)
    await look(one, other)
    one.live = set()  # every socket was closed: another epoch
    await forget(one, "DELETE FROM console_presence")
    one.epoch = other.epoch = "after"
    await look(one, other)
    assert await silent_in(one) == await silent_in(other) == [False, False, False]


async def test_a_process_that_was_forgotten_while_it_hung_tells_of_its_consoles_anew(
    pair: tuple[Process, Process],
) -> None:
    one, other = pair
    one.live = set(UNITS[:1])
    await look(one, other)
    await forget(one, f"DELETE FROM process WHERE id = '{one.id}'")
    await other.loop.once()
    assert await silent_in(other) == [True, True, True]
    await look(one, other)
    assert await silent_in(other) == [False, True, True]


async def test_whoever_comes_and_leaves_around_a_pass_that_fails_does_not_count_as_there_for_ever(
    pair: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    await look(one, other)

    async def lost(*_: object) -> list[Told]:
        message = "the connection is lost after they were told"
        raise ConnectionError(message)

    one.live = set(UNITS)
    monkeypatch.setattr(presence_loop, "list_presence", lost)
    with pytest.raises(DatabaseUnavailableError):
        await one.loop.once()
    monkeypatch.undo()
    one.live = set()
    await look(one, other)
    assert [other.presence.sightings[unit][one.id].gone_at is None for unit in UNITS] == [False, False, False]
