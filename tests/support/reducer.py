"""What every console does with frames: the snapshot replaces all, events change what they name, repeats are dropped."""

from typing import Any

ENDED = frozenset({"closed", "cancelled", "merged", "transferred"})
Picture = dict[str, dict[str, Any]]


def picture_of(frames: list[dict[str, Any]]) -> Picture:
    """Give the open incidents by id, each with its assignments by id."""
    incidents: Picture = {}
    applied: set[str] = set()
    for frame in frames:
        if frame["type"] == "snapshot":
            incidents = {incident["id"]: _with_assignments_by_id(incident) for incident in frame["incidents"]}
        elif frame["type"] == "event" and frame["event_id"] not in applied:
            applied.add(frame["event_id"])
            if frame.get("incident") is not None:
                _apply(incidents, frame)
    return {key: incident for key, incident in incidents.items() if incident["status"] not in ENDED}


def _with_assignments_by_id(incident: dict[str, Any]) -> dict[str, Any]:
    return incident | {"assignments": {assignment["id"]: assignment for assignment in incident["assignments"]}}


def _apply(incidents: Picture, frame: dict[str, Any]) -> None:
    told = frame["incident"]
    known = incidents.setdefault(told["id"], {"version": 0, "assignments": {}})
    if told["version"] >= known["version"]:
        known |= {key: value for key, value in told.items() if key != "assignments"}
    for assignment in [*told["assignments"], *([frame["assignment"]] if frame["assignment"] else [])]:
        older = known["assignments"].get(assignment["id"])
        if older is None or assignment["version"] >= older["version"]:
            known["assignments"][assignment["id"]] = assignment
