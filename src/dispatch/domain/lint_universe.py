"""Every call that can come in, as far as conditions can tell: what each field may hold in this directory.

Incident types and divisions are those of the directory, because a call of any other type is refused and any other
division is read as the nearest known one; the area class follows from the division. Texts that end nowhere (kinds of
place, channels) fall into those that the rules name and the rest. Each tag is there or not.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from dispatch.domain.call import FALLBACK_DIVISION
from dispatch.domain.condition_compile import compile_compare
from dispatch.domain.condition_fields import FIELDS, Field
from dispatch.domain.condition_text import compare_text
from dispatch.domain.condition_tree import All, AnyOf, Compare, Condition, Constants, Facts, Not
from dispatch.domain.directory import Directory
from dispatch.domain.lint_region import Leaf, Node, Region, bits, every, opposite, some

_Value = str | int | None
_ABSENT, _PRESENT = 1, 2
_MOST_TEXTS: Final = 20_000
_OPAQUE: Final = "?"
_NEXT: Final = "\U0010ffff"
DIVISION: Final = "division_code"
TYPE: Final = "incident_type"


class Universe:
    """The values of every axis, and conditions as regions over them."""

    def __init__(self, directory: Directory) -> None:
        """List what is finite."""
        self.types = tuple(sorted(directory.content.incident_types))
        self.divisions = _divisions(directory)
        self._closed: dict[str, tuple[_Value, ...]] = {
            field.name: (*((None,) if field.optional else ()), *field.universe)
            for field in FIELDS.values()
            if field.universe
        }
        self._closed |= {TYPE: self.types, DIVISION: self.divisions}
        self._classes = {code: directory.area_class(code) for code in self.divisions}
        self._texts: dict[str, dict[str, int]] = {}
        self._names: dict[str, list[str]] = {}
        self._leaves: dict[tuple[str, str, Constants], Node] = {}

    def node(self, condition: Condition) -> Node:
        """Read a condition."""
        match condition:
            case Compare():
                key = (condition.field, condition.op, condition.values)
                known = self._leaves.get(key)
                if known is None:
                    known = self._leaves[key] = self._node(condition)
                return known
            case Not(part):
                return opposite(self.node(part))
            case All(parts):
                return every(map(self.node, parts))
            case AnyOf(parts):
                return some(map(self.node, parts))

    def types_in(self, values: int) -> list[str]:
        """List the incident types that a mask of the type's axis holds."""
        return [self.types[place] for place in bits(values)]

    def knows(self, compare: Compare, value: str) -> bool:
        """Say whether a comparison of the type or the division names something that exists, at least in part."""
        known = self.types if compare.field == TYPE else self.divisions
        place = bisect_left(known, value)
        found = known[place] if place < len(known) else ""
        if compare.op != "under" or found == value:
            return found == value
        if compare.field == DIVISION:
            return found.startswith(value)
        below = bisect_left(known, f"{value}.")
        return below < len(known) and known[below].startswith(f"{value}.")

    def divisions_in(self, values: int) -> list[str]:
        """List the divisions that a mask of the division's axis holds."""
        return [self.divisions[place] for place in bits(values)]

    def division_mask(self, codes: Iterable[str]) -> int:
        """Give the mask of some divisions."""
        mask = 0
        for code in codes:
            place = bisect_left(self.divisions, code)
            if place < len(self.divisions) and self.divisions[place] == code:
                mask |= 1 << place
        return mask

    def example(self, region: Region) -> Facts | None:
        """Give the facts of one call in a region; None where a field has values that cannot be listed."""
        facts: dict[str, str | int | frozenset[str] | None] = {}
        tags: dict[str, set[str]] = {field.name: set() for field in FIELDS.values() if field.kind == "set"}
        for axis, values in region.items():
            name, _, member = axis.partition(":")
            if name == _OPAQUE:
                return None
            if name in tags:
                if values == _PRESENT:
                    tags[name].add(member)
            elif name in self._closed:
                facts[name] = self._closed[name][_lowest(values)]
            else:
                facts[name] = self._text(name, values)
        for name, closed in self._closed.items():
            facts.setdefault(name, closed[0] if closed else None)
        for field in FIELDS.values():
            if field.kind in {"text", "dotted", "code"} and not field.optional and field.name not in facts:
                facts[field.name] = self._text(field.name, ~1)
        facts |= {name: frozenset(found) for name, found in tags.items()}
        division = facts[DIVISION]
        return {**facts, "area_class": self._classes.get(division) if isinstance(division, str) else None}

    def _node(self, compare: Compare) -> Node:
        field = FIELDS[compare.field]
        if field.kind == "set":
            return _tags(compare)
        if field.name == "area_class":
            test = compile_compare(compare)
            return self._divisions_leaf([code for code, found in self._classes.items() if test({"area_class": found})])
        if field.name == DIVISION:
            return self._division(compare)
        if field.name in self._closed:
            return self._listed(compare)
        if field.kind == "text" and (found := self._open(field, compare)) is not None:
            return found
        return Leaf(f"{_OPAQUE}:{compare_text(compare)}", _PRESENT, _ABSENT)

    def _listed(self, compare: Compare) -> Node:
        test, closed = compile_compare(compare), self._closed[compare.field]
        values = sum(1 << place for place, value in enumerate(closed) if test({compare.field: value}))
        return Leaf(compare.field, values, _full(len(closed)) ^ values)

    def _division(self, compare: Compare) -> Node:
        if compare.op != "under":
            leaf = self._divisions_leaf(str(value) for value in compare.values)
            return opposite(leaf) if compare.op in {"ne", "not_in"} else leaf
        prefix = str(compare.values[0])
        first, end = bisect_left(self.divisions, prefix), bisect_left(self.divisions, prefix + _NEXT)
        values = _full(end) ^ _full(first)
        return Leaf(DIVISION, values, _full(len(self.divisions)) ^ values)

    def _divisions_leaf(self, codes: Iterable[str]) -> Leaf:
        values = self.division_mask(codes)
        return Leaf(DIVISION, values, _full(len(self.divisions)) ^ values)

    def _open(self, field: Field, compare: Compare) -> Node | None:
        """Read a comparison of a text without end: bit 0 is no value, the negative bits are what no rule names."""
        known = self._texts.setdefault(field.name, {})
        if len(known) + len(compare.values) > _MOST_TEXTS:
            return None
        named = 0
        for value in map(str, compare.values):
            if value not in known:
                known[value] = len(known) + 1
                self._names.setdefault(field.name, [""]).append(value)
            named |= 1 << known[value]
        everything = ~0 if field.optional else ~1
        if compare.op in {"eq", "in"}:
            return Leaf(field.name, named, everything & ~named)
        return Leaf(field.name, ~(named | 1), (named | 1) & everything)

    def _text(self, name: str, values: int) -> str | None:
        known = self._texts.get(name, {})
        if values & 1:
            return None
        if values < 0:
            text = "other"
            while text in known:
                text += "-"
            return text
        return self._names[name][_lowest(values)]


def _divisions(directory: Directory) -> tuple[str, ...]:
    content = directory.content
    codes = {*content.divisions, *(place.division_code for place in content.places.values())}
    if not any(division.level == "city" for division in content.divisions.values()):
        codes.add(FALLBACK_DIVISION)
    return tuple(sorted(codes))


def _tags(compare: Compare) -> Node:
    leaves = [Leaf(f"{compare.field}:{value}", _PRESENT, _ABSENT) for value in compare.values]
    return every(leaves) if compare.op == "has_all" else some(leaves)


def _full(size: int) -> int:
    return (1 << size) - 1


def _lowest(values: int) -> int:
    return (values & -values).bit_length() - 1
