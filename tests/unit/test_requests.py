"""What comes in over HTTP: bounded, clean, or refused with a code and a place."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.requests import Request

from dispatch.api.dependencies import MOST_BYTES, once_of, parse, read_body, require_same_origin, uuid_or_missing
from dispatch.api.errors import problem, refusal
from dispatch.api.paging import MOST, USUAL, page_of
from dispatch.api.schemas import (
    Act,
    Cancel,
    CheckIn,
    Decline,
    DispatchByHand,
    Feedback,
    IncidentReport,
    Location,
    Login,
    Note,
    Position,
    Press,
    Raise,
    UnitStatus,
)
from dispatch.domain import errors
from dispatch.domain.errors import Fault, InvalidRequestError
from tests.support.world import DESK, INTEGRATOR

SOMEWHERE = {"incident_type": "fire", "division_code": "430304"}
ID = "01a20818-0265-77d8-830f-a1b361aa895b"
HERE: dict[str, Any] = {"longitude": 112.9, "latitude": 27.8, "crs": "WGS84"}


def faults(model: type[BaseModel], body: object) -> list[tuple[str, str]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidRequestError) as refused:
        parse(model, raw)
    return [(fault.pointer, fault.code) for fault in refused.value.faults]


def report(**said: object) -> dict[str, object]:
    return SOMEWHERE | said


def asked(path: str = "/x", method: str = "POST", **headers: str) -> Request:
    told = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": path, "headers": told, "query_string": b""})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"incident_type": "fire"}, [("", "where_required")]),
        ({}, [("/incident_type", "required")]),
        (report(incident_type=""), [("/incident_type", "string_too_short")]),
        (report(incident_type="x" * 65), [("/incident_type", "string_too_long")]),
        (report(incident_type=7), [("/incident_type", "string_type")]),
        (report(description="x" * 4001), [("/description", "string_too_long")]),
        (report(description="a\x00b"), [("/description", "nul_character")]),
        (report(tags=["ok", "a\x00"]), [("/tags/1", "nul_character")]),
        (report(tags=["x"] * 33), [("/tags", "too_long")]),
        (report(caller={"phone": "call me"}), [("/caller/phone", "string_pattern_mismatch")]),
        (report(colour="red"), [("/colour", "unknown_field")]),
        (report(**{"a/b~c": 1}), [("/a~1b~0c", "unknown_field")]),
        (report(location={"longitude": 112.9, "latitude": 27.8}), [("/location/crs", "crs_required")]),
        (report(location=HERE | {"crs": None}), [("/location/crs", "crs_required")]),
        (report(location=HERE | {"crs": "EPSG:4326"}), [("/location/crs", "literal_error")]),
        (report(location=HERE | {"longitude": 181.0}), [("/location", "longitude_out_of_range")]),
        (report(location=HERE | {"latitude": -91.0}), [("/location", "latitude_out_of_range")]),
        (report(location=HERE | {"longitude": "112.9"}), [("/location/longitude", "float_type")]),
        (report(location=HERE | {"longitude": True}), [("/location/longitude", "float_type")]),
        (report(location=HERE | {"accuracy_m": -1.0}), [("/location/accuracy_m", "greater_than_equal")]),
        (report(occurred_at="2026-11-23T08:50:53"), [("/occurred_at", "offset_required")]),
        (report(occurred_at=1_800_000_000), [("/occurred_at", "instant_expected")]),
        (report(occurred_at="0001-01-01T00:00:00+14:00"), [("/occurred_at", "instant_out_of_range")]),
        (report(occurred_at="yesterday"), [("/occurred_at", "datetime_from_date_parsing")]),
        (report(severity="V"), [("/severity", "literal_error")]),
        (report(division_code="43030４"), [("/division_code", "string_pattern_mismatch")]),
        (report(place_id="7"), [("/place_id", "uuid_parsing")]),
        (b"[]", [("", "model_type")]),
        (b"{", [("", "invalid_json")]),
        (b"\xff", [("", "invalid_json")]),
        (b'{"incident_type": "\\ud800", "division_code": "430304"}', [("", "invalid_json")]),
        (b"[" * 100_000, [("", "invalid_json")]),
        (b"1" * 5_000, [("", "invalid_json")]),
        (b"7", [("", "model_type")]),
    ],
    ids=lambda value: None if isinstance(value, list) else repr(value)[-60:],
)
def test_a_wrong_report_is_refused_with_its_place_and_a_code(body: object, expected: list[tuple[str, str]]) -> None:
    assert faults(IncidentReport, body) == expected


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_coordinate_is_a_finite_number(number: str) -> None:
    raw = f'{{"longitude": {number}, "latitude": 27.8, "crs": "WGS84"}}'.encode()
    assert faults(Location, raw)[0][1] in {"finite_number", "invalid_json"}


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(ValueError, match="string_unicode"):
        Note(text="\ud800")


def test_everything_that_is_wrong_is_said_at_once_but_twenty_are_enough() -> None:
    assert len(faults(IncidentReport, report(**{f"field{n}": n for n in range(50)}))) == 20


def test_what_was_sent_is_not_repeated_in_the_refusal() -> None:
    secret = "13800138000 in hospital"
    with pytest.raises(InvalidRequestError) as refused:
        parse(IncidentReport, json.dumps(report(caller={"phone": secret}, severity=secret)).encode())
    assert secret not in refusal(refused.value).body.decode()


def test_the_least_that_is_enough_is_a_type_and_a_place() -> None:
    for where in ({"place_id": ID}, {"location": HERE}, {"division_code": "4303"}, {"address": "三号楼"}):
        assert parse(IncidentReport, json.dumps({"incident_type": "fire"} | where).encode()).exercise == "actual"


def test_an_instant_with_another_offset_is_the_same_instant() -> None:
    said = parse(Press, json.dumps({"press_id": ID, "pressed_at": "2026-11-23T16:50:53+08:00"}).encode())
    assert said.pressed_at is not None
    assert said.pressed_at.isoformat() == "2026-11-23T08:50:53+00:00"


def test_a_location_keeps_what_was_given_beside_the_normalised_point() -> None:
    given_point = Location(longitude=112.9, latitude=27.8, crs="GCJ02", accuracy_m=30.0).data()
    assert (given_point["longitude"], given_point["crs"], given_point["accuracy_m"]) == (112.9, "GCJ02", 30.0)
    assert given_point["wgs84"] != {"longitude": 112.9, "latitude": 27.8}


@pytest.mark.parametrize(
    ("model", "body", "expected"),
    [
        (Press, {"press_id": "7"}, [("/press_id", "uuid_parsing")]),
        (CheckIn, {"battery_percent": 101}, [("/battery_percent", "less_than_equal")]),
        (CheckIn, {"battery_percent": 50.5}, [("/battery_percent", "int_type")]),
        (CheckIn, {"tamper": "yes"}, [("/tamper", "bool_type")]),
        (Act, {"expected_version": 0}, [("/expected_version", "greater_than_equal")]),
        (Act, {"expected_version": 2**31}, [("/expected_version", "less_than_equal")]),
        (Act, {"expected_version": "1"}, [("/expected_version", "int_type")]),
        (Decline, {"reason": "tired"}, [("/reason", "literal_error")]),
        (Feedback, {"outcome": "handled", "text": "x" * 4001}, [("/text", "string_too_long")]),
        (Raise, {"reason": "worse"}, [("", "level_required")]),
        (Cancel, {"false_alarm": 1}, [("/false_alarm", "bool_type")]),
        (DispatchByHand, {"units": []}, [("/units", "too_short")]),
        (DispatchByHand, {"units": [{"unit_id": ID}] * 21}, [("/units", "too_long")]),
        (DispatchByHand, {"units": [{"unit_id": ID, "role": "boss"}]}, [("/units/0/role", "literal_error")]),
        (Note, {"text": ""}, [("/text", "string_too_short")]),
        (Login, {"login": "a", "password": "x" * 201}, [("/password", "string_too_long")]),
        (UnitStatus, {"status": "committed"}, [("/status", "literal_error")]),
        (Position, {}, [("/location", "required")]),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[:50],
)
def test_every_other_body_is_as_strict(
    model: type[BaseModel], body: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert faults(model, body) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*IncidentReport.model_fields, "x"])


@given(st.dictionaries(KEYS, JSON, max_size=6))
def test_no_body_is_an_error_of_ours_and_every_refusal_can_be_sent(body: dict[str, object]) -> None:
    try:
        parse(IncidentReport, json.dumps(body).encode())
    except InvalidRequestError as error:
        told = json.loads(refusal(error).body)
        assert told["errors"]


@given(st.binary(max_size=60))
def test_no_bytes_are_an_error_of_ours(body: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        parse(Act, body)


def test_a_problem_has_all_members_and_facts_never_stand_over_them() -> None:
    answer = problem(409, "wrong_state", "Title", "Detail", errors=[Fault("/a", "b", "c")], facts={"status": 1, "x": 2})
    assert answer.media_type == "application/problem+json"
    assert json.loads(answer.body) == {
        "type": "urn:dispatch:problem:wrong_state",
        "title": "Title",
        "status": 409,
        "detail": "Detail",
        "code": "wrong_state",
        "errors": [{"pointer": "/a", "code": "b", "detail": "c"}],
        "x": 2,
    }


@pytest.mark.parametrize(
    ("error", "status", "header", "value"),
    [
        (errors.DatabaseUnavailableError("x"), 503, "retry-after", "2"),
        (errors.RateLimitedError("x", facts={"retry_after_s": 41}), 429, "retry-after", "41"),
        (errors.UnauthenticatedError("x"), 401, "www-authenticate", "Bearer"),
    ],
)
def test_a_refusal_says_what_to_do_next(error: errors.DispatchError, status: int, header: str, value: str) -> None:
    answer = refusal(error)
    assert (answer.status_code, answer.headers[header]) == (status, value)


def test_one_fault_gives_the_problem_its_code_and_several_do_not() -> None:
    one, two = Fault("/a", "nul_character", "x"), Fault("/b", "required", "y")
    assert json.loads(refusal(InvalidRequestError((one,))).body)["code"] == "nul_character"
    assert json.loads(refusal(InvalidRequestError((one, two))).body)["code"] == "invalid_request"


def page(**query: str) -> tuple[int, str | None]:
    found = page_of(QueryParams(query), allowed={"status"})
    return found.limit, found.after


def test_a_page_has_fifty_entries_unless_another_number_is_asked_for() -> None:
    assert page() == (USUAL, None)
    assert page(limit="1", after=ID, status="open") == (1, ID)
    assert page(limit=str(MOST)) == (MOST, None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "0"}, "out_of_range"),
        ({"limit": "201"}, "out_of_range"),
        ({"limit": "-1"}, "out_of_range"),
        ({"limit": ""}, "out_of_range"),
        ({"limit": "٣"}, "out_of_range"),
        ({"limit": "0000000509"}, "out_of_range"),
        ({"limit": "000000050" + "0" * 5_000}, "out_of_range"),
        ({"after": "x"}, "not_an_id"),
        ({"colour": "red"}, "unknown_parameter"),
        ({"status": "a\x00"}, "nul_character"),
        ({"status": "\udc80"}, "nul_character"),
    ],
    ids=lambda value: str(value)[:30].encode(errors="replace").decode(),
)
def test_a_wrong_page_is_refused(query: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        page(**query)
    assert [fault.code for fault in refused.value.faults] == [code]


@given(st.text(max_size=12))
def test_no_limit_gives_more_than_a_page(limit: str) -> None:
    with contextlib.suppress(InvalidRequestError):
        assert 1 <= page(limit=limit)[0] <= MOST


def test_without_a_key_nothing_is_remembered() -> None:
    assert once_of(asked(), DESK, b"") is None


@pytest.mark.parametrize("key", ["a", "x" * 200, "press:7 b"])
def test_a_key_belongs_to_its_caller_path_and_body(key: str) -> None:
    once = once_of(asked(idempotency_key=key), DESK, b"{}")
    assert once is not None
    assert (once.scope, once.key) == ("person:person-id", key)
    assert once == once_of(asked(idempotency_key=key), DESK, b"{}")
    assert once.parameter() == [once.scope, key, once.body_hash.hex()]
    others = [
        once_of(asked(idempotency_key=key), INTEGRATOR, b"{}"),
        once_of(asked("/y", idempotency_key=key), DESK, b"{}"),
        once_of(asked(idempotency_key=key), DESK, b"{ }"),
    ]
    assert once not in others


@pytest.mark.parametrize("key", ["", "x" * 201, "é", "a\tb", "a\x7f"])
def test_a_key_that_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        once_of(asked(idempotency_key=key), DESK, b"")
    assert refused.value.faults[0].code == "invalid_idempotency_key"


def test_a_path_that_holds_no_id_names_nothing() -> None:
    assert uuid_or_missing(ID.upper(), "incident") == ID
    for text in ("7", "", "x" * 500, "\x00"):
        with pytest.raises(errors.NotFoundError):
            uuid_or_missing(text, "incident")


@pytest.mark.parametrize("origin", [None, "https://other.example", "null", "https://desk.example.other", ""])
def test_another_site_s_page_cannot_use_a_session(origin: str | None) -> None:
    headers = {"host": "desk.example"} | ({} if origin is None else {"origin": origin})
    with pytest.raises(errors.OriginRefusedError):
        require_same_origin(asked(**headers))
    require_same_origin(asked(host="desk.example", origin="https://desk.example"))


def test_a_body_is_bounded_whatever_its_length_says() -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": True}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    with pytest.raises(errors.PayloadTooLargeError):
        asyncio.run(read_body(Request(scope, receive)))
    with pytest.raises(errors.PayloadTooLargeError):
        asyncio.run(read_body(asked(content_length=str(MOST_BYTES + 1))))
