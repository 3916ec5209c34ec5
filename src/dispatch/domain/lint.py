"""What is questionable about a ruleset, beside what reading it refuses: unreachable rules, kinds nobody has, gaps."""

from dataclasses import dataclass

from dispatch.domain.directory import Directory
from dispatch.domain.rule import Ruleset


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. An `error` keeps a draft from being published; the pointer is a JSON pointer into it."""

    level: str
    code: str
    pointer: str
    rule: str | None
    detail_zh: str
    detail_en: str


def lint(ruleset: Ruleset, directory: Directory) -> tuple[Finding, ...]:
    """List what is questionable, errors first."""
    del ruleset, directory
    return ()
