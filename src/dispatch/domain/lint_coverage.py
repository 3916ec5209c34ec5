"""Where a requirement cannot be filled: township by township, one finding for each requirement.

Only townships whose calls really come to the rule are counted. Not found: gaps inside a township, and places that stay
empty because too few of several units are there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dispatch.domain.lint_finding import Finding, listed_en, listed_zh
from dispatch.domain.lint_pool import is_needed, wanted_en, wanted_zh
from dispatch.domain.lint_region import bits, meet_all
from dispatch.domain.lint_subject import Placed, Subject
from dispatch.domain.lint_universe import DIVISION
from dispatch.domain.rule import Requirement


@dataclass(slots=True)
class _Map:
    """Which townships' calls come to which rule."""

    subject: Subject
    _divisions: list[int] = field(default_factory=list)
    _reached: dict[int, int] = field(default_factory=dict)
    _asked: dict[int, int] = field(default_factory=dict)
    _named: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        universe = self.subject.universe
        self._divisions = [
            universe.division_mask(division.code for division in parts) for parts in self.subject.areas.parts
        ]

    def named_by(self, placed: Placed) -> int:
        """Give the townships that a rule's condition does not rule out."""
        named, areas = 0, self.subject.areas
        for region in placed.regions or ():
            divisions = region.get(DIVISION)
            if divisions is None:
                return areas.everywhere
            if divisions not in self._named:
                self._named[divisions] = areas.at(self.subject.universe.divisions_in(divisions))
            named |= self._named[divisions]
        return named

    def come_to(self, placed: Placed, wanted: int) -> int:
        """Give those of the townships from which a call can come to the rule; fewer where the search gave up."""
        known, found = self._asked.get(placed.index, 0), self._reached.get(placed.index, 0)
        for place in bits(wanted & ~known):
            sought = self.subject.seek(
                meet_all(placed.regions or (), [{DIVISION: self._divisions[place]}]), placed.rule
            )
            if sought.gave_up:
                self.subject.note_gave_up(placed.rule)
                break
            known |= 1 << place
            found |= 0 if sought.facts is None else 1 << place
        self._asked[placed.index], self._reached[placed.index] = known, found
        return found & wanted


def find_uncovered_townships(subject: Subject) -> Iterator[Finding]:
    """Find mandatory requirements that cannot be filled in some townships."""
    yield from _walk(subject, _uncovered)


def find_townships_of_neighbours(subject: Subject) -> Iterator[Finding]:
    """Find, as notes, townships in which nobody of the pool answers: neighbours come, or nobody is asked."""
    yield from _walk(subject, _unanswered)


def _walk(subject: Subject, look: "Callable[[_Gap], Iterator[Finding]]") -> Iterator[Finding]:
    known = _Map(subject)
    for placed in subject.each():
        if placed.regions is None or subject.is_exhausted:
            subject.note_gave_up(placed.rule)
            continue
        for pointer, requirement in placed.requirements():
            pool = (requirement.pool, *requirement.substitutes)
            if any(subject.pools.able(requirement, name) for name in pool):
                yield from look(_Gap(known, placed, pointer, requirement))
                if requirement.within_m is not None and subject.areas.is_exhausted:
                    subject.note_gave_up(placed.rule)


@dataclass(frozen=True, slots=True)
class _Gap:
    """A requirement that somebody can fill somewhere."""

    map: _Map
    placed: Placed
    pointer: str
    requirement: Requirement

    def finding(self, level: str, code: str, mask: int, texts: tuple[str, str]) -> Finding:
        """Make a finding about some townships; the texts say what is the matter there."""
        subject, within_m = self.map.subject, self.requirement.within_m
        found = [subject.areas.townships[place] for place in bits(mask)]
        zh = f"{len(found)}个乡镇街道{texts[0]}{wanted_zh(subject.directory, self.requirement)}"
        en = f"in {len(found)} townships {texts[1]} {wanted_en(subject.directory, self.requirement)}"
        if within_m is not None:
            zh, en = f"{zh}（{within_m}米内）", f"{en} within {within_m} m"
        zh += f"：{listed_zh([division.name for division in found])}"
        en += f": {listed_en([division.name_en for division in found])}"
        return Finding(level, code, self.pointer, self.placed.rule.id, zh, en)


def _uncovered(gap: _Gap) -> Iterator[Finding]:
    requirement, subject = gap.requirement, gap.map.subject
    if not is_needed(requirement):
        return
    named = gap.map.named_by(gap.placed)
    reached = subject.areas.reached(requirement, subject.pools, named)
    mask = gap.map.come_to(gap.placed, named & ~reached)
    if mask:
        level = "error" if requirement.role == "lead" else "warning"
        yield gap.finding(level, "uncovered_townships", mask, ("派不出", "nobody can be sent as"))


def _unanswered(gap: _Gap) -> Iterator[Finding]:
    requirement, areas, pools = gap.requirement, gap.map.subject.areas, gap.map.subject.pools
    if "jurisdiction" not in requirement.choose:
        return
    needed = is_needed(requirement)
    named = gap.map.named_by(gap.placed)
    looked_at = areas.reached(requirement, pools, named) if needed else named
    mask = gap.map.come_to(gap.placed, looked_at & ~areas.answered(requirement, pools, named))
    if mask:
        texts = ("只能由邻区派出", "only neighbours come as") if needed else ("没有", "there is no")
        yield gap.finding("note", "unanswered_townships", mask, texts)
