"""A supervised loop: whatever a pass does, the next one comes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.jobs import loop as module
from dispatch.jobs import timers
from dispatch.jobs.loop import Loop, every, on_the_beat
from dispatch.jobs.timers import HELD_S, TimerLoop
from dispatch.operations.context import Context
from dispatch.operations.escalate_overdue import Fired


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the loop sleep in no time."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(module, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    return slept


async def run(acts: list[Callable[[], Awaitable[object]]], **options: float) -> tuple[Loop, int]:
    passes = 0

    async def once() -> None:
        nonlocal passes
        passes += 1
        await acts[passes - 1]()

    async def pause() -> None:
        if passes == len(acts):
            raise asyncio.CancelledError

    loop = Loop("x", once, pause, **options)
    loop.succeeded_at = -1e9
    with pytest.raises(asyncio.CancelledError):
        await loop.run()
    return loop, passes


async def well() -> None:
    await asyncio.sleep(0)


async def bug() -> None:
    raise ZeroDivisionError


async def outage() -> None:
    raise DatabaseUnavailableError("gone", facts={"cause": "x"})


async def for_ever() -> None:
    await asyncio.Event().wait()


@pytest.mark.expects_error_log
async def test_a_bug_in_one_pass_does_not_end_the_loop(slept: list[float]) -> None:
    loop, passes = await run([bug, bug, well])
    assert passes == 3
    assert loop.is_healthy
    assert len(slept) == 2


async def cut_off() -> None:
    other = asyncio.get_running_loop().create_future()
    other.cancel()
    await other


@pytest.mark.expects_error_log
async def test_something_cancelled_that_a_pass_waited_for_does_not_end_the_loop_in_silence(slept: list[float]) -> None:
    loop, passes = await run([cut_off, well])
    assert passes == 2
    assert loop.is_healthy


async def test_a_loop_that_is_told_to_end_ends_in_the_middle_of_a_pass() -> None:
    running = asyncio.create_task(Loop("x", for_ever, well).run())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_database_that_is_away_is_a_warning_and_no_more(
    slept: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    loop, passes = await run([outage, outage])
    assert passes == 2
    assert not loop.is_healthy
    assert {record.levelname for record in caplog.records} <= {"WARNING"}


@pytest.mark.expects_error_log
async def test_a_pass_that_hangs_is_cut_off_at_its_deadline(slept: list[float]) -> None:
    loop, passes = await run([for_ever, well], deadline_s=0.01)
    assert passes == 2
    assert loop.is_healthy


async def test_a_loop_that_does_not_succeed_is_not_healthy() -> None:
    loop = Loop("x", well, well, healthy_within_s=5)
    assert loop.is_healthy
    loop.succeeded_at -= 6
    assert not loop.is_healthy


async def test_a_loop_whose_work_was_just_done_rests_before_its_first_pass() -> None:
    done: list[str] = []

    async def once() -> None:
        done.append("pass")

    async def pause() -> None:
        done.append("rest")
        if len(done) > 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Loop("x", once, pause, rests_first=True).run()
    assert done == ["rest", "pass", "rest"]


async def test_pausing_takes_the_time_that_was_asked_for(slept: list[float]) -> None:
    await every(2.5)()
    assert slept == [2.5]


async def test_a_heartbeat_does_not_drift_however_long_its_pass_takes(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    pause = on_the_beat(5.0)
    for took in (0.0, 1.5, 4.9, 7.0, 0.5):
        now += took
        await pause()
        now += slept[-1]
    assert slept == pytest.approx([5.0, 3.5, 0.1, 0.0, 4.5])


async def test_a_due_timer_whose_incident_somebody_holds_is_not_asked_about_a_thousand_times_a_second(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    acted: list[Fired] = []

    async def act(_: object) -> list[Fired]:
        return acted

    async def earliest(_: object) -> datetime:
        return now - timedelta(seconds=1)

    monkeypatch.setattr(timers, "escalate_overdue", act)
    monkeypatch.setattr(timers, "earliest", earliest)
    monkeypatch.setattr(timers, "asyncio", module.asyncio)
    loop = TimerLoop(cast("Context", SimpleNamespace(now=lambda: now)))
    for fired in ([], [Fired("subject", 0.0, "actual")]):
        acted = fired
        await loop.once()
        await loop.pause()
    assert slept == [HELD_S, 0.001]
