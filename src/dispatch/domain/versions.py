"""Versions of what people decide about: who saw an older one is told what stands now, and who changed it."""

from typing import Final, cast

from dispatch.domain.errors import AlreadyTakenError, VersionConflictError
from dispatch.domain.rows import AssignmentRow, IncidentRow

_TOLD: Final = ("id", "status", "version", "severity", "urgency", "call_count", "disposition")


def current_of(row: IncidentRow | AssignmentRow) -> dict[str, object]:
    """Give what a refusal tells of an incident or assignment as it stands."""
    known: dict[str, object] = {**row}
    return {key: known[key] for key in _TOLD if key in known} | {"changed_by": row["updated_by"]}


def require_version(row: IncidentRow | AssignmentRow, expected_version: int | None) -> None:
    """Refuse a decision on another version than the one that stands; None is a decision on any.

    Of an incident every version since the last change that matters to decisions will do: receipts and news of
    deliveries raise the version, too.

    Raises:
        VersionConflictError: facts carry `current` and `changed_by`.
    """
    oldest = cast("int", row.get("settled_version", row["version"]))
    if expected_version is None or oldest <= expected_version <= row["version"]:
        return
    raise VersionConflictError(
        f"it is at version {row['version']}, not {expected_version}",
        facts={"current": current_of(row), "changed_by": row["updated_by"]},
    )


def require_free(row: AssignmentRow) -> None:
    """Refuse a task that was offered to several and that others have taken.

    Raises:
        AlreadyTakenError: facts carry `current`.
    """
    if row["reason"] == "taken":
        raise AlreadyTakenError("somebody else has taken it", facts={"current": current_of(row)})
