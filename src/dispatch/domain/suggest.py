"""Nearest known names for a name that is not known: what "did you mean" says, nowhere a guess that is acted on."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MOST: Final = 3
_LONGEST: Final = 80


def nearest_names(name: str, known: Iterable[str], *, limit: int = MOST) -> tuple[str, ...]:
    """List the known names that look most like `name`, best first; empty when none is near.

    Only the first 80 characters count, so that a huge wrong name costs no more than a short one.
    """
    return tuple(get_close_matches(name[:_LONGEST].lower(), sorted(set(known)), n=limit, cutoff=0.55))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Write "; did you mean a, b?", or nothing when no name is near."""
    names = nearest_names(name, known)
    return f"; did you mean {', '.join(names)}?" if names else ""
