import pytest
from hypothesis import assume, given, settings

from dispatch.domain import ruleset_parse
from dispatch.domain.condition_contradiction import find_contradictions
from dispatch.domain.rule_document import MAX_PROBLEMS
from dispatch.domain.ruleset import Exclusion, Known, Requirement, RuleProblemsError, parse_ruleset, ruleset_data
from dispatch.domain.ruleset_parse import MAX_RULES
from tests.unit.rule_strategies import INCIDENT_TYPES, UNIT_KINDS, rulesets

KNOWN = Known(frozenset(UNIT_KINDS), frozenset(INCIDENT_TYPES))
NAME = {"zh": "规则", "en": "Rule"}
LEAD = {"unit_kind": "police_station", "role": "lead"}
SUPPORT = {"unit_kind": "health_office", "role": "support"}
EXCLUDE = {"unit_kind": "volunteer_team", "reason": NAME}
URGENT = {"field": "urgency", "op": "eq", "value": "urgent"}


def rule(**changes):
    return {"id": "urgent", "name": NAME, "priority": 10, "when": URGENT, "require": [LEAD], **changes}


def without(key):
    return {name: value for name, value in rule().items() if name != key}


def catch_all(**changes):
    return {"id": "rest", "name": NAME, "priority": 0, "catch_all": True, "require": [LEAD], **changes}


def parse(data):
    return parse_ruleset(data, version=3, known=KNOWN)


def ruleset(*rules):
    return {"name": NAME, "rules": [*rules, catch_all()]}


def problems_of(data):
    with pytest.raises(RuleProblemsError) as caught:
        parse(data)
    return [(problem.pointer, problem.code) for problem in caught.value.problems]


def test_what_is_not_said_takes_its_default():
    read = parse(ruleset(rule()))
    assert (read.version, read.name_zh, read.name_en) == (3, "规则", "Rule")
    urgent, rest = read.rules
    assert (urgent.final, urgent.catch_all, urgent.exclude) == (True, False, ())
    assert (rest.when, rest.catch_all) == (None, True)
    assert urgent.require == (
        Requirement(
            unit_kind="police_station",
            role="lead",
            count=1,
            mandatory=True,
            choose=("jurisdiction", "nearest", "load"),
            substitutes=(),
            capability=None,
        ),
    )


def test_everything_that_can_be_said_is_read():
    require = {
        **SUPPORT,
        "count": 2,
        "mandatory": False,
        "choose": ["rank", "nearest"],
        "substitutes": ["police_station", "fire_rescue"],
        "capability": "water_rescue",
    }
    read = parse(ruleset(rule(final=False, require=[require], exclude=[EXCLUDE]))).rules[0]
    assert read.final is False
    assert read.exclude == (Exclusion("volunteer_team", "规则", "Rule"),)
    assert read.require == (
        Requirement(
            unit_kind="health_office",
            role="support",
            count=2,
            mandatory=False,
            choose=("rank", "nearest"),
            substitutes=("police_station", "fire_rescue"),
            capability="water_rescue",
        ),
    )


def test_rules_stand_by_priority_and_equal_ones_by_id():
    read = parse(ruleset(rule(id="b"), rule(id="low", priority=1), rule(id="a"), rule(id="high", priority=99)))
    assert [found.id for found in read.rules] == ["high", "a", "b", "low", "rest"]


@settings(max_examples=30)
@given(rulesets(whole=True))
def test_a_ruleset_survives_being_written_and_read(made):
    assume(not any(list(find_contradictions(found.when)) for found in made.rules if found.when))
    read = parse_ruleset(
        ruleset_data(made),
        version=made.version,
        known=KNOWN,
    )
    assert read == made


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (rule(colour="red"), [("", "unknown_key")]),
        (without("id"), [("", "missing")]),
        (without("when"), [("", "missing")]),
        (without("require"), [("", "missing")]),
        (rule(when=None), [("", "missing")]),
        ([], [("", "wrong_type")]),
        (rule(id="a b"), [("/id", "bad_value")]),
        (rule(id=""), [("/id", "empty")]),
        (rule(id="rest"), [("/id", "duplicate")]),
        (rule(name="Rule"), [("/name", "wrong_type")]),
        (rule(name={"zh": "规则"}), [("/name", "missing")]),
        (rule(name={**NAME, "de": "Regel"}), [("/name", "unknown_key")]),
        (rule(priority=1.5), [("/priority", "wrong_type")]),
        (rule(priority=True), [("/priority", "wrong_type")]),
        (rule(priority=10**9), [("/priority", "out_of_range")]),
        (rule(final="yes"), [("/final", "wrong_type")]),
        (rule(when={**URGENT, "value": "urgnt"}), [("/when/value", "unknown_urgency")]),
        (rule(when={"all": [URGENT, {"not": URGENT}]}), [("/when", "never_true")]),
        (rule(require=[]), [("/require", "empty")]),
        (rule(require=[], exclude=[EXCLUDE]), [("/require", "empty")]),
        (rule(require=[], final=False), [("/require", "empty")]),
        (rule(require=[SUPPORT]), [("/require", "no_lead")]),
        (rule(require=[LEAD, LEAD]), [("/require", "many_leads")]),
        (rule(require=[LEAD, LEAD], final=False), [("/require", "many_leads")]),
        (rule(require=[LEAD] * 51), [("/require", "too_many")]),
        (rule(require=[LEAD, {**SUPPORT, "unit_kind": "ambulance"}]), [("/require/1/unit_kind", "unknown_unit_kind")]),
        (rule(require=[LEAD, {**SUPPORT, "role": "boss"}]), [("/require/1/role", "unknown_role")]),
        (rule(require=[LEAD, {"role": "support"}]), [("/require/1", "missing")]),
        (rule(require=[{**LEAD, "count": 0}]), [("/require/0/count", "out_of_range")]),
        (rule(require=[{**LEAD, "count": 51}]), [("/require/0/count", "out_of_range")]),
        (rule(require=[{**LEAD, "mandatory": 1}]), [("/require/0/mandatory", "wrong_type")]),
        (rule(require=[{**LEAD, "choose": []}]), [("/require/0/choose", "empty")]),
        (rule(require=[{**LEAD, "choose": ["luck"]}]), [("/require/0/choose/0", "unknown_criterion")]),
        (rule(require=[{**LEAD, "choose": ["rank", "rank"]}]), [("/require/0/choose", "duplicate")]),
        (rule(require=[{**LEAD, "substitutes": ["x"]}]), [("/require/0/substitutes/0", "unknown_unit_kind")]),
        (rule(require=[{**LEAD, "capability": ""}]), [("/require/0/capability", "empty")]),
        (rule(exclude=[{"unit_kind": "volunteer_team"}]), [("/exclude/0", "missing")]),
        (rule(exclude=[{**EXCLUDE, "unit_kind": "x"}]), [("/exclude/0/unit_kind", "unknown_unit_kind")]),
        (catch_all(id="second"), [("/catch_all", "many_catch_alls")]),
    ],
)
def test_a_wrong_rule_is_refused_at_its_place(changed, expected):
    data = {"name": NAME, "rules": [catch_all(), changed]}
    assert problems_of(data) == [(f"/rules/1{pointer}", code) for pointer, code in expected]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, [("", "wrong_type")]),
        ({"name": NAME}, [("", "missing")]),
        ({"name": NAME, "rules": []}, [("/rules", "empty")]),
        ({"name": NAME, "rules": [rule()]}, [("/rules", "no_catch_all")]),
        ({"name": NAME, "rules": [catch_all(final=False)]}, [("/rules/0", "catch_all_not_final")]),
        ({"name": NAME, "rules": [catch_all(when=URGENT)]}, [("/rules/0/when", "catch_all_condition")]),
        ({"name": NAME, "rules": [catch_all()], "version": 4}, [("", "unknown_key")]),
        ({"name": NAME, "rules": [catch_all()] * (MAX_RULES + 1)}, [("/rules", "too_many")]),
    ],
)
def test_a_wrong_ruleset_is_refused(data, expected):
    assert problems_of(data) == expected


@pytest.mark.parametrize(
    ("op", "value", "wrong"),
    [
        ("eq", "fire.building", []),
        ("eq", "fire.bulding", ["/value"]),
        ("ne", "flood", ["/value"]),
        ("in", ["fire", "flood", "storm"], ["/value", "/value"]),
        ("under", "fire", []),
        ("under", "gas", []),
        ("under", "gas.l", ["/value"]),
    ],
)
def test_only_incident_types_that_exist_may_be_named(op, value, wrong):
    data = ruleset(rule(when={"any": [URGENT, {"field": "incident_type", "op": op, "value": value}]}))
    if not wrong:
        parse(data)
        return
    assert problems_of(data) == [(f"/rules/0/when/any/1{end}", "unknown_incident_type") for end in wrong]


def test_a_refusal_names_the_kind_that_was_probably_meant():
    with pytest.raises(RuleProblemsError, match=r"'police_statoin'; did you mean police_station\?"):
        parse(ruleset(rule(require=[{**LEAD, "unit_kind": "police_statoin"}])))


def test_all_problems_of_all_rules_are_told_at_once():
    data = {"name": NAME, "rules": [rule(priority="x"), rule(require=[SUPPORT])]}
    assert problems_of(data) == [
        ("/rules/0/priority", "wrong_type"),
        ("/rules/1/require", "no_lead"),
        ("/rules/1/id", "duplicate"),
        ("/rules", "no_catch_all"),
    ]


def test_no_more_problems_are_collected_than_anybody_reads():
    assert len(problems_of(ruleset(*[rule(colour="red")] * 10_000))) == MAX_PROBLEMS


def test_one_large_condition_repeated_by_reference_is_refused_before_it_unfolds(monkeypatch):
    monkeypatch.setattr(ruleset_parse, "MAX_SIZE", 2_000)
    heavy = {"any": [{"all": [URGENT] * 40}] * 12}
    rules = [rule(id=f"rule-{number}", when=heavy) for number in range(MAX_RULES - 1)]
    assert problems_of(ruleset(*rules)) == [("/rules/4", "too_many")]
