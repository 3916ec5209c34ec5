"""Random conditions, facts and rulesets. Small pools of values, so that matches are as common as misses."""

from random import Random

from hypothesis import strategies as st

from dispatch.domain.condition import FIELDS, All, AnyOf, Compare, Condition, Facts, Field, Not, condition_text, leaves
from dispatch.domain.condition_fields import LIST_OPERATORS
from dispatch.domain.rule import JOINS, LEVELS, TIERS, Correlation
from dispatch.domain.ruleset import Exclusion, Requirement, Rule, Ruleset
from dispatch.domain.trigger import EVENTS, Trigger

INCIDENT_TYPES = ("fire", "fire.building", "fire.building.high", "fire.buildings", "gas.leak", "violence.armed")
UNIT_KINDS = ("fire_rescue", "health_office", "police_station", "volunteer_team")
POOLS = {
    "incident_type": INCIDENT_TYPES,
    "place_kind": ("hospital", "school", "医院"),
    "tags": ("injured", "minor", "crowd>=30", 'say "no"', "back\\slash"),
    "division_code": ("43", "4303", "430304", "430304005", "43030400", "430302"),
    "channel": ("phone_110", "one_key_device"),
    "weather": ("fog", "heavy_rain", "暴雪"),
}
ODD_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6)


def constants(field: Field) -> st.SearchStrategy[str | int]:
    if field.universe:
        return st.sampled_from(field.universe)
    pool = st.sampled_from(POOLS[field.name])
    return pool | ODD_TEXT if field.kind in {"text", "set"} else pool


@st.composite
def compares(draw: st.DrawFn, names: tuple[str, ...] = tuple(FIELDS)) -> Compare:
    field = FIELDS[draw(st.sampled_from(names))]
    op = draw(st.sampled_from(field.operators))
    if op in LIST_OPERATORS:
        return Compare(field.name, op, tuple(draw(st.lists(constants(field), min_size=1, max_size=3))))
    return Compare(field.name, op, draw(constants(field)))


def conditions(names: tuple[str, ...] = tuple(FIELDS), *, most: int = 8) -> st.SearchStrategy[Condition]:
    def grow(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        parts = st.lists(inner, min_size=1, max_size=4).map(tuple)
        return parts.map(All) | parts.map(AnyOf) | inner.map(Not)

    return st.recursive(compares(names), grow, max_leaves=most)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """What an incident may be: optional fields may have no value or not be there at all."""
    made: dict[str, str | int | frozenset[str] | None] = {}
    for field in FIELDS.values():
        if field.kind == "set":
            made[field.name] = frozenset(draw(st.lists(st.sampled_from(POOLS[field.name]), max_size=3)))
        elif not field.optional or draw(st.integers(0, 3)):
            made[field.name] = draw(constants(field))
        elif draw(st.booleans()):
            made[field.name] = None
    return made


def incidents_near(condition: Condition, count: int) -> list[Facts]:
    """Incidents that hold the condition's own constants more often than not; always the same for the same condition."""
    chance = Random(condition_text(condition))
    wanted = [(compare.field, value) for _, compare in leaves(condition) for value in compare.values]
    return [_incident_near(wanted, chance) for _ in range(count)]


def _incident_near(wanted: list[tuple[str, str | int]], chance: Random) -> Facts:
    made: dict[str, str | int | frozenset[str] | None] = {}
    for field in FIELDS.values():
        own = [value for name, value in wanted if name == field.name]
        values = own if own and chance.random() < 0.7 else (field.universe or POOLS[field.name])
        if field.kind == "set":
            made[field.name] = frozenset(str(chance.choice(values)) for _ in range(chance.randrange(4)))
        elif not field.optional or chance.random() < 0.8:
            made[field.name] = chance.choice(values)
    return made


LEAD = (Requirement("police_station", "lead"),)
CATCH_ALL = Rule("catch-all", "兜底", "Catch-all", 0, final=True, when=None, require=LEAD, catch_all=True)


TEXT = ODD_TEXT | st.sampled_from(
    ("on", "No", "null", "22:30", "0x1F", "a: b", "# c", "- d", " e ", "一、二", "3d", "{f}")
)
WHOLE = st.none() | st.integers(1, 5)


@st.composite
def triggers(draw: st.DrawFn, events: tuple[str, ...] = EVENTS) -> Trigger:
    made = Trigger(draw(WHOLE), draw(st.none() | st.sampled_from(events)), draw(st.none() | TEXT))
    return made if made != Trigger() else Trigger(60)


@st.composite
def requirements(draw: st.DrawFn, roles: tuple[str, ...] = ("support", "notify")) -> Requirement:
    """Every field of a requirement, without those that contradict each other."""
    role, count = draw(st.sampled_from(roles)), draw(st.integers(1, 3))
    unit_kind = draw(st.none() | st.sampled_from(UNIT_KINDS))
    works = role != "notify"
    ask = draw(st.none() | st.integers(count, count + 2)) if works else None
    return Requirement(
        unit_kind,
        role,
        count,
        mandatory=draw(st.booleans()),
        choose=draw(st.sampled_from([("rank",), ("nearest", "rest"), ("jurisdiction", "nearest", "load")])),
        substitutes=tuple(draw(st.lists(st.sampled_from(UNIT_KINDS), max_size=2))),
        capability=draw((st.none() | TEXT) if unit_kind else TEXT),
        within_m=draw(WHOLE),
        rest_s=draw(WHOLE),
        units=tuple(draw(st.lists(TEXT, max_size=2))),
        clocks=draw(st.none() | TEXT),
        language=draw(st.none() | TEXT),
        tier=draw(st.none() | st.sampled_from(TIERS)),
        spread=draw(st.none() | st.sampled_from(LEVELS)),
        ask=ask,
        claim=ask is not None and ask > count and draw(st.booleans()),
        release=draw(st.none() | triggers()) if role != "lead" else None,
        leads=draw(st.none() | triggers(EVENTS[1:])) if role == "support" else None,
    )


PLAIN = st.builds(
    Requirement,
    unit_kind=st.sampled_from(UNIT_KINDS),
    role=st.sampled_from(["support", "notify"]),
    count=st.integers(1, 3),
    mandatory=st.booleans(),
    substitutes=st.lists(st.sampled_from(UNIT_KINDS), max_size=1).map(tuple),
    capability=st.none() | st.just("water_rescue"),
)


@st.composite
def rules(draw: st.DrawFn, rule_id: str, when: Condition, *, whole: bool = False) -> Rule:
    """A rule; `whole` with every field and odd texts, which is slow and needed only where documents are read."""
    final = draw(st.booleans())
    extra = draw(st.lists(requirements() if whole else PLAIN, max_size=2))
    word = TEXT if whole else st.just("x")
    exclude = (Exclusion("volunteer_team", draw(word), draw(word)),) if draw(st.booleans()) or not final else ()
    require = (*LEAD, *extra) if final else tuple(extra)
    names, priority, clocks = (draw(word), draw(word)), draw(st.integers(0, 3)), draw(st.none() | word)
    return Rule(rule_id, *names, priority, final, when, require, exclude, clocks=clocks)


CORRELATIONS = st.builds(
    Correlation,
    incident_types=st.lists(st.sampled_from(INCIDENT_TYPES), min_size=1, max_size=2).map(tuple),
    join=st.sampled_from(JOINS),
    within_m=st.sampled_from((80, 500)),
    within_s=st.sampled_from((600, 60)),
)


@st.composite
def rulesets(draw: st.DrawFn, whens: st.SearchStrategy[Condition] | None = None, *, whole: bool = False) -> Ruleset:
    chosen = draw(st.lists(conditions(most=4) if whens is None else whens, max_size=8))
    made = [draw(rules(f"rule-{number}", when, whole=whole)) for number, when in enumerate(chosen)]
    ordered = tuple(sorted((*made, CATCH_ALL), key=lambda rule: rule.order))
    word = TEXT if whole else st.just("x")
    related = tuple(draw(st.lists(CORRELATIONS, max_size=2))) if whole else ()
    return Ruleset(7, draw(word), draw(word), ordered, related)
