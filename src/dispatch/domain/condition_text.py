"""Writes conditions as text that people read and that is valid CEL, with the fields as variables.

`tags` is a list of strings, `hour` and `weekday` are numbers, everything else is a string; a field that has no value is
the empty string, which no condition can name. Evaluated like that, the text agrees with the compiled condition.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Final

from dispatch.domain.condition_fields import FIELDS, Operator
from dispatch.domain.condition_tree import All, AnyOf, Compare, Condition, Constants, Not

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Control, format (bidirectional overrides), private, unassigned and line-separating characters: what a reader of the
# rule could not see, or would see in another order than it is compared in.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})


def condition_text(condition: Condition) -> str:
    """Write the whole condition."""
    match condition:
        case Compare():
            return compare_text(condition)
        case Not(part):
            return negated(condition_text(part))
        case All(parts):
            return " && ".join(_part_text(part) for part in parts)
        case AnyOf(parts):
            return " || ".join(_part_text(part) for part in parts)


def negated(text: str) -> str:
    """Write the opposite."""
    return f"!({text})"


def _part_text(part: Condition) -> str:
    text = condition_text(part)
    return f"({text})" if isinstance(part, All | AnyOf) and len(part.parts) > 1 else text


@lru_cache(maxsize=4096)
def compare_text(compare: Compare) -> str:
    """Write one comparison; in parentheses where it takes more than one CEL operator.

    Remembered: every decision tells why its rules matched.
    """
    return _TEXTS[compare.op](compare.field, compare.values)


def _equal(name: str, values: Constants) -> str:
    return f"{name} == {_literal(values[0])}"


def _not_equal(name: str, values: Constants) -> str:
    return _guarded(name, f"{name} != {_literal(values[0])}")


def _one_of(name: str, values: Constants) -> str:
    return f"{name} in {_list(values)}"


def _none_of(name: str, values: Constants) -> str:
    return _guarded(name, negated(_one_of(name, values)))


def _guarded(name: str, text: str) -> str:
    return f'({name} != "" && {text})' if FIELDS[name].optional else text


def _under(name: str, values: Constants) -> str:
    value = str(values[0])
    if FIELDS[name].kind == "dotted":
        return f"({name} == {_literal(value)} || {name}.startsWith({_literal(value + '.')}))"
    return f"{name}.startsWith({_literal(value)})"


def _ordered(sign: str, op: Operator, name: str, values: Constants) -> str:
    bound = values[0]
    return f"{name} {sign} {bound}" if isinstance(bound, int) else _one_of(name, FIELDS[name].scale_values(op, bound))


def _contains(sign: str, name: str, values: Constants) -> str:
    return _joined(sign, (f"{_literal(value)} in {name}" for value in values))


_TEXTS: Final[Mapping[Operator, Callable[[str, Constants], str]]] = {
    "eq": _equal,
    "ne": _not_equal,
    "in": _one_of,
    "not_in": _none_of,
    "under": _under,
    "has": partial(_contains, ""),
    "has_any": partial(_contains, " || "),
    "has_all": partial(_contains, " && "),
    "lt": partial(_ordered, "<", "lt"),
    "le": partial(_ordered, "<=", "le"),
    "gt": partial(_ordered, ">", "gt"),
    "ge": partial(_ordered, ">=", "ge"),
}


def _joined(sign: str, texts: Iterable[str]) -> str:
    parts = tuple(texts)
    return parts[0] if len(parts) == 1 else f"({sign.join(parts)})"


def _list(values: Iterable[str | int]) -> str:
    return f"[{', '.join(_literal(value) for value in values)}]"


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f'"{"".join(map(_character, value))}"'


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the width of \u
