"""Which points have a unit's base within a distance: base points filed in cells, compared exactly where it is close."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from dispatch.domain.geo import Point, distance_m
from dispatch.domain.unit import Unit

_METRES_PER_DEGREE: Final = 110_000.0
"""A little less than a degree of latitude has anywhere: cells are rather too large than too small."""
_CLOSE: Final = 0.05
"""By how much a plane can mislead over the distances in question; nearer than that to the limit the sphere decides."""
_HIGHEST: Final = 89.0
_Cell = tuple[int, int]


class Near:
    """The base points of some units. What is near a point lies in one of nine cells; `compared` counts the work."""

    def __init__(self, units: Iterable[Unit], within_m: int) -> None:
        """File the points in cells as wide as the distance."""
        points = [unit.point for unit in units]
        self.compared = len(points)
        self._within_m = within_m
        self._high = within_m / _METRES_PER_DEGREE
        furthest = min(max(abs(point.latitude) for point in points) + self._high, _HIGHEST)
        self._wide = self._high / math.cos(math.radians(furthest))
        self._cells: defaultdict[_Cell, list[Point]] = defaultdict(list)
        for point in points:
            self._cells[self._cell(point)].append(point)

    def reaches(self, point: Point) -> bool:
        """Say whether a base point is near enough."""
        scale, sure, never = math.cos(math.radians(point.latitude)), 1 - _CLOSE, 1 + _CLOSE
        column, row = self._cell(point)
        for cell in _around(column, row):
            for base in self._cells.get(cell, ()):
                self.compared += 1
                east = (base.longitude - point.longitude) * scale
                away = math.hypot(east, base.latitude - point.latitude) / self._high
                if away < sure or (away < never and distance_m(base, point) <= self._within_m):
                    return True
        return False

    def _cell(self, point: Point) -> _Cell:
        return math.floor(point.longitude / self._wide), math.floor(point.latitude / self._high)


def _around(column: int, row: int) -> Iterator[_Cell]:
    return ((column + right, row + up) for right in (-1, 0, 1) for up in (-1, 0, 1))
