"""The demo city holds together: real divisions, units that answer for them, places that say they are invented."""

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
from tests.support.demo_city import (
    CITY,
    DIVISIONS,
    KINDS,
    PLACES,
    PROFILES,
    TYPES,
    UNITS,
    candidates,
    divisions_of,
    facts_of,
    plan_of,
    point_of,
)

SCENARIOS = json.loads((Path(__file__).parents[1] / "scenarios.json").read_text(encoding="utf-8"))

each_place = pytest.mark.parametrize("place", CITY["places"], ids=lambda place: place["code"])


# ── Divisions ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_divisions_are_five_sixty_four_and_895() -> None:
    assert Counter(row["level"] for row in CITY["divisions"]) == {
        "city": 1,
        "county": 5,
        "township": 64,
        "village": 895,
    }


def test_each_county_has_its_known_number_of_townships_and_villages() -> None:
    townships = Counter(row["parent_code"] for row in divisions_of("township"))
    villages = Counter(row["code"][:6] for row in divisions_of("village"))
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
    for row in divisions_of("township"):
        assert offices <= there[row["code"]]
    for row in divisions_of("village"):
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
    facts = facts_of(device["default_incident_type"], hospital["kind"])
    best = {
        requirement.unit_kind: candidates(requirement, hospital["division_code"], point_of(hospital))[0]["code"]
        for requirement in plan_of(facts)
        if requirement.release is None
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


# ── The bundle ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_bundle_is_the_same_each_time_and_plain_json() -> None:
    again = bundle()
    assert again == CITY
    assert json.loads(json.dumps(again)) == again
