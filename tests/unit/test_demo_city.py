"""The demo city holds together: real divisions, every scenario's plan in the rules, and somebody to fill it."""

import json
import re
from collections import Counter, defaultdict
from datetime import time
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from shapely.geometry import Point as Dot
from shapely.geometry import shape

from dispatch.demo.city import bundle, schematic
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.ruleset import CompiledRuleset, parse_ruleset

CITY = bundle()
SCENARIOS = json.loads((Path(__file__).parents[1] / "scenarios.json").read_text(encoding="utf-8"))
STAGED = ("delay_until", "condition", "stage")
NEAREST_ASKED = 6
"""As many of the nearest units routing looks at beyond those that answer for the area."""

UNITS = {unit["code"]: unit for unit in CITY["units"]}
KINDS = {kind["code"]: kind for kind in CITY["unit_kinds"]}
DIVISIONS = {division["code"]: division for division in CITY["divisions"]}
TYPES = {row["code"]: row for row in CITY["incident_types"]}
PROFILES = {row["code"]: row for row in CITY["clock_profiles"]}
PLACES = {row["code"]: row for row in CITY["places"]}
RULES = CompiledRuleset(
    parse_ruleset(CITY["ruleset"], version=1, unit_kinds=frozenset(KINDS), incident_types=frozenset(TYPES))
)

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS["scenarios"], ids=lambda scenario: scenario["id"])
each_place = pytest.mark.parametrize("place", CITY["places"], ids=lambda place: place["code"])


def _level(level):
    return [row for row in CITY["divisions"] if row["level"] == level]


def _point(row):
    return Point(row["longitude"], row["latitude"])


def _facts(incident_type, place_kind=None, **more):
    row = TYPES[incident_type]
    defaults = {"severity": row["severity"], "urgency": row["urgency"], "tags": frozenset(), "exercise": "actual"}
    return defaults | {"incident_type": incident_type, "place_kind": place_kind, "channel": "api"} | more


def _scenario_facts(scenario):
    given = {key: scenario[key] for key in ("severity", "urgency", "channel", "division_code")}
    tags = frozenset(scenario["tags"])
    return _facts(scenario["incident_type"], scenario["place_kind"], tags=tags, area_class=scenario["area"], **given)


def _requirements(facts):
    """The plan: the first rule that names a kind (with its capability) stands."""
    plan = {}
    for rule in RULES.matching(facts):
        for requirement in rule.require:
            plan.setdefault((requirement.unit_kind, requirement.capability), requirement)
    return list(plan.values())


def _chain(code):
    while code is not None:
        yield code
        code = DIVISIONS[code]["parent_code"]


def _candidates(requirement, division_code, point):
    """Who would be asked, best first: those who answer for the area, closest area first; then the nearest."""
    able = [unit for unit in CITY["units"] if unit["kind"] == requirement.unit_kind]
    by_distance = sorted(able, key=lambda unit: (distance_m(_point(unit), point), unit["code"]))
    home = [unit for code in _chain(division_code) for unit in by_distance if code in unit["jurisdiction"]]
    asked = by_distance[:NEAREST_ASKED]
    ranked = [*home, *asked] if "jurisdiction" in requirement.choose else [*asked, *home]
    unique = list({unit["code"]: unit for unit in ranked}.values())
    return [unit for unit in unique if requirement.capability in {None, *unit["capabilities"]}]


def _place_of(scenario):
    kind, division = scenario["place_kind"], scenario["division_code"]
    found = [
        place
        for place in CITY["places"]
        if place["kind"] == kind and (place["division_code"] == division or place["division_code"].startswith(division))
    ]
    assert found, f"no {kind} in {division}"
    return found[0]


# ── Divisions ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_divisions_are_five_sixty_four_and_895() -> None:
    assert Counter(row["level"] for row in CITY["divisions"]) == {
        "city": 1,
        "county": 5,
        "township": 64,
        "village": 895,
    }


def test_each_county_has_its_known_number_of_townships_and_villages() -> None:
    townships = Counter(row["parent_code"] for row in _level("township"))
    villages = Counter(row["code"][:6] for row in _level("village"))
    assert {code: (townships[code], villages[code]) for code in townships} == {
        "430302": (12, 106),
        "430304": (9, 61),
        "430321": (17, 351),
        "430381": (22, 339),
        "430382": (4, 38),
    }


def test_a_division_lies_under_the_division_whose_code_begins_its_own() -> None:
    length = {"county": 6, "township": 9, "village": 12}
    for row in CITY["divisions"][1:]:
        assert len(row["code"]) == length[row["level"]]
        assert row["parent_code"] in DIVISIONS
        assert row["level"] == "county" or row["code"].startswith(row["parent_code"])


def test_known_divisions_have_their_real_names() -> None:
    names = {code: DIVISIONS[code]["name"] for code in ("430304", "430304005", "430302001001", "430321113")}
    assert names == {
        "430304": "岳塘区",
        "430304005": "下摄司街道",
        "430302001001": "雨湖路社区居委会",
        "430321113": "杨嘉桥镇",
    }
    assert DIVISIONS["430321104"]["name_en"] == "Cha'ensi Town"


def test_every_english_name_is_spelled_in_latin_letters() -> None:
    for row in (*CITY["divisions"], *CITY["units"], *CITY["places"], *CITY["devices"], *CITY["incident_types"]):
        assert re.fullmatch(r"[ -~ü’–]+", row["name_en"]), row["name_en"]


def test_county_areas_do_not_overlap_and_hold_all_their_divisions() -> None:
    areas = {
        feature["properties"]["code"]: shape(feature["geometry"])
        for feature in schematic()["features"]
        if feature["properties"]["role"] == "county"
    }
    assert len(areas) == 5
    assert all(area.is_valid for area in areas.values())
    assert all(a.intersection(b).area < 1e-12 for a, b in combinations(areas.values(), 2))
    for row in CITY["divisions"][1:]:
        assert areas[row["code"][:6]].contains(Dot(row["longitude"], row["latitude"])), row["code"]


def test_every_feature_of_the_map_is_labelled_a_schematic() -> None:
    assert {feature["properties"]["label"] for feature in schematic()["features"]} == {"示意图"}
    assert "not survey data" in schematic()["note"]


def test_the_river_is_the_border_of_the_two_urban_districts() -> None:
    drawn = [(f["properties"], f["geometry"]["coordinates"]) for f in schematic()["features"]]
    river = next(line for properties, line in drawn if properties["role"] == "river")
    rings = {properties["code"]: rings[0] for properties, rings in drawn if properties["role"] == "county"}
    for code in ("430302", "430304"):
        edges = {frozenset(map(tuple, edge)) for edge in pairwise(rings[code])}
        assert {frozenset(map(tuple, edge)) for edge in pairwise(river)} <= edges


# ── Units ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_code_is_used_twice_in_any_list() -> None:
    for name, rows in CITY.items():
        if name not in {"people", "ruleset"}:
            codes = [row["code"] for row in rows]
            assert len(codes) == len(set(codes)), name
    logins = [person["login"] for person in CITY["people"]]
    assert len(logins) == len(set(logins))


def test_every_reference_points_to_something_that_exists() -> None:
    agencies, place_kinds = ({row["code"] for row in CITY[name]} for name in ("agencies", "place_kinds"))
    for unit in CITY["units"]:
        assert unit["kind"] in KINDS
        assert unit["agency"] in agencies
        assert {unit["division_code"], *unit["jurisdiction"]} <= DIVISIONS.keys()
    for place in CITY["places"]:
        assert place["kind"] in place_kinds
        assert place["division_code"] in DIVISIONS
    for device in CITY["devices"]:
        assert device["place"] in PLACES
        assert {device["default_incident_type"], *device["choices"]} <= TYPES.keys()
        assert device["default_incident_type"] in device["choices"]
    for person in CITY["people"]:
        assert (person["unit"] in UNITS) == (person["role"] == "responder")
    assert {row["clock_profile"] for row in CITY["incident_types"]} <= PROFILES.keys()


def test_every_chain_of_superiors_ends_at_the_city_command_centre() -> None:
    for code in UNITS:
        chain = [code]
        while (superior := UNITS[chain[-1]]["superior"]) is not None:
            assert superior not in chain
            chain.append(superior)
        assert chain[-1] == "XT-CMD"
        assert len(chain) <= 4


def test_a_village_reports_to_its_township_then_county_then_city() -> None:
    chain = ["430304005003-COM"]
    while (superior := UNITS[chain[-1]]["superior"]) is not None:
        chain.append(superior)
    assert chain == ["430304005003-COM", "430304005-PLT", "430304-HUB", "XT-CMD"]


def test_every_township_has_the_offices_that_answer_for_it() -> None:
    there = defaultdict(set)
    for unit in CITY["units"]:
        for code in unit["jurisdiction"]:
            there[code].add(unit["kind"])
    offices = {"police_station", "judicial_office", "health_office", "township_platform", "community_health_center"}
    for row in _level("township"):
        assert offices <= there[row["code"]]
    for row in _level("village"):
        committee = "village_committee" if row["code"][9:] >= "200" else "community_committee"
        assert {committee, "grid_worker"} <= there[row["code"]]


def test_every_kind_of_unit_exists_and_is_named_as_in_the_scenarios() -> None:
    assert {code: kind["name"] for code, kind in KINDS.items()} == SCENARIOS["unit_kinds"]
    assert {unit["kind"] for unit in CITY["units"]} == KINDS.keys()


def test_only_those_who_care_for_health_or_safety_read_sensitive_details() -> None:
    sensitive = {code for code, kind in KINDS.items() if kind["sensitive"]}
    assert {"police_station", "health_office", "ems_120", "psych_expert"} <= sensitive
    assert not {"community_committee", "judicial_office", "volunteer_team", "grid_worker"} & sensitive


def test_every_telephone_number_is_recognisably_fictional_and_given_once() -> None:
    phones = [row["phone"] for name in ("units", "places", "devices") for row in CITY[name]]
    phones += [unit["on_call"]["phone"] for unit in CITY["units"] if unit["on_call"]]
    assert all(re.fullmatch(r"0731-5550\d{4}", phone) for phone in phones)
    assert len(phones) == len(set(phones))


def test_no_two_units_stand_on_the_same_spot() -> None:
    spots = Counter((u["longitude"], u["latitude"]) for u in CITY["units"])
    assert max(spots.values()) == 1


def test_schedules_are_read_as_weekdays_and_hours() -> None:
    for unit in CITY["units"]:
        for window in unit["schedule"] or ():
            assert set(window["days"]) <= set(range(1, 8))
            assert time.fromisoformat(window["from"]) != time.fromisoformat(window["to"])


def test_a_justice_office_names_somebody_on_call() -> None:
    assert all(unit["on_call"] for unit in CITY["units"] if unit["kind"] == "judicial_office")


# ── Places, devices, people ──────────────────────────────────────────────────────────────────────────────────────────


@each_place
def test_a_place_says_that_it_is_invented(place) -> None:
    assert "fictional" in place["notes"]
    assert "演示" in place["name"]


def test_the_demo_hospital_calls_its_four_units_by_one_press() -> None:
    device = next(device for device in CITY["devices"] if device["code"] == "XT-H6-GUARD")
    hospital = PLACES[device["place"]]
    assert (device["trigger_mode"], device["default_incident_type"]) == ("hold", "psychiatric.disturbance")
    facts = _facts(device["default_incident_type"], hospital["kind"])
    best = {
        requirement.unit_kind: _candidates(requirement, hospital["division_code"], _point(hospital))[0]["code"]
        for requirement in _requirements(facts)
    }
    assert best == {
        "police_station": "430304005-PCS",
        "judicial_office": "430304005-JUD",
        "health_office": "430304005-HLT",
        "community_committee": "430304005003-COM",
        "hospital_security": "XT-H6-SEC",
    }
    responders = {person["unit"] for person in CITY["people"] if person["role"] == "responder"}
    assert responders == set(best.values()) - {"XT-H6-SEC"}


def test_a_silent_button_needs_no_hold() -> None:
    silent = [device for device in CITY["devices"] if device["silent"]]
    assert silent
    assert {device["trigger_mode"] for device in silent} == {"press"}
    assert all((device["hold_ms"] > 0) == (device["trigger_mode"] == "hold") for device in CITY["devices"])


# ── Rules against the scenarios ──────────────────────────────────────────────────────────────────────────────────────


@each_scenario
def test_the_plan_is_the_scenarios_plan_without_its_later_stages(scenario) -> None:
    wanted = {
        (row["unit_kind"], row["role"], row["min_units"], row["mandatory"])
        for row in scenario["dispatch"]
        if not any(stage in row for stage in STAGED)
    }
    planned = {(r.unit_kind, r.role, r.count, r.mandatory) for r in _requirements(_scenario_facts(scenario))}
    assert planned == wanted


@each_scenario
def test_every_place_of_the_plan_can_be_filled_where_the_scenario_plays(scenario) -> None:
    place = _place_of(scenario)
    for requirement in _requirements(_scenario_facts(scenario)):
        found = _candidates(requirement, place["division_code"], _point(place))
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


def test_staged_rows_are_listed_in_the_rules_comment() -> None:
    text = (Path(__file__).parents[2] / "src/dispatch/demo/data/ruleset.yaml").read_text(encoding="utf-8")
    head = text.split("rules:", 1)[0]
    for scenario in SCENARIOS["scenarios"]:
        for row in scenario["dispatch"]:
            if any(stage in row for stage in STAGED):
                assert scenario["incident_type"] in head
                assert row["unit_kind"] in head or row.get("condition") == "injured"


@pytest.mark.parametrize("incident_type", TYPES)
def test_every_plan_has_exactly_one_lead(incident_type) -> None:
    for place_kind in (None, *(row["code"] for row in CITY["place_kinds"])):
        for hour in (3, 12):
            facts = _facts(incident_type, place_kind, hour=hour, tags=frozenset({"injured"}))
            assert [r.role for r in _requirements(facts)].count("lead") == 1


@pytest.mark.parametrize("incident_type", TYPES)
def test_every_plan_can_be_filled_in_every_township(incident_type) -> None:
    for row in _level("township"):
        village = next(v for v in _level("village") if v["parent_code"] == row["code"])
        for requirement in _requirements(_facts(incident_type, hour=12)):
            assert _candidates(requirement, village["code"], _point(village)), (row["name"], requirement.unit_kind)


def test_what_no_rule_names_goes_to_the_command_centre() -> None:
    assert [rule.id for rule in RULES.matching(_facts("other"))] == ["catch-all"]


def test_every_other_type_has_a_rule_of_its_own() -> None:
    for incident_type in TYPES.keys() - {"other"}:
        assert "catch-all" not in [rule.id for rule in RULES.matching(_facts(incident_type, hour=12))]


def test_volunteers_and_grid_workers_are_kept_from_an_armed_scene() -> None:
    for place_kind in ("hospital", "residence"):
        rules = RULES.matching(_facts("violence.armed", place_kind))
        excluded = {exclusion.unit_kind for rule in rules for exclusion in rule.exclude}
        assert {"volunteer_team", "grid_worker", "community_committee"} <= excluded


def test_no_rule_excludes_a_kind_that_the_same_plan_requires() -> None:
    for incident_type in TYPES:
        for place_kind in (None, "hospital", "school", "bank"):
            rules = RULES.matching(_facts(incident_type, place_kind, tags=frozenset({"injured"})))
            required = {requirement.unit_kind for rule in rules for requirement in rule.require}
            assert required.isdisjoint(exclusion.unit_kind for rule in rules for exclusion in rule.exclude)


def test_noise_is_the_polices_at_night_and_not_by_day() -> None:
    lead = {hour: _requirements(_facts("noise.complaint", hour=hour))[0].unit_kind for hour in (3, 12, 22)}
    assert lead == {3: "police_station", 12: "urban_mgmt", 22: "police_station"}


def test_an_injured_person_adds_an_ambulance_to_any_plan() -> None:
    injured = _facts("domestic_violence", "residence", tags=frozenset({"injured"}))
    assert "ems_120" in {requirement.unit_kind for requirement in _requirements(injured)}


def test_a_person_in_the_river_brings_a_station_from_each_bank() -> None:
    bridge = PLACES["XT-G1"]
    police = next(r for r in _requirements(_facts("rescue.water", "bridge")) if r.unit_kind == "police_station")
    two = _candidates(police, bridge["division_code"], _point(bridge))[: police.count]
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


# ── The bundle ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_bundle_is_the_same_each_time_and_plain_json() -> None:
    again = bundle()
    assert again == CITY
    assert json.loads(json.dumps(again)) == again
