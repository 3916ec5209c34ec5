"""The spatial index in memory: nearest units, division of a point. Rebuilt aside with every directory version.

Measured: 14 µs for a point in 10,000 districts, 41–90 µs for the nearest 5 of 10,000 units (docs/adr/0004).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import shapely
from shapely import STRtree

from dispatch.domain.directory import Division
from dispatch.domain.geo import Point, distance_m
from dispatch.domain.unit import Unit, pools_of


class SpatialIndex:
    """Nearest units by kind over base points; nearest village centre for a point's division."""

    def __init__(self, units: Iterable[Unit], divisions: Iterable[Division]) -> None:
        """Build one tree per pool. Longitudes are scaled by cos(latitude): degrees become comparable."""
        divisions = list(divisions)
        self._scale = _longitude_scale(divisions)
        by_pool: defaultdict[str, list[Unit]] = defaultdict(list)
        for unit in units:
            for pool in pools_of(unit):
                by_pool[pool].append(unit)
        self._units = {pool: (self._tree([u.point for u in found]), found) for pool, found in by_pool.items()}
        leaves = [division for division in divisions if division.level == "village"] or divisions
        self._centres = _Centres(leaves, self._scale)
        self._leaves = leaves
        self._areas = [division for division in divisions if division.boundary]
        self._area_tree = STRtree([self._polygon(division) for division in self._areas])
        self._within: dict[str, _Centres] = {}

    def nearest(self, pool: str, point: Point, limit: int) -> Sequence[str]:
        """List the ids of the nearest units of a pool, nearest first, ties by code."""
        found = self._units.get(pool)
        if found is None:
            return ()
        tree, units = found
        near = [units[index] for index in self._around(tree, point, limit, len(units))]
        near.sort(key=lambda unit: (distance_m(unit.point, point), unit.code))
        return [unit.id for unit in near[:limit]]

    def division_at(self, point: Point) -> str | None:
        """Give the most specific division whose boundary holds the point, and in it the one whose centre is nearest.

        Where no boundary is loaded the nearest centre alone decides: approximate.
        """
        area = self._area_at(point)
        if area is None or area.level == "village":
            return area.code if area else self._centres.nearest(point)
        if area.code not in self._within:
            inside = [division for division in self._leaves if division.code.startswith(_prefix(area.code))]
            self._within[area.code] = _Centres(inside, self._scale)
        return self._within[area.code].nearest(point) or area.code

    def near_boundary(self, point: Point, within_m: float) -> bool | None:
        """Say whether two divisions of one level are so near; None when no boundary is known."""
        if not self._areas:
            return None
        near = self._area_tree.query(self._geometry(point), predicate="dwithin", distance=within_m / _METRES_A_DEGREE)
        levels = [self._areas[index].level for index in near]
        return len(set(levels)) < len(levels)

    def _area_at(self, point: Point) -> Division | None:
        if not self._areas:
            return None
        found = self._area_tree.query(self._geometry(point), predicate="within")
        return max((self._areas[index] for index in found), key=lambda area: len(_prefix(area.code)), default=None)

    def _polygon(self, division: Division) -> shapely.Polygon:
        rings = [[(p.longitude * self._scale, p.latitude) for p in ring] for ring in division.boundary]
        return shapely.Polygon(rings[0], rings[1:])

    def _tree(self, points: Sequence[Point]) -> STRtree:
        if not points:
            return STRtree([])
        return STRtree(shapely.points([(point.longitude * self._scale, point.latitude) for point in points]))

    def _geometry(self, point: Point) -> shapely.Point:
        return shapely.Point(point.longitude * self._scale, point.latitude)

    def _around(self, tree: STRtree, point: Point, limit: int, size: int) -> Sequence[int]:
        """Widen a window until it holds enough; a window holds every unit nearer than its half width."""
        if size <= limit * 2:
            return range(size)
        x, y, half = point.longitude * self._scale, point.latitude, 0.02
        while True:
            found = tree.query(shapely.box(x - half, y - half, x + half, y + half))
            if len(found) >= limit * 2 or half > _WORLD:
                return [int(index) for index in found]
            half *= 2.5


class _Centres:
    """The division whose centre is nearest."""

    def __init__(self, divisions: Sequence[Division], scale: float) -> None:
        """File the centres; longitudes are scaled."""
        self._divisions, self._scale = divisions, scale
        self._at = [(division.point.longitude * scale, division.point.latitude) for division in divisions]
        self._grid = _Grid(self._at)
        self._tree = STRtree(shapely.points(self._at)) if divisions else None

    def nearest(self, point: Point) -> str | None:
        """Give its code; None when there are no divisions."""
        if self._tree is None:
            return None
        x, y = point.longitude * self._scale, point.latitude
        index = self._grid.nearest(x, y)
        if index is None:
            index = int(self._tree.nearest(shapely.Point(x, y)))
        return self._divisions[index].code


class _Grid:
    """Points in square cells. Nearest in plain arithmetic: a call through shapely costs a report 0.1 ms."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        """File the points; a cell holds six of them on average."""
        xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
        width, height = max(xs) - min(xs), max(ys) - min(ys)
        self._size = max(math.sqrt(6 * width * height / max(1, len(points))), (width + height) / 1000, 1e-6)
        self._cells: defaultdict[tuple[int, int], list[tuple[int, float, float]]] = defaultdict(list)
        for index, (x, y) in enumerate(points):
            self._cells[self._cell(x, y)].append((index, x, y))

    def nearest(self, x: float, y: float) -> int | None:
        """Give the nearest point if it is no farther than a cell's width: then no other cell has a nearer one."""
        column, row = self._cell(x, y)
        best, found = self._size**2, None
        for cell in ((column + right, row + up) for right in (-1, 0, 1) for up in (-1, 0, 1)):
            for index, there_x, there_y in self._cells.get(cell, ()):
                away = (there_x - x) ** 2 + (there_y - y) ** 2
                if away <= best:
                    best, found = away, index
        return found

    def _cell(self, x: float, y: float) -> tuple[int, int]:
        return math.floor(x / self._size), math.floor(y / self._size)


def _prefix(code: str) -> str:
    """Give what the codes of everything inside begin with: a city's ends in 00 (GB/T 2260)."""
    return code[:4] if len(code) == _COUNTY and code.endswith("00") else code


_COUNTY = 6
_WORLD = 400.0
_METRES_A_DEGREE = 111_195.0
"""Of latitude, on the sphere of `distance_m`."""


def _longitude_scale(divisions: Sequence[Division]) -> float:
    if not divisions:
        return 1.0
    middle = sum(division.point.latitude for division in divisions) / len(divisions)
    return math.cos(math.radians(middle))
