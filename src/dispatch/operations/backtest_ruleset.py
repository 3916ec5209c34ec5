"""Back-tests: the stored decisions of some days, decided again by other rules, in the background of one process.

It never holds up dispatching: decisions are read in batches, decided in a thread in slices of some milliseconds, and
after each slice the event loop has as much time for itself. Invariant: one runs at a time, and what is kept is bounded.
A restart loses them: they hold nothing that could not be computed again.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from time import perf_counter
from typing import Any, Final, Literal

import orjson

from dispatch.domain.backtest import MOST_ROWS, Book, Past
from dispatch.domain.decision_input import read_facts, read_input
from dispatch.domain.directory import Directory
from dispatch.domain.errors import NotFoundError, WrongStateError
from dispatch.domain.reasons import ASSUMPTIONS
from dispatch.domain.routing import decide
from dispatch.domain.rows import instant
from dispatch.domain.ruleset import CompiledRuleset
from dispatch.domain.wire import Json
from dispatch.operations.context import Context, Once, dumps
from dispatch.operations.replay import Kept, answer_once
from dispatch.operations.trial import past_ruleset, ruleset_to_try
from dispatch.storage.decisions import Span, StoredDecision, before_span, count_decisions, list_decisions
from dispatch.storage.idempotency import keep_answer

logger = logging.getLogger(__name__)

MOST_KEPT: Final = 5
MOST_DAYS: Final = 366
BATCH: Final = 100
SLICE_S: Final = 0.005
_ASSUMED: Final = ("directory_in_force", "recorded_states")

State = Literal["running", "done", "cancelled", "failed"]


@dataclass(slots=True)
class Backtest:
    """One back-test: what is asked, how far it is, what it found."""

    id: str
    ruleset_version: int
    span: Span
    days: int
    areas: tuple[str, ...]
    directory_version: int
    book: Book = field(default_factory=Book)
    names: dict[str, Json] = field(default_factory=dict)
    state: State = "running"
    total: int | None = None
    seconds: float = 0.0
    cancelling: bool = False

    @property
    def eta_s(self) -> float | None:
        """Guess how long it will still take."""
        if self.state != "running" or not self.total or not self.book.done:
            return None
        return self.seconds / self.book.done * max(0, self.total - self.book.done)

    def data(self) -> Json:
        """Give it without its rows."""
        return {
            "id": self.id,
            "ruleset_version": self.ruleset_version,
            "directory_version": self.directory_version,
            "state": self.state,
            "days": self.days,
            "since": instant(self.span.since),
            "until": instant(self.span.until),
            "incident_type": self.span.incident_type,
            "division": self.span.division,
            "done": self.book.done,
            "total": self.total,
            "seconds": round(self.seconds, 3),
            "eta_s": None if self.eta_s is None else round(self.eta_s, 1),
            "assumptions": [{"code": code, "sentence": asdict(ASSUMPTIONS[code])} for code in _ASSUMED],
            "summary": self.book.summary(self.names),
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which version to try on the decisions of which days, types, divisions. `areas` are the asker's own; None: all."""

    version: int
    days: int
    areas: tuple[str, ...] | None
    incident_type: str | None = None
    division: str | None = None


def new_backtest(context: Context, wanted: Wanted) -> Backtest:
    """Describe a back-test that has not begun."""
    until = context.now()
    since = until - timedelta(days=wanted.days)
    return Backtest(
        id=str(context.new_id()),
        ruleset_version=wanted.version,
        span=Span(since, until, wanted.incident_type, wanted.division, wanted.areas),
        days=wanted.days,
        areas=wanted.areas or (),
        directory_version=context.knowledge.directory.version,
    )


async def start_backtest(context: Context, backtests: "Backtests", wanted: Wanted, *, once: Once | None) -> Kept:
    """Begin a back-test; a repeated key gets the first one's answer and begins none.

    Raises:
        WrongStateError: another is running.
        NotFoundError, InvalidRequestError: the version is none, or not valid.
    """

    async def act() -> str:
        ruleset = await ruleset_to_try(context, wanted.version)
        backtest = new_backtest(context, wanted)
        answer, begun = dumps(backtest.data()), False
        try:
            # Race: of two twins the second waits for the first one's key before it asks whether one is running.
            async with context.database.transaction("backtest") as connection:
                await keep_answer(connection, once, answer)
                backtests.admit(backtest)
            backtests.begin(context, backtest, ruleset)
            begun = True
        finally:
            if not begun:
                backtests.forget(backtest)
        return answer

    return await answer_once(context, once, act)


async def cancel_backtest(context: Context, backtests: "Backtests", backtest_id: str, *, once: Once | None) -> Kept:
    """End a back-test; gives it as it stands then.

    Raises:
        NotFoundError: none of this process.
    """

    async def act() -> str:
        answer = dumps((await backtests.cancel(backtest_id)).data())
        async with context.database.connection() as connection:
            await keep_answer(connection, once, answer)
        return answer

    return await answer_once(context, once, act)


class Backtests:
    """The back-tests of this process: at most one running, the newest few kept."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[str, Backtest] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def admit(self, backtest: Backtest) -> None:
        """Take one in, unless another is running.

        Raises:
            WrongStateError: facts name the one that runs.
        """
        running = next((kept for kept in self._kept.values() if kept.state == "running"), None)
        if running is not None:
            facts: dict[str, object] = {"current": {"id": running.id, "state": running.state}, "allowed": ["cancel"]}
            raise WrongStateError("another back-test is running in this process: wait or cancel it", facts=facts)
        self._kept[backtest.id] = backtest
        while len(self._kept) > MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))

    def begin(self, context: Context, backtest: Backtest, ruleset: CompiledRuleset) -> None:
        """Let it run."""
        task = asyncio.create_task(self._run(context, backtest, ruleset), name=f"backtest-{backtest.id}")
        self._tasks[backtest.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(backtest.id, None))

    def forget(self, backtest: Backtest) -> None:
        """Drop one that never began."""
        self._kept.pop(backtest.id, None)

    def get(self, backtest_id: str) -> Backtest:
        """Give one.

        Raises:
            NotFoundError: none of this process, or too long ago.
        """
        found = self._kept.get(backtest_id)
        if found is None:
            raise NotFoundError("no such back-test in this process: a restart loses them", facts={"id": backtest_id})
        return found

    async def cancel(self, backtest_id: str) -> Backtest:
        """End one after the slice it is in; what it found stays. One that has ended stays as it is."""
        backtest = self.get(backtest_id)
        backtest.cancelling = True
        await self.finished(backtest_id)
        return backtest

    async def finished(self, backtest_id: str) -> None:
        """Wait until one has ended."""
        task = self._tasks.get(backtest_id)
        if task is not None:
            await asyncio.wait([task])

    async def close(self) -> None:
        """End whatever runs."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, context: Context, backtest: Backtest, ruleset: CompiledRuleset) -> None:
        began = perf_counter()
        try:
            async with contextlib.aclosing(_slices(context, backtest, ruleset)) as slices:
                async for _ in slices:
                    backtest.seconds = perf_counter() - began
                    self._stay_within_bounds(backtest)
            backtest.state = "cancelled" if backtest.cancelling else "done"
        except asyncio.CancelledError:
            backtest.state = "cancelled"
            raise
        except Exception:
            backtest.state = "failed"
            logger.exception("a back-test failed", extra={"backtest_id": backtest.id})
        finally:
            backtest.seconds = perf_counter() - began

    def _stay_within_bounds(self, running: Backtest) -> None:
        """Drop the oldest while all rows together are more than one back-test may keep."""
        while sum(len(kept.book.rows) for kept in self._kept.values()) > MOST_ROWS:
            oldest = next(iter(self._kept))
            if oldest == running.id:
                return
            self._kept.pop(oldest)


async def _slices(context: Context, backtest: Backtest, ruleset: CompiledRuleset) -> AsyncGenerator[None]:
    """Decide slice after slice; the event loop has as much time between them as each took."""
    directory = context.knowledge.directory
    backtest.directory_version = directory.version
    async with context.database.connection() as connection:
        backtest.total = await count_decisions(connection, backtest.span)
    after = before_span(backtest.span)
    while not backtest.cancelling:
        async with context.database.connection() as connection:
            batch = await list_decisions(connection, backtest.span, after=after, limit=BATCH)
        if not batch:
            return
        after = batch[-1].incident_id
        waiting = deque(await _read(context, batch))
        slicing = _Slicing(backtest, ruleset, directory, waiting)
        while waiting and not backtest.cancelling:
            began = perf_counter()
            await asyncio.to_thread(slicing.once)
            yield
            await asyncio.sleep(perf_counter() - began)


@dataclass(frozen=True, slots=True)
class _Open:
    """A stored decision with the ruleset that made it; None when that cannot be read any more."""

    stored: StoredDecision
    body: Mapping[str, Any]
    ruleset: CompiledRuleset | None


async def _read(context: Context, batch: list[StoredDecision]) -> list[_Open]:
    bodies = await asyncio.to_thread(lambda: [orjson.loads(stored.body) for stored in batch])
    versions = {body["ruleset_version"] for body in bodies}
    rulesets = {version: await past_ruleset(context, version) for version in versions}
    return [_Open(stored, body, rulesets[body["ruleset_version"]]) for stored, body in zip(batch, bodies, strict=True)]


@dataclass(frozen=True, slots=True)
class _Slicing:
    """Decides what waits, a slice at a time. Runs in a thread: touches nothing that the event loop changes."""

    backtest: Backtest
    ruleset: CompiledRuleset
    directory: Directory
    waiting: deque[_Open]

    def once(self) -> None:
        """Decide one and, as long as the slice lasts, more."""
        until = perf_counter() + SLICE_S
        while self.waiting:
            self._decide(self.waiting.popleft())
            if perf_counter() > until:
                return

    def _decide(self, opened: _Open) -> None:
        stored, body, book = opened.stored, opened.body, self.backtest.book
        if stored.input is None:
            book.skip("no_input")
            return
        if opened.ruleset is None:
            book.skip("unreadable_ruleset")
            return
        request, states = read_input(orjson.loads(stored.input), read_facts(body["facts"]))
        if states is None:
            book.skip("back_entry")
            return
        before = decide(request, opened.ruleset, self.directory, states)
        after = decide(request, self.ruleset, self.directory, states)
        past = Past(stored.incident_id, stored.number, stored.incident_type, stored.division_code, stored.opened_at)
        recorded = frozenset(seen["unit_id"] for seen in body["considered"] if seen["outcome"] == "chosen")
        book.enter(past, before, after, recorded=recorded)
        for rule in (*before.matched, *after.matched):
            self.backtest.names.setdefault(rule.id, {"zh": rule.name_zh, "en": rule.name_en})
