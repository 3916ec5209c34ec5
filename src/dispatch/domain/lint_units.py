"""Requirements that no unit can fill anywhere, or not in the number asked; substitutes that lead nowhere.

Units count whatever their duty, hours and modes are. Which of them are taken by another place of the plan is not asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dispatch.domain.directory import Directory
from dispatch.domain.lint_finding import Finding, listed_en, listed_zh
from dispatch.domain.lint_pool import Pools, is_needed, pool_en, pool_zh, wanted_en, wanted_zh
from dispatch.domain.lint_subject import Placed, Subject
from dispatch.domain.rule import Requirement
from dispatch.domain.unit import Unit


@dataclass(frozen=True, slots=True)
class _Asked:
    """One requirement with its place and the units it may ask."""

    placed: Placed
    pointer: str
    requirement: Requirement
    own: tuple[Unit, ...]
    substitutes: tuple[Unit, ...]

    def finding(self, level: str, code: str, texts: tuple[str, str], *, step: str = "") -> Finding:
        """Make a finding at this requirement."""
        return Finding(level, code, self.pointer + step, self.placed.rule.id, *texts)


def find_missing_units(subject: Subject) -> Iterator[Finding]:
    """Find what the directory cannot give."""
    directory, pools = subject.directory, subject.pools
    for placed in subject.each():
        for pointer, requirement in placed.requirements():
            substitutes = {unit.id: unit for kind in requirement.substitutes for unit in pools.able(requirement, kind)}
            own = pools.able(requirement, requirement.pool)
            asked = _Asked(placed, pointer, requirement, own, tuple(substitutes.values()))
            yield from _unknown_units(directory, asked)
            yield from _substitutes(directory, pools, asked)
            if not asked.own:
                yield _nobody(directory, asked)
            else:
                yield from _too_few(directory, asked)


def _unknown_units(directory: Directory, asked: _Asked) -> Iterator[Finding]:
    lost = [code for code in asked.requirement.units if code not in directory.unit_by_code]
    if lost:
        zh, en = f"指名的单位不存在：{listed_zh(lost)}", f"named units that do not exist: {listed_en(lost)}"
        yield asked.finding("warning", "unknown_unit", (zh, en), step="/units")


def _substitutes(directory: Directory, pools: Pools, asked: _Asked) -> Iterator[Finding]:
    for number, kind in enumerate(asked.requirement.substitutes):
        step = f"/substitutes/{number}"
        if kind == asked.requirement.unit_kind or kind in asked.requirement.substitutes[:number]:
            zh, en = (
                f"替补{pool_zh(directory, kind)}与已有的重复",
                f"the substitute {pool_en(directory, kind)} is repeated",
            )
            yield asked.finding("warning", "repeated_substitute", (zh, en), step=step)
        elif not pools.able(asked.requirement, kind):
            zh = f"替补{pool_zh(directory, kind)}没有任何可派单位"
            en = f"the substitute {pool_en(directory, kind)} has no unit that could be asked"
            yield asked.finding("warning", "substitute_without_units", (zh, en), step=step)


def _nobody(directory: Directory, asked: _Asked) -> Finding:
    zh = f"名录中没有任何单位符合：{wanted_zh(directory, asked.requirement)}"
    en = f"the directory has no {wanted_en(directory, asked.requirement)}"
    if asked.substitutes:
        return asked.finding("warning", "no_unit", (f"{zh}；只会派替补", f"{en}; only substitutes are ever sent"))
    if asked.placed.rule.catch_all and asked.requirement.role == "lead":
        zh, en = f"{zh}；未匹配规则的警情无人主办", f"{en}; what no rule knows would be led by nobody"
        return asked.finding("error", "dead_catch_all", (zh, en))
    return asked.finding("error" if is_needed(asked.requirement) else "warning", "no_unit", (zh, en))


def _too_few(directory: Directory, asked: _Asked) -> Iterator[Finding]:
    requirement, units = asked.requirement, {unit.id: unit for unit in (*asked.own, *asked.substitutes)}
    if requirement.asked > len(units):
        zh = f"要求{requirement.asked}个{wanted_zh(directory, requirement)}，名录中连替补共{len(units)}个"
        en = (
            f"{requirement.asked} {wanted_en(directory, requirement)} are asked, the directory has {len(units)} with "
            "substitutes"
        )
        yield asked.finding("warning", "too_few_units", (zh, en))
    if requirement.spread is not None:
        sides = {_side(directory, requirement.spread, unit) for unit in units.values()}
        if len(sides) < requirement.count:
            zh = f"要求来自{requirement.count}个不同区划({requirement.spread})，可派单位只在{len(sides)}个区划"
            en = f"units from {requirement.count} divisions ({requirement.spread}) are asked, those there are are of "
            yield asked.finding("warning", "too_few_areas", (zh, f"{en}{len(sides)}"), step="/spread")


def _side(directory: Directory, level: str, unit: Unit) -> str:
    known = directory.content.divisions
    chain = directory.chain(unit.division_code)
    return next((code for code in chain if code in known and known[code].level == level), unit.division_code)
