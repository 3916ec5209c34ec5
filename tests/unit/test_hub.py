"""The hub: scope at every publish, held frames, bounded queues."""

from collections.abc import Callable

import orjson
import pytest

from dispatch.domain.rows import ChangeRow
from dispatch.live.frames import Frames
from dispatch.live.hub import MOST_WAITING, Hub, Subscriber, texts_for
from dispatch.security import Principal
from tests.support.world import DESK, FOUR, INTEGRATOR, NOW, WALL, console, directory, later, opened, principal

BUTTON = principal("device", device_id="button")
Listen = Callable[[Principal], Subscriber]


def frames(change: ChangeRow) -> Frames:
    return Frames(change, directory(FOUR), "e.1")


def unit_news(division_code: str = "430304005") -> ChangeRow:
    return {
        "incident": None,
        "assignments": [],
        "events": [{"event_id": "e", "event": "unit.status_changed", "assignment_id": None, "facts": {}}],
        "unit": {"id": "police", "division_code": division_code, "version": 2},
        "occurred_at": NOW.isoformat(),
        "recorded_at": NOW.isoformat(),
    }


def device_news(division_code: str = "430304005") -> ChangeRow:
    facts: dict[str, object] = {"device_id": "button", "division_code": division_code}
    return {
        "incident": None,
        "assignments": [],
        "events": [{"event_id": "e", "event": "device.fault", "assignment_id": None, "facts": facts}],
        "unit": None,
        "occurred_at": NOW.isoformat(),
        "recorded_at": NOW.isoformat(),
    }


def mode_news(event: str = "mode.changed", division_code: str = "430304005") -> ChangeRow:
    facts: dict[str, object] = {"act": "set", "mode": {"id": "m", "division": {"code": division_code}, "value": "I"}}
    return {
        "incident": None,
        "assignments": [],
        "events": [{"event_id": "e", "event": event, "assignment_id": None, "facts": facts}],
        "unit": None,
        "occurred_at": NOW.isoformat(),
        "recorded_at": NOW.isoformat(),
    }


def drill_news(division_code: str = "430304005") -> ChangeRow:
    change = device_news()
    facts: dict[str, object] = {"act": "announced", "drill": {"id": "d", "division": {"code": division_code}}}
    change["events"] = [{"event_id": "e", "event": "drill.changed", "assignment_id": None, "facts": facts}]
    return change


def roll_call(channels: tuple[str, ...] | None = ("console",), division_code: str = "430304005") -> ChangeRow:
    """A test of communication begins; without channels it ends."""
    facts: dict[str, object] = {"test_id": "t", "division_code": division_code}
    told = facts if channels is None else facts | {"channels": list(channels)}
    event = "test.ended" if channels is None else "test.called"
    change = device_news()
    change["events"] = [{"event_id": "e", "event": event, "assignment_id": None, "facts": told}]
    return change


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def listen(hub: Hub) -> Listen:
    def add(who: Principal) -> Subscriber:
        subscriber = Subscriber(who, lambda _: None)
        subscriber.release(lambda _xid, _seq: False)
        hub.add(subscriber)
        return subscriber

    return add


def events(subscriber: Subscriber) -> list[str]:
    return [orjson.loads(text)["event"] for text in subscriber.waiting]


def test_an_opening_reaches_everybody_concerned_and_nobody_else(hub: Hub, listen: Listen) -> None:
    police, justice, desk, wall = (listen(who) for who in (console("police"), console("justice"), DESK, WALL))
    sender, button = listen(INTEGRATOR), listen(BUTTON)
    strangers = [
        listen(console("fire")),
        listen(principal("integrator", id="other")),
        listen(principal("device", device_id="other")),
        listen(principal(role="operator", division_codes=("430321",))),
        listen(principal(role="operator", division_codes=())),
        listen(principal("wall", division_codes=("4302",))),
        listen(principal(role="responder", unit_id="fire", division_codes=("4303",))),
    ]
    hub.publish(xid=1, seq=1, frames=frames(opened(device_id="button")))
    assert events(police) == events(justice) == ["assignment.issued"]
    assert events(desk) == events(wall) == events(sender) == events(button)
    assert events(desk) == ["incident.opened", *["assignment.issued"] * 4]
    assert [subscriber.waiting for subscriber in strangers] == [[]] * len(strangers)


def test_walls_and_buttons_get_no_personal_data(hub: Hub, listen: Listen) -> None:
    for subscriber in (listen(WALL), listen(BUTTON), listen(principal(role="wall", division_codes=("4303",)))):
        hub.publish(xid=1, seq=1, frames=frames(opened(device_id="button")))
        assert subscriber.waiting
        assert not any("护士" in text or "病房里" in text for text in subscriber.waiting)
        hub.remove(subscriber)


def test_two_consoles_of_one_unit_share_the_bytes(hub: Hub, listen: Listen) -> None:
    first, second = listen(console("police")), listen(console("police"))
    hub.publish(xid=1, seq=1, frames=frames(opened()))
    assert first.waiting[0] is second.waiting[0]
    assert hub.listeners("police") == 2


def test_an_incident_that_moves_away_is_not_told_to_the_old_area(hub: Hub, listen: Listen) -> None:
    desk = listen(principal(role="operator", division_codes=("430304",)))
    change = opened()
    hub.publish(xid=1, seq=1, frames=frames(change))
    told = len(desk.waiting)
    hub.publish(xid=2, seq=2, frames=frames(later(change, "incident.noted", division_code="430302001")))
    assert len(desk.waiting) == told


def test_somebody_who_left_hears_nothing_more(hub: Hub, listen: Listen) -> None:
    police = listen(console("police"))
    hub.remove(police)
    hub.remove(police)
    hub.publish(xid=1, seq=1, frames=frames(opened()))
    assert police.waiting == []
    assert hub.listeners("police") == 0


def test_a_unit_s_status_reaches_its_consoles_and_the_desks_of_its_area(hub: Hub, listen: Listen) -> None:
    own, desk, other = listen(console("police")), listen(DESK), listen(console("justice"))
    hub.publish(xid=1, seq=1, frames=frames(unit_news()))
    assert events(own) == events(desk) == ["unit.status_changed"]
    hub.publish(xid=2, seq=2, frames=frames(unit_news("430202")))
    assert len(desk.waiting) == 1
    assert other.waiting == []


def test_a_faulty_button_is_heard_by_the_desks_of_its_area_and_by_itself(hub: Hub, listen: Listen) -> None:
    desk, button, wall, police = listen(DESK), listen(BUTTON), listen(WALL), listen(console("police"))
    hub.publish(xid=1, seq=1, frames=frames(device_news()))
    assert events(desk) == events(button) == ["device.fault"]
    hub.publish(xid=2, seq=2, frames=frames(device_news("430202")))
    assert len(desk.waiting) == 1
    assert (wall.waiting, police.waiting) == ([], [])


def test_what_came_during_the_snapshot_follows_without_what_it_told() -> None:
    drained: list[Subscriber] = []
    subscriber = Subscriber(DESK, drained.append)
    for seq in (1, 2, 3):
        subscriber.offer(100 + seq, seq, [f"frame {seq}"])
    assert (subscriber.waiting, drained) == ([], [])
    subscriber.release(lambda xid, _: xid <= 102)
    assert subscriber.waiting == ["frame 3"]
    assert drained == [subscriber]
    subscriber.offer(104, 4, ["frame 4"])
    assert subscriber.waiting == ["frame 3", "frame 4"]


def test_a_slow_reader_overflows_and_a_quick_one_beside_it_does_not(hub: Hub, listen: Listen) -> None:
    slow, quick = listen(console("police")), listen(console("justice"))
    change = frames(later(opened(), "incident.noted"))
    for seq in range(MOST_WAITING + 1):
        hub.publish(xid=seq, seq=seq, frames=change)
        quick.waiting.clear()
    assert slow.overflowed
    assert not quick.overflowed


def test_who_does_not_read_its_snapshot_fills_no_memory_and_is_not_told_half_of_what_came() -> None:
    drained: list[Subscriber] = []
    subscriber = Subscriber(DESK, drained.append)
    for seq in range(10 * MOST_WAITING):
        subscriber.offer(seq, seq, ["x"])
        assert len(subscriber.held or []) <= MOST_WAITING
    subscriber.release(lambda _, __: False)
    assert subscriber.overflowed
    assert (drained, subscriber.waiting) == ([subscriber], [])


@pytest.mark.parametrize(
    "who",
    [
        DESK,
        WALL,
        INTEGRATOR,
        BUTTON,
        console("police"),
        console("justice"),
        console("fire"),
        principal(role="operator", division_codes=("430321",)),
        principal("integrator", id="other"),
        principal(role="responder", unit_id="community", division_codes=("4303",)),
    ],
    ids=lambda who: "-".join([who.kind, who.unit_id or who.id, *who.division_codes]),
)
@pytest.mark.parametrize(
    "change",
    [
        *(opened(device_id="button"), unit_news(), unit_news("430202"), device_news(), device_news("430202")),
        *(roll_call(), roll_call(("button",)), roll_call(None), roll_call(division_code="430302")),
        *(drill_news(), drill_news("430300"), drill_news("430302")),
    ],
    ids=[
        *("incident", "unit", "unit elsewhere", "device", "device elsewhere"),
        *("test", "test of buttons", "test ended", "test elsewhere"),
        *("drill", "drill of the city", "drill elsewhere"),
    ],
)
def test_a_resume_tells_exactly_what_the_live_link_would_have_told(
    hub: Hub, listen: Listen, who: Principal, change: ChangeRow
) -> None:
    subscriber = listen(who)
    hub.publish(xid=1, seq=1, frames=frames(change))
    assert texts_for(who, frames(change)) == subscriber.waiting


@pytest.mark.parametrize(
    ("division_code", "hearing"),
    [
        ("430304005003", {"police", "justice", "health"}),  # a part of the township, a part of the county
        ("430304005", {"police", "justice", "health"}),
        ("430304", {"police", "justice", "health"}),
        ("430300", {"police", "justice", "health"}),
        ("430302", set()),
    ],
)
def test_a_mode_is_news_to_the_units_whose_area_it_touches(
    hub: Hub, listen: Listen, division_code: str, hearing: set[str]
) -> None:
    consoles = {name: listen(console(name)) for name in ("police", "justice", "health")}
    desk, district = listen(DESK), listen(principal(role="shift_leader", division_codes=("430304",)))
    strangers = [listen(WALL), listen(INTEGRATOR), listen(BUTTON), listen(console("gone"))]
    hub.publish(xid=1, seq=1, frames=frames(mode_news(division_code=division_code)))
    assert {name for name, heard in consoles.items() if events(heard)} == hearing
    assert events(desk) == ["mode.changed"]
    assert bool(events(district)) is bool(hearing)
    assert [events(stranger) for stranger in strangers] == [[], [], [], []]


def test_a_reminder_of_a_mode_is_the_desks_alone_also_after_a_break(hub: Hub, listen: Listen) -> None:
    desk, police = listen(DESK), listen(console("police"))
    recalled, changed = frames(mode_news("mode.recalled")), frames(mode_news())
    hub.publish(xid=1, seq=1, frames=recalled)
    assert (events(desk), events(police)) == (["mode.recalled"], [])
    assert [len(texts_for(who, recalled)) for who in (DESK, console("police"), WALL, BUTTON)] == [1, 0, 0, 0]
    assert [len(texts_for(who, changed)) for who in (DESK, console("police"), WALL, BUTTON)] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("division_code", "hears"), [("430304005", True), ("430304", True), ("430300", True), ("430302", False)]
)
def test_no_desk_is_left_unaware_of_a_drill_that_touches_its_district(
    hub: Hub, listen: Listen, division_code: str, hears: bool
) -> None:
    district, city = listen(principal(role="operator", division_codes=("430304",))), listen(DESK)
    others = [listen(who) for who in (WALL, BUTTON, INTEGRATOR, console("police"))]
    hub.publish(xid=1, seq=1, frames=frames(drill_news(division_code)))
    assert events(city) == ["drill.changed"]
    assert events(district) == (["drill.changed"] if hears else [])
    assert [events(one) for one in others] == [[], [], [], []], "a drill's recipients are numbers of people"


def test_the_auditors_alarm_reaches_every_desk_wherever_its_area_and_nobody_else(hub: Hub, listen: Listen) -> None:
    elsewhere = principal("person", role="operator", division_codes=("99",))
    desks = [listen(DESK), listen(elsewhere)]
    others = [listen(who) for who in (WALL, BUTTON, INTEGRATOR, console("police"))]
    change = device_news()
    change["events"] = [
        {"event_id": "e", "event": "audit.alarmed", "assignment_id": None, "facts": {"alarm": {"id": "x"}}}
    ]
    hub.publish(xid=1, seq=1, frames=frames(change))
    assert [events(one) for one in desks] == [["audit.alarmed"], ["audit.alarmed"]]
    assert [events(one) for one in others] == [[], [], [], []]
    for one in (*desks, *others):
        assert texts_for(one.principal, frames(change)) == one.waiting


@pytest.mark.parametrize(
    ("change", "hearing"),
    [
        (roll_call(), {"police", "desk"}),
        (roll_call(("button", "sms")), {"desk"}),
        (roll_call(division_code="430302"), set()),
        (roll_call(None), {"desk"}),
    ],
    ids=["consoles", "not the consoles", "another district", "the end"],
)
def test_a_test_of_communication_is_heard_by_whom_it_calls_and_the_desks(
    hub: Hub, listen: Listen, change: ChangeRow, hearing: set[str]
) -> None:
    district = principal(role="shift_leader", division_codes=("430304",))
    listeners = {"police": listen(console("police")), "desk": listen(district), "wall": listen(WALL)}
    listeners |= {"sender": listen(INTEGRATOR), "gone": listen(console("gone"))}
    hub.publish(xid=1, seq=1, frames=frames(change))
    assert {name for name, heard in listeners.items() if events(heard)} == hearing
