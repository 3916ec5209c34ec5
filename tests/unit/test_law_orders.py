"""The snapshot law in any order of arrival: the recorded stories, shuffled and repeated."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.live.frames import Frames
from tests.support import snapshot_law
from tests.support.law import apply, comparable, from_snapshot
from tests.support.world import FOUR, assignment_of, directory, later, moved, opened

FIXTURES = Path(__file__).parents[1] / "fixtures" / "snapshot_law"
STORIES = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(FIXTURES.glob("*.json"))}
EMPTY: dict[str, Any] = {"incidents": [], "units": []}


def told(before: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    picture = from_snapshot(before)
    for event in events:
        picture = apply(picture, event)
    return comparable(picture)


def desk_frames() -> list[dict[str, Any]]:
    opening = opened()
    police = moved(assignment_of(opening, "police"), "acknowledged")
    acknowledged = later(opening, "assignment.acknowledged", [police])
    departed = later(acknowledged, "assignment.departed", [moved(police, "en_route")])
    return [
        json.loads(text)
        for change in (opening, acknowledged, departed)
        for text in Frames(change, directory(FOUR), "e.1").for_desk()
    ]


@pytest.mark.parametrize("story", snapshot_law.laws())
def test_a_hand_made_story_is_the_one_that_the_code_tells(story: str) -> None:
    file = FIXTURES / f"{story}.json"
    assert file.read_text(encoding="utf-8") == snapshot_law.text_of(story, snapshot_law.laws()[story])


@pytest.mark.parametrize("story", STORIES)
def test_a_recorded_story_holds_as_it_happened_and_with_every_event_twice(story: str) -> None:
    law = STORIES[story]
    after = comparable(from_snapshot(law["after"]))
    assert told(law["before"], law["events"]) == after
    assert told(law["before"], [event for event in law["events"] for _ in range(2)]) == after
    assert told(law["before"], law["events"] * 2) == after


@pytest.mark.parametrize("story", STORIES)
@settings(max_examples=20)
@given(chance=st.randoms(use_true_random=False))
def test_a_recorded_story_holds_in_any_order_of_arrival(story: str, chance: Random) -> None:
    law = STORIES[story]
    shuffled = list(law["events"])
    chance.shuffle(shuffled)
    assert told(law["before"], shuffled) == comparable(from_snapshot(law["after"]))


@given(st.permutations(range(7)))
def test_an_incident_opened_and_worked_on_is_the_same_in_any_order(order: list[int]) -> None:
    frames = desk_frames()
    assert len(frames) == 7
    assert told(EMPTY, [frames[place] for place in order]) == told(EMPTY, frames)


@pytest.mark.parametrize("story", STORIES)
def test_a_console_that_joins_later_sees_the_same_as_one_that_was_there(story: str) -> None:
    law = STORIES[story]
    known = from_snapshot(law["after"])
    for event in law["events"]:
        known = apply(known, event)
    assert comparable(known) == comparable(from_snapshot(law["after"]))
