"""Spread the villages of a township over the part of its county that lies nearest to the township's seat.

A schematic, not geography: even spacing by Lloyd's relaxation (Lloyd, 1982) on a fixed grid, no randomness. Every
village comes out inside its county and nearer to its own township's seat than to any other.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

Position = tuple[float, float]

GRID_DEGREES = 0.002
SAMPLES_PER_VILLAGE = 40
ROUNDS = 25
SQUEEZE = math.cos(math.radians(27.75))
"""A degree of longitude at Xiangtan, in degrees of latitude."""


def place_villages(schematic: dict, codes: list[str]) -> dict[str, Position]:
    """Give each village-level code a position below its township (its first nine digits)."""
    below: defaultdict[str, list[str]] = defaultdict(list)
    for code in codes:
        below[code[:9]].append(code)
    cells = dict(_cells(schematic))
    return {code: point for township, own in below.items() for code, point in _spread(cells[township], own)}


def _cells(schematic: dict) -> Iterator[tuple[str, list[Position]]]:
    seats: defaultdict[str, dict[str, Position]] = defaultdict(dict)
    for feature in schematic["features"]:
        if feature["properties"]["role"] == "township":
            code = feature["properties"]["code"]
            seats[code[:6]][code] = tuple(feature["geometry"]["coordinates"])
    for feature in schematic["features"]:
        if feature["properties"]["role"] == "county":
            own = seats[feature["properties"]["code"]]
            yield from _cells_of_county(feature["geometry"]["coordinates"][0], own)


def _cells_of_county(ring: list[list[float]], seats: dict[str, Position]) -> Iterator[tuple[str, list[Position]]]:
    cells: dict[str, list[Position]] = {code: [] for code in seats}
    for point in _grid(ring):
        cells[min(seats, key=lambda code: (_distance(seats[code], point), code))].append(point)
    yield from cells.items()


def _grid(ring: list[list[float]]) -> Iterator[Position]:
    west, east = min(x for x, _ in ring), max(x for x, _ in ring)
    south, north = min(y for _, y in ring), max(y for _, y in ring)
    for row in range(int((north - south) / GRID_DEGREES)):
        for column in range(int((east - west) / GRID_DEGREES)):
            point = (west + (column + 0.5) * GRID_DEGREES, south + (row + 0.5) * GRID_DEGREES)
            if _is_inside(ring, point):
                yield point


def _is_inside(ring: list[list[float]], point: Position) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > point[1]) != (y2 > point[1]) and point[0] < x1 + (point[1] - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def _spread(cell: list[Position], codes: list[str]) -> Iterator[tuple[str, Position]]:
    step = max(1, len(cell) // (SAMPLES_PER_VILLAGE * len(codes)))
    samples = cell[::step]
    centres = [samples[(2 * i + 1) * len(samples) // (2 * len(codes))] for i in range(len(codes))]
    for _ in range(ROUNDS):
        groups: list[list[Position]] = [[] for _ in centres]
        for point in samples:
            groups[min(range(len(centres)), key=lambda i: _distance(centres[i], point))].append(point)
        centres = [_middle(group) if group else centre for group, centre in zip(groups, centres, strict=True)]
    for code, centre in zip(codes, centres, strict=True):
        # A cell may be hollow: the middle then lies outside, the nearest sample never does.
        nearest = min(cell, key=lambda point: _distance(centre, point))
        yield code, (round(nearest[0], 5), round(nearest[1], 5))


def _middle(group: list[Position]) -> Position:
    return sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)


def _distance(a: Position, b: Position) -> float:
    return math.hypot((a[0] - b[0]) * SQUEEZE, a[1] - b[1])
