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
        self._leaves = leaves
        self._leaf_tree = self._tree([division.point for division in leaves])
        self._grid = _Grid([(division.point.longitude * self._scale, division.point.latitude) for division in leaves])

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
        """Give the division whose centre is nearest: approximate until real boundaries are loaded."""
        if not self._leaves:
            return None
        index = self._grid.nearest(point.longitude * self._scale, point.latitude)
        if index is None:
            index = int(self._leaf_tree.nearest(self._geometry(point)))
        return self._leaves[index].code

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


_WORLD = 400.0


def _longitude_scale(divisions: Sequence[Division]) -> float:
    if not divisions:
        return 1.0
    middle = sum(division.point.latitude for division in divisions) / len(divisions)
    return math.cos(math.radians(middle))
