"""Who is there to see it: which units have a live console somewhere, and since when they have none.

A console that reloads, or whose server restarts, is not gone: only after a grace is its unit reached another way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

GRACE: Final = timedelta(seconds=15)
"""So long a console may be away before its unit counts as not there: the time that a receipt is given, too."""

ALIVE_FOR: Final = timedelta(seconds=5)
"""A process that has said so little ago that it lives is believed to have the consoles that it told of."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one process says of a unit's consoles: live while that process lives, unless `gone_at` is set."""

    process_id: str
    gone_at: datetime | None


def _nobody(_unit_id: str) -> bool:
    return False


@dataclass(slots=True)
class Presence:
    """The consoles of all processes as this one knows them.

    `here` asks the own sockets, which is exact; the others' are known a second later. `seen_at` says when each process
    was last heard of. Before `since` + grace nobody is called absent: the consoles are only now connecting.
    """

    since: datetime
    here: Callable[[str], bool] = _nobody
    grace: timedelta = GRACE
    sightings: dict[str, dict[str, Sighting]] = field(default_factory=dict)
    seen_at: Mapping[str, datetime] = field(default_factory=dict)

    def put(self, unit_id: str, sighting: Sighting) -> None:
        """Take over what a process says."""
        self.sightings.setdefault(unit_id, {})[sighting.process_id] = sighting

    def start_over(self, now: datetime) -> None:
        """Believe nothing that was said before: the history is another, and the consoles are only now coming back."""
        self.since = now
        self.sightings = {}

    def forget(self, process_ids: set[str]) -> None:
        """Drop what processes said that are no longer known."""
        for unit_id, by_process in list(self.sightings.items()):
            for process_id in process_ids & by_process.keys():
                del by_process[process_id]
            if not by_process:
                del self.sightings[unit_id]

    def last_seen(self, unit_id: str, now: datetime) -> datetime | None:
        """Give when a unit last had a live console: `now` while it has one, None if never."""
        if self.here(unit_id):
            return now
        said = self.sightings.get(unit_id, {}).values()
        return max((self._until(one, now) for one in said if one.process_id in self.seen_at), default=None)

    def _until(self, said: Sighting, now: datetime) -> datetime:
        seen_at = self.seen_at[said.process_id]
        return said.gone_at or (now if now - seen_at < ALIVE_FOR else seen_at)

    def is_there(self, unit_id: str, now: datetime) -> bool:
        """Say whether a unit has a live console, or had one a moment ago."""
        if now - self.since < self.grace:
            return True
        return self.silent_for(unit_id, now) <= self.grace

    def silent_for(self, unit_id: str, now: datetime) -> timedelta:
        """Give for how long a unit has had no live console; one that never had any counts from the process's start."""
        return now - max(self.last_seen(unit_id, now) or self.since, self.since)
