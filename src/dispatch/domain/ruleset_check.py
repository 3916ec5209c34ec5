"""Everything that can be said against a ruleset: what reading it refuses, and what lint finds in it.

Invariant: pointers lead into the document as it was given, whatever the order of its rules.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from dispatch.domain.directory import Directory
from dispatch.domain.lint import Finding, lint
from dispatch.domain.requirement_parse import Known
from dispatch.domain.rule import Ruleset
from dispatch.domain.rule_document import Problem, RuleProblemsError
from dispatch.domain.ruleset_parse import parse_ruleset

FINDING_LEVELS: Final = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Checked:
    """A ruleset as read, or None when it cannot be read, and what was found."""

    ruleset: Ruleset | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """List what keeps it from being published: faults of the document, not of the directory."""
        faults = (f for f in self.findings if f.level == "error" and (f.pointer or self.ruleset is None))
        return tuple(Problem(f.pointer, f.code, f.detail_en) for f in faults)


def check_ruleset(data: object, *, version: int, directory: Directory) -> Checked:
    """Read a ruleset and lint it; nothing that a document says is raised."""
    ids = _ids(data)
    try:
        ruleset = parse_ruleset(data, version=version, known=Known.of(directory.content))
    except RuleProblemsError as error:
        return Checked(None, tuple(_refused(problem, ids) for problem in error.problems))
    places = {rule_id: place for place, rule_id in enumerate(ids)}
    read = [rule.id for rule in ruleset.rules]
    return Checked(ruleset, tuple(_placed(finding, read, places) for finding in lint(ruleset, directory)))


def findings_data(findings: Iterable[Finding]) -> dict[str, object]:
    """Give findings as they are answered, and how many there are of each level."""
    told = [
        {
            "level": finding.level,
            "code": finding.code,
            "pointer": finding.pointer,
            "rule": finding.rule,
            "detail": {"zh": finding.detail_zh, "en": finding.detail_en},
        }
        for finding in findings
    ]
    counted = Counter(entry["level"] for entry in told)
    return {"findings": told, "counts": {level: counted[level] for level in FINDING_LEVELS}}


def _refused(problem: Problem, ids: list[str | None]) -> Finding:
    place = _place(problem.pointer)
    rule = ids[place] if place is not None and place < len(ids) else None
    return Finding("error", problem.code, problem.pointer, rule, problem.detail, problem.detail)


def _placed(finding: Finding, read: list[str], places: dict[str | None, int]) -> Finding:
    """Turn a pointer into the rules in reading order into one into the document."""
    place = _place(finding.pointer)
    if place is None or place >= len(read):
        return finding
    rest = finding.pointer.split("/", 3)[3:]
    return replace(finding, pointer="/".join(("", "rules", str(places[read[place]]), *rest)))


def _place(pointer: str) -> int | None:
    """Give which rule a pointer leads into."""
    steps = pointer.split("/", 3)
    return int(steps[2]) if steps[:2] == ["", "rules"] and len(steps) > 2 and steps[2].isdecimal() else None  # noqa: PLR2004


def _ids(data: object) -> list[str | None]:
    rules = data.get("rules") if isinstance(data, dict) else None
    found = (rule.get("id") if isinstance(rule, dict) else None for rule in (rules if isinstance(rules, list) else ()))
    return [rule_id if isinstance(rule_id, str) else None for rule_id in found]
