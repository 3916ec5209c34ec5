"""A ruleset as plain data: what may be left out of it, and in which order people read it.

Both directions keep the meaning: reading `brief` or `full` data gives the same ruleset as reading what it was made of.
Whatever does not have the shape of a ruleset goes through as it is: saying what is wrong is the reader's task.
"""

from collections.abc import Callable, Mapping
from typing import Final

from dispatch.domain.rule import Correlation, Requirement, correlation_data, requirement_data

Plain = dict[str, object]

_NAME: Final = ("zh", "en")
_RULESET: Final = ("name", "rules", "correlations")
_RULE: Final = ("id", "name", "priority", "final", "catch_all", "clocks", "when", "require", "exclude")
_REQUIREMENT: Final = (
    *("unit_kind", "capability", "language", "role", "count", "ask", "claim", "mandatory", "choose", "within_m"),
    *("rest_s", "tier", "spread", "units", "substitutes", "clocks", "release", "leads"),
)
_EXCLUSION: Final = ("unit_kind", "reason")
_CORRELATION: Final = ("incident_types", "join", "within_m", "within_s")

RULESET_DEFAULTS: Final[Mapping[str, object]] = {"correlations": []}
RULE_DEFAULTS: Final[Mapping[str, object]] = {
    "final": True,
    "catch_all": False,
    "clocks": None,
    "when": None,
    "exclude": [],
}
REQUIREMENT_DEFAULTS: Final[Mapping[str, object]] = {
    key: value for key, value in requirement_data(Requirement(None, "")).items() if key != "role"
}
CORRELATION_DEFAULTS: Final[Mapping[str, object]] = {
    key: value for key, value in correlation_data(Correlation(())).items() if key != "incident_types"
}


def brief(data: object) -> object:
    """Leave out what goes without saying; rules in reading order, keys in a fixed one."""
    return _Shape(full=False).ruleset(data)


def full(data: object) -> object:
    """Say everything, also what goes without saying; rules in reading order, keys in a fixed one."""
    return _Shape(full=True).ruleset(data)


class _Shape:
    """Walks a ruleset's data and makes every object anew."""

    def __init__(self, *, full: bool) -> None:
        self._full = full

    def ruleset(self, data: object) -> object:
        if not isinstance(data, dict):
            return data
        made = self._made(data, _RULESET, RULESET_DEFAULTS)
        _each(made, "name", _named)
        if isinstance(made.get("rules"), list):
            _each(made, "rules", self._rule)
            made["rules"] = sorted(_listed(made["rules"]), key=_reading_order)
        _each(made, "correlations", lambda entry: self._made(entry, _CORRELATION, CORRELATION_DEFAULTS))
        return made

    def _rule(self, rule: Plain) -> Plain:
        made = self._made(rule, _RULE, RULE_DEFAULTS)
        _each(made, "name", _named)
        _each(made, "require", lambda entry: self._made(entry, _REQUIREMENT, REQUIREMENT_DEFAULTS))
        _each(made, "exclude", _excluded)
        return made

    def _made(self, data: Plain, order: tuple[str, ...], defaults: Mapping[str, object]) -> Plain:
        said = {**defaults, **data} if self._full else {k: v for k, v in data.items() if not _is_usual(defaults, k, v)}
        return _ordered(said, order)


def _is_usual(defaults: Mapping[str, object], key: str, value: object) -> bool:
    # 1 and True are equal, but a number is not a flag: what is wrong must stay as it was written.
    return key in defaults and type(value) is type(defaults[key]) and value == defaults[key]


def _ordered(data: Plain, order: tuple[str, ...]) -> Plain:
    known = {key: data[key] for key in order if key in data}
    return known | {key: value for key, value in data.items() if key not in known}


def _named(name: Plain) -> Plain:
    return _ordered(name, _NAME)


def _excluded(exclusion: Plain) -> Plain:
    made = _ordered(exclusion, _EXCLUSION)
    _each(made, "reason", _named)
    return made


def _each(data: Plain, key: str, make: Callable[[Plain], Plain]) -> None:
    """Replace an object, or the objects of a list, by what is made of them."""
    value = data.get(key)
    if isinstance(value, dict):
        data[key] = make(value)
    elif isinstance(value, list):
        data[key] = [make(item) if isinstance(item, dict) else item for item in value]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _reading_order(rule: object) -> tuple[bool, int, str]:
    """Order like `Rule.order`; what is no rule stands last."""
    if not isinstance(rule, dict):
        return True, 0, ""
    priority, rule_id = rule.get("priority"), rule.get("id")
    return False, -priority if isinstance(priority, int) else 0, rule_id if isinstance(rule_id, str) else ""
