"""The demo city's rules: every scenario's plan, one lead in each, and somebody to fill it in every township."""

import json
import re
from pathlib import Path

import pytest

from dispatch.domain.trigger import Trigger
from tests.support.demo_city import (
    CITY,
    DIVISIONS,
    PLACES,
    PROFILES,
    RULES,
    TYPES,
    candidates,
    divisions_of,
    facts_of,
    plan_of,
    point_of,
)

SCENARIOS = json.loads((Path(__file__).parents[1] / "scenarios.json").read_text(encoding="utf-8"))
STAGED = ("delay_until", "condition", "stage")

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS["scenarios"], ids=lambda scenario: scenario["id"])


def scenario_facts(scenario):
    given = {key: scenario[key] for key in ("severity", "urgency", "channel", "division_code")}
    tags = frozenset(scenario["tags"])
    return facts_of(scenario["incident_type"], scenario["place_kind"], tags=tags, area_class=scenario["area"], **given)


def place_of(scenario):
    kind, division = scenario["place_kind"], scenario["division_code"]
    found = [
        place
        for place in CITY["places"]
        if place["kind"] == kind and (place["division_code"] == division or place["division_code"].startswith(division))
    ]
    assert found, f"no {kind} in {division}"
    return found[0]


@each_scenario
def test_the_plan_is_the_scenarios_plan_without_its_later_stages(scenario) -> None:
    wanted = {
        (row["unit_kind"], row["role"], row["min_units"], row["mandatory"])
        for row in scenario["dispatch"]
        if not any(stage in row for stage in STAGED)
    }
    plan = [r for r in plan_of(scenario_facts(scenario)) if r.release is None]
    planned = {(r.unit_kind, r.role, r.count, r.mandatory) for r in plan}
    assert planned == wanted


@each_scenario
def test_every_place_of_the_plan_can_be_filled_where_the_scenario_plays(scenario) -> None:
    place = place_of(scenario)
    for requirement in plan_of(scenario_facts(scenario)):
        found = candidates(requirement, place["division_code"], point_of(place))
        assert len(found) >= requirement.count, requirement.unit_kind


@each_scenario
def test_a_scenarios_type_has_its_class_severity_urgency_and_clocks(scenario) -> None:
    row = TYPES[scenario["incident_type"]]
    assert (row["class"], row["severity"], row["urgency"]) == (
        scenario["incident_class"],
        scenario["severity"],
        scenario["urgency"],
    )
    profile, deadlines = PROFILES[row["clock_profile"]], scenario["deadlines"]
    arrive = profile["arrive_s"] and profile["arrive_s"][scenario["area"]]
    assert (profile["acknowledge_s"], profile["depart_s"], arrive, profile["feedback_s"], profile["close_s"]) == tuple(
        deadlines[key] for key in ("ack_s", "depart_s", "arrive_s", "first_feedback_s", "close_s")
    )


@each_scenario
def test_a_scenario_plays_in_an_area_of_its_class(scenario) -> None:
    assert DIVISIONS[scenario["division_code"]]["area_class"] == scenario["area"]


RELEASES = {
    "lead_arrived": Trigger(event="lead_arrived"),
    "lead_feedback": Trigger(event="lead_fed_back"),
    "injured": Trigger(tag="injured"),
    "transfer": Trigger(tag="transfer"),
    2: Trigger(event="confirmed"),
}


@each_scenario
def test_who_comes_later_is_held_back_for_what_the_scenario_waits_for(scenario) -> None:
    held = {(r.unit_kind, r.role, r.release) for r in plan_of(scenario_facts(scenario)) if r.release is not None}
    for row in scenario["dispatch"]:
        for word in STAGED:
            if word in row:
                assert (row["unit_kind"], row["role"], RELEASES[row[word]]) in held


@pytest.mark.parametrize("incident_type", TYPES)
def test_every_plan_has_exactly_one_lead(incident_type) -> None:
    for place_kind in (None, *(row["code"] for row in CITY["place_kinds"])):
        for hour in (3, 12):
            facts = facts_of(incident_type, place_kind, hour=hour, tags=frozenset({"injured"}))
            assert [r.role for r in plan_of(facts)].count("lead") == 1


@pytest.mark.parametrize("incident_type", TYPES)
def test_every_plan_can_be_filled_in_every_township(incident_type) -> None:
    for row in divisions_of("township"):
        village = next(v for v in divisions_of("village") if v["parent_code"] == row["code"])
        for requirement in plan_of(facts_of(incident_type, hour=12)):
            assert candidates(requirement, village["code"], point_of(village)), (row["name"], requirement.unit_kind)


def test_what_no_rule_names_goes_to_the_command_centre() -> None:
    assert [rule.id for rule in RULES.matching(facts_of("other"))] == ["catch-all"]


def test_every_other_type_has_a_rule_of_its_own() -> None:
    for incident_type in TYPES.keys() - {"other"}:
        assert "catch-all" not in [rule.id for rule in RULES.matching(facts_of(incident_type, hour=12))]


def test_volunteers_and_grid_workers_are_kept_from_an_armed_scene() -> None:
    for place_kind in ("hospital", "residence"):
        rules = RULES.matching(facts_of("violence.armed", place_kind))
        excluded = {exclusion.unit_kind for rule in rules for exclusion in rule.exclude}
        assert {"volunteer_team", "grid_worker", "community_committee"} <= excluded


def test_no_rule_excludes_a_kind_that_the_same_plan_requires() -> None:
    for incident_type in TYPES:
        for place_kind in (None, "hospital", "school", "bank"):
            rules = RULES.matching(facts_of(incident_type, place_kind, tags=frozenset({"injured"})))
            required = {requirement.unit_kind for rule in rules for requirement in rule.require}
            assert required.isdisjoint(exclusion.unit_kind for rule in rules for exclusion in rule.exclude)


def test_noise_is_the_polices_at_night_and_not_by_day() -> None:
    lead = {hour: plan_of(facts_of("noise.complaint", hour=hour))[0].unit_kind for hour in (3, 12, 22)}
    assert lead == {3: "police_station", 12: "urban_mgmt", 22: "police_station"}


def test_an_injured_person_adds_an_ambulance_to_any_plan() -> None:
    injured = facts_of("domestic_violence", "residence", tags=frozenset({"injured"}))
    assert "ems_120" in {requirement.unit_kind for requirement in plan_of(injured)}


def test_a_person_in_the_river_brings_a_station_from_each_bank() -> None:
    bridge = PLACES["XT-G1"]
    police = next(r for r in plan_of(facts_of("rescue.water", "bridge")) if r.unit_kind == "police_station")
    two = candidates(police, bridge["division_code"], point_of(bridge))[: police.count]
    assert {unit["division_code"][:6] for unit in two} == {"430302", "430304"}


def test_a_demo_story_urges_at_thirty_and_escalates_at_sixty_seconds() -> None:
    profile = PROFILES[TYPES["psychiatric.disturbance"]["clock_profile"]]
    assert (profile["deliver_s"], profile["urge_s"], profile["acknowledge_s"]) == (15, 30, 60)


def test_clocks_of_a_profile_follow_each_other() -> None:
    for profile in PROFILES.values():
        arrive = profile["arrive_s"]
        order = [profile["urge_s"], profile["acknowledge_s"], profile["depart_s"], profile["feedback_s"]]
        running = [limit for limit in order if limit is not None]
        assert running == sorted(running), profile["code"]
        assert arrive is None or arrive["urban"] <= arrive["suburb"] <= arrive["rural"]
        assert profile["feedback_s"] < profile["close_s"]


def test_no_name_of_a_type_judges_a_person() -> None:
    judging = re.compile("精神病|上访|疯|嫌犯|闹事|医闹")
    for row in (*CITY["incident_types"], *CITY["unit_kinds"], *CITY["ruleset"]["rules"]):
        assert not judging.search(json.dumps(row, ensure_ascii=False))
