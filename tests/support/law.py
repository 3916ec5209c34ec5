"""The snapshot law: old snapshot + the events since = new snapshot. The consoles' reducers, once more in Python."""

from typing import Any

Picture = dict[str, dict[str, Any]]
ENDED = {"closed", "cancelled", "merged", "transferred", "false_alarm"}


def from_snapshot(frame: dict[str, Any]) -> Picture:
    return {
        "incidents": {incident["id"]: incident for incident in frame["incidents"]},
        "units": {unit["id"]: unit for unit in frame["units"]},
        "modes": {mode["id"]: mode for mode in frame.get("modes", [])},
        "drills": {drill["id"]: drill for drill in frame.get("drills", [])},
        "seen": {},
    }


def apply(picture: Picture, frame: dict[str, Any]) -> Picture:
    """Follow console/src/state/reducer.ts, and state/modes.ts and state/drills.ts beside it."""
    if frame["event_id"] in picture["seen"]:
        return picture
    incidents, units = dict(picture["incidents"]), dict(picture["units"])
    if incident := frame.get("incident"):
        before = incidents.get(incident["id"], {})
        assignments = list(before.get("assignments", []))
        for arrived in incident["assignments"]:
            _upsert(assignments, arrived)
        newer = not before or incident["version"] >= before["version"]
        fields = {**before, **incident} if newer else {**incident, **before}
        incidents[incident["id"]] = {**fields, "assignments": assignments}
    if (assignment := frame.get("assignment")) and assignment["incident_id"] in incidents:
        known = incidents[assignment["incident_id"]]
        assignments = list(known["assignments"])
        _upsert(assignments, assignment)
        incidents[known["id"]] = {**known, "assignments": assignments}
    if (unit := frame.get("unit")) and unit["version"] >= units.get(unit["id"], {}).get("version", 0):
        units[unit["id"]] = {**units.get(unit["id"], {}), **unit}
    modes = _learn(picture["modes"], frame["facts"].get("mode"))
    drills = _learn(picture["drills"], frame["facts"].get("drill"))
    seen = {**picture["seen"], frame["event_id"]: True}
    return {"incidents": incidents, "units": units, "modes": modes, "drills": drills, "seen": seen}


def _learn(known: dict[str, Any], arrived: dict[str, Any] | None) -> dict[str, Any]:
    """What was ended once does not come back by an older event that is late."""
    if arrived is None or known.get(arrived["id"], {}).get("ended_at") is not None:
        return known
    return {**known, arrived["id"]: arrived}


def _upsert(assignments: list[dict[str, Any]], arrived: dict[str, Any]) -> None:
    for at, known in enumerate(assignments):
        if known["id"] == arrived["id"]:
            if arrived["version"] >= known["version"]:
                assignments[at] = {**known, **arrived}
            return
    assignments.append(arrived)


def comparable(picture: Picture) -> dict[str, Any]:
    """What must be equal: everything open, in the order of the ids."""
    return {
        "incidents": [
            {**incident, "assignments": sorted(incident["assignments"], key=lambda a: a["id"])}
            for incident in sorted(picture["incidents"].values(), key=lambda i: i["id"])
            if incident["status"] not in ENDED
        ],
        "units": sorted(picture["units"].values(), key=lambda unit: unit["id"]),
        "modes": _unended(picture["modes"]),
        "drills": _unended(picture["drills"]),
    }


def _unended(known: dict[str, Any]) -> list[Any]:
    return sorted((one for one in known.values() if one["ended_at"] is None), key=lambda one: one["id"])
