"""Requirements that an exclusion makes void: by their own rule, or by one that can match together with it.

Not found: three rules that only together leave a requirement nobody.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from dispatch.domain.lint_finding import Finding
from dispatch.domain.lint_pool import Pools, is_needed, pool_en, pool_zh
from dispatch.domain.lint_region import meet_all
from dispatch.domain.lint_subject import Placed, Subject, example_text, name_en, name_zh
from dispatch.domain.rule import Requirement

_MOST_PAIRS: Final = 300_000
_CODE: Final = "excluded_requirement"


def find_excluded_requirements(subject: Subject) -> Iterator[Finding]:
    """Find requirements whose whole pool is excluded where they apply."""
    by_kind = _requiring(subject)
    left = _MOST_PAIRS
    for placed in subject.each():
        yield from _own(subject, placed)
        for other in _affected(placed, by_kind):
            left -= 1
            if left < 0:
                subject.note_gave_up(placed.rule)
                return
            yield from _together(subject, (placed, other))


def _requiring(subject: Subject) -> dict[str, list[Placed]]:
    """List the rules that require a kind of unit, by kind."""
    found: defaultdict[str, list[Placed]] = defaultdict(list)
    for placed in subject.rules:
        for kind in {kind for requirement in placed.rule.require for kind in _kinds(subject.pools, requirement)}:
            found[kind].append(placed)
    return found


def _affected(placed: Placed, by_kind: dict[str, list[Placed]]) -> Iterator[Placed]:
    """List the rules that one rule's exclusions may touch when both match; of two final ones only one is read."""
    seen = {placed.index}
    for exclusion in placed.rule.exclude:
        for other in by_kind.get(exclusion.unit_kind, ()):
            if other.index in seen or (placed.rule.final and other.rule.final):
                continue
            seen.add(other.index)
            if placed.types is None or other.types is None or placed.types & other.types:
                yield other


def _kinds(pools: Pools, requirement: Requirement) -> frozenset[str]:
    """List the kinds of unit that a requirement asks first."""
    if requirement.unit_kind is not None:
        return frozenset({requirement.unit_kind})
    return frozenset(unit.kind for unit in pools.units_of(requirement.pool))


def _own(subject: Subject, placed: Placed) -> Iterator[Finding]:
    excluded = frozenset(exclusion.unit_kind for exclusion in placed.rule.exclude)
    if not excluded:
        return
    for pointer, requirement in placed.requirements():
        kinds = _kinds(subject.pools, requirement)
        if kinds and kinds <= excluded:
            zh = f"要求派{pool_zh(subject.directory, requirement.pool)}，同一条规则又排除它"
            en = f"requires {pool_en(subject.directory, requirement.pool)}, which the same rule excludes"
            yield Finding("error", _CODE, pointer, placed.rule.id, zh, en)
            continue
        for number, kind in enumerate(requirement.substitutes):
            if kind in excluded:
                zh = f"替补{pool_zh(subject.directory, kind)}被同一条规则排除，永远不会派出"
                en = f"the substitute {pool_en(subject.directory, kind)} is excluded by the same rule and never sent"
                place = f"{pointer}/substitutes/{number}"
                yield Finding("warning", "excluded_substitute", place, placed.rule.id, zh, en)


def _together(subject: Subject, pair: tuple[Placed, Placed]) -> Iterator[Finding]:
    excluding, requiring = pair
    excluded = frozenset(e.unit_kind for placed in pair for e in placed.rule.exclude)
    own = frozenset(exclusion.unit_kind for exclusion in requiring.rule.exclude)
    void = [
        (pointer, requirement)
        for pointer, requirement in requiring.requirements()
        if _kinds(subject.pools, requirement) <= excluded and not _kinds(subject.pools, requirement) <= own
    ]
    if not void:
        return
    if excluding.regions is None or requiring.regions is None:
        subject.note_gave_up(excluding.rule)
        return
    common = meet_all(excluding.regions, requiring.regions)
    later = max(pair, key=lambda placed: (placed.rule.catch_all, placed.rule.order))
    sought = subject.seek(common, later.rule)
    if sought.gave_up:
        subject.note_gave_up(excluding.rule)
    if sought.facts is None:
        return
    example = example_text(sought.facts, common)
    for pointer, requirement in void:
        nobody = all(kind in excluded for kind in requirement.substitutes)
        pool = requirement.pool
        zh = f"要求派{pool_zh(subject.directory, pool)}，但{name_zh(excluding.rule)}同时命中时排除它"
        en = f"requires {pool_en(subject.directory, pool)}, which {name_en(excluding.rule)} excludes when both match"
        zh, en = f"{zh}（例：{example}）", f"{en} (e.g. {example})"
        yield Finding(
            "error" if is_needed(requirement) and nobody else "warning", _CODE, pointer, requiring.rule.id, zh, en
        )
