"""A small town for lint: two townships, a police station that answers for all of it, and rules to try on it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dispatch.domain.clock_profile import ClockProfile
from dispatch.domain.condition import All, Compare, Condition
from dispatch.domain.directory import Directory, Division, IncidentType
from dispatch.domain.geo import Point
from dispatch.domain.lint import Finding, lint
from dispatch.domain.rule import Correlation, Exclusion, Requirement, Rule, Ruleset
from dispatch.domain.unit import Unit
from tests.support.world import CITY, ELSEWHERE, PLAIN, PROFILE, Space, directory, unit

OTHER_TOWNSHIP = "430302001"
FAR = Point(112.5, 27.8)
"""Some 39 km from the first township."""
POLICE = unit("police", "police", [CITY])
LEAD = Requirement("police", "lead")
FIRE, GAS = Compare("incident_type", "eq", "fire.building"), Compare("incident_type", "eq", "gas.leak")
HOSPITAL, NIGHT = Compare("place_kind", "eq", "hospital"), Compare("hour", "ge", 22)
ARMED, HURT = Compare("tags", "has", "armed"), Compare("tags", "has", "injured")
CLOCKS = replace(PROFILE, arrive_s={"urban": 300.0, "suburb": 600.0})
TYPES = ("fire.building", "gas.leak", "other")


def town(
    units: Sequence[Unit] = (), *, types: Sequence[str] = TYPES, clocks: Mapping[str, ClockProfile] | None = None
) -> Directory:
    """The town with its police station and these units."""
    everybody = (POLICE, *units)
    known = directory(everybody).content
    added = Division(OTHER_TOWNSHIP, "河东街道", "Hedong", ELSEWHERE, "township", "urban", FAR)
    profiles = {"p": CLOCKS} | dict(clocks or {})
    content = replace(
        known,
        places={},
        divisions=known.divisions | {OTHER_TOWNSHIP: added},
        incident_types={code: incident_type(code) for code in types},
        clock_profiles={code: replace(profile, code=code) for code, profile in profiles.items()},
    )
    return Directory(content, Space(everybody))


def incident_type(code: str, clock_profile: str = "p") -> IncidentType:
    return replace(PLAIN, code=code, name=code, name_en=code, clock_profile=clock_profile)


def rule(
    rule_id: str,
    when: Condition | Sequence[Condition],
    *require: Requirement,
    priority: int = 300,
    final: bool = True,
    exclude: Sequence[str] = (),
    clocks: str | None = None,
) -> Rule:
    """A rule; a final one that requires nothing is led by the police."""
    condition = All(tuple(when)) if isinstance(when, Sequence) else when
    exclusions = tuple(Exclusion(kind, "不派", "never") for kind in exclude)
    wanted = require or ((LEAD,) if final else ())
    return Rule(rule_id, rule_id, rule_id, priority, final, condition, wanted, exclusions, clocks=clocks)


CATCH_ALL = Rule("catch-all", "兜底", "Catch-all", 0, final=True, when=None, require=(LEAD,), catch_all=True)


def ruleset(*rules: Rule, correlations: Sequence[Correlation] = (), catch_all: Rule = CATCH_ALL) -> Ruleset:
    ordered = sorted((*rules, catch_all), key=lambda found: found.order)
    return Ruleset(1, "镇", "Town", tuple(ordered), tuple(correlations))


def findings(code: str, *rules: Rule, where: Directory | None = None, catch_all: Rule = CATCH_ALL) -> list[Finding]:
    """What lint says of one kind about some rules."""
    return [found for found in lint(ruleset(*rules, catch_all=catch_all), where or town()) if found.code == code]


def told(
    code: str, *rules: Rule, where: Directory | None = None, catch_all: Rule = CATCH_ALL
) -> list[tuple[str, str | None]]:
    """The same in short: level and rule."""
    return [(found.level, found.rule) for found in findings(code, *rules, where=where, catch_all=catch_all)]
