"""From a decided call to rows: every column, nothing that the database would not print."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.call import FALLBACK_DIVISION, CallReport, locate
from dispatch.domain.directory import Directory, DirectoryContent, States
from dispatch.domain.geo import Point
from dispatch.domain.ids import number_prefix, uuid7
from dispatch.domain.intake import call_row, decision_data, open_incident, pending_slots
from dispatch.domain.routing import decide
from dispatch.domain.rows import AssignmentRow, IncidentRow, LocationData, instant, parse_instant
from dispatch.domain.ruleset import Requirement
from tests.support.world import (
    CITY,
    COUNTY,
    FOUR,
    HERE,
    HOSPITAL,
    NOW,
    REQUIRE,
    TOWNSHIP,
    VILLAGE,
    Space,
    assignment_of,
    directory,
    ids,
    incident_of,
    opened,
    opening,
    planned,
    request,
    rule,
    ruleset,
    unit,
)

MIGRATIONS = sorted((Path(__file__).parents[2] / "migrations" / "versions").glob("0*.py"))


def columns(table: str) -> list[str]:
    """Read the columns of a CREATE TABLE, and of each ALTER TABLE that adds some: the first word of each part."""
    later = "".join(path.read_text(encoding="utf-8").partition("DOWN =")[0] for path in MIGRATIONS[1:])
    added = re.findall(
        r"\bADD (?!PRIMARY|CHECK|CONSTRAINT)(\w+)", "".join(re.findall(rf"ALTER TABLE {table} ([^;]*);", later))
    )
    body = MIGRATIONS[0].read_text(encoding="utf-8").partition(f"CREATE TABLE {table} (")[2].partition(");\n")[0]
    flat = body
    while "(" in flat:
        flat = re.sub(r"\([^()]*\)", "", flat)
    names = [part.split()[0] for part in flat.split(",")]
    return [*(name for name in names if name not in {"CHECK", "PRIMARY", "UNIQUE", "FOREIGN"}), *added]


def test_an_incident_has_exactly_the_columns_of_its_table() -> None:
    change = opened()
    assert set(IncidentRow.__annotations__) == set(columns("incident")) == set(incident_of(change))


def test_an_assignment_has_exactly_the_columns_of_its_table() -> None:
    for row in opened()["assignments"]:
        assert set(AssignmentRow.__annotations__) == set(columns("assignment")) == set(row)


def test_a_call_has_exactly_the_columns_of_its_table() -> None:
    assert set(call_row(opening(), incident_id="i")) == set(columns("call"))


def test_opening_tells_of_the_incident_and_of_each_assignment_once() -> None:
    change = opened()
    told = [(event["event"], event["assignment_id"]) for event in change["events"]]
    assert told == [("incident.opened", None), *[("assignment.issued", row["id"]) for row in change["assignments"]]]
    assert change["events"][0]["facts"] == {"call_id": "call"}
    assert incident_of(change)["unit_ids"] == [unit.id for unit in FOUR]
    assert {row["incident_id"] for row in change["assignments"]} == {incident_of(change)["id"]}
    made = [
        incident_of(change)["id"],
        *(r["id"] for r in change["assignments"]),
        *(e["event_id"] for e in change["events"]),
    ]
    assert len(set(made)) == len(made)


def test_a_gap_is_told_and_kept_open() -> None:
    change = opened(FOUR[:1])
    incident = incident_of(change)
    assert change["events"][-1]["event"] == "shortfall.raised"
    assert change["events"][-1]["facts"] == {"shortfalls": incident["shortfalls"]}
    assert [(gap["unit_kind"], gap["reason"]) for gap in incident["shortfalls"]] == [
        ("justice", "no_candidates"),
        ("health", "no_candidates"),
        ("community", "no_candidates"),
    ]
    assert incident["pending_slots"] == [0, 1, 2]


def test_an_incident_that_nobody_goes_to_stays_received() -> None:
    assert incident_of(opened(()))["status"] == "received"
    told = opened([unit("c", "community")], Requirement("community", "notify"))
    assert incident_of(told)["status"] == "received"
    assert incident_of(opened())["status"] == "dispatched"


def test_the_plan_waits_for_the_lead_and_every_mandatory_support_only() -> None:
    optional = Requirement("justice", "support", mandatory=False)
    plan = planned(FOUR, REQUIRE[0], optional, Requirement("health", "support"), REQUIRE[3])
    assert pending_slots(plan) == [0, 2]
    lead_alone = planned(FOUR, replace(REQUIRE[0], mandatory=False))
    assert pending_slots(lead_alone) == [0]


def test_somebody_on_call_is_to_be_paged_at_once() -> None:
    entry = planned(FOUR, REQUIRE[0]).planned[0]
    plan = planned(FOUR, REQUIRE[0])
    plan.planned[0] = replace(entry, on_call=True)
    row = open_incident(opening(), plan, new_id=ids(), directory=directory(FOUR))["assignments"][0]
    assert row["deliver_by"] == row["issued_at"]
    assert row["selection"]["on_call"] is True


def test_the_reporter_s_level_wins_over_the_type_s() -> None:
    assert incident_of(opened(urgency="critical", severity="I"))["urgency"] == "critical"
    plain = incident_of(opened())
    assert (plain["urgency"], plain["severity"]) == ("urgent", "IV")


def test_a_registered_place_gives_its_address_unless_another_was_said() -> None:
    assert incident_of(opened())["address"] == HOSPITAL.address
    assert incident_of(opened(address="三号楼"))["address"] == "三号楼"
    assert incident_of(opened())["place"] == {
        "id": "hospital",
        "kind": "hospital",
        "name": "医院",
        "name_en": "Hospital",
        "address": "演示路6号",
    }


def test_a_call_is_kept_as_it_was_said() -> None:
    said = call_row(opening(occurred_at=NOW - timedelta(minutes=1)), incident_id="i")
    assert said["outcome"] == "opened"
    assert said["occurred_at"] == "2026-11-23T02:16:00+00:00"
    assert said["recorded_at"] == "2026-11-23T02:17:00+00:00"
    assert isinstance(said["body"], dict)
    assert said["body"]["description"] == "病房里有人砸东西"


def test_the_decision_is_plain_data_and_names_both_versions() -> None:
    facts = {"incident_type": "x", "tags": frozenset({"b", "a"}), "hour": 3, "place_kind": None}
    plan = decide(request(facts=facts), ruleset(rule(*REQUIRE)), directory(FOUR), States())
    change = open_incident(opening(), plan, new_id=ids(), directory=directory(FOUR))
    kept = decision_data(plan, [row["id"] for row in change["assignments"]], change["occurred_at"])
    assert json.loads(json.dumps(kept)) == kept
    assert (kept["ruleset_version"], kept["directory_version"]) == (7, 3)
    assert kept["facts"] == {"incident_type": "x", "tags": ["a", "b"], "hour": 3, "place_kind": None}
    assert kept["decided_at"] == change["occurred_at"]


def test_the_decision_says_for_each_requirement_who_fills_it_or_what_is_missing() -> None:
    units = FOUR[:1]
    plan = planned(units, *REQUIRE)
    change = open_incident(opening(), plan, new_id=ids(), directory=directory(units))
    ids_of = [row["id"] for row in change["assignments"]]
    requirements = decision_data(plan, ids_of, change["occurred_at"])["requirements"]
    assert isinstance(requirements, list)
    assert requirements[0]["filled"] == [assignment_of(change, "police")["id"]]
    assert requirements[0]["shortfall"] is None
    assert requirements[1]["filled"] == []
    assert requirements[1]["shortfall"] == {"reason": "no_candidates", "count": 1}


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [
        (0, "2026-11-23T08:50:53+00:00"),
        (1, "2026-11-23T08:50:53.000001+00:00"),
        (100_000, "2026-11-23T08:50:53.1+00:00"),
        (123_400, "2026-11-23T08:50:53.1234+00:00"),
    ],
)
def test_an_instant_is_written_as_the_database_prints_it(microsecond: int, text: str) -> None:
    moment = datetime(2026, 11, 23, 8, 50, 53, microsecond, tzinfo=UTC)
    assert instant(moment) == text
    assert instant(moment.astimezone(timezone(timedelta(hours=8)))) == text
    assert parse_instant(text) == moment


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_is_read_back_as_the_same_instant(moment: datetime) -> None:
    if 1 < moment.year < 9999:
        assert parse_instant(instant(moment)) == moment.astimezone(UTC)


def test_numbers_begin_with_the_county_and_the_day() -> None:
    assert number_prefix("430304005003", "20261123") == "430304-20261123-"
    assert number_prefix("4303", "20261123") == "430300-20261123-"


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
def test_an_id_is_a_uuid_of_version_seven_that_holds_its_time(unix_ms: int, bits: int) -> None:
    made = uuid7(unix_ms, bits)
    assert (made.version, made.int >> 80) == (7, unix_ms)
    assert made.variant == "specified in RFC 4122"


def location(longitude: float = 112.91, latitude: float = 27.85) -> LocationData:
    wgs84 = {"longitude": longitude, "latitude": latitude}
    return {"longitude": longitude, "latitude": latitude, "crs": "WGS84", "accuracy_m": None, "wgs84": wgs84}


def report(**said: object) -> CallReport:
    return replace(CallReport("x", "api"), **said)  # type: ignore[arg-type]


def test_a_point_refines_the_division_that_was_said() -> None:
    where = locate(report(division_code=COUNTY, location=location()), directory(division=VILLAGE))
    assert (where.division_code, where.point) == (VILLAGE, Point(112.91, 27.85))


def test_a_point_does_not_overrule_a_division_that_it_does_not_lie_in() -> None:
    where = locate(report(division_code="430302", location=location()), directory(division=VILLAGE))
    assert where.division_code == "430302"


def test_a_point_alone_finds_its_division() -> None:
    assert locate(report(location=location()), directory(division=TOWNSHIP)).division_code == TOWNSHIP


def test_a_place_gives_division_and_point() -> None:
    where = locate(report(place_id="hospital"), directory())
    assert (where.place, where.division_code, where.point) == (HOSPITAL, VILLAGE, HOSPITAL.point)


def test_a_division_alone_has_its_seat_as_point() -> None:
    assert locate(report(division_code=TOWNSHIP), directory()).point == HERE
    assert locate(report(division_code=TOWNSHIP + "999"), directory()).point == HERE


@pytest.mark.parametrize("said", [{"address": "somewhere"}, {"place_id": "unknown"}, {}])
def test_a_place_that_nobody_knows_is_the_city_s_own(said: dict[str, object]) -> None:
    assert locate(report(**said), directory()).division_code == CITY


def test_even_an_empty_directory_refuses_no_call() -> None:
    empty = Directory(DirectoryContent(1, {}, {}, {}, {}, {}, {}, {}, {}), Space(()))
    where = locate(report(address="somewhere"), empty)
    assert (where.division_code, where.point) == (FALLBACK_DIVISION, None)


@given(st.text("0123456789", max_size=15))
def test_every_division_has_a_chain_that_ends_and_begins_with_itself(code: str) -> None:
    chain = directory().chain(code)
    assert chain[0] == code
    assert len(set(chain)) == len(chain) <= 6
    assert directory().area_class(code) in {"urban", "suburb"}


def test_a_division_that_is_not_listed_falls_back_to_its_prefixes() -> None:
    assert directory().chain("430304005999") == ("430304005999", TOWNSHIP, COUNTY, CITY)
    assert directory().chain("999999") == ("999999", "999900")
