"""Typed, loop-free conditions of routing rules: read, printed, compiled, explained.

One place to import from; the parts are `condition_tree` (the data), `condition_fields` (what may be named),
`condition_parse`, `condition_text`, `condition_compile`, `condition_explain` and `condition_contradiction`.
"""

from dispatch.domain.condition_compile import Test, compile_condition, required_prefixes, required_values
from dispatch.domain.condition_explain import (
    ConditionResult,
    explain_condition,
    is_explained_met,
    unmet_conditions,
)
from dispatch.domain.condition_fields import FIELDS, Field, Operator
from dispatch.domain.condition_parse import parse_condition, read_condition
from dispatch.domain.condition_text import condition_text
from dispatch.domain.condition_tree import (
    All,
    AnyOf,
    Compare,
    Condition,
    Facts,
    Not,
    Value,
    condition_data,
    condition_size,
    leaves,
)
from dispatch.domain.rule_document import ConditionError, Problem, RuleProblemsError

__all__ = [
    "FIELDS",
    "All",
    "AnyOf",
    "Compare",
    "Condition",
    "ConditionError",
    "ConditionResult",
    "Facts",
    "Field",
    "Not",
    "Operator",
    "Problem",
    "RuleProblemsError",
    "Test",
    "Value",
    "compile_condition",
    "condition_data",
    "condition_size",
    "condition_text",
    "explain_condition",
    "is_explained_met",
    "leaves",
    "parse_condition",
    "read_condition",
    "required_prefixes",
    "required_values",
    "unmet_conditions",
]
