"""Who reads what: one encoding per kind of reader, nobody more than they may."""

from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from dispatch.domain.disclosure import is_sensitive, may_read_details
from dispatch.domain.rows import ChangeRow
from dispatch.live.frames import Frames
from tests.support.world import FOUR, NOW, PLAIN, assignment_of, directory, incident_of, later, moved, opened, principal

DETAILS = ("description", "caller", "restricted")


def frames(change: ChangeRow, cursor: str = "epoch.7") -> Frames:
    return Frames(change, directory(FOUR), cursor)


def read(texts: Iterable[str]) -> list[dict[str, Any]]:
    return [orjson.loads(text) for text in texts]


def acknowledged() -> ChangeRow:
    opening = opened()
    return later(opening, "assignment.acknowledged", [moved(assignment_of(opening, "police"), "acknowledged")])


def test_a_desk_is_told_everything_that_happened() -> None:
    told = read(frames(opened()).for_desk())
    assert [frame["event"] for frame in told] == ["incident.opened", *["assignment.issued"] * 4]
    for frame in told:
        assert frame["incident"]["description"] == "病房里有人砸东西"
        assert frame["incident"]["caller"] == {"name": "护士", "phone": "0731"}
        assert frame["incident"]["restricted"] is False


def test_a_unit_is_told_of_its_own_assignment_alone() -> None:
    change = opened()
    for unit in FOUR:
        told = read(frames(change).for_unit(unit.id))
        assert [frame["event"] for frame in told] == ["assignment.issued"]
        assert told[0]["assignment"]["unit"]["code"] == unit.code
        assert told[0]["assignment"]["id"] == assignment_of(change, unit.id)["id"]


@pytest.mark.parametrize(
    ("unit_id", "reads"), [("police", True), ("health", True), ("justice", False), ("community", False)]
)
def test_health_details_reach_the_lead_and_the_health_office_only(unit_id: str, reads: bool) -> None:
    incident = read(frames(opened()).for_unit(unit_id))[0]["incident"]
    assert incident["restricted"] is not reads
    assert (incident["description"] is not None) is reads
    assert (incident["caller"] is not None) is reads


def test_what_is_not_sensitive_is_read_by_all_units_but_not_by_walls_and_buttons() -> None:
    change = opened()
    change["incident"] = incident_of(change) | {"sensitive": PLAIN.sensitive}  # type: ignore[typeddict-item]
    made = frames(change)
    assert all(read(made.for_unit(unit.id))[0]["incident"]["description"] for unit in FOUR)
    for frame in read(made.for_screen()):
        assert (frame["incident"]["description"], frame["incident"]["caller"]) == (None, None)
        assert frame["incident"]["restricted"] is True


@pytest.mark.parametrize("tag", ["sensitive_health", "victim_privacy", "minor"])
def test_a_tag_makes_an_incident_sensitive(tag: str) -> None:
    incident = incident_of(opened(tags=(tag,)))
    incident["sensitive"] = False
    assert is_sensitive(incident)
    assert may_read_details(incident, unit_id="police", kind_is_sensitive=False)
    assert may_read_details(incident, unit_id="health", kind_is_sensitive=True)
    assert not may_read_details(incident, unit_id="justice", kind_is_sensitive=False)


def test_later_steps_say_nothing_of_caller_and_description_to_anybody() -> None:
    made = frames(acknowledged())
    for frame in read([*made.for_desk(), *made.for_screen(), *made.for_unit("police"), *made.for_unit("justice")]):
        assert frame["event"] == "assignment.acknowledged"
        assert not set(DETAILS) & set(frame["incident"])
        assert [row["status"] for row in frame["incident"]["assignments"]] == ["acknowledged"]
        assert frame["assignment"]["status"] == "acknowledged"


def test_a_new_lead_is_told_the_details_and_the_old_one_no_longer() -> None:
    opening = opened()
    rows = [
        moved(assignment_of(opening, "justice"), "acknowledged", role="lead"),
        moved(assignment_of(opening, "police"), "issued", role="support"),
    ]
    made = frames(later(opening, "incident.lead_changed", rows, lead_unit_id="justice"))
    assert read(made.for_unit("justice"))[0]["incident"]["caller"] == {"name": "护士", "phone": "0731"}
    assert read(made.for_unit("police"))[0]["incident"]["restricted"] is True
    assert not set(DETAILS) & set(read(made.for_unit("community"))[0]["incident"])


def fed_back() -> ChangeRow:
    opening = opened()
    told = {"outcome": "handled", "text": "张三"}
    change = later(
        opening, "assignment.fed_back", [moved(assignment_of(opening, "justice"), "on_scene", feedback=told)]
    )
    change["events"][0]["facts"] = {"feedback": told}
    return change


@pytest.mark.parametrize(
    ("unit_id", "reads"), [("police", True), ("health", True), ("justice", True), ("community", False)]
)
def test_words_reach_the_lead_the_health_office_and_whoever_said_them(unit_id: str, reads: bool) -> None:
    text = next(iter(frames(fed_back()).for_unit(unit_id)))
    assert ("张三" in text) is reads
    assert read([text])[0]["assignment"]["feedback"]["outcome"] == "handled"


def test_a_reason_that_is_chosen_is_no_secret_and_one_that_is_written_is() -> None:
    opening = opened()
    for reason, shown in (("busy", True), ("张三 is here", False)):
        row = moved(assignment_of(opening, "justice"), "declined", reason=reason)
        change = later(opening, "assignment.declined", [row])
        change["events"][0]["facts"] = {"reason": reason, "text": None}
        frame = read(frames(change).for_screen())[0]
        assert frame["assignment"]["reason"] == (reason if shown else None)
        assert frame["facts"].get("reason") == (reason if shown else None)


def test_all_readers_of_a_kind_share_the_same_bytes() -> None:
    made = frames(acknowledged())
    first = [next(iter(made.for_desk())), next(iter(made.for_unit("police"))), next(iter(made.for_unit("justice")))]
    again = [next(iter(made.for_desk())), next(iter(made.for_screen())), next(iter(made.for_unit("community")))]
    assert len({id(text) for text in first + again}) == 1
    opening = frames(opened())
    assert [id(text) for text in opening.for_desk()] == [id(text) for text in opening.for_desk()]


def test_every_frame_carries_cursor_instant_facts_and_its_own_event() -> None:
    change = opened()
    told = read(frames(change, "abc.41").for_desk())
    assert {frame["cursor"] for frame in told} == {"abc.41"}
    assert {frame["occurred_at"] for frame in told} == {NOW.isoformat()}
    assert {frame["type"] for frame in told} == {"event"}
    assert [frame["event_id"] for frame in told] == [event["event_id"] for event in change["events"]]
    assert all("facts" in frame for frame in told)


def test_an_internal_column_never_leaves_the_house() -> None:
    for frame in read(frames(opened()).for_desk()):
        assert not {"pending_slots", "unit_ids", "source_id", "sensitive", "place_id"} & set(frame["incident"])


def test_a_unit_that_left_the_directory_keeps_its_id() -> None:
    frame = read(Frames(opened(), directory(), "e.1").for_desk())[1]
    assert frame["assignment"]["unit"] == {
        "id": "police",
        "code": None,
        "name": None,
        "name_en": None,
        "kind": None,
        "agency": None,
    }


def test_a_unit_s_own_news_have_no_incident() -> None:
    change: ChangeRow = {
        "incident": None,
        "assignments": [],
        "events": [{"event_id": "e", "event": "unit.status_changed", "assignment_id": None, "facts": {}}],
        "unit": {"id": "police", "status": "off_duty", "division_code": "430304", "version": 2},
        "occurred_at": NOW.isoformat(),
        "recorded_at": NOW.isoformat(),
    }
    frame = read(frames(change).for_unit("police"))[0]
    assert frame["unit"]["status"] == "off_duty"
    assert "incident" not in frame
    assert "assignment" not in frame


def linked() -> ChangeRow:
    """Opened beside two others, one of them in an area of its own."""
    links = [
        {"incident_id": name, "number": name, "division_code": code, "reason": "near", "distance_m": 9.0, "age_s": 1.0}
        for name, code in (("here", "430304005"), ("there", "430302001"))
    ]
    change = opened()
    incident_of(change)["links"] = links  # type: ignore[typeddict-item]
    change["events"].insert(
        1, {"event_id": "l", "event": "incident.linked", "assignment_id": None, "facts": {"links": links}}
    )
    return change


def named(frame: dict[str, Any]) -> list[str]:
    return [link["incident_id"] for link in frame["incident"]["links"]]


def test_a_desk_is_told_of_the_other_incidents_that_it_may_see() -> None:
    made = frames(linked())
    for frame in read(made.for_desk()):
        assert named(frame) == ["here", "there"]
    told = read(made.for_desk(principal(role="operator", division_codes=("430304",)).sees_link))
    assert {name for frame in told for name in named(frame)} == {"here"}
    assert [link["incident_id"] for link in told[1]["facts"]["links"]] == ["here"]
    elsewhere = read(made.for_desk(principal(role="operator", division_codes=("430381",)).sees_link))
    assert "incident.linked" not in [frame["event"] for frame in elsewhere]
    assert named(elsewhere[0]) == []


def test_units_walls_buttons_and_senders_hear_of_no_other_incident() -> None:
    made = frames(linked())
    for texts in (made.for_unit("police"), made.for_screen(), made.for_sender()):
        told = read(texts)
        assert "incident.linked" not in [frame["event"] for frame in told]
        assert all(named(frame) == [] for frame in told)


def test_a_dismissed_link_reaches_others_as_a_new_version_and_nothing_else() -> None:
    opening = linked()
    change = later(opening, "incident.unlinked", links=[])
    change["events"][0]["facts"] = {"links": incident_of(opening)["links"], "reason": "张三说是另一处"}
    made = frames(change)
    assert len(read(made.for_desk())[0]["facts"]["links"]) == 2
    for texts in (made.for_unit("police"), made.for_screen(), made.for_sender()):
        frame = read(texts)[0]
        assert (frame["facts"], frame["incident"]["version"]) == ({}, 2)


def test_a_change_from_before_there_were_links_is_still_told() -> None:
    change = opened()
    del incident_of(change)["links"]  # type: ignore[misc]
    assert [named(frame) for frame in read(frames(change).for_desk())] == [[]] * 5
