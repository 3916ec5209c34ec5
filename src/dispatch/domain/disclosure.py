"""Who may read what of an incident.

Details (description, caller) and words (notes, reasons, feedback texts) may name a person. In a sensitive incident they
reach the lead and the kinds of unit that need them; others see the step and that something is withheld. What a unit
said itself, or was told about its own task, it reads again. Walls and devices never get personal data.
"""

from collections.abc import Collection, Mapping
from typing import Final, cast

from dispatch.domain.rows import AssignmentRow, ChangeRow, IncidentRow, LinkData

SENSITIVE_TAGS: Final = frozenset({"sensitive_health", "victim_privacy", "minor"})
WITHHELD: Final[tuple[str, ...]] = ("description", "caller")
REASON_CODES: Final = frozenset(
    {
        *("busy", "too_far", "no_vehicle", "not_ours", "off_duty", "other"),
        *("lead_silent", "lead_left", "not_delivered", "on_call", "notified"),
        *("switched", "triggered", "confirmed", "claimed", "taken", "nobody_there"),
        *("false_alarm", "cancelled", "closed", "transferred", "merged"),
        *("same_device", "same_place", "near", "call_joined"),
    }
)
"""Reasons that are chosen, not written: a unit's for declining, the system's own, how an incident ended."""
LINK_EVENTS: Final = frozenset({"incident.linked", "incident.unlinked"})
"""They tell of other incidents: their facts are for those who may see these."""


def is_sensitive(incident: IncidentRow) -> bool:
    """Say whether an incident's details are restricted: until its lead, or the desk, has opened them."""
    return not incident["disclosed"] and (incident["sensitive"] or not SENSITIVE_TAGS.isdisjoint(incident["tags"]))


def may_read_details(incident: IncidentRow, *, unit_id: str, kind_is_sensitive: bool) -> bool:
    """Say whether a unit on the incident may read description, caller and everybody's words."""
    return incident["lead_unit_id"] == unit_id or kind_is_sensitive or not is_sensitive(incident)


def facts_without_words(facts: Mapping[str, object]) -> dict[str, object]:
    """Leave out of an event's facts what somebody wrote; codes, numbers and ids stay."""
    kept = {key: value for key, value in facts.items() if key != "text" and not _is_written(key, value)}
    if isinstance(feedback := kept.get("feedback"), dict):
        kept["feedback"] = _outcome_only(feedback)
    return kept


def row_without_words(row: AssignmentRow) -> AssignmentRow:
    """Leave out of an assignment what somebody wrote: a reason that is no code, the text of a feedback."""
    written = _is_written("reason", row["reason"])
    feedback = None if row["feedback"] is None else _outcome_only(row["feedback"])
    return cast("AssignmentRow", {**row, "reason": None if written else row["reason"], "feedback": feedback})


def links_in(incident: IncidentRow) -> list[LinkData]:
    """Give an incident's links; a change that was written before there were links has none."""
    return incident.get("links", [])


def links_told(change: ChangeRow) -> list[LinkData]:
    """List every link that a change speaks of: those of its incident and those of its events."""
    incident = change["incident"]
    told = [] if incident is None else list(links_in(incident))
    for event in change["events"]:
        if event["event"] in LINK_EVENTS:
            told += cast("list[LinkData]", event["facts"]["links"])
    return told


def link_facts(facts: Mapping[str, object], shown: Collection[str]) -> dict[str, object]:
    """Give the facts of a link event with the links shown; without any, nothing is said."""
    kept = [link for link in cast("list[LinkData]", facts["links"]) if link["incident_id"] in shown]
    return {**facts, "links": kept} if kept else {}


def carries_words(change: ChangeRow) -> bool:
    """Say whether a change holds anything that not everybody may read."""
    return any(
        "text" in event["facts"] or "feedback" in event["facts"] or _is_written("reason", event["facts"].get("reason"))
        for event in change["events"]
    ) or any(row["feedback"] is not None or _is_written("reason", row["reason"]) for row in change["assignments"])


def _is_written(key: str, value: object) -> bool:
    return key == "reason" and value is not None and value not in REASON_CODES


def _outcome_only(feedback: dict[str, object]) -> dict[str, object]:
    return {**feedback, "text": ""}
