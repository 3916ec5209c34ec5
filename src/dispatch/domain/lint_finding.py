"""What lint says: one finding with its level, its place in the ruleset and a sentence in both languages."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

LEVELS: Final = ("error", "warning", "note")
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `error`: somebody will be missing, or a rule is not what it seems; `note`: good to know.

    `pointer` is a JSON pointer into `ruleset_data(...)`, empty where the directory is meant; `rule` is the rule's id.
    """

    level: str
    code: str
    pointer: str
    rule: str | None
    detail_zh: str
    detail_en: str


def readable(finding: Finding) -> Finding:
    """Write out what nobody could see: names in rules may hold any character."""
    if finding.detail_zh.isprintable() and finding.detail_en.isprintable():
        return finding
    return replace(finding, detail_zh=_written_out(finding.detail_zh), detail_en=_written_out(finding.detail_en))


def _written_out(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def listed_zh(names: Collection[str]) -> str:
    """Name the first few, in Chinese: "甲、乙、丙等5个"."""
    shown = "、".join(_first(names))
    return f"{shown}等{len(names)}个" if len(names) > _NAMED else shown


def listed_en(names: Collection[str]) -> str:
    """Name the first few, in English: "a, b, c and 2 more"."""
    shown = ", ".join(_first(names))
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def _first(names: Iterable[str]) -> list[str]:
    return [name for name, _ in zip(names, range(_NAMED), strict=False)]
