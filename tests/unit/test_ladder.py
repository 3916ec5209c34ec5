"""Ladders as data: which counts, what is refused when it is loaded; presence: who counts as there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatch.domain.alerting import Known, what_matters
from dispatch.domain.errors import InvalidRequestError
from dispatch.domain.escalation import next_step
from dispatch.domain.ladder import CHANNELS, USUAL, Ladder, Ladders, parse_ladder
from dispatch.domain.notice import word
from dispatch.domain.presence import ALIVE_FOR, Presence, Sighting
from tests.support.world import PROFILE
from tests.unit.test_escalation import after, issued

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_the_ladder_that_says_most_counts() -> None:
    both, agency, urgency = Ladder("both", "police", "critical"), Ladder("a", "police"), Ladder("u", None, "critical")
    ladders = Ladders([Ladder("all"), urgency, agency, both])
    assert ladders.of("police", "critical") is both
    assert ladders.of("police", "urgent") is agency
    assert ladders.of("health", "critical") is urgency
    assert ladders.of("health", "normal").code == "all"
    assert Ladders([agency]).of("health", "normal") is USUAL


def test_a_ladder_changes_only_the_limits_that_it_names() -> None:
    profile = Ladder(limits={"urge_s": 5.0}).clocks(PROFILE)
    assert (profile.urge_s, profile.acknowledge_s) == (5.0, PROFILE.acknowledge_s)


def test_a_ladder_says_what_a_missed_limit_brings() -> None:
    row = issued(status="acknowledged")
    assert next_step(row, after(181)).action == "urge"
    assert next_step(row, after(181), Ladder(steps={"depart_overdue": "reopen"})).action == "reopen"


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ({"limits": {"urge": 5}}, "/l/limits/urge"),
        ({"limits": {"urge_s": 0}}, "/l/limits/urge_s"),
        ({"limits": {"urge_s": True}}, "/l/limits/urge_s"),
        ({"steps": {"page": "urge"}}, "/l/steps/page"),
        ({"steps": {"depart_overdue": "pray"}}, "/l/steps/depart_overdue"),
        ({"escalate": ["god"]}, "/l/escalate"),
        ({"next_channel_s": -1}, "/l/next_channel_s"),
        ({"silent_s": "soon"}, "/l/silent_s"),
        ({"chanels": []}, "/l/chanels"),
        ({"channels": ["sms", "smss"]}, "/l/channels/1"),
        ({"channels": ["console"]}, "/l/channels/0"),
        ({"channels": "sms"}, "/l/channels"),
    ],
)
def test_what_a_ladder_cannot_mean_is_refused_at_its_place(row: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse_ladder({"code": "x", **row}, "/l", channels=CHANNELS)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_a_stored_ladder_with_a_name_that_is_not_known_any_more_keeps_no_process_from_starting() -> None:
    assert parse_ladder({"code": "x", "channels": ["gone"]}, "/l").channels == ("gone",)


def test_a_ladder_with_nothing_but_a_code_is_the_usual_one() -> None:
    assert parse_ladder({"code": "usual"}, "/l") == USUAL


def test_a_console_that_reloads_is_not_gone() -> None:
    presence = Presence(since=later(-3600))
    presence.seen_at = {"p": later(0)}
    presence.put("u", Sighting("p", gone_at=later(0)))
    assert presence.is_there("u", later(14))
    assert not presence.is_there("u", later(16))
    presence.put("u", Sighting("p", gone_at=None))
    assert presence.is_there("u", later(4))


def test_the_consoles_of_a_process_that_died_are_gone_after_the_grace() -> None:
    presence = Presence(since=later(-3600), seen_at={"p": later(0)})
    presence.put("u", Sighting("p", gone_at=None))
    assert presence.last_seen("u", later(4)) == later(4)
    assert presence.last_seen("u", later(ALIVE_FOR.total_seconds() + 1)) == later(0)
    assert not presence.is_there("u", later(20))
    presence.forget({"p"})
    assert presence.last_seen("u", later(20)) is None


def test_nobody_is_called_absent_while_the_consoles_are_only_now_connecting() -> None:
    presence = Presence(since=NOW)
    assert presence.is_there("never seen", later(10))
    assert not presence.is_there("never seen", later(16))


def test_the_own_sockets_are_known_exactly() -> None:
    presence = Presence(since=later(-3600), here=lambda unit_id: unit_id == "u")
    assert presence.is_there("u", NOW)
    assert not presence.is_there("other", NOW)


def _known(**changes: Any) -> Known:
    values = {"severity": "IV", "urgency": "urgent", "tags": frozenset({"minor"}), "whereabouts": (1,)} | changes
    return Known(**values)


@pytest.mark.parametrize(
    ("after_change", "matters"),
    [
        ({}, ()),
        ({"severity": "NONE"}, ()),
        ({"severity": "I"}, ("severity",)),
        ({"urgency": "normal"}, ()),
        ({"urgency": "critical"}, ("urgency",)),
        ({"tags": frozenset({"minor", "property_damage"})}, ()),
        ({"tags": frozenset({"gun", "fire"})}, ("tag:fire", "tag:gun")),
        ({"whereabouts": (2,)}, ("address",)),
    ],
)
def test_only_what_raises_the_danger_or_moves_the_place_matters(
    after_change: dict[str, Any], matters: tuple[str, ...]
) -> None:
    assert what_matters(_known(), _known(**after_change)) == matters


def test_an_installation_may_name_further_dangers() -> None:
    found = what_matters(_known(), _known(tags=frozenset({"dog"})), {"dog"})
    assert found == ("tag:dog",)


@pytest.mark.parametrize("exercise", ["exercise", "test"])
def test_a_message_of_a_drill_says_so_first(exercise: str) -> None:
    said = word({"number": "n", "urgency": "urgent", "role": "lead", "reason": "no_console", "exercise": exercise})
    assert said.title.startswith("【演练" if exercise == "exercise" else "【测试")
