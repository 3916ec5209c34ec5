"""The spatial index in memory: nearest units, division of a point. Rebuilt aside with every directory version.

Measured: 14 µs for a point in 10,000 districts, 41–90 µs for the nearest 5 of 10,000 units (docs/adr/0004).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import shapely
from shapely import STRtree

from dispatch.domain.directory import Division
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.unit import Unit, pools_of


class SpatialIndex:
    """Nearest units by pool over base points; the division of a point by boundaries and centres."""

    def __init__(self, units: Iterable[Unit], divisions: Iterable[Division]) -> None:
        """File the units of each pool. Longitudes are scaled by cos(latitude): degrees become comparable."""
        divisions = list(divisions)
        self._scale = _longitude_scale(divisions)
        by_pool: defaultdict[str, list[Unit]] = defaultdict(list)
        for unit in units:
            for pool in pools_of(unit):
                by_pool[pool].append(unit)
        self._units = {pool: (_Grid([self._flat(u.point) for u in found]), found) for pool, found in by_pool.items()}
        leaves = [division for division in divisions if division.level == "village"] or divisions
        self._leaves = leaves
        self._centres = self._filed(leaves)
        self._areas = [division for division in divisions if division.boundary]
        self._area_tree = STRtree([self._polygon(division) for division in self._areas])
        self._within: dict[str, tuple[_Grid, Sequence[Division]]] = {}

    def nearest(self, pool: str, point: Point, limit: int) -> Sequence[str]:
        """List the ids of the nearest units of a pool, nearest first, ties by code."""
        found = self._units.get(pool)
        if found is None:
            return ()
        grid, units = found
        near = [units[index] for index in grid.nearest(*self._flat(point), limit)]
        near.sort(key=lambda unit: (distance_m(unit.point, point), unit.code))
        return [unit.id for unit in near[:limit]]

    def division_at(self, point: Point) -> str | None:
        """Give the most specific division whose boundary holds the point, and in it the one whose centre is nearest.

        Where no boundary is loaded the nearest centre alone decides: approximate.
        """
        area = self._area_at(point)
        if area is None:
            return self._nearest_centre(self._centres, point)
        if area.level == "village":
            return area.code
        if area.code not in self._within:
            inside = [division for division in self._leaves if division.code.startswith(_prefix(area.code))]
            self._within[area.code] = self._filed(inside)
        return self._nearest_centre(self._within[area.code], point) or area.code

    def near_boundary(self, point: Point, within_m: float) -> bool | None:
        """Say whether two districts are so near; None when no boundary is known."""
        if not self._areas:
            return None
        near = self._area_tree.query(self._geometry(point), predicate="dwithin", distance=within_m / _METRES_A_DEGREE)
        return len([index for index in near if self._areas[index].level == "county"]) > 1

    def _area_at(self, point: Point) -> Division | None:
        if not self._areas:
            return None
        found = self._area_tree.query(self._geometry(point), predicate="within")
        return max((self._areas[index] for index in found), key=lambda area: len(_prefix(area.code)), default=None)

    def _filed(self, divisions: Sequence[Division]) -> tuple["_Grid", Sequence[Division]]:
        return _Grid([self._flat(division.point) for division in divisions]), divisions

    def _nearest_centre(self, filed: tuple["_Grid", Sequence[Division]], point: Point) -> str | None:
        grid, divisions = filed
        return next((divisions[index].code for index in grid.nearest(*self._flat(point), 1)), None)

    def _polygon(self, division: Division) -> shapely.Polygon:
        rings = [[self._flat(corner) for corner in ring] for ring in division.boundary]
        return shapely.Polygon(rings[0], rings[1:])

    def _geometry(self, point: Point) -> shapely.Point:
        return shapely.Point(*self._flat(point))

    def _flat(self, point: Point) -> tuple[float, float]:
        return point.longitude * self._scale, point.latitude


class _Grid:
    """Points in square cells. Nearest in plain arithmetic: a call through shapely costs a report 0.1 ms."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        """File the points; a cell holds four of them on average."""
        self._points = points
        xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
        width, height = max(xs) - min(xs), max(ys) - min(ys)
        self._size = max(math.sqrt(4 * width * height / max(1, len(points))), (width + height) / 1000, 1e-6)
        self._cells: defaultdict[tuple[int, int], list[tuple[float, float, int]]] = defaultdict(list)
        for index, (x, y) in enumerate(points):
            self._cells[self._cell(x, y)].append((x, y, index))
        self._low, self._high = self._cell(min(xs), min(ys)), self._cell(max(xs), max(ys))

    def nearest(self, x: float, y: float, limit: int) -> list[int]:
        """Give the nearest points, in that order, and those hardly farther than the last of them.

        Rings of cells are looked at until nothing outside can be nearer; a point among empty cells looks at them all.
        """
        found: list[tuple[float, int]] = []
        around, ring, most = self._cell(x, y), 0, min(limit, len(self._points))
        while not self._is_enough(found, ring - 1, most):
            if max(ring, self._empty_rings(around)) > _MOST_RINGS:
                found = [((px - x) ** 2 + (py - y) ** 2, index) for index, (px, py) in enumerate(self._points)]
                break
            for cell in _edge(around, ring):
                self._look(cell, x, y, found)
            ring += 1
        found.sort()
        farthest = found[most - 1][0] * _HARDLY if most else 0.0
        return [index for away, index in found if away <= farthest]

    def _is_enough(self, found: list[tuple[float, int]], ring: int, most: int) -> bool:
        """Say whether nobody outside the rings looked at can be among the nearest."""
        if len(found) < most:
            return False
        found.sort()
        return not most or found[most - 1][0] * _HARDLY <= max(0, ring * self._size) ** 2

    def _look(self, cell: tuple[int, int], x: float, y: float, found: list[tuple[float, int]]) -> None:
        for px, py, index in self._cells.get(cell, ()):
            found.append(((px - x) ** 2 + (py - y) ** 2, index))

    def _empty_rings(self, around: tuple[int, int]) -> int:
        """Count the rings that lie outside all points."""
        (column, row), (west, south), (east, north) = around, self._low, self._high
        return max(0, west - column, column - east, south - row, row - north)

    def _cell(self, x: float, y: float) -> tuple[int, int]:
        return math.floor(x / self._size), math.floor(y / self._size)


def _edge(around: tuple[int, int], ring: int) -> Iterator[tuple[int, int]]:
    """Walk the cells of a ring; the innermost is the cell itself."""
    column, row = around
    if ring == 0:
        yield around
    for step in range(-ring, ring):
        yield column + step, row - ring
        yield column + ring, row + step
        yield column - step, row + ring
        yield column - ring, row - step


_MOST_RINGS = 8
_HARDLY = 1.02
"""Of a squared distance: what flattening may be wrong by within a city, so that the exact order can be made after."""


def _prefix(code: str) -> str:
    """Give what the codes of everything inside begin with: a city's ends in 00 (GB/T 2260)."""
    return code[:4] if len(code) == _COUNTY and code.endswith("00") else code


_COUNTY = 6
_METRES_A_DEGREE = 111_195.0
"""Of latitude, on the sphere of `distance_m`."""


def _longitude_scale(divisions: Sequence[Division]) -> float:
    if not divisions:
        return 1.0
    middle = sum(division.point.latitude for division in divisions) / len(divisions)
    return math.cos(math.radians(middle))
