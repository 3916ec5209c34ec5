"""Where in a document something is wrong: line, column and JSON pointer, in one kind of refusal."""

import re
from typing import Final

from dispatch.domain.errors import Fault, InvalidRequestError

LONGEST_POINTER: Final = 500
_LONGEST_STEP: Final = 40
_MOST_READ: Final = 2_000_000
# An unfinished text ends with the document, so that no place is looked at twice.
_TOKEN: Final = re.compile(r'"(?P<text>[^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)|[\[\]{},:]', re.DOTALL)


def refused_at(code: str, detail: str, place: tuple[int, int], pointer: str) -> InvalidRequestError:
    """Make the refusal of a document; `place` is line and column, both counted from 0."""
    line, column = place[0] + 1, place[1] + 1
    shown = pointer if len(pointer) <= LONGEST_POINTER else f"{pointer[:LONGEST_POINTER]}…"
    fault = Fault(shown, code, f"line {line}, column {column}: {detail}")
    return InvalidRequestError((fault,), facts={"line": line, "column": column})


def line_and_column(before: str) -> tuple[int, int]:
    """Count lines and columns, from 0, up to the end of a text."""
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def step(key: object) -> str:
    """Write one step of a JSON pointer; long keys are shortened."""
    return "/" + str(key)[:_LONGEST_STEP].replace("~", "~0").replace("/", "~1")


def json_pointer_at(text: str, position: int) -> str:
    """Give the JSON pointer to what stands at a position of JSON text, as far as it was read until there.

    Very far into a large text nothing is said: line and column must do.
    """
    if position > _MOST_READ:
        return ""
    # One entry for each open object or list: the key read last, or the number of entries read.
    path: list[str | int] = []
    awaits_key = False
    for token in _TOKEN.finditer(text, 0, position):
        match token[0]:
            case "{":
                path.append("")
                awaits_key = True
            case "[":
                path.append(0)
            case "}" | "]":
                del path[-1:]
            case ",":
                if path and isinstance(path[-1], int):
                    path[-1] += 1
                awaits_key = bool(path) and isinstance(path[-1], str)
            case ":":
                awaits_key = False
            case _ if awaits_key and path and isinstance(path[-1], str):
                path[-1] = token["text"]
    return "".join(step(key) for key in path if key != "")
