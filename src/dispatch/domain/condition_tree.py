"""A rule's condition as data: `all`, `any` and `not` over comparisons of one field with a constant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dispatch.domain.condition_fields import Operator

Value = str | int | tuple[str, ...] | tuple[int, ...]
Constants = tuple[str | int, ...]
Facts = Mapping[str, str | int | frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class Compare:
    """One field against a constant. Without a value in the facts it is false, whatever the operator."""

    field: str
    op: Operator
    value: Value

    @property
    def values(self) -> Constants:
        """List the constants, one or several."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; also when it is a comparison that is false because its field has no value."""

    part: "Condition"


Condition = All | AnyOf | Not | Compare


def leaves(condition: Condition, pointer: str = "") -> Iterator[tuple[str, Compare]]:
    """Walk the comparisons in the order of the tree, each with its JSON pointer."""
    if isinstance(condition, Compare):
        yield pointer, condition
        return
    for step, part in steps(condition):
        yield from leaves(part, pointer + step)


def steps(condition: All | AnyOf | Not) -> Iterator[tuple[str, Condition]]:
    """Walk the direct parts, each with the end of its JSON pointer."""
    if isinstance(condition, Not):
        yield "/not", condition.part
        return
    word = "all" if isinstance(condition, All) else "any"
    for index, part in enumerate(condition.parts):
        yield f"/{word}/{index}", part


def condition_size(condition: Condition) -> int:
    """Count nodes and constants: what reading and evaluating it costs."""
    if isinstance(condition, Compare):
        return len(condition.values)
    return 1 + sum(condition_size(part) for _, part in steps(condition))


def condition_data(condition: Condition) -> dict[str, object]:
    """Turn a condition back into the plain data it is read from."""
    match condition:
        case Compare(field, op, value):
            return {"field": field, "op": op, "value": list(value) if isinstance(value, tuple) else value}
        case Not(part):
            return {"not": condition_data(part)}
        case All(parts):
            return {"all": [condition_data(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [condition_data(part) for part in parts]}
