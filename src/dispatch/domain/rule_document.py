"""Reads untrusted rule documents (JSON or YAML already turned into plain data) and says everything that is wrong.

Invariant: the cost is bounded by the limits here, not by the document. Lists are refused by their length before they
are walked, at most `MAX_PROBLEMS` problems are collected, and no foreign text reaches a message unshortened.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from dispatch.domain.errors import Fault
from dispatch.domain.suggest import did_you_mean

MAX_PROBLEMS: Final = 100
MAX_TEXT: Final = 200
_SHOWN: Final = 60
_LARGEST_SHOWN: Final = 10**12

Problem = Fault


class RuleProblemsError(Exception):
    """The rules are not valid; `problems` say where and why, in the order of the document."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems; the message shows the first three."""
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.detail}" for p in problems[:3]))
        self.problems = problems


class ConditionError(RuleProblemsError):
    """One condition is not valid."""


@dataclass(slots=True)
class Problems:
    """What was found so far."""

    error: type[RuleProblemsError]
    found: list[Problem] = field(default_factory=list)

    def add(self, pointer: str, code: str, detail: str) -> None:
        """Note a problem; raises `error` at once when there are as many as anybody would read."""
        self.found.append(Problem(pointer, code, detail))
        if len(self.found) >= MAX_PROBLEMS:
            raise self.failure()

    def failure(self) -> RuleProblemsError:
        """Make the error that names everything found."""
        return self.error(tuple(self.found))


def shown(value: object) -> str:
    """Show a foreign value in a message: short, printable, whatever it is."""
    if isinstance(value, str):
        text = value[:_SHOWN] + ("…" if len(value) > _SHOWN else "")
        return f"'{text}'" if text.isprintable() else ascii(text)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value) if abs(value) < _LARGEST_SHOWN else "a huge number"
    return {"dict": "an object", "list": "a list"}.get(type(value).__name__, type(value).__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of the document with its JSON pointer. A reading method that answers None has noted a problem."""

    value: object
    pointer: str
    problems: Problems

    def refuse(self, code: str, detail: str) -> None:
        """Note a problem at this place."""
        self.problems.add(self.pointer, code, detail)

    def record(self, known: tuple[str, ...], *, required: Collection[str] = ()) -> "dict[str, Entry] | None":
        """Read an object that has only known keys; unknown and missing ones are problems, the rest is answered."""
        if not isinstance(self.value, dict):
            self.refuse("wrong_type", f"expected an object with {', '.join(known)}, got {shown(self.value)}")
            return None
        for key in self.value:
            if key not in known:
                near = did_you_mean(key, known) if isinstance(key, str) else ""
                self.refuse("unknown_key", f"unknown key {shown(key)}{near}")
        for key in required:
            if key not in self.value:
                self.refuse("missing", f"'{key}' is missing")
        return {key: self._at(key, self.value[key]) for key in known if key in self.value}

    def items(self, limit: int, *, empty: bool = False) -> "list[Entry] | None":
        """Read a list of at most `limit` entries."""
        if not isinstance(self.value, list):
            self.refuse("wrong_type", f"expected a list, got {shown(self.value)}")
            return None
        if not self.value and not empty:
            self.refuse("empty", "the list is empty")
            return None
        if len(self.value) > limit:
            self.refuse("too_many", f"{len(self.value)} entries, at most {limit} are allowed")
            return None
        return [self._at(index, value) for index, value in enumerate(self.value)]

    def text(self, limit: int = MAX_TEXT) -> str | None:
        """Read a non-empty text without NUL and without half of a surrogate pair."""
        if not isinstance(self.value, str):
            self.refuse("wrong_type", f"expected a text, got {shown(self.value)}")
            return None
        if not self.value:
            self.refuse("empty", "the text is empty")
            return None
        if len(self.value) > limit:
            self.refuse("too_long", f"{len(self.value)} characters, at most {limit} are allowed")
            return None
        if "\0" in self.value or not _is_encodable(self.value):
            self.refuse("bad_text", "the text holds NUL or a lone surrogate")
            return None
        return self.value

    def whole(self, low: int, high: int) -> int | None:
        """Read a whole number in a range; true and false are not numbers."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.refuse("wrong_type", f"expected a whole number, got {shown(self.value)}")
            return None
        if not low <= self.value <= high:
            self.refuse("out_of_range", f"{shown(self.value)} is not between {low} and {high}")
            return None
        return self.value

    def flag(self) -> bool | None:
        """Read true or false."""
        if not isinstance(self.value, bool):
            self.refuse("wrong_type", f"expected true or false, got {shown(self.value)}")
            return None
        return self.value

    def name(self, known: Collection[str], code: str) -> str | None:
        """Read one of the known names; an unknown one is refused as `code` with the nearest."""
        name = self.text()
        if name is None or name in known:
            return name
        what = code.removeprefix("unknown_").replace("_", " ")
        self.refuse(code, f"unknown {what} {shown(name)}{did_you_mean(name, known)}")
        return None

    def _at(self, key: str | int, value: object) -> "Entry":
        return Entry(value, f"{self.pointer}/{key}", self.problems)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
