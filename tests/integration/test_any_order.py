"""Thousands of random steps by callers, units, the desk, gateways and the clock on a few incidents, under any ladder.

Then everything is asked: legal states only, versions without gaps, timers armed, audit whole; silence had the
consequences that the ladder names and no others; what consoles were told is what a fresh one sees.
"""

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from dispatch.demo.access import Access
from dispatch.domain.ladder import CHOOSABLE, LIMITS, TARGETS, parse_ladder
from dispatch.domain.presence import GRACE
from dispatch.operations.finish_delivery import finish_delivery
from dispatch.operations.refresh_knowledge import refresh_knowledge, reload_states
from dispatch.storage.delivery import Outcome, Wanted, claim_attempts
from tests.support.city import CLEAN, COMMUNITY, FOUR, HOSPITAL_CALL, POLICE, City, Console, running
from tests.support.history import Silence, read_history
from tests.support.law import apply, comparable, from_snapshot

REASON = {"reason": "随机"}
UNIT_VERBS: dict[str, dict[str, Any]] = {
    "receipt": {"state": "delivered"},
    "acknowledge": {},
    "depart": {},
    "arrive": {},
    "feedback": {"outcome": "handled"},
    "complete": {},
    "decline": {"reason": "busy"},
    "return": REASON,
}
DESK_VERBS: dict[str, dict[str, Any]] = {"urge": {}, "excuse": REASON, "revoke": REASON, "reassign": REASON}
INCIDENT_VERBS: dict[str, dict[str, Any]] = {
    "note": {"text": "记录"},
    "raise": {"severity": "II", "urgency": "critical", "tags": ["injured"], "reason": "加重"},
    "suspend": REASON,
    "resume": REASON,
    "close": {"disposition": "handled", "text": "完"},
    "cancel": {"false_alarm": True},
    "reopen": REASON,
    "transfer": {"receiver": "邻市", "reason": "不在本市"},
}
CALLS: tuple[dict[str, Any], ...] = (
    {},
    {"incident_type": "traffic.accident", "place_kind": None},
    {"incident_type": "violence.armed", "tags": ["weapon"]},
)
CHANNELS = ("push", "sms", "voice")
TIMES = st.sampled_from((4, 17, 45, 400))
LADDERS = st.fixed_dictionaries(
    {
        "agency": st.sampled_from((None, "police", "justice", "health")),
        "urgency": st.sampled_from((None, "urgent", "critical")),
        "channels": st.lists(st.sampled_from((*CHANNELS, "not_set_up")), unique=True, max_size=3),
        "next_channel_s": TIMES,
        "limits": st.dictionaries(st.sampled_from(LIMITS), TIMES, max_size=3),
        "escalate": st.lists(st.sampled_from(TARGETS), unique=True),
        "steps": st.fixed_dictionaries({}, optional={name: st.sampled_from(acts) for name, acts in CHOOSABLE.items()}),
    }
).filter(lambda drawn: (drawn["agency"], drawn["urgency"]) != ("police", "critical"))
"""An agency's own rungs: other limits, other channels, another answer to each silence; the city has one itself."""
MOST_INCIDENTS = 4
OUTCOMES = (
    Outcome("sent", "p-1"),
    Outcome("failed_permanent", None, "refused"),
    Outcome("failed_temporary", None, "later", 0.0),
)
FINE = {200, 201, 204, 403, 404, 409, 422}


@dataclass
class Away:
    """Whose consoles are not open; all others' are."""

    units: frozenset[str]
    grace: timedelta = GRACE
    sightings: dict[str, Any] = field(default_factory=dict)

    def is_there(self, unit_id: str, _now: object) -> bool:
        return unit_id not in self.units


class Town:
    """The service and its consoles in an event loop of their own, so that steps can be taken one by one."""

    def __init__(self, url: str, access: Access) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self.city: City = self.do(self._stack.enter_async_context(running(url, access)))
        self.desk: httpx.AsyncClient
        self.units = {code: self.city.unit(code) for code in FOUR}
        self.caller = self.city.integrator()
        self.steps = 0

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def close(self) -> None:
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def begin(self, drawn: dict[str, Any] | None) -> dict[str, Console]:
        return dict(self.do(self._begin(drawn)))

    async def _begin(self, drawn: dict[str, Any] | None) -> dict[str, Console]:
        for console in self.city.consoles:
            await console.leave()
        self.city.consoles.clear()
        self.city.offset = timedelta()
        await self.city.sql.execute("BEGIN;" + CLEAN + "COMMIT")
        await self._follow(drawn)
        await reload_states(self.city.process.database, self.city.process.context.knowledge)
        self.desk = await self.city.person()
        return {
            "desk": await self.city.console(client=self.desk),
            "police": await self.city.unit_console(POLICE),
            "community": await self.city.unit_console(COMMUNITY),
        }

    async def _follow(self, drawn: dict[str, Any] | None) -> None:
        """Let a ladder stand beside the city's own, or none."""
        process = self.city.process
        process.context.paging_channels, process.context.presence = CHANNELS, None
        if drawn is not None:
            row = asdict(parse_ladder(drawn | {"code": "test"}, "/ladders/test"))
            await self.city.sql.execute(
                "INSERT INTO ladder SELECT * FROM json_populate_record(NULL::ladder, $1::json)", json.dumps(row)
            )
            await self.city.sql.execute("UPDATE directory_version SET version = version + 1")
        await refresh_knowledge(process.database, process.context.knowledge)

    async def deliver(self, channel: str, outcome: Outcome) -> None:
        """Let a gateway take, refuse or put off what waits for it."""
        context = self.city.process.context
        async with context.database.connection() as connection:
            attempts = await claim_attempts(connection, Wanted(channel, 0, 3, 3))
        for attempt in attempts:
            await finish_delivery(context, attempt, outcome)

    async def sent_message(self, at: int) -> str | None:
        tokens = await self.city.sql.fetch(
            "SELECT receipt_token::text FROM delivery_attempt WHERE receipt_token IS NOT NULL ORDER BY created_at, id"
        )
        return str(tokens[at % len(tokens)][0]) if tokens else None

    async def picture(self, name: str) -> dict[str, Any]:
        codes = {"police": POLICE, "community": COMMUNITY}
        fresh = await (self.city.unit_console(codes[name]) if name in codes else self.city.console(client=self.desk))
        return dict(await fresh.until(_snapshot_of))


def _snapshot_of(console: Console) -> Any:
    return next((frame for frame in console.frames if frame["type"] == "snapshot"), None)


class AnyOrder(RuleBasedStateMachine):
    """What anybody may try at any time. A refusal is fine, an error of ours or an impossible history is not."""

    town: Town

    @initialize(ladder=st.none() | LADDERS, silent_for=st.sampled_from((130, 0)))
    def begin(self, ladder: dict[str, Any] | None, silent_for: int) -> None:
        self.consoles = self.town.begin(ladder)
        self.incidents: list[str] = []
        self.call(CALLS[0])
        if silent_for:
            self.wait(silent_for)

    def post(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any], *, twice: bool = False
    ) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4())}
        answer = self.town.do(client.post(f"/api/v1{path}", json=body, headers=headers))
        self.town.steps += 1
        assert answer.status_code in FINE, (path, body, answer.status_code, answer.text)
        if twice and answer.status_code in {200, 201}:
            again = self.town.do(client.post(f"/api/v1{path}", json=body, headers=headers))
            assert (again.status_code, again.content) == (answer.status_code, answer.content), (path, body)
            assert again.headers.get("Idempotency-Replayed") == "true"
        return answer

    @rule(call=st.sampled_from(CALLS), twice=st.booleans())
    @precondition(lambda self: len(self.incidents) < MOST_INCIDENTS)
    def call(self, call: dict[str, Any], twice: bool = False) -> None:
        body = {key: value for key, value in (HOSPITAL_CALL | call).items() if value is not None}
        self._know(self.post(self.town.caller, "/incidents", body, twice=twice))

    @rule()
    def press(self) -> None:
        answer = self.town.do(self.town.city.press())
        assert answer.status_code == 201, answer.text
        self._know(answer)

    def _know(self, answer: httpx.Response) -> None:
        assert answer.status_code == 201, answer.text
        incident = answer.json()["incident"]["id"]
        if incident not in self.incidents:
            self.incidents.append(incident)

    @rule(
        code=st.sampled_from(FOUR), verb=st.sampled_from(sorted(UNIT_VERBS)), at=st.integers(0, 3), twice=st.booleans()
    )
    def work(self, code: str, verb: str, at: int, twice: bool) -> None:
        assignment = self._assignment(code, at)
        if assignment is not None:
            self.post(self.town.units[code], f"/assignments/{assignment}/{verb}", UNIT_VERBS[verb], twice=twice)

    @rule(code=st.sampled_from(FOUR), at=st.integers(0, 3))
    def work_through(self, code: str, at: int) -> None:
        assignment = self._assignment(code, at)
        for verb in ("acknowledge", "depart", "arrive", "feedback", "complete"):
            if assignment is not None:
                self.post(self.town.units[code], f"/assignments/{assignment}/{verb}", UNIT_VERBS[verb])

    @rule(code=st.sampled_from(FOUR), verb=st.sampled_from(sorted(DESK_VERBS)), at=st.integers(0, 3))
    def direct_unit(self, code: str, verb: str, at: int) -> None:
        assignment = self._assignment(code, at)
        if assignment is not None:
            self.post(self.town.desk, f"/assignments/{assignment}/{verb}", DESK_VERBS[verb], twice=True)

    @rule(verb=st.sampled_from(sorted(INCIDENT_VERBS)), at=st.integers(0, 3), twice=st.booleans())
    def direct(self, verb: str, at: int, twice: bool) -> None:
        self.post(self.town.desk, f"/incidents/{self._incident(at)}/{verb}", INCIDENT_VERBS[verb], twice=twice)

    @rule(at=st.integers(0, 3), into=st.integers(0, 3))
    def merge(self, at: int, into: int) -> None:
        body = {"into": self._incident(into), "reason": "同一事"}
        self.post(self.town.desk, f"/incidents/{self._incident(at)}/merge", body)

    @rule(
        at=st.integers(0, 3), code=st.sampled_from(("430304001-PCS", *FOUR)), role=st.sampled_from(("lead", "support"))
    )
    def send(self, at: int, code: str, role: str) -> None:
        body = {"units": [{"unit_id": self.town.city.unit_id(code), "role": role}]}
        self.post(self.town.desk, f"/incidents/{self._incident(at)}/dispatch", body)

    @rule(code=st.sampled_from(FOUR), status=st.sampled_from(("available", "off_duty", "out_of_service")))
    def duty(self, code: str, status: str) -> None:
        body = {"status": status, "reason": "换班"}
        self.post(self.town.units[code], f"/units/{self.town.city.unit_id(code)}/status", body)

    @rule(codes=st.sets(st.sampled_from(FOUR)))
    def open_consoles_of_others_than(self, codes: set[str]) -> None:
        away = Away(frozenset(self.town.city.unit_id(code) for code in codes))
        self.town.city.process.context.presence = away  # type: ignore[assignment]

    @rule(channel=st.sampled_from(CHANNELS), outcome=st.sampled_from(OUTCOMES))
    def deliver(self, channel: str, outcome: Outcome) -> None:
        self.town.do(self.town.deliver(channel, outcome))
        self.town.steps += 1

    @rule(at=st.integers(0, 9), state=st.sampled_from(("delivered", "seen")), twice=st.booleans())
    def show(self, at: int, state: str, twice: bool) -> None:
        token = self.town.do(self.town.sent_message(at))
        if token is not None:
            self.post(self.town.caller, "/push/receipts", {"token": token, "state": state}, twice=twice)

    @rule(seconds=st.sampled_from((5, 16, 31, 61, 301, 2000)))
    def wait(self, seconds: int) -> None:
        self.town.do(self.town.city.forward(seconds))
        self.town.steps += 1

    @rule(rungs=st.integers(1, 3))
    def nobody_answers(self, rungs: int) -> None:
        for _ in range(rungs):
            self.wait(61)

    def _incident(self, at: int) -> str:
        return self.incidents[at % len(self.incidents)]

    def _assignment(self, code: str, at: int) -> str | None:
        return self.town.do(  # type: ignore[no-any-return]
            self.town.city.sql.fetchval(
                "SELECT id::text FROM assignment WHERE incident_id = $1 AND unit_id = $2 "
                "ORDER BY issued_at DESC LIMIT 1",
                self._incident(at),
                self.town.city.unit_id(code),
            )
        )

    def teardown(self) -> None:
        if hasattr(self, "incidents"):
            self.town.do(self._judge())

    async def _judge(self) -> None:
        async with self.town.city.sql.acquire() as sql, sql.transaction(isolation="repeatable_read"):
            history = await read_history(sql)
        assert history.breaches == []
        assert [line for silence in history.silences for line in self._wrong(silence)] == []
        for name, console in self.consoles.items():
            before = await console.until(_snapshot_of)
            async with asyncio.timeout(10):
                while True:
                    fresh = await self.town.picture(name)
                    told, seen = _pictures(name, before, console, fresh)
                    if told == seen:
                        break
                    await asyncio.sleep(0.2)
            assert told == seen, name

    def _wrong(self, silence: Silence) -> Iterable[str]:
        """Name what followed a silence although the unit's ladder does not say so."""
        content = self.town.city.process.context.knowledge.directory.content
        ladder = content.ladders.of(content.units[silence.unit_id].agency, silence.urgency)
        followed = {"next_unit": "added", "superior": "superior", "shift_leader": "attention"}
        for target, fact in followed.items():
            if silence.facts[fact] is not None and target not in ladder.escalate:
                yield f"{silence.assignment_id}: {fact} against its ladder ({ladder})"


def _pictures(name: str, before: dict[str, Any], console: Console, fresh: dict[str, Any]) -> list[dict[str, Any]]:
    picture = from_snapshot(before)
    for frame in console.events:
        picture = apply(picture, frame)
    both = [comparable(picture), comparable(from_snapshot(fresh))]
    if name == "desk":  # it is told of all units that are off, not of those that are on again
        for shown in both:
            shown.pop("units")
    return both


@pytest.mark.hypothesis
def test_whatever_is_done_in_whatever_order_the_history_is_possible(city_database: tuple[str, Access]) -> None:
    town = Town(*city_database)
    is_long = settings.default is not None and settings.default.max_examples > 1000
    try:
        AnyOrder.town = town
        run_state_machine_as_test(
            AnyOrder,
            settings=settings(
                max_examples=200 if is_long else 12,
                stateful_step_count=60 if is_long else 30,
                deadline=None,
                derandomize=not is_long,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        town.close()
    assert town.steps > 50
