"""Pages of lists: `limit` and `after`; unknown parameters are refused, not ignored."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from starlette.datastructures import QueryParams

from dispatch.domain.errors import Fault, InvalidRequestError

MOST = 200
USUAL = 50
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page:
    """Which page is wanted."""

    limit: int
    after: str | None


def page_of(query: QueryParams, *, allowed: AbstractSet[str], after_is_id: bool = True) -> Page:
    """Read `limit` (1–200) and `after`.

    Raises:
        InvalidRequestError: out of range, not an id, or a parameter that does not exist.
    """
    faults = [
        Fault(f"?{name[:60]}", "unknown_parameter", "no such parameter")
        for name in query
        if name not in allowed and name not in {"limit", "after"}
    ]
    limit, after = query.get("limit", str(USUAL)), query.get("after")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= len(str(MOST)) and 1 <= int(limit) <= MOST):
        faults.append(Fault("?limit", "out_of_range", f"limit: 1 to {MOST}"))
    if after is not None and after_is_id and not _is_id(after):
        faults.append(Fault("?after", "not_an_id", "after: the id that the page before gave"))
    faults += [
        Fault(f"?{name[:60]}", "nul_character", "no NUL, no lone surrogate") for name in query if _unclean(query[name])
    ]
    if faults:
        raise InvalidRequestError(tuple(faults))
    return Page(int(limit), after)


def cut(rows: Iterable[Row], page: Page, key: Callable[[Row], str]) -> tuple[list[Row], str | None]:
    """Give a page of rows in the order of their keys, and the key after which the next one begins."""
    ordered = sorted(rows, key=key)
    later = [row for row in ordered if page.after is None or key(row) > page.after]
    shown = later[: page.limit]
    return shown, key(shown[-1]) if len(later) > len(shown) else None


def matches(query: str | None, names: Iterable[str]) -> bool:
    """Say whether a text is part of one of the names, in any case; no text is part of all."""
    return query is None or any(query.casefold() in name.casefold() for name in names)


def _unclean(text: str) -> bool:
    return "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
