"""Regions: sets of calls, described field by field, and conditions as what they leave of a region.

An axis is one thing that a call has one value of: a field, or whether one tag is there. The values that an axis may
have are the bits of a number; a negative number holds everything that has no bit of its own. A region gives each axis
the values that are possible; an axis that it does not name is free. Everything here is exact set algebra.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Final

Region = dict[str, int]
"""Axis → possible values. Never changed once made."""
MOST_REGIONS: Final = 64


class TooManyRegionsError(Exception):
    """A condition falls into more alternatives than are worth looking at."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One axis must have one of the values; `rest` are all its other values."""

    axis: str
    values: int
    rest: int


@dataclass(frozen=True, slots=True)
class Every:
    """Every part holds; without parts always."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds; without parts never."""

    parts: "tuple[Node, ...]"


Node = Leaf | Every | Some
ALWAYS: Final = Every(())
NEVER: Final = Some(())


def every(parts: Iterable[Node]) -> Node:
    """Join parts that must all hold: what they say of one axis becomes one leaf."""
    leaves: dict[str, Leaf] = {}
    rest: list[Node] = []
    for part in _flat(parts, Every):
        if isinstance(part, Leaf):
            known = leaves.get(part.axis)
            joined = part if known is None else Leaf(part.axis, known.values & part.values, known.rest | part.rest)
            if not joined.values:
                return NEVER
            leaves[part.axis] = joined
        elif part == NEVER:
            return NEVER
        else:
            rest.append(part)
    return _one_or((*(leaf for leaf in leaves.values() if leaf.rest), *rest), Every)


def some(parts: Iterable[Node]) -> Node:
    """Join parts of which one must hold: what they say of one axis becomes one leaf."""
    leaves: dict[str, Leaf] = {}
    rest: list[Node] = []
    for part in _flat(parts, Some):
        if isinstance(part, Leaf):
            known = leaves.get(part.axis)
            joined = part if known is None else Leaf(part.axis, known.values | part.values, known.rest & part.rest)
            if not joined.rest:
                return ALWAYS
            leaves[part.axis] = joined
        elif part == ALWAYS:
            return ALWAYS
        else:
            rest.append(part)
    return _one_or((*(leaf for leaf in leaves.values() if leaf.values), *rest), Some)


def _flat(parts: Iterable[Node], kind: type[Every] | type[Some]) -> Iterator[Node]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _one_or(parts: tuple[Node, ...], kind: type[Every] | type[Some]) -> Node:
    return parts[0] if len(parts) == 1 else kind(parts)


def opposite(node: Node) -> Node:
    """Give what holds exactly when the node does not."""
    match node:
        case Leaf(axis, values, rest):
            return Leaf(axis, rest, values)
        case Every(parts):
            return some(map(opposite, parts))
        case Some(parts):
            return every(map(opposite, parts))


def narrow(regions: Sequence[Region], node: Node, *, limit: int = MOST_REGIONS) -> list[Region]:
    """Give what a condition leaves of the regions, as regions; none is empty.

    Raises:
        TooManyRegionsError: more than `limit` would be left.
    """
    match node:
        case Leaf(axis, values):
            return [left for region in regions if (left := _on_axis(region, axis, values)) is not None]
        case Every(parts):
            for part in parts:
                regions = narrow(regions, part, limit=limit)
            return list(regions)
        case Some(parts):
            found: list[Region] = []
            for region in regions:
                found += _split(region, parts, limit)
                if len(found) > limit:
                    raise TooManyRegionsError
            return found


def _split(region: Region, parts: tuple[Node, ...], limit: int) -> list[Region]:
    """Cut a region along alternatives; those that speak of one axis only give pieces that do not overlap."""
    found: list[Region] = []
    rest: Region | None = region
    for part in parts:
        if rest is None:
            break
        if isinstance(part, Leaf):
            piece = _on_axis(rest, part.axis, part.values)
            found += [] if piece is None else [piece]
            rest = _on_axis(rest, part.axis, part.rest)
        else:
            found += narrow([rest], part, limit=limit)
        if len(found) > limit:
            raise TooManyRegionsError
    return found


def _on_axis(region: Region, axis: str, values: int) -> Region | None:
    known = region.get(axis)
    left = values if known is None else known & values
    if not left:
        return None
    return region if left == known else {**region, axis: left}


def meet(one: Region, other: Region) -> Region | None:
    """Give what two regions have in common; None when nothing."""
    if len(one) > len(other):
        one, other = other, one
    for axis, values in one.items():
        known = other.get(axis)
        if known is not None and not known & values:
            return None
    return {**other, **{axis: values & other.get(axis, values) for axis, values in one.items()}}


def meet_all(one: Sequence[Region], other: Sequence[Region]) -> list[Region]:
    """Give what two sets of regions have in common, at most `MOST_REGIONS` pieces of it."""
    found: list[Region] = []
    for first in one:
        for second in other:
            common = meet(first, second)
            if common is not None:
                found.append(common)
                if len(found) == MOST_REGIONS:
                    return found
    return found


def bits(mask: int) -> Iterator[int]:
    """List the places of the bits of a mask, from the lowest."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def projection(node: Node, axis: str) -> int | None:
    """Give the values of an axis without which a condition cannot hold; None when it may have any."""
    match node:
        case Leaf(name, values):
            return values if name == axis else None
        case Every(parts):
            known = [values for values in (projection(part, axis) for part in parts) if values is not None]
            return reduce(and_, known) if known else None
        case Some(parts):
            branches = [projection(part, axis) for part in parts]
            known = [values for values in branches if values is not None]
            return reduce(or_, known, 0) if len(known) == len(branches) else None
