"""The ledger of an incident in one list: what each console has shown, and each attempt on every other channel."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from dispatch.domain.push import PushTarget
from dispatch.domain.rows import AssignmentRow
from dispatch.domain.wire import Json, UnitNames, unit_view

_ATTEMPT_FIELDS = (
    *("id", "message_id", "assignment_id", "channel", "recipient", "recipient_kind", "reason", "state", "attempt"),
    *("sent_at", "delivered_at", "seen_at", "finished_at", "provider_id", "error"),
)


def ledger(rows: Iterable[AssignmentRow], attempts: Iterable[Json], names: UnitNames) -> list[Json]:
    """List who has it: first the consoles, in the order of the assignments, then the attempts, oldest first."""
    known = list(rows)
    units = {row["id"]: row["unit_id"] for row in known}
    return [
        *(_of_console(row, names) for row in known),
        *(_of_attempt(attempt, units.get(str(attempt["assignment_id"])), names) for attempt in attempts),
    ]


def _of_console(row: AssignmentRow, names: UnitNames) -> Json:
    """Derive the console's own attempt: an assignment is pushed when it is issued, and its receipts are the states."""
    unseen = "expired" if row["ended_at"] else "sent"
    state = "seen" if row["seen_at"] else "delivered" if row["delivered_at"] else unseen
    return {
        "id": row["id"],
        "message_id": row["id"],
        "assignment_id": row["id"],
        "unit": unit_view(row["unit_id"], names),
        "channel": "console",
        "recipient": "",
        "recipient_kind": "console",
        "reason": "issued",
        "state": state,
        "attempt": 1,
        "queued_at": row["issued_at"],
        "sent_at": row["issued_at"],
        "delivered_at": row["delivered_at"],
        "seen_at": row["seen_at"],
        "finished_at": row["ended_at"] if state == "expired" else row["delivered_at"],
        "next_at": None,
        "provider_id": None,
        "error": None,
    }


def _of_attempt(attempt: Json, unit_id: str | None, names: UnitNames) -> Json:
    view: Json = {field: attempt[field] for field in _ATTEMPT_FIELDS}
    if attempt["recipient_kind"] == "subscription":  # it holds a secret: whoever has it can write to the browser
        view["recipient"] = urlsplit(PushTarget.read(str(attempt["recipient"])).endpoint).hostname
    unit_id = unit_id or (str(attempt["unit_id"]) if attempt["unit_id"] else None)
    view["unit"] = None if unit_id is None else unit_view(unit_id, names)
    view["queued_at"] = attempt["created_at"]
    view["next_at"] = attempt["next_at"] if attempt["state"] == "queued" else None
    return view
