"""Where demo units and places stand on the schematic: beside their division's point, never on top of each other.

No survey data: see docs/demo-city.md. The same input always gives the same position.
"""

import math

Position = tuple[float, float]

_GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))
_SQUEEZE = math.cos(math.radians(27.75))
# A ring for each level, in degrees of latitude: 0.001 is about 111 m.
_RING = {"city": 0.004, "county": 0.004, "township": 0.0016, "village": 0.0005}


def beside(centre: Position, turn: int, *, level: str) -> Position:
    """Give the position of the `turn`-th neighbour of a point: golden-angle steps never meet again."""
    angle = turn * _GOLDEN_ANGLE
    radius = _RING[level] * (0.6 + 0.4 * (turn % 7) / 6)
    longitude = centre[0] + radius * math.cos(angle) / _SQUEEZE
    return round(longitude, 5), round(centre[1] + radius * math.sin(angle), 5)


class Phones:
    """Hands out telephone numbers that nobody has: 0731-5550xxxx, in order."""

    def __init__(self) -> None:
        """Start at 0731-55500001."""
        self._given = 0

    def next(self) -> str:
        """Give the next number."""
        self._given += 1
        return f"0731-5550{self._given:04d}"
