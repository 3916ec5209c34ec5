"""Who may read what of an incident.

Health details of a person reach the lead and the kinds of unit that need them; others see that something is withheld.
Walls and devices never get personal data.
"""

from typing import Final

from dispatch.domain.rows import IncidentRow

SENSITIVE_TAGS: Final = frozenset({"sensitive_health", "victim_privacy", "minor"})
WITHHELD: Final[tuple[str, ...]] = ("description", "caller")


def is_sensitive(incident: IncidentRow) -> bool:
    """Say whether an incident's details are restricted."""
    return incident["sensitive"] or not SENSITIVE_TAGS.isdisjoint(incident["tags"])


def may_read_details(incident: IncidentRow, *, role: str | None, kind_is_sensitive: bool) -> bool:
    """Say whether a unit with this role on the incident may read description and caller."""
    return role == "lead" or kind_is_sensitive or not is_sensitive(incident)
