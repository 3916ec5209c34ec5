"""Rules are drafted by one person, checked and published by another, used by everybody, and taken back in one step."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from dispatch.domain import ruleset_check
from dispatch.domain.lint import Finding
from dispatch.operations import trial
from tests.support.city import HOSPITAL_CALL, POLICE, City, running
from tests.support.hall import PATH, RULES, Hall, code_of, hall_of, rules_with, until_used


@pytest.fixture
async def hall(city: City) -> Hall:
    return await hall_of(city)


async def test_what_one_wrote_another_publishes_and_calls_are_decided_by_it(hall: Hall) -> None:
    version = await hall.draft(2, note="two at the hospital")
    assert (await hall.entry(version))["status"] == "draft"
    before = await hall.city.report()
    assert before["decision"]["ruleset_version"] == 1
    assert code_of(await hall.first.post(f"{PATH}/{version}/publish", json={"reason": "mine"})) == (
        403,
        "second_person_required",
    )
    published = (await hall.publish(version)).json()
    assert (published["status"], published["in_force"], published["published_by"]) == (
        "published",
        True,
        "演示管理员2",
    )
    await until_used(version, hall.city)
    after = await hall.city.report()
    assert after["decision"]["ruleset_version"] == version
    assert [r["required_count"] for r in after["decision"]["requirements"] if r["role"] == "lead"] == [2]
    # What was decided stays decided by the rules that decided it.
    assert (await hall.city.incident(before["id"]))["decision"]["ruleset_version"] == 1
    assert await hall.acts(version) == [
        ("drafted", "演示管理员", "two at the hospital"),
        ("published", "演示管理员2", "checked"),
    ]
    trail = await hall.city.sql.fetch(
        "SELECT actor, events, incident_id FROM audit WHERE incident_id IS NULL ORDER BY seq"
    )
    events = [json.loads(row["events"])[0]["event"] for row in trail]
    assert events == ["ruleset.drafted", "ruleset.published"]


async def test_who_edited_a_draft_cannot_publish_it_either(hall: Hall) -> None:
    version = await hall.draft()
    assert (await hall.second.put(f"{PATH}/{version}", json=rules_with(3))).json()["revision"] == 2
    for client in (hall.first, hall.second):
        answer = await client.post(f"{PATH}/{version}/publish", json={"reason": "x"})
        assert code_of(answer) == (403, "second_person_required")
    assert answer.json()["written_by"] == ["演示管理员", "演示管理员2"]
    assert (await hall.entry(version))["status"] == "draft"


async def test_an_installation_with_one_administrator_may_do_without_the_second(
    city_database: tuple[str, Any],
) -> None:
    async with running(*city_database, rules_two_persons=False) as city:
        admin = await city.person("admin")
        version = (await admin.post(PATH, json=rules_with(2))).json()["version"]
        assert (await admin.post(f"{PATH}/{version}/publish", json={"reason": "alone"})).status_code == 200


async def test_a_draft_that_somebody_edited_is_not_overwritten_unseen(hall: Hall) -> None:
    version = await hall.draft()
    first = await hall.first.put(f"{PATH}/{version}?expected_revision=1&note=third", json=rules_with(3))
    assert (first.status_code, first.json()["revision"], first.json()["note"]) == (200, 2, "third")
    late = await hall.second.put(f"{PATH}/{version}?expected_revision=1", json=rules_with(4))
    assert code_of(late) == (409, "version_conflict")
    assert (late.json()["changed_by"], late.json()["current"]["revision"]) == ("演示管理员", 2)
    seen = await hall.publish(version, expected_revision=1)
    assert code_of(seen) == (409, "version_conflict")
    facts = (await hall.desk.get(f"{PATH}/{version}/history")).json()["items"][1]["facts"]
    assert facts["changed"] == ["psychiatric.disturbance"]


async def test_a_published_body_never_changes(hall: Hall) -> None:
    version = await hall.published()
    kept = (await hall.entry(version))["ruleset"]
    refused = [
        await hall.first.put(f"{PATH}/{version}", json=rules_with(5)),
        await hall.first.post(f"{PATH}/{version}/discard", json={"reason": "x"}),
        await hall.publish(version),
    ]
    assert [code_of(answer) for answer in refused] == [(409, "wrong_state")] * 3
    await hall.rollback(version)
    assert (await hall.entry(version))["ruleset"] == kept == rules_with(2)


async def test_a_discarded_draft_stays_readable_with_its_reason(hall: Hall) -> None:
    version = await hall.draft()
    assert (await hall.second.post(f"{PATH}/{version}/discard", json={})).status_code == 422
    answer = await hall.second.post(f"{PATH}/{version}/discard", json={"reason": "too many"})
    assert (answer.json()["status"], answer.json()["reason"]) == ("discarded", "too many")
    assert code_of(await hall.publish(version)) == (409, "wrong_state")
    assert (await hall.entry(version))["ruleset"] == rules_with(2)
    assert (await hall.acts(version))[-1] == ("discarded", "演示管理员2", "too many")


async def test_rules_made_from_older_ones_do_not_undo_what_came_between(hall: Hall) -> None:
    slow, quick = await hall.draft(2), await hall.draft(3)
    assert (await hall.publish(quick)).status_code == 200
    late = await hall.publish(slow)
    assert code_of(late) == (409, "ruleset_moved_on")
    assert (late.json()["current"]["version"], late.json()["changed_by"]) == (quick, "演示管理员2")
    assert code_of(await hall.publish(slow, expected_version=1)) == (409, "ruleset_moved_on")
    assert (await hall.publish(slow, expected_version=quick)).status_code == 200


async def test_of_two_publications_at_once_one_wins(hall: Hall) -> None:
    drafts = [await hall.draft(count) for count in (2, 3, 4, 5)]
    answers = await asyncio.gather(*(hall.publish(version) for version in drafts))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {code_of(answer)[1] for answer in answers if answer.status_code == 409} == {"ruleset_moved_on"}
    entries = (await hall.desk.get(PATH)).json()["items"]
    assert [entry["status"] for entry in entries].count("published") == 2
    assert [entry["in_force"] for entry in entries].count(True) == 1


async def test_a_draft_may_be_a_copy_of_what_is_in_force_or_was(hall: Hall) -> None:
    assert (await hall.first.post(PATH)).json()["base_version"] == 1
    version = await hall.published(3)
    copied = (await hall.first.post(PATH, params={"base_version": 1})).json()
    assert (await hall.entry(copied["version"]))["ruleset"] == RULES
    assert code_of(await hall.publish(copied["version"])) == (409, "ruleset_moved_on")
    newest = (await hall.first.post(PATH)).json()
    assert newest["base_version"] == version
    missing = await hall.first.post(PATH, params={"base_version": 99})
    assert code_of(missing) == (422, "unknown_version")


async def test_a_draft_with_lint_errors_is_refused_with_pointers(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        Finding("error", "cycle", "/rules/0/when", None, "成环", "a cycle"),
        Finding("note", "n", "", None, "", ""),
    ]
    monkeypatch.setattr(ruleset_check, "lint", lambda *_: tuple(found))
    drafted = (await hall.first.post(PATH, json=rules_with(2))).json()
    assert drafted["counts"] == {"error": 1, "warning": 0, "note": 1}
    assert drafted["findings"][0]["detail"] == {"zh": "成环", "en": "a cycle"}
    refused = await hall.publish(drafted["version"])
    assert code_of(refused) == (422, "cycle")
    (fault,) = refused.json()["errors"]
    position = next(place for place, rule in enumerate(RULES["rules"]) if rule["id"] == "add.boundary")
    assert fault["pointer"] == f"/rules/{position}/when"
    assert (await hall.entry(drafted["version"]))["status"] == "draft"
    linted = (await hall.desk.post(f"{PATH}/{drafted['version']}/lint", json={})).json()
    assert linted == {"findings": drafted["findings"], "counts": drafted["counts"]}


@pytest.fixture
async def _types_as_they_were(city: City) -> AsyncIterator[None]:
    yield
    await city.sql.execute("UPDATE incident_type SET code = 'traffic.chokepoint' WHERE code = 'traffic.gone'")
    await city.sql.execute("UPDATE directory_version SET version = version + 1")


async def _rename_a_type(city: City) -> None:
    await city.sql.execute("UPDATE incident_type SET code = 'traffic.gone' WHERE code = 'traffic.chokepoint'")
    await city.sql.execute("UPDATE directory_version SET version = version + 1")
    async with asyncio.timeout(20):
        while "traffic.chokepoint" in city.process.context.knowledge.directory.content.incident_types:
            await asyncio.sleep(0.02)


@pytest.mark.expects_error_log
@pytest.mark.usefixtures("_types_as_they_were")
async def test_a_draft_that_the_directory_has_left_behind_is_refused_with_pointers(hall: Hall) -> None:
    version = await hall.draft()
    await _rename_a_type(hall.city)
    refused = await hall.publish(version)
    position = next(place for place, rule in enumerate(RULES["rules"]) if rule["id"] == "traffic.chokepoint")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/rules/{position}/when/value")
    linted = (await hall.desk.post(f"{PATH}/{version}/lint", json={})).json()
    errors = [finding for finding in linted["findings"] if finding["level"] == "error"]
    assert "traffic.chokepoint" in {finding["rule"] for finding in errors}
    # The rules in use go on, with the new directory, and say that they are not what is stored.
    assert (await hall.city.report())["decision"]["ruleset_version"] == 1
    ready = (await hall.city.client().get("/readyz")).json()
    assert (ready["status"], len(ready["warnings"])) == ("ready", 1)
    assert "traffic.chokepoint" in ready["warnings"][0]


@pytest.mark.parametrize(
    ("instant", "code"), [("2020-01-01T00:00:00Z", "in_the_past"), ("2126-01-01T00:00:00Z", "too_far_ahead")]
)
async def test_rules_count_from_an_instant_that_is_possible(hall: Hall, instant: str, code: str) -> None:
    answer = await hall.publish(await hall.draft(), effective_at=instant)
    assert code_of(answer) == (422, code)
    assert answer.json()["errors"][0]["pointer"] == "/effective_at"


async def test_scheduled_rules_come_into_force_by_the_clock_in_every_process(hall: Hall) -> None:
    async with running(hall.city.url, hall.city.access) as other:
        version = await hall.draft(2)
        due = datetime.now(UTC) + timedelta(seconds=4)
        scheduled = (await hall.publish(version, effective_at=due.isoformat())).json()
        assert (scheduled["status"], scheduled["in_force"]) == ("published", False)
        decided = await hall.city.report()
        assert decided["decision"]["ruleset_version"] == 1
        late = await hall.publish(await hall.draft(3))
        assert code_of(late) == (409, "ruleset_moved_on")
        await until_used(version, hall.city, other)
        assert (await hall.entry(version))["in_force"] is True
        # An assignment of the earlier incident goes on under the rules that decided it.
        await hall.city.act(POLICE, decided, "acknowledge")
        assert (await other.incident(decided["id"]))["decision"]["ruleset_version"] == 1
        rolled = (await hall.rollback(version)).json()
        await until_used(rolled["version"], hall.city, other)
        answer = await other.integrator().post("/api/v1/incidents", json=HOSPITAL_CALL)
        assert answer.json()["incident"]["decision"]["ruleset_version"] == rolled["version"]


async def test_what_waits_for_its_instant_can_be_withdrawn(hall: Hall) -> None:
    version = await hall.draft()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert (await hall.publish(version, effective_at=tomorrow)).status_code == 200
    assert code_of(await hall.first.put(f"{PATH}/{version}", json=RULES)) == (409, "wrong_state")
    withdrawn = await hall.first.post(f"{PATH}/{version}/discard", json={"reason": "not tomorrow"})
    assert withdrawn.json()["status"] == "discarded"
    assert (await hall.publish(await hall.draft(3))).status_code == 200


async def test_one_person_takes_bad_rules_back_in_one_step(hall: Hall) -> None:
    good, bad = await hall.published(2), await hall.published(9)
    waiting = await hall.draft(10)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await hall.publish(waiting, effective_at=tomorrow)
    assert (await hall.first.post(f"{PATH}/{bad}/rollback", json={})).status_code == 422
    rolled = (await hall.rollback(bad)).json()
    assert (rolled["restored"], rolled["withdrawn"], rolled["in_force"]) == (good, [waiting], True)
    assert (await hall.entry(rolled["version"]))["ruleset"] == rules_with(2)
    assert (await hall.entry(waiting))["status"] == "discarded"
    assert await hall.acts(rolled["version"]) == [("rolled_back", "演示管理员", "nobody came")]
    await until_used(rolled["version"], hall.city)
    # The same call once more does not pull twice: another version is in force now.
    assert code_of(await hall.rollback(bad)) == (409, "ruleset_moved_on")
    # A second rollback goes further back; what was bad does not return.
    again = (await hall.rollback(rolled["version"])).json()
    assert again["restored"] == 1
    assert code_of(await hall.rollback(again["version"])) == (409, "wrong_state")


async def test_only_administration_writes_and_only_the_desk_reads(hall: Hall) -> None:
    version, city = await hall.draft(), hall.city
    leader, responder, console = await city.person("leader"), await city.person("police"), city.unit(POLICE)
    for path in (PATH, f"{PATH}/{version}", f"{PATH}/{version}/history", f"{PATH}/{version}/diff"):
        got = {client: (await client.get(path)).status_code for client in (hall.desk, leader, responder, console)}
        assert list(got.values()) == [200, 200, 403, 403]
    for client in (hall.desk, leader, console, city.integrator()):
        writes = [
            await client.post(PATH, json=RULES),
            await client.put(f"{PATH}/{version}", json=RULES),
            *[
                await client.post(f"{PATH}/{version}/{verb}", json={"reason": "x"})
                for verb in ("publish", "discard", "rollback")
            ],
        ]
        assert {answer.status_code for answer in writes} == {403}
    assert await city.sql.fetchval("SELECT count(*) FROM ruleset_act WHERE version = $1", version) == 1


async def test_the_list_says_who_when_why_and_which_is_in_force(hall: Hall) -> None:
    published, draft = await hall.published(), await hall.draft(3, note="next")
    first = (await hall.desk.get(PATH, params={"limit": 2})).json()
    rest = (await hall.desk.get(PATH, params={"limit": 2, "after": first["after"]})).json()
    entries = first["items"] + rest["items"]
    assert [(e["version"], e["status"], e["in_force"]) for e in entries] == [
        (draft, "draft", False),
        (published, "published", True),
        (1, "published", False),
    ]
    assert rest["after"] is None
    assert (entries[1]["reason"], entries[1]["changed_by"], entries[0]["note"]) == ("checked", "演示管理员2", "next")
    assert entries[2]["reason"] == "loaded with the directory"
    assert [e["version"] for e in (await hall.desk.get(PATH, params={"status": "draft"})).json()["items"]] == [draft]
    for query in ("status=x", "colour=red", "limit=0"):
        assert (await hall.desk.get(f"{PATH}?{query}")).status_code == 422
    for version in ("99", "x", "-1", "9" * 12):
        assert code_of(await hall.desk.get(f"{PATH}/{version}")) == (404, "not_found")


async def test_a_version_goes_out_as_yaml_and_comes_back_the_same(hall: Hall) -> None:
    text = (await hall.desk.get(f"{PATH}/1?format=yaml")).text
    accepted = await hall.desk.get(f"{PATH}/1", headers={"Accept": "application/yaml"})
    assert (accepted.text, accepted.headers["content-type"]) == (text, "application/yaml")
    assert (await hall.desk.get(f"{PATH}/1?format=xml")).status_code == 422
    written = "# by hand\n" + text.replace("zh: 噪声扰民", "zh: 噪声")
    drafted = await hall.first.post(PATH, content=written.encode(), headers={"Content-Type": "application/yaml"})
    assert drafted.status_code == 201, drafted.text
    version = drafted.json()["version"]
    assert (await hall.entry(version))["ruleset"] == yaml.safe_load(written)
    compared = (await hall.desk.get(f"{PATH}/{version}/diff")).json()
    assert (compared["against"], compared["same"], compared["added"], compared["removed"]) == (1, False, [], [])
    (rule,) = compared["changed"]
    assert [(field["field"], field["text"]["zh"]) for field in rule["fields"]] == [
        ("name.zh", "名称 · 中文：噪声扰民 → 噪声")
    ]
    same = (await hall.desk.get(f"{PATH}/1/diff?against=1")).json()
    assert same["same"] is True
    assert (await hall.desk.get(f"{PATH}/1/diff?against=99")).status_code == 404


async def test_new_rules_in_a_storm_have_no_open_incident_read_the_old_ones_again_under_its_lock(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = (await hall.city.press()).json()["incident"]
    await until_used(await hall.published(3), hall.city)

    async def slow(*_: object, **__: object) -> None:
        message = "a second's work for each of hundreds"
        raise AssertionError(message)

    monkeypatch.setattr(trial, "_compiled", slow)
    answer = await hall.city.act(POLICE, incident, "decline", reason="no_vehicle")
    assert answer.status_code == 200, answer.text
