"""Reads a condition from untrusted plain data, checked against the fields, with every problem at its JSON pointer.

Invariant: what is read here compiles, explains and prints without an error, at a cost linear in the limits below.
"""

from dataclasses import dataclass
from typing import Final, cast

from dispatch.domain.condition_contradiction import find_contradictions
from dispatch.domain.condition_fields import ALL_OPERATORS, FIELDS, LIST_OPERATORS, MAX_CODE, Field
from dispatch.domain.condition_tree import All, AnyOf, Compare, Condition, Not, Value
from dispatch.domain.rule_document import ConditionError, Entry, Problems, shown

MAX_DEPTH: Final = 20
MAX_NODES: Final = 500
MAX_CONSTANTS: Final = 500

_COMPARE_KEYS: Final = ("field", "op", "value")


def parse_condition(data: object, *, pointer: str = "") -> Condition:
    """Read a condition: `{"all": […]}`, `{"any": […]}`, `{"not": …}` or `{"field", "op", "value"}`.

    Raises ConditionError with everything that is wrong (at most 100 problems); pointers start with `pointer`.
    """
    problems = Problems(ConditionError)
    condition = read_condition(Entry(data, pointer, problems))
    if condition is None or problems.found:
        raise problems.failure()
    return condition


def read_condition(entry: Entry) -> Condition | None:
    """Read a condition as part of a larger document; None when problems were noted."""
    before = len(entry.problems.found)
    condition = _Reader().read(entry, depth=1)
    if condition is None or len(entry.problems.found) > before:
        return None
    for pointer, detail in find_contradictions(condition, entry.pointer):
        entry.problems.add(pointer, "never_true", detail)
    return condition


@dataclass(slots=True)
class _Reader:
    """Counts what one condition has used of its limits."""

    nodes: int = 0
    constants: int = 0

    def read(self, entry: Entry, *, depth: int) -> Condition | None:
        if depth > MAX_DEPTH:
            entry.refuse("too_deep", f"conditions nest at most {MAX_DEPTH} deep")
            return None
        self.nodes += 1
        if not isinstance(entry.value, dict):
            entry.refuse("wrong_type", f"a condition is an object, got {shown(entry.value)}")
            return None
        if "not" in entry.value:
            part = self._read_not(entry, depth=depth)
            return None if part is None else Not(part)
        for word in ("all", "any"):
            if word in entry.value:
                parts = self._read_parts(entry, word, depth=depth)
                made = All if word == "all" else AnyOf
                return None if parts is None else made(parts)
        return self._read_compare(entry)

    def _read_not(self, entry: Entry, *, depth: int) -> Condition | None:
        record = entry.record(("not",))
        return None if record is None else self.read(record["not"], depth=depth + 1)

    def _read_parts(self, entry: Entry, word: str, *, depth: int) -> tuple[Condition, ...] | None:
        record = entry.record((word,))
        entries = record[word].items(MAX_NODES) if record else None
        if entries is None:
            return None
        if self.nodes + len(entries) > MAX_NODES:
            entry.refuse("too_many", f"a condition has at most {MAX_NODES} parts")
            return None
        parts = [self.read(part, depth=depth + 1) for part in entries]
        return tuple(part for part in parts if part is not None) if None not in parts else None

    def _read_compare(self, entry: Entry) -> Compare | None:
        record = entry.record(_COMPARE_KEYS, required=_COMPARE_KEYS)
        if record is None or len(record) < len(_COMPARE_KEYS):
            return None
        name = record["field"].name(FIELDS, "unknown_field")
        op = record["op"].name(ALL_OPERATORS, "unknown_operator")
        if name is None or op is None:
            return None
        field = FIELDS[name]
        if op not in field.operators:
            record["op"].refuse("wrong_operator", f"{name} knows {', '.join(field.operators)}, not {op}")
            return None
        value = self._read_value(record["value"], field, listed=op in LIST_OPERATORS)
        return None if value is None else Compare(name, op, value)

    def _read_value(self, entry: Entry, field: Field, *, listed: bool) -> Value | None:
        if not listed:
            return _read_constant(entry, field)
        entries = entry.items(MAX_CONSTANTS)
        if entries is None:
            return None
        self.constants += len(entries)
        if self.constants > MAX_CONSTANTS:
            entry.refuse("too_many", f"a condition lists at most {MAX_CONSTANTS} values")
            return None
        values = [_read_constant(item, field) for item in entries]
        return None if None in values else cast("Value", tuple(values))


def _read_constant(entry: Entry, field: Field) -> str | int | None:
    match field.kind:
        case "whole":
            return entry.whole(field.low, field.high)
        case "choice" | "scale":
            return entry.name(field.values, f"unknown_{field.name}")
        case "dotted":
            return _read_dotted(entry)
        case "code":
            return _read_code(entry)
    return entry.text()


def _read_dotted(entry: Entry) -> str | None:
    text = entry.text()
    if text is not None and not all(text.split(".")):
        entry.refuse("bad_value", f"{shown(text)} is not a dotted name such as fire.building")
        return None
    return text


def _read_code(entry: Entry) -> str | None:
    text = entry.text(MAX_CODE)
    if text is not None and not (text.isascii() and text.isalnum()):
        entry.refuse("bad_value", f"{shown(text)} is not a code of digits and letters")
        return None
    return text
