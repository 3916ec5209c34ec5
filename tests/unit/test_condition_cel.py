"""The readable text means what the compiled condition does: Google's CEL evaluates the one, we the other."""

import platform
import sys

import pytest
from hypothesis import given, settings

from dispatch.domain.condition import FIELDS, All, AnyOf, Compare, Not, compile_condition, condition_text
from dispatch.domain.condition_parse import MAX_CONSTANTS, MAX_DEPTH, MAX_NODES
from tests.unit.rule_strategies import conditions, incidents_near

if sys.platform != "linux" or platform.machine() != "x86_64":
    pytest.skip("cel-expr-python has a wheel for this platform only", allow_module_level=True)

from cel_expr_python import cel

TYPES = {"set": cel.Type.List(cel.Type.STRING), "whole": cel.Type.INT}
CEL = cel.NewEnv(variables={field.name: TYPES.get(field.kind, cel.Type.STRING) for field in FIELDS.values()})


def variables(incident):
    """A field without a value is the empty string."""
    values = {name: incident.get(name) for name in FIELDS}
    return {
        name: sorted(value) if isinstance(value, frozenset) else "" if value is None else value
        for name, value in values.items()
    }


def evaluate(condition, incident):
    return CEL.compile(condition_text(condition)).eval(data=variables(incident)).value()


@settings(max_examples=1_000)
@given(conditions())
def test_the_text_decides_as_the_compiled_condition_does(condition):
    expression, test = CEL.compile(condition_text(condition)), compile_condition(condition)
    assert expression.return_type() == cel.Type.BOOL
    for incident in incidents_near(condition, 10):
        assert expression.eval(data=variables(incident)).value() is test(incident)


@pytest.mark.parametrize(
    "condition",
    [
        AnyOf(tuple(Compare("hour", "eq", number % 24) for number in range(MAX_NODES - 1))),
        All(tuple(Compare("hour", "ne", 22) for _ in range(MAX_NODES - 1))),
        Compare("tags", "has_any", tuple(f"标签{number}" for number in range(MAX_CONSTANTS))),
        Compare("place_kind", "in", tuple("长" * 190 + str(number) for number in range(MAX_CONSTANTS))),
    ],
)
def test_the_largest_conditions_are_still_valid_text(condition):
    incident = {"hour": 3, "tags": frozenset({"标签499"}), "place_kind": "长" * 190 + "7"}
    assert evaluate(condition, incident) is compile_condition(condition)(incident) is True


def test_the_deepest_condition_is_still_valid_text():
    condition = Compare("hour", "eq", 3)
    for _ in range(MAX_DEPTH // 2 - 1):
        condition = Not(AnyOf((condition, Compare("hour", "eq", 4))))
    for hour in (3, 4, 5):
        assert evaluate(condition, {"hour": hour}) is compile_condition(condition)({"hour": hour})
