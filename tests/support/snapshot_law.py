"""Hand-made stories for the snapshot law that a service under test does not tell by itself: what is late or older.

`python -m tests.support.snapshot_law --write` renews the files. The recorded stories beside them come from
tests/integration/test_snapshot_law.py; the consoles' reducer runs all of them.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dispatch.domain.rows import ChangeRow, instant
from dispatch.domain.wire import assignment_view, incident_view, unit_view
from dispatch.live.frames import Frames
from tests.support.world import FOUR, NOW, assignment_of, directory, incident_of, later, moved, opened

FIXTURES = Path(__file__).parents[1] / "fixtures" / "snapshot_law"
EPOCH = "0123456789ab"
Law = dict[str, Any]


def _life() -> list[ChangeRow]:
    """Opened, acknowledged, departed, a gap noted, the lead changed: five changes of one incident."""
    opening = opened(device_id="button")
    police, justice = assignment_of(opening, "police"), assignment_of(opening, "justice")
    acknowledged = moved(justice, "acknowledged", acknowledged_at=instant(NOW))
    changes = [opening, later(opening, "assignment.acknowledged", [acknowledged], status="in_progress")]
    departed = moved(acknowledged, "en_route", en_route_at=instant(NOW))
    changes.append(later(changes[-1], "assignment.departed", [departed]))
    gap = {"slot": 4, "unit_kind": "fire", "role": "support", "reason": "no_candidates", "count": 1}
    changes.append(later(changes[-1], "shortfall.raised", shortfalls=[gap]))
    rows = [moved(departed, "en_route", role="lead"), moved(police, "issued", role="support")]
    changes.append(later(changes[-1], "incident.lead_changed", rows))
    return changes


def _frames(changes: Iterable[ChangeRow]) -> list[Law]:
    known = directory(FOUR)
    return [
        json.loads(text)
        for number, change in enumerate(changes)
        for text in Frames(change, known, f"{EPOCH}.{700 + number}").for_desk()
    ]


def _snapshot(changes: Sequence[ChangeRow], units: Sequence[Law] = ()) -> Law:
    """Say what a desk that connects after these changes is given."""
    rows = {row["id"]: assignment_view(row, directory(FOUR)) for change in changes for row in change["assignments"]}
    incidents = [incident_view(incident_of(changes[-1]), rows.values(), details=True)] if changes else []
    text = {"type": "snapshot", "cursor": f"{EPOCH}.{700 + len(changes)}", "incidents": incidents, "units": list(units)}
    return dict(json.loads(json.dumps(text)))


def _status(version: int, status: str) -> ChangeRow:
    return {
        "incident": None,
        "assignments": [],
        "events": [{"event_id": f"u{version}", "event": "unit.status_changed", "assignment_id": None, "facts": {}}],
        "unit": _unit(version, status),
        "occurred_at": instant(NOW),
        "recorded_at": instant(NOW),
    }


def _unit(version: int, status: str) -> Law:
    return {
        **unit_view("police", directory(FOUR)),
        "division_code": FOUR[0].division_code,
        "status": status,
        "duty": status,
        "version": version,
    }


def _cancelled(life: Sequence[ChangeRow]) -> list[ChangeRow]:
    rows = [moved(row, "revoked", ended_at=instant(NOW)) for row in life[0]["assignments"]]
    return [*life[:1], later(life[0], "incident.cancelled", rows, status="cancelled", closed_at=instant(NOW))]


def laws() -> dict[str, Law]:
    """Make every story by name."""
    life = _life()
    frames = _frames(life)
    untold = _frames(life[:4])  # without the change of lead, which says the details once more
    news = _frames([_status(3, "off_duty"), _status(4, "available"), _status(2, "out_of_service")])
    ended = _frames(_cancelled(life))
    return {
        "late_opening_desk": _law(_snapshot([]), [*untold[5:], *untold[:5]], _snapshot(life[:4])),
        "late_backwards_desk": _law(_snapshot([]), frames[::-1], _snapshot(life)),
        "late_repeats_desk": _law(_snapshot(life[:2]), frames, _snapshot(life)),
        "late_cancelled_desk": _law(_snapshot([]), ended[::-1], _snapshot([])),
        "late_unit_status_desk": _law(
            _snapshot(life, [_unit(1, "available")]), news, _snapshot(life, [_unit(4, "available")])
        ),
    }


def _law(before: Law, events: list[Law], after: Law) -> Law:
    return {"before": before, "events": events, "after": after}


def text_of(name: str, law: Law) -> str:
    """Write a story as its file holds it."""
    return json.dumps({"name": name, **law}, ensure_ascii=False, separators=(",", ":")) + "\n"


if __name__ == "__main__" and "--write" in sys.argv:
    for name, law in laws().items():
        (FIXTURES / f"{name}.json").write_text(text_of(name, law), encoding="utf-8")
