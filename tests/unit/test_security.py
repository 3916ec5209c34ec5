"""Who is believed, for how long, and what one may see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import security
from dispatch.domain.assignment import lead_unit_id
from dispatch.domain.errors import ForbiddenError, NotFoundError, RateLimitedError, UnauthenticatedError
from dispatch.security import (
    BELIEVED_FOR_S,
    Authenticator,
    LoginGuard,
    address_group,
    hash_password,
    hash_secret,
    new_secret,
    password_matches,
)
from dispatch.storage.database import Database
from tests.support.world import (
    DESK,
    FOUR,
    INTEGRATOR,
    WALL,
    assignment_of,
    console,
    directory,
    incident_of,
    moved,
    opened,
    principal,
)


@dataclass
class Keys:
    """The table of keys, and how often it was asked."""

    holders: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Keys"]:
        yield self

    async def fetch(self, sql: str, token_hashes: list[bytes]) -> list[dict[str, Any]]:
        self.asked += 1
        return [self.holders[asked] for asked in token_hashes if asked in self.holders]

    def add(self, secret: str, *, session: bool = False) -> None:
        self.holders[hash_secret(secret)] = {
            "token_hash": hash_secret(secret),
            "is_session": session,
            "kind": "person" if session else "console",
            "id": "id",
            "name": "name",
            "role": "operator" if session else None,
            "unit_id": None if session else "police",
            "device_id": None,
            "division_codes": ["4303"],
        }


HOME = "192.0.2.7"


@dataclass
class Clock:
    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(security, "time", clock)
    return clock


@pytest.fixture
def keys() -> Keys:
    keys = Keys()
    keys.add("key")
    keys.add("cookie", session=True)
    return keys


@pytest.fixture
def authenticator(keys: Keys) -> Authenticator:
    return Authenticator(cast("Database", keys))


async def test_a_key_is_looked_up_once_a_second_at_most(keys: Keys, authenticator: Authenticator, clock: Clock) -> None:
    first = await authenticator.by_key("key")
    clock.now += BELIEVED_FOR_S - 0.01
    assert await authenticator.by_key("key") is first
    assert keys.asked == 1
    clock.now += 0.02
    await authenticator.by_key("key")
    assert keys.asked == 2


async def test_a_revoked_key_opens_nothing_a_second_later(
    keys: Keys, authenticator: Authenticator, clock: Clock
) -> None:
    await authenticator.by_key("key")
    keys.holders.clear()
    clock.now += BELIEVED_FOR_S
    with pytest.raises(UnauthenticatedError):
        await authenticator.by_key("key")


async def test_asking_again_believes_nothing_and_a_refusal_is_remembered(
    keys: Keys, authenticator: Authenticator, clock: Clock
) -> None:
    who, desk = await authenticator.by_key("key"), await authenticator.by_session("cookie")
    assert await authenticator.again([who, desk]) == {who.secret_hash: who, desk.secret_hash: desk}
    assert keys.asked == 3
    keys.holders[who.secret_hash]["division_codes"] = ["430321"]
    assert (await authenticator.again([who]))[who.secret_hash].division_codes == ("430321",)
    assert (await authenticator.by_key("key")).division_codes == ("430321",)
    keys.holders.clear()
    assert await authenticator.again([who]) == {}
    with pytest.raises(UnauthenticatedError):
        await authenticator.by_key("key")


async def test_what_is_forgotten_is_looked_up_at_once(keys: Keys, authenticator: Authenticator, clock: Clock) -> None:
    who = await authenticator.by_session("cookie")
    authenticator.forget(who.secret_hash)
    authenticator.forget(who.secret_hash)
    keys.holders.clear()
    with pytest.raises(UnauthenticatedError):
        await authenticator.by_session("cookie")


async def test_a_cookie_is_no_key_and_a_key_no_cookie(authenticator: Authenticator, clock: Clock) -> None:
    await authenticator.by_key("key")
    await authenticator.by_session("cookie")
    for ask, secret in ((authenticator.by_session, "key"), (authenticator.by_key, "cookie")):
        with pytest.raises(UnauthenticatedError):
            await ask(secret)


async def test_an_unknown_key_is_asked_about_each_time_and_never_kept(
    keys: Keys, authenticator: Authenticator, clock: Clock
) -> None:
    for secret in ("", "dsp_x", "\ud800", "key "):
        with pytest.raises(UnauthenticatedError):
            await authenticator.by_key(secret)
    assert keys.asked == 4
    assert not authenticator._believed


async def test_what_is_believed_is_bounded(
    keys: Keys, authenticator: Authenticator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "MOST_BELIEVED", 3)
    for number in range(10):
        keys.add(f"key {number}")
        await authenticator.by_key(f"key {number}")
    assert len(authenticator._believed) == 3


async def test_a_holder_becomes_a_principal_with_its_scope(authenticator: Authenticator) -> None:
    unit, person = await authenticator.by_key("key"), await authenticator.by_session("cookie")
    assert (unit.unit_id, unit.is_session, unit.is_desk, unit.actor.kind) == ("police", False, False, "console")
    assert (person.role, person.is_session, person.is_desk, person.actor.kind) == ("operator", True, True, "operator")
    assert unit.secret_hash == hash_secret("key")


def test_secrets_differ_and_only_their_hashes_are_comparable() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(secret.startswith("dsp_") and len(secret) >= 47 for secret in made)
    assert hash_secret("\ud800") != hash_secret("")


async def test_a_password_is_checked_also_when_there_is_nobody() -> None:
    stored = hash_password("right")
    assert "right" not in stored
    assert await password_matches("right", stored)
    assert not await password_matches("wrong", stored)
    assert not await password_matches("nobody's password", None)
    assert not await password_matches("right", "not a hash")


async def test_a_flood_of_guesses_takes_no_thread_from_whoever_dispatches() -> None:
    guesses = [asyncio.create_task(password_matches("wrong", None)) for _ in range(40)]
    await asyncio.sleep(0)
    await asyncio.to_thread(lambda: None)
    assert sum(guess.done() for guess in guesses) < len(guesses) / 2
    for guess in guesses:
        guess.cancel()
    await asyncio.gather(*guesses, return_exceptions=True)


def test_after_five_wrong_passwords_one_waits_as_long_as_is_said(clock: Clock) -> None:
    guard = LoginGuard()
    for _ in range(5):
        guard.require_patience("a", HOME)
        guard.note_wrong("a", HOME)
        clock.now += 10
    with pytest.raises(RateLimitedError) as refused:
        guard.require_patience("a", HOME)
    clock.now += float(str(refused.value.facts["retry_after_s"])) - 1
    with pytest.raises(RateLimitedError):
        guard.require_patience("a", HOME)
    clock.now += 1.1
    guard.require_patience("a", HOME)


def test_guesses_from_elsewhere_lock_nobody_out_until_they_are_a_flood(clock: Clock) -> None:
    guard = LoginGuard()
    for number in range(100):
        whence = f"203.0.113.{number // 5}"
        guard.require_patience("leader", whence)
        guard.require_patience("leader", HOME)
        guard.note_wrong("leader", whence)
        clock.now += 1
    with pytest.raises(RateLimitedError):
        guard.require_patience("leader", HOME)
    guard.require_patience("other", HOME)


def test_a_right_password_forgives_its_own_address_only(clock: Clock) -> None:
    guard = LoginGuard(tries=1)
    for whence in (HOME, "203.0.113.9"):
        guard.note_wrong("a", whence)
    guard.note_right("a", HOME)
    guard.require_patience("a", HOME)
    with pytest.raises(RateLimitedError):
        guard.require_patience("a", "203.0.113.9")


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("testclient", "testclient"),
        (None, "-"),
    ],
)
def test_whoever_owns_a_network_of_addresses_counts_as_one(host: str | None, group: str) -> None:
    assert address_group(host) == group


def test_an_old_wrong_password_no_longer_counts(clock: Clock) -> None:
    guard = LoginGuard(tries=2, window_s=60)
    guard.note_wrong("a", HOME)
    clock.now += 61
    guard.note_wrong("a", HOME)
    guard.require_patience("a", HOME)


def test_guesses_at_many_names_do_not_fill_the_memory(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "MOST_BELIEVED", 3)
    guard = LoginGuard()
    for number in range(10):
        guard.note_wrong(f"login {number}", HOME)
    assert len(guard._wrong) == 3


DIVISIONS = st.text("0123456789", min_size=1, max_size=12)


@given(DIVISIONS, st.lists(DIVISIONS, max_size=4))
def test_an_area_is_covered_when_a_code_of_it_begins_the_division(code: str, area: list[str]) -> None:
    who = principal(role="operator", division_codes=tuple(area))
    assert who.covers(code) is any(code[: len(known)] == known for known in area)


def test_everybody_sees_only_what_concerns_them() -> None:
    incident = incident_of(opened(device_id="button"))
    sees = [DESK, WALL, INTEGRATOR, console("police"), console("justice"), principal("device", device_id="button")]
    blind = [
        principal(role="operator", division_codes=("430302",)),
        principal(role="admin"),
        principal("wall", division_codes=("430302",)),
        principal("integrator", id="other"),
        principal("device", device_id="other"),
        console("fire"),
        principal(role="responder", unit_id="fire", division_codes=("4303",)),
        principal("unknown", id="his"),
    ]
    assert all(who.may_see(incident) for who in sees)
    assert not any(who.may_see(incident) for who in blind)
    for who in blind:
        with pytest.raises(NotFoundError):
            who.require_sight(incident)


def test_a_permission_that_is_not_held_is_refused_in_words() -> None:
    with pytest.raises(ForbiddenError, match="a wall may not direct"):
        WALL.require("direct")
    DESK.require("direct")


def test_details_are_for_the_desk_the_sender_the_lead_and_health() -> None:
    incident, units = incident_of(opened()), directory(FOUR).units
    reads = {unit.id: console(unit.id).reads_details(incident, units[unit.id]) for unit in FOUR}
    assert reads == {"police": True, "justice": False, "health": True, "community": False}
    assert DESK.reads_details(incident, None)
    assert INTEGRATOR.reads_details(incident, None)
    assert not WALL.reads_details(incident, None)
    assert not principal("device", device_id="button").reads_details(incident, None)


@pytest.mark.parametrize("status", ["declined", "returned", "revoked", "reassigned"])
def test_a_lead_that_left_leads_no_longer_and_one_that_is_done_still_does(status: str) -> None:
    row = assignment_of(opened(), "police")
    assert lead_unit_id([row]) == "police"
    assert lead_unit_id([moved(row, status)]) is None
    assert lead_unit_id([moved(row, status), moved(row, "issued", unit_id="backup")]) == "backup"
    assert lead_unit_id([moved(row, "completed")]) == "police"
