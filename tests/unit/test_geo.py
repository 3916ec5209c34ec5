"""Coordinates: known offsets in Xiangtan, round trips, refusals, distances."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.geo import CRS, CRS_NAMES, CoordinateError, Point, distance_m, from_wgs84, to_wgs84

XIANGTAN = Point(112.9, 27.85)

# Mainland extremes, so well inside the rectangle in which GCJ-02 shifts at all.
in_china = st.builds(Point, st.floats(73.5, 135.1), st.floats(18.1, 53.6))
anywhere = st.builds(Point, st.floats(-180, 180), st.floats(-90, 90))
west_of_china = st.builds(Point, st.floats(-180, 72.0), st.floats(-90, 90))
systems = st.sampled_from(CRS_NAMES)


def _read_as_wgs84(point: Point, crs: CRS) -> Point:
    return Point(*from_wgs84(point, crs))


@given(in_china, systems)
def test_a_point_in_china_survives_the_round_trip(point: Point, crs: CRS) -> None:
    assert distance_m(point, to_wgs84(*from_wgs84(point, crs), crs)) < 1e-4


@given(in_china, st.sampled_from(("GCJ02", "BD09")))
def test_a_shifted_coordinate_survives_the_opposite_round_trip(raw: Point, crs: CRS) -> None:
    back = from_wgs84(to_wgs84(raw.longitude, raw.latitude, crs), crs)
    assert distance_m(raw, Point(*back)) < 1e-4


@given(west_of_china, systems)
def test_outside_china_every_system_is_wgs84(point: Point, crs: CRS) -> None:
    assert from_wgs84(point, crs) == (point.longitude, point.latitude)
    assert to_wgs84(point.longitude, point.latitude, crs) == point


@given(anywhere, st.sampled_from(("WGS84", "CGCS2000")))
def test_wgs84_and_cgcs2000_are_kept_to_the_bit(point: Point, crs: CRS) -> None:
    assert to_wgs84(point.longitude, point.latitude, crs) == point
    assert from_wgs84(point, crs) == (point.longitude, point.latitude)


@pytest.mark.parametrize(("crs", "offset_m"), [("WGS84", 0.0), ("CGCS2000", 0.0), ("GCJ02", 656.0), ("BD09", 1_202.0)])
def test_known_offsets_in_xiangtan_are_met(crs: CRS, offset_m: float) -> None:
    assert distance_m(XIANGTAN, _read_as_wgs84(XIANGTAN, crs)) == pytest.approx(offset_m, abs=1.0)


# Computed with an independent implementation, prcoords 1.0.2.
@pytest.mark.parametrize(
    ("crs", "longitude", "latitude"),
    [("GCJ02", 112.90537361472917, 27.846508168073704), ("BD09", 112.91181988862543, 27.852753916328172)],
)
def test_an_independent_implementation_gives_the_same_coordinate(crs: CRS, longitude: float, latitude: float) -> None:
    assert from_wgs84(XIANGTAN, crs) == pytest.approx((longitude, latitude), abs=1e-12)


@given(anywhere, systems)
def test_conversion_never_moves_a_point_by_more_than_three_kilometres(point: Point, crs: CRS) -> None:
    try:
        shifted = _read_as_wgs84(point, crs)
    except CoordinateError:  # pragma: no cover - no shift leads off the map
        pytest.fail("a valid point became an invalid coordinate")
    assert distance_m(point, shifted) < 3_000


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("axis", ["longitude", "latitude"])
def test_a_number_that_is_not_finite_is_refused(bad: float, axis: str) -> None:
    arguments = {"longitude": 112.9, "latitude": 27.85, axis: bad}
    with pytest.raises(CoordinateError, match=axis) as refused:
        Point(**arguments)
    assert refused.value.code == "not_finite"


@pytest.mark.parametrize(
    ("longitude", "latitude", "code"),
    [
        (180.0001, 0.0, "longitude_out_of_range"),
        (-181, 0.0, "longitude_out_of_range"),
        (10**400, 0.0, "longitude_out_of_range"),
        (0.0, 90.0001, "latitude_out_of_range"),
        (27.85, 112.9, "latitude_out_of_range"),
        (0.0, -(10**400), "latitude_out_of_range"),
    ],
)
def test_a_coordinate_off_the_earth_is_refused_with_its_code(longitude: float, latitude: float, code: str) -> None:
    for crs in CRS_NAMES:
        with pytest.raises(CoordinateError) as refused:
            to_wgs84(longitude, latitude, crs)
        assert refused.value.code == code


def test_swapped_longitude_and_latitude_are_guessed_in_the_refusal() -> None:
    with pytest.raises(CoordinateError, match="swapped"):
        Point(27.85, 112.9)


def test_the_ends_of_the_range_are_places() -> None:
    for longitude, latitude in itertools.product((-180, 180), (-90, 90)):
        assert Point(longitude, latitude).longitude == longitude


@pytest.mark.parametrize("unknown", ["", "wgs84", "EPSG:4326", "MAPBAR"])
def test_an_unknown_system_is_refused_with_the_known_ones(unknown: CRS) -> None:
    with pytest.raises(CoordinateError, match="GCJ02") as refused:
        to_wgs84(112.9, 27.85, unknown)
    assert refused.value.code == "unknown_crs"
    with pytest.raises(CoordinateError, match="GCJ02"):
        from_wgs84(XIANGTAN, unknown)


@given(anywhere, anywhere)
def test_distance_is_symmetric_and_at_most_half_the_earth(a: Point, b: Point) -> None:
    assert distance_m(a, b) == distance_m(b, a)
    assert 0.0 <= distance_m(a, b) <= math.pi * 6_371_009


@given(anywhere)
def test_a_point_is_at_no_distance_from_itself(point: Point) -> None:
    assert distance_m(point, point) == 0.0


def test_one_degree_of_latitude_is_about_111_kilometres() -> None:
    assert distance_m(Point(112.9, 27.0), Point(112.9, 28.0)) == pytest.approx(111_195, abs=1)


def test_antipodes_are_half_the_circumference_apart() -> None:
    assert distance_m(Point(0.0, 0.0), Point(180.0, 0.0)) == pytest.approx(20_015_115, abs=5)


def test_distance_across_the_date_line_is_short() -> None:
    assert distance_m(Point(179.999, 0.0), Point(-179.999, 0.0)) < 230
