"""Where a point is, and whether another district is across the road."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.directory import Division
from dispatch.domain.geo import Point, distance_m
from dispatch.storage.space import SpatialIndex
from tests.support.world import unit


def square(west: float, south: float, size: float = 0.1) -> tuple[tuple[Point, ...], ...]:
    corners = ((west, south), (west + size, south), (west + size, south + size), (west, south + size), (west, south))
    return (tuple(Point(*corner) for corner in corners),)


def division(code: str, level: str, west: float, *, drawn: bool = True) -> Division:
    middle = Point(west + 0.05, 27.05)
    return Division(code, code, code, None, level, "urban", middle, square(west, 27.0) if drawn else ())


WEST, EAST = division("430302", "county", 112.0), division("430304", "county", 112.1)
# Its centre lies close to the border: by centres alone it would take points from across it.
NEAR = replace(division("430304001001", "village", 112.1, drawn=False), point=Point(112.11, 27.05))
FAR = replace(division("430302001001", "village", 112.0, drawn=False), point=Point(112.01, 27.05))
DRAWN = SpatialIndex([], [WEST, EAST, NEAR, FAR])


def test_a_point_belongs_to_the_side_of_the_border_it_is_on_whoever_s_centre_is_nearer() -> None:
    assert DRAWN.division_at(Point(112.09, 27.05)) == "430302001001"
    assert DRAWN.division_at(Point(112.101, 27.05)) == "430304001001"


def test_without_boundaries_the_nearest_centre_decides() -> None:
    bare = SpatialIndex([], [replace(found, boundary=()) for found in (WEST, EAST, NEAR, FAR)])
    assert bare.division_at(Point(112.09, 27.05)) == "430304001001"
    assert bare.near_boundary(Point(112.1, 27.05), 300) is None


def test_three_hundred_metres_from_another_district_is_near_its_boundary() -> None:
    metres = 1 / 99_000  # of longitude at 27° north
    assert DRAWN.near_boundary(Point(112.1 - 250 * metres, 27.05), 300) is True
    assert DRAWN.near_boundary(Point(112.1 + 250 * metres, 27.05), 300) is True
    assert DRAWN.near_boundary(Point(112.1 - 350 * metres, 27.05), 300) is False


def test_a_village_with_a_boundary_of_its_own_wins_over_the_county_around_it() -> None:
    village = replace(division("430302002002", "village", 112.0), boundary=square(112.02, 27.02, 0.01))
    index = SpatialIndex([], [WEST, village, FAR])
    assert index.division_at(Point(112.025, 27.025)) == "430302002002"
    assert index.division_at(Point(112.015, 27.05)) == "430302001001"


@given(st.floats(111.8, 112.4), st.floats(26.8, 27.3))
def test_every_point_has_a_division_inside_a_boundary_or_out_of_all_of_them(longitude: float, latitude: float) -> None:
    found = DRAWN.division_at(Point(longitude, latitude))
    assert found in {"430302001001", "430304001001"}
    if 112.0 < longitude < 112.1 and 27.0 < latitude < 27.1:
        assert found == "430302001001"


POINTS = st.lists(st.tuples(st.floats(112.0, 112.5), st.floats(27.0, 27.4)), min_size=1, max_size=60)


@given(POINTS, st.floats(110.0, 114.0), st.floats(26.0, 29.0), st.integers(1, 9))
def test_nobody_nearer_is_overlooked(
    places: list[tuple[float, float]], longitude: float, latitude: float, limit: int
) -> None:
    units = [unit(f"u{number:02d}", point=Point(*place)) for number, place in enumerate(places)]
    here = Point(longitude, latitude)
    index = SpatialIndex(units, [WEST, EAST])
    exact = sorted(units, key=lambda found: (distance_m(found.point, here), found.code))
    found = index.nearest("police", here, limit)
    by_id = {entry.id: distance_m(entry.point, here) for entry in units}
    wanted = [by_id[entry.id] for entry in exact[:limit]]
    # From far outside the city flattening may swap two that are equally far but for a hundredth.
    assert [by_id[unit_id] for unit_id in found] == pytest.approx(wanted, rel=0.011)
    if 111.9 < longitude < 112.6 and 26.9 < latitude < 27.5:
        assert list(found) == [entry.id for entry in exact[:limit]]
