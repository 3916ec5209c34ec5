"""Reads requirements, exclusions and triggers from untrusted plain data, checked against the names that exist."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, TypeVar

from dispatch.domain.directory import DirectoryContent
from dispatch.domain.rule import (
    CRITERIA,
    DEFAULT_CHOOSE,
    LEVELS,
    ROLES,
    TIERS,
    Exclusion,
    Requirement,
)
from dispatch.domain.rule_document import Entry
from dispatch.domain.trigger import EVENTS, Trigger

MAX_REQUIREMENTS: Final = 50
MAX_COUNT: Final = 50
MAX_WITHIN_M: Final = 200_000
MAX_REST_S: Final = 86_400
"""Since when a unit is free is known for a day."""
MAX_AFTER_S: Final = 90 * 86_400

REQUIREMENT_KEYS: Final = (
    *("unit_kind", "role", "count", "mandatory", "choose", "substitutes", "capability"),
    *("within_m", "rest_s", "units", "clocks", "language", "tier", "spread", "ask", "claim", "release", "leads"),
)
_TRIGGER_KEYS: Final = ("after_s", "event", "tag")
_LEAD_EVENTS: Final = tuple(event for event in EVENTS if event != "confirmed")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Known:
    """The names that rules may use. `personal` types are never joined by themselves; None: not checked."""

    unit_kinds: frozenset[str]
    incident_types: frozenset[str]
    clock_profiles: frozenset[str] | None = None
    personal: frozenset[str] = frozenset()

    @classmethod
    def of(cls, content: DirectoryContent) -> "Known":
        """Give the names of a directory."""
        return cls(
            frozenset(content.unit_kinds),
            frozenset(content.incident_types),
            frozenset(content.clock_profiles),
            frozenset(code for code, kind in content.incident_types.items() if kind.personal),
        )


def read_requirement(entry: Entry, known: Known) -> Requirement | None:
    """Read one requirement; None when problems were noted."""
    before = len(entry.problems.found)
    record = entry.record(REQUIREMENT_KEYS, required=("role",))
    if record is None:
        return None
    unit_kind, capability = _optional_name(record, "unit_kind", known.unit_kinds), read_text(record, "capability")
    role = record["role"].name(ROLES, "unknown_role") if "role" in record else None
    count = record["count"].whole(1, MAX_COUNT) if "count" in record else 1
    choose = _read_choose(record.get("choose"))
    if unit_kind is None and capability is None and len(entry.problems.found) == before:
        entry.refuse("missing", "'unit_kind' is missing: name a kind of unit, or a capability that any kind may have")
    if role is None or count is None or choose is None or len(entry.problems.found) > before:
        return None
    made = Requirement(
        unit_kind,
        role,
        count,
        mandatory=read_flag(record, "mandatory", default=True),
        choose=choose,
        substitutes=tuple(
            read_list(record.get("substitutes"), lambda item: item.name(known.unit_kinds, "unknown_unit_kind"))
        ),
        capability=capability,
        within_m=_whole(record, "within_m", MAX_WITHIN_M),
        rest_s=_whole(record, "rest_s", MAX_REST_S),
        units=tuple(read_list(record.get("units"), Entry.text)),
        clocks=read_clocks(record, known),
        language=read_text(record, "language"),
        tier=_optional_name(record, "tier", TIERS),
        spread=_optional_name(record, "spread", LEVELS),
        ask=_whole(record, "ask", MAX_COUNT),
        claim=read_flag(record, "claim", default=False),
        release=_read_trigger(record.get("release"), EVENTS),
        leads=_read_trigger(record.get("leads"), _LEAD_EVENTS),
    )
    _check(record, made)
    return made


def read_exclusion(entry: Entry, known: Known) -> Exclusion | None:
    """Read one exclusion; None when problems were noted."""
    record = entry.record(("unit_kind", "reason"), required=("unit_kind", "reason"))
    if record is None:
        return None
    unit_kind = record["unit_kind"].name(known.unit_kinds, "unknown_unit_kind") if "unit_kind" in record else None
    reason = read_names(record["reason"]) if "reason" in record else None
    return None if unit_kind is None or reason is None else Exclusion(unit_kind, *reason)


def read_list(entry: Entry | None, read: Callable[[Entry], Item | None]) -> list[Item]:
    """Read a list that may be missing or empty; what cannot be read is left out and noted."""
    entries = None if entry is None else entry.items(MAX_REQUIREMENTS, empty=True)
    return [item for found in entries or () if (item := read(found)) is not None]


def read_names(entry: Entry) -> tuple[str, str] | None:
    """Read a text in both languages."""
    record = entry.record(("zh", "en"), required=("zh", "en"))
    if record is None:
        return None
    chinese = record["zh"].text() if "zh" in record else None
    english = record["en"].text() if "en" in record else None
    return None if chinese is None or english is None else (chinese, english)


def read_flag(record: dict[str, Entry], key: str, *, default: bool) -> bool:
    """Read true or false that may be missing."""
    entry = record.get(key)
    flag = default if entry is None else entry.flag()
    return default if flag is None else flag


def read_text(record: dict[str, Entry], key: str) -> str | None:
    """Read a text that may be missing."""
    entry = record.get(key)
    return None if entry is None or entry.value is None else entry.text()


def read_clocks(record: dict[str, Entry], known: Known) -> str | None:
    """Read the name of a clock profile that may be missing."""
    if known.clock_profiles is None:
        return read_text(record, "clocks")
    return _optional_name(record, "clocks", known.clock_profiles, "unknown_clock_profile")


def _optional_name(record: dict[str, Entry], key: str, known: Collection[str], code: str | None = None) -> str | None:
    entry = record.get(key)
    return None if entry is None or entry.value is None else entry.name(known, code or f"unknown_{key}")


def _whole(record: dict[str, Entry], key: str, most: int) -> int | None:
    entry = record.get(key)
    return None if entry is None or entry.value is None else entry.whole(1, most)


def _read_choose(entry: Entry | None) -> tuple[str, ...] | None:
    if entry is None:
        return DEFAULT_CHOOSE
    entries = entry.items(len(CRITERIA))
    if entries is None:
        return None
    chosen = tuple(name for item in entries if (name := item.name(CRITERIA, "unknown_criterion")) is not None)
    if len(set(chosen)) < len(chosen):
        entry.refuse("duplicate", "a criterion is named twice")
    return chosen


def _read_trigger(entry: Entry | None, events: tuple[str, ...]) -> Trigger | None:
    if entry is None or entry.value is None:
        return None
    record = entry.record(_TRIGGER_KEYS)
    if record is None:
        return None
    after_s, event = _whole(record, "after_s", MAX_AFTER_S), _optional_name(record, "event", events)
    trigger = Trigger(after_s, event, read_text(record, "tag"))
    if trigger == Trigger():
        entry.refuse("empty", "a trigger names at least one of after_s, event, tag")
    return trigger


def _check(record: dict[str, Entry], made: Requirement) -> None:
    """Refuse what contradicts itself inside one requirement."""
    if made.ask is not None and made.ask < made.count:
        record["ask"].refuse("out_of_range", f"{made.ask} are asked where {made.count} are needed")
    if made.claim and made.asked == made.count:
        record["claim"].refuse("out_of_range", f"to be claimed it is offered to more than {made.count}: say `ask`")
    if made.role == "notify" and (made.claim or made.ask):
        record["claim" if made.claim else "ask"].refuse(
            "wrong_role", "who is only told has nothing to claim or to answer"
        )
    if made.role == "lead" and made.release is not None:
        record["release"].refuse("wrong_role", "the lead is sent at once: until then nobody would be responsible")
    if made.leads is not None and made.role != "support":
        record["leads"].refuse("wrong_role", "only a unit that supports can take the lead later")
