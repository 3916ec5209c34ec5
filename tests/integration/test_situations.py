"""Ten situations that no code knows: rules of `examples/situations` are drafted, checked, published and acted on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from dispatch.demo.access import Access
from tests.support.city import CLEAN, running
from tests.support.database import Administrator
from tests.support.hall import PATH, code_of, hall_of
from tests.support.situation import (
    Play,
    Stage,
    brought_into_force,
    cases,
    in_force,
    matched,
    read_situations,
    rules_of,
    stage_of,
)

SITUATIONS = read_situations()
CASES = [pytest.param(*case, id=f"{case[0]}: {case[1]['name']}") for case in cases(SITUATIONS)]
on_one_city = pytest.mark.asyncio(loop_scope="module")
Linted = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def published(_city_database: tuple[str, Access, Administrator]) -> AsyncIterator[tuple[Stage, Linted]]:
    """One city for all of them, with the rules of all ten in force."""
    url, access, administrator = _city_database
    administrator.execute("BEGIN;" + CLEAN + "COMMIT")
    async with running(url, access) as city:
        linted = await brought_into_force(city, SITUATIONS)
        yield await stage_of(city), linted


def test_there_are_ten_of_them_with_words_in_both_languages() -> None:
    assert len(SITUATIONS) == 10
    for situation in SITUATIONS.values():
        assert set(situation["title"]) == set(situation["story"]) == {"zh", "en"}
        assert len(situation["cases"]) >= 2, "one side alone proves no condition"


@on_one_city
async def test_two_administrators_bring_all_ten_into_force_and_lint_says_nothing_that_was_not_meant(
    published: tuple[Stage, Linted],
) -> None:
    _, linted = published
    own = {rule["id"] for rule in rules_of(SITUATIONS)}
    found = {(finding["rule"], finding["code"]) for finding in linted["findings"] if finding["level"] != "note"}
    accepted = {
        (rule, code)
        for situation in SITUATIONS.values()
        for rule, codes in situation.get("accepted", {}).items()
        for code in codes
    }
    assert {(rule, code) for rule, code in found if rule in own} == accepted
    assert linted["counts"]["error"] == 0


@on_one_city
@pytest.mark.parametrize(("name", "case"), CASES)
async def test_who_goes_who_waits_and_what_follows(
    published: tuple[Stage, Linted], name: str, case: dict[str, Any]
) -> None:
    stage, _ = published
    async with stage.at(case["at"], case.get("modes", [])):
        answer = await stage.called(case["call"])
        play = Play(stage, await stage.read(answer["incident"]["id"]))
        assert matched(play.incident) == case["matched"]
        await play.expect_opening(case)
        if case is SITUATIONS[name]["cases"][0]:
            await play.expect_the_same_again()
        for step in case.get("steps", ()):
            await play.step(step)


@on_one_city
async def test_no_rules_can_let_two_calls_under_duress_become_one_by_themselves(
    published: tuple[Stage, Linted],
) -> None:
    stage, _ = published
    hall = await hall_of(stage.city)
    document = await in_force(hall)
    document["correlations"].insert(0, {"incident_types": ["bank.robbery"], "join": "auto"})
    refused = await hall.first.post(PATH, json=document)
    assert code_of(refused) == (422, "personal")
    assert refused.json()["errors"][0]["pointer"] == "/correlations/0/join"


def test_every_rule_decides_in_some_case_and_only_in_its_own_situation() -> None:
    for name, situation in SITUATIONS.items():
        own = {rule["id"] for rule in situation["rules"]}
        acted = {rule for other, case in cases(SITUATIONS) if other == name for rule in case["matched"]}
        elsewhere = {rule for other, case in cases(SITUATIONS) if other != name for rule in case["matched"]}
        assert own <= acted
        assert own.isdisjoint(elsewhere)
