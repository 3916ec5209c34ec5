"""A ruleset as the YAML that people exchange: rules in reading order, nothing said that goes without saying."""

from dispatch.documents.yaml_write import write_yaml
from dispatch.domain.ruleset_plain import brief


def write_ruleset_yaml(data: object) -> str:
    """Write a ruleset's data; reading it back gives the same ruleset."""
    return write_yaml(brief(data), spaced=("rules",))
