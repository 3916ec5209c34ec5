"""Where something is: WGS-84 points, the coordinate systems met in China, distance.

Every position inside the product is a WGS-84 `Point`; a raw coordinate of another system is converted once, when it
comes in, and kept beside the point. In Xiangtan GCJ-02 lies about 656 m and BD-09 about 1,205 m from WGS-84, enough to
send the wrong police station, so a coordinate without its system is never guessed at.

Invariant: a `Point` is finite and within range. Argument order is longitude, latitude everywhere.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

_Pair: TypeAlias = tuple[float, float]

CRS = Literal["WGS84", "CGCS2000", "GCJ02", "BD09"]
CRS_NAMES: Final[tuple[CRS, ...]] = get_args(CRS)

# IUGG mean radius R1 = (2a + b) / 3 of GRS 80 (Moritz, Geodetic Reference System 1980, Journal of Geodesy 74).
EARTH_RADIUS_M: Final = 6_371_008.8

# GCJ-02 as it became public in 2010 (`emq.EvilTransform`, later `eviltransform` and `prcoords`): Krasovsky 1940
# semi-major axis, first eccentricity squared, and the rectangle outside of which nothing is shifted.
_KRASOVSKY_A: Final = 6_378_245.0
_KRASOVSKY_EE: Final = 0.00669342162296594323
_CHINA_LONGITUDE: Final = (72.004, 137.8347)
_CHINA_LATITUDE: Final = (0.8293, 55.8271)

# BD-09's second shift on top of GCJ-02, from the same public sources.
_BD_TURN: Final = math.pi * 3000.0 / 180.0
_BD_LONGITUDE: Final = 0.0065
_BD_LATITUDE: Final = 0.006

# Worst error found over China after one step 4.5 m (BD-09: 18 m), after three 2e-4 m (1e-3 m), after four 2e-6 m
# (1e-5 m): the shift changes slowly, so each step leaves 1/10 to 1/150 of the error.
_INVERSE_STEPS: Final = 4

_LONGITUDE_LIMIT: Final = 180.0
_LATITUDE_LIMIT: Final = 90.0


class CoordinateError(ValueError):
    """A coordinate that cannot be a place on earth.

    `code` is stable for machines: `unknown_crs`, `not_finite`, `longitude_out_of_range`, `latitude_out_of_range`.
    `detail` says in one sentence what was received.
    """

    def __init__(self, code: str, detail: str) -> None:
        """Keep the code for machines and the sentence for people."""
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Point:
    """A WGS-84 position in decimal degrees. Raises CoordinateError when out of range, infinite or NaN."""

    longitude: float
    latitude: float

    def __post_init__(self) -> None:
        """Hold the invariant: nothing that is not on earth becomes a point."""
        _require_within(self.longitude, limit=_LONGITUDE_LIMIT, axis="longitude")
        _require_within(self.latitude, limit=_LATITUDE_LIMIT, axis="latitude")


def to_wgs84(longitude: float, latitude: float, crs: CRS) -> Point:
    """Read a coordinate of `crs` as a WGS-84 point, exact to 1e-4 m or better within China.

    CGCS2000 is taken as WGS-84: both realise the ITRS on ellipsoids that differ by 0.1 mm in the semi-minor axis, and
    the frames are centimetres apart (Cheng et al., 2009; Wei, 2008), far below any position that reaches a dispatcher.

    GCJ-02 and BD-09 outside China are WGS-84 already. Within 700 m of the rectangle that decides this (sea, or a
    neighbouring country) a coordinate has two readings; it is then read by the side of the edge on which it lies.
    """
    raw = Point(longitude, latitude)
    if crs in {"WGS84", "CGCS2000"}:
        return raw
    if crs not in {"GCJ02", "BD09"}:
        raise _unknown_crs(crs)
    pair = (raw.longitude, raw.latitude)
    if not _is_in_china(pair):
        return raw
    if crs == "BD09":
        pair = _invert(_bd09_from_gcj02, pair)
    return Point(*_invert(_gcj02_from_wgs84, pair))


def from_wgs84(point: Point, crs: CRS) -> tuple[float, float]:
    """Longitude and latitude of the point in `crs`, for a map or a partner that speaks that system."""
    pair = (point.longitude, point.latitude)
    if crs in {"WGS84", "CGCS2000"}:
        return pair
    if crs not in {"GCJ02", "BD09"}:
        raise _unknown_crs(crs)
    if not _is_in_china(pair):
        return pair
    shifted = _gcj02_from_wgs84(pair)
    return _bd09_from_gcj02(shifted) if crs == "BD09" else shifted


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres by the haversine formula (Sinnott, 1984).

    A sphere is up to 0.5 % off the ellipsoid, less than any road differs from the straight line.
    """
    latitude_a, latitude_b = math.radians(a.latitude), math.radians(b.latitude)
    half_latitude = (latitude_b - latitude_a) / 2.0
    half_longitude = math.radians(b.longitude - a.longitude) / 2.0
    chord = math.sin(half_latitude) ** 2 + math.cos(latitude_a) * math.cos(latitude_b) * math.sin(half_longitude) ** 2
    # Rounding may lift the chord of two antipodes just above 1, where asin is not defined.
    return 2.0 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))


def _unknown_crs(crs: object) -> CoordinateError:
    return CoordinateError("unknown_crs", f"unknown coordinate system {crs!r}; known are {', '.join(CRS_NAMES)}")


def _require_within(value: float, *, limit: float, axis: str) -> None:
    if -limit <= value <= limit:
        return
    if not abs(value) < math.inf:  # also true of NaN; a huge integer has no float, so no math.isfinite
        raise CoordinateError("not_finite", f"{axis} is {value}, not a finite number")
    # A huge integer may have more digits than Python prints.
    shown = f"{value:g}" if abs(value) < 1e9 else "far out of range"  # noqa: PLR2004 - only a limit for printing
    hint = ", perhaps longitude and latitude are swapped" if limit < abs(value) <= _LONGITUDE_LIMIT else ""
    raise CoordinateError(f"{axis}_out_of_range", f"{axis} {shown} is outside -{limit:g} to {limit:g}{hint}")


def _is_in_china(pair: _Pair) -> bool:
    longitude, latitude = pair
    return (
        _CHINA_LONGITUDE[0] <= longitude <= _CHINA_LONGITUDE[1] and _CHINA_LATITUDE[0] <= latitude <= _CHINA_LATITUDE[1]
    )


def _invert(forward: Callable[[_Pair], _Pair], target: _Pair) -> _Pair:
    """Solve forward(x) = target by fixed-point iteration; both shifts are small and smooth, so it contracts."""
    longitude, latitude = target
    for _ in range(_INVERSE_STEPS):
        shifted = forward((longitude, latitude))
        longitude += target[0] - shifted[0]
        latitude += target[1] - shifted[1]
    return longitude, latitude


def _gcj02_from_wgs84(pair: _Pair) -> _Pair:
    longitude, latitude = pair
    x, y = longitude - 105.0, latitude - 35.0
    phi = math.radians(latitude)
    flat = 1.0 - _KRASOVSKY_EE * math.sin(phi) ** 2
    meridian_radius = _KRASOVSKY_A * (1.0 - _KRASOVSKY_EE) / flat**1.5
    parallel_radius = _KRASOVSKY_A / math.sqrt(flat) * math.cos(phi)
    return (
        longitude + math.degrees(_east_shift_m(x, y) / parallel_radius),
        latitude + math.degrees(_north_shift_m(x, y) / meridian_radius),
    )


def _east_shift_m(x: float, y: float) -> float:
    return (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
        + _common_wave_m(x)
        + _waves_m(x, ((20.0, 1.0), (40.0, 3.0)))
        + _waves_m(x, ((150.0, 12.0), (300.0, 30.0)))
    )  # fmt: skip


def _north_shift_m(x: float, y: float) -> float:
    return (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
        + _common_wave_m(x)
        + _waves_m(y, ((20.0, 1.0), (40.0, 3.0)))
        + _waves_m(y, ((160.0, 12.0), (320.0, 30.0)))
    )  # fmt: skip


def _common_wave_m(x: float) -> float:
    return (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0


def _waves_m(degrees: float, terms: tuple[_Pair, ...]) -> float:
    return sum(height * math.sin(degrees / divisor * math.pi) for height, divisor in terms) * 2.0 / 3.0


def _bd09_from_gcj02(pair: _Pair) -> _Pair:
    longitude, latitude = pair
    radius = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * _BD_TURN)
    angle = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * _BD_TURN)
    return radius * math.cos(angle) + _BD_LONGITUDE, radius * math.sin(angle) + _BD_LATITUDE
