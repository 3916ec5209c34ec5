"""Writes plain data as YAML that people read and compare line by line.

What is short and simple stands on one line, everything else is unfolded. Invariant: `read_yaml` and any reader of YAML
1.1 or 1.2 get back the same data; a text that one of them could take for something else stands in quotes.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

WIDTH: Final = 120
_STEP: Final = 2
_DEEPEST_LINE: Final = 3
_PLAIN: Final = re.compile(r"[^\W\d][\w./'()+，。、；：（）《》“”！？·-]*( [\w./'()+，。、；：（）《》“”！？·-]+)*")
_TAKEN: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write_yaml(data: object, *, spaced: Collection[str] = ()) -> str:
    """Write an object; before each entry of the lists that `spaced` names stands an empty line."""
    if not isinstance(data, dict):
        return f"{_line(data)}\n"
    return "\n".join(_object(data, 0, spaced)) + "\n"


def _object(data: dict[str, object], indent: int, spaced: Collection[str] = ()) -> Iterator[str]:
    for key, value in data.items():
        start = f"{' ' * indent}{_scalar(key)}:"
        if key in spaced and isinstance(value, list) and value:
            yield from ("", start)
            yield from _spaced(value, indent + _STEP)
        elif _fits(value, len(start) + 1):
            yield f"{start} {_line(value)}"
        else:
            yield start
            yield from _unfolded(value, indent + _STEP)


def _spaced(entries: list[object], indent: int) -> Iterator[str]:
    for number, entry in enumerate(entries):
        if number:
            yield ""
        yield from _entry(entry, indent, on_one_line=not isinstance(entry, dict))


def _unfolded(value: object, indent: int) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _object(value, indent)
    elif isinstance(value, list):
        for entry in value:
            yield from _entry(entry, indent, on_one_line=_fits(entry, indent + _STEP))
    else:
        yield " " * indent + _scalar(value)


def _entry(entry: object, indent: int, *, on_one_line: bool) -> Iterator[str]:
    dash = f"{' ' * indent}- "
    if on_one_line or not entry:
        yield dash + _line(entry)
        return
    for number, line in enumerate(_unfolded(entry, indent + _STEP)):
        yield line if number else dash + line[indent + _STEP :]


def _fits(value: object, column: int) -> bool:
    """Say whether a value stands on the line: always what cannot be unfolded, else what is short and simple."""
    if not isinstance(value, dict | list) or not value:
        return True
    return _is_simple(value, 1) and column + len(_line(value)) <= WIDTH


def _is_simple(value: object, depth: int) -> bool:
    if isinstance(value, dict):
        return depth <= _DEEPEST_LINE and all(_is_simple(part, depth + 1) for part in value.values())
    if isinstance(value, list):
        return not any(isinstance(part, dict | list) for part in value)
    return True


def _line(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_line(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_line, value))}]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN:
        return text
    return f'"{"".join(map(_character, text))}"'


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004
