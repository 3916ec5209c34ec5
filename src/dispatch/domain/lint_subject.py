"""What all checks work on: ruleset, directory, and the search for a call that a rule takes.

Invariant: the search answers for certain or not at all. It tries an example of the calls in question on the ruleset
itself; a final rule that takes the example away is cut out of the calls, until one reaches the rule or none is left.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from dispatch.domain.condition_tree import Facts
from dispatch.domain.directory import Directory
from dispatch.domain.lint_area import Areas
from dispatch.domain.lint_pool import Pools
from dispatch.domain.lint_region import (
    ALWAYS,
    MOST_REGIONS,
    Node,
    Region,
    TooManyRegionsError,
    narrow,
    opposite,
    projection,
)
from dispatch.domain.lint_universe import TYPE, Universe
from dispatch.domain.rule import Requirement, Rule, Ruleset
from dispatch.domain.ruleset import CompiledRuleset

MOST_STEPS: Final = 1_000
"""So many examples are tried for one question."""
_STEP_US, _RULE_US = 100, 0.2
"""About what a step costs, and besides for each rule that names no type and so is read for every example."""
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Sought:
    """What became of a search: a call that reaches the rule, or the final rules that leave it none, or neither."""

    facts: Facts | None = None
    covered_by: tuple[Rule, ...] = ()
    gave_up: bool = False


@dataclass(slots=True)
class Placed:
    """A rule with its place in the ruleset; `node` and `regions` are the calls it matches, None: too many to list."""

    index: int
    rule: Rule
    node: Node
    regions: list[Region] | None
    types: int | None
    """The incident types that it may match, None: any."""

    @property
    def pointer(self) -> str:
        """Point at the rule."""
        return f"/rules/{self.index}"

    def requirements(self) -> Iterator[tuple[str, Requirement]]:
        """Walk the requirements, each with its pointer."""
        for number, requirement in enumerate(self.rule.require):
            yield f"{self.pointer}/require/{number}", requirement


@dataclass
class Subject:
    """One ruleset over one directory. `tick` is called once per rule and check: progress, and a breath."""

    ruleset: Ruleset
    directory: Directory
    tick: Callable[[], None] = lambda: None
    gave_up: dict[str, list[str]] = field(default_factory=dict)
    _check: str = ""
    _left_us: float = 0
    _opposites: dict[str, Node] = field(default_factory=dict)

    @cached_property
    def universe(self) -> Universe:
        """Give all calls."""
        return Universe(self.directory)

    @cached_property
    def pools(self) -> Pools:
        """Give the units by what they can be asked as."""
        return Pools(self.directory)

    @cached_property
    def areas(self) -> Areas:
        """Give the townships."""
        return Areas(self.directory)

    @cached_property
    def compiled(self) -> CompiledRuleset:
        """Give the ruleset as it decides."""
        return CompiledRuleset(self.ruleset)

    @cached_property
    def named_clocks(self) -> frozenset[str]:
        """List the clock profiles that rules and requirements name."""
        rules = self.ruleset.rules
        names = (name for rule in rules for name in (rule.clocks, *(asked.clocks for asked in rule.require)))
        return frozenset(name for name in names if name is not None)

    @cached_property
    def rules(self) -> tuple[Placed, ...]:
        """List the rules in reading order, the catch-all last."""
        numbered = enumerate(self.ruleset.rules)
        ordered = sorted(numbered, key=lambda found: (found[1].catch_all, found[1].order))
        return tuple(self._placed(index, rule) for index, rule in ordered)

    def each(self) -> Iterator[Placed]:
        """Walk the rules in reading order, with a breath after each."""
        for placed in self.rules:
            yield placed
            self.tick()

    def begin(self, check: str, most_s: float) -> None:
        """Begin a check that may search for about so long; counted in steps, so that the answer is always the same."""
        self._check, self._left_us = check, most_s * 1e6

    def note_gave_up(self, rule: Rule) -> None:
        """Remember that the check has no answer for a rule."""
        known = self.gave_up.setdefault(self._check, [])
        if rule.id not in known[-1:]:
            known.append(rule.id)

    def seek(self, regions: Sequence[Region], goal: Rule) -> Sought:
        """Look for a call in the regions that reaches a rule which matches in all of them."""
        stack, covers, tried = list(regions), dict[str, Rule](), 0
        while stack:
            tried += 1
            self._left_us -= self._step_us
            facts = None if self.is_exhausted or tried > MOST_STEPS else self.universe.example(stack[-1])
            if facts is None:
                return Sought(gave_up=True)
            taken = self.compiled.matching(facts)
            if any(rule is goal for rule in taken):
                return Sought(facts)
            last = taken[-1] if taken else None
            if last is None or last.catch_all:
                return Sought(gave_up=True)
            covers[last.id] = last
            try:
                stack += narrow([stack.pop()], self._opposite(last))
            except TooManyRegionsError:
                return Sought(gave_up=True)
        return Sought(covered_by=tuple(covers.values()))

    @property
    def is_exhausted(self) -> bool:
        """Say whether the check has searched long enough."""
        return self._left_us < 0

    @cached_property
    def _step_us(self) -> float:
        return _STEP_US + _RULE_US * sum(placed.types is None for placed in self.rules)

    def holds_always(self, rule: Rule) -> bool:
        """Say whether a rule certainly matches every call."""
        try:
            return not narrow([{}], self._opposite(rule))
        except TooManyRegionsError:
            return False

    def _opposite(self, rule: Rule) -> Node:
        if rule.id not in self._opposites:
            node = ALWAYS if rule.when is None else self.universe.node(rule.when)
            self._opposites[rule.id] = opposite(node)
        return self._opposites[rule.id]

    def _placed(self, index: int, rule: Rule) -> Placed:
        node = ALWAYS if rule.when is None else self.universe.node(rule.when)
        regions: list[Region] | None
        try:
            regions = narrow([{}], node, limit=MOST_REGIONS)
        except TooManyRegionsError:
            regions = None
        return Placed(index, rule, node, regions, projection(node, TYPE))


def example_text(facts: Facts, regions: Iterable[Region]) -> str:
    """Write down a call: only the fields that the regions say something about."""
    names = dict.fromkeys(axis.partition(":")[0] for region in regions for axis in region)
    return ", ".join(f"{name} = {_shown(facts.get(name))}" for name in names) or "-"


def _shown(value: str | int | frozenset[str] | None) -> str:
    text = "[" + " ".join(sorted(value)) + "]" if isinstance(value, frozenset) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def name_zh(rule: Rule) -> str:
    """Name a rule in Chinese."""
    return f"「{rule.name_zh}」({rule.id})"


def name_en(rule: Rule) -> str:
    """Name a rule in English."""
    return f'"{rule.name_en}" ({rule.id})'
