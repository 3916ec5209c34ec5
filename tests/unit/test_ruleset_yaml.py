"""A ruleset goes out as YAML, is read by a colleague, and comes back as the same ruleset."""

import json
from typing import Any

import yaml
from hypothesis import assume, given, settings

from dispatch.demo.city import bundle
from dispatch.documents.ruleset_text import write_ruleset_yaml
from dispatch.documents.yaml_read import read_yaml
from dispatch.documents.yaml_write import WIDTH
from dispatch.domain.condition_contradiction import find_contradictions
from dispatch.domain.requirement_parse import Known
from dispatch.domain.ruleset import parse_ruleset, ruleset_data
from dispatch.domain.ruleset_plain import brief, full
from tests.unit.rule_strategies import INCIDENT_TYPES, UNIT_KINDS, rulesets

KNOWN = Known(frozenset(UNIT_KINDS), frozenset(INCIDENT_TYPES))
DEMO: dict[str, Any] = bundle()["ruleset"]


def parse(data: object):
    return parse_ruleset(data, version=7, known=KNOWN)


@settings(max_examples=60)
@given(rulesets(whole=True))
def test_a_ruleset_survives_the_way_through_a_file(made):
    assume(not any(list(find_contradictions(found.when)) for found in made.rules if found.when))
    data = ruleset_data(made)
    text = write_ruleset_yaml(data)
    assert parse(read_yaml(text)) == made
    assert parse(brief(data)) == parse(full(brief(data))) == made
    assert full(brief(data)) == full(data)
    # Whoever reads it with another tool gets the same.
    assert yaml.safe_load(text) == read_yaml(text)
    # Written again, nothing moves: a diff shows what was changed and nothing else.
    assert write_ruleset_yaml(read_yaml(text)) == text


def test_the_demo_city_s_rules_read_as_people_would_write_them():
    text = write_ruleset_yaml(DEMO)
    assert full(read_yaml(text)) == full(DEMO)
    lines = text.splitlines()
    assert "        - {field: place_kind, op: eq, value: hospital}" in lines
    assert "      - {unit_kind: hospital_security, role: notify, mandatory: false}" in lines
    assert '    name: {zh: 未匹配规则，指挥中心受理, en: "No rule matched, the command centre takes it"}' in lines
    starts = [number for number, line in enumerate(lines) if line.startswith("  - id: ")]
    assert len(starts) == len(DEMO["rules"])
    assert all(lines[number - 1] == "" for number in starts[1:])
    assert [lines[number] for number in starts][-1] == "  - id: catch-all"
    assert max(map(len, lines)) <= WIDTH + 10
    assert "count: 1" not in text
    assert "final: true" not in text


def test_one_changed_word_changes_one_line():
    changed = json.loads(json.dumps(DEMO))
    changed["rules"].reverse()
    rule = next(rule for rule in changed["rules"] if rule["id"] == "fire.structure")
    rule["require"][0]["count"] = 3
    before, after = write_ruleset_yaml(DEMO).splitlines(), write_ruleset_yaml(changed).splitlines()
    assert len(before) == len(after)
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


def test_what_is_no_ruleset_is_written_as_it_is():
    for data in ({"rules": "none"}, {"rules": [1, {"id": 5, "priority": "x"}]}, {"name": [], "require": {}}, [], 3):
        assert read_yaml(write_ruleset_yaml(data)) == brief(data)
