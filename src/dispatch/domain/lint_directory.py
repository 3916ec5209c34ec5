"""What is wrong beside the rules: circles of superiors, and correlations that never apply.

Of two correlations that name the same type only one can count. One that names a type below another's is no finding.
"""

from collections.abc import Iterator

from dispatch.domain.lint_finding import Finding
from dispatch.domain.lint_subject import Subject
from dispatch.domain.unit import Unit

_SHOWN = 6


def find_circles_of_superiors(subject: Subject) -> Iterator[Finding]:
    """Find units whose chain of superiors comes back to them: an escalation would go round and round."""
    units, seen = subject.directory.units, set[str]()
    for start in sorted(units.values(), key=lambda unit: unit.code):
        path: dict[str, Unit] = {}
        unit: Unit | None = start
        while unit is not None and unit.id not in seen and unit.id not in path:
            path[unit.id] = unit
            unit = units.get(unit.superior_id or "")
        if unit is not None and unit.id in path:
            circle = list(path.values())
            yield _circle(circle[circle.index(unit) :])
        seen.update(path)


def _circle(units: list[Unit]) -> Finding:
    if len(units) == 1:
        zh = f"单位{units[0].name}({units[0].code})的上级是它自己"
        en = f"the unit {units[0].name_en} ({units[0].code}) is its own superior"
        return Finding("error", "superior_cycle", "", None, zh, en)
    codes = [unit.code for unit in units][:_SHOWN]
    chain = " → ".join((*codes, "…") if len(units) > _SHOWN else (*codes, codes[0]))
    zh, en = f"上级关系成环，升级没有尽头：{chain}", f"superiors go in a circle, an escalation never ends: {chain}"
    return Finding("error", "superior_cycle", "", None, zh, en)


def find_idle_correlations(subject: Subject) -> Iterator[Finding]:
    """Find correlations whose types are named before, or do not exist."""
    earlier: dict[str, int] = {}
    types = subject.directory.content.incident_types
    for number, entry in enumerate(subject.ruleset.correlations):
        repeated = [name for name in entry.incident_types if name in earlier]
        for place, name in enumerate(entry.incident_types):
            pointer = f"/correlations/{number}/incident_types/{place}"
            if not any(code == name or code.startswith(f"{name}.") for code in types):
                zh, en = f"警情类型 {name} 不存在", f"there is no incident type {name}"
                yield Finding("error", "unknown_incident_type", pointer, None, zh, en)
            elif name in earlier and len(repeated) < len(entry.incident_types):
                zh = f"警情类型 {name} 在第{earlier[name] + 1}条关联规则中已出现"
                en = f"the incident type {name} is named by correlation {earlier[name] + 1} already"
                yield Finding("warning", "repeated_correlation", pointer, None, zh, en)
            earlier.setdefault(name, number)
        if len(repeated) == len(entry.incident_types):
            zh, en = (
                "所有类型都已在前面的关联规则中出现，本条永远不会生效",
                "all its types are named before: it never applies",
            )
            yield Finding("warning", "idle_correlation", f"/correlations/{number}", None, zh, en)
