"""The fields that a condition may name: their type, the operators that fit and the values that exist.

A new field is one row here; reading, text, evaluation and explanation follow from its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from dispatch.domain.day import DAY_KINDS

Operator = Literal["eq", "ne", "in", "not_in", "under", "has", "has_any", "has_all", "lt", "le", "gt", "ge"]
Kind = Literal["text", "dotted", "code", "choice", "scale", "whole", "set"]

_EQUALITY: Final[tuple[Operator, ...]] = ("eq", "ne", "in", "not_in")
_ORDER: Final[tuple[Operator, ...]] = ("lt", "le", "gt", "ge")

OPERATORS: Final[Mapping[Kind, tuple[Operator, ...]]] = {
    "text": _EQUALITY,
    "dotted": (*_EQUALITY, "under"),
    "code": (*_EQUALITY, "under"),
    "choice": _EQUALITY,
    "scale": (*_EQUALITY, *_ORDER),
    "whole": (*_EQUALITY, *_ORDER),
    "set": ("has", "has_any", "has_all"),
}
LIST_OPERATORS: Final = frozenset({"in", "not_in", "has_any", "has_all"})
ALL_OPERATORS: Final = (*_EQUALITY, "under", *OPERATORS["set"], *_ORDER)

MAX_CODE: Final = 20


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    `dotted` is a path such as `psychiatric.disturbance`, `code` a code whose prefixes name the wider area, `choice` one
    of `values`, `scale` one of `values` ordered from the highest to the lowest, `whole` a number from `low` to `high`,
    `set` several texts. An `optional` field may have no value: the readable text knows it then as the empty string.
    """

    name: str
    kind: Kind
    values: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    optional: bool = False

    @property
    def operators(self) -> tuple[Operator, ...]:
        """List the operators that fit."""
        return OPERATORS[self.kind]

    @property
    def universe(self) -> tuple[str | int, ...]:
        """List every value that exists; empty when there is no end of them."""
        return tuple(range(self.low, self.high + 1)) if self.kind == "whole" else self.values

    def scale_values(self, op: Operator, bound: str) -> tuple[str, ...]:
        """List the values of a scale that are above (`gt`, `ge`) or below (`lt`, `le`) the bound, highest first."""
        place = self.values.index(bound)
        return {
            "gt": self.values[:place],
            "ge": self.values[: place + 1],
            "le": self.values[place:],
            "lt": self.values[place + 1 :],
        }.get(op, ())


FIELDS: Final[Mapping[str, Field]] = {
    field.name: field
    for field in (
        Field("incident_type", "dotted"),
        Field("place_kind", "text", optional=True),
        Field("urgency", "choice", ("critical", "urgent", "normal", "routine")),
        Field("severity", "scale", ("I", "II", "III", "IV", "NONE")),
        Field("tags", "set"),
        Field("division_code", "code", optional=True),
        Field("area_class", "choice", ("urban", "suburb", "rural"), optional=True),
        Field("channel", "text"),
        Field("exercise", "choice", ("actual", "exercise", "test")),
        Field("hour", "whole", low=0, high=23),
        Field("weekday", "whole", low=1, high=7),
        Field("day_kind", "choice", DAY_KINDS),
        Field("response_mode", "scale", ("I", "II", "III", "IV", "normal")),
        Field("warning_colour", "scale", ("red", "orange", "yellow", "blue"), optional=True),
        Field("weather", "text", optional=True),
        Field("near_boundary", "choice", ("yes", "no"), optional=True),
    )
}
