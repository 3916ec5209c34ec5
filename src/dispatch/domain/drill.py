"""Drills: an exercise that is announced for an area: who takes part, whom its messages go to, from when until when.

Invariant: what an exercise does reaches nobody but those who take part. The clock alone starts and ends a drill.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from dispatch.domain.directory import Directory
from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.rows import instant
from dispatch.domain.suggest import did_you_mean
from dispatch.domain.trigger import instant_or_none
from dispatch.domain.unit import Unit
from dispatch.domain.wire import Json, unit_view


@dataclass(frozen=True, slots=True)
class DrillRecipient:
    """Somebody to whom a drill's messages go in place of everybody; without a channel on every one that there is."""

    name: str
    address: str
    channel: str | None = None

    def data(self) -> dict[str, str | None]:
        """Give it as stored and shown."""
        return {"channel": self.channel, "address": self.address, "name": self.name}


@dataclass(frozen=True, slots=True)
class Participants:
    """Who alone may be sent: units named by id; if none is, every unit of the division. `drill_id`: to which drill."""

    division_code: str
    unit_ids: frozenset[str] = frozenset()
    drill_id: str | None = None

    def include(self, unit: Unit, directory: Directory) -> bool:
        """Say whether a unit takes part."""
        if self.unit_ids:
            return unit.id in self.unit_ids
        return self.division_code in directory.chain(unit.division_code)

    def data(self) -> dict[str, object]:
        """Give them as kept with a decision's input."""
        own = {} if self.drill_id is None else {"drill_id": self.drill_id}
        return {"division_code": self.division_code, "unit_ids": sorted(self.unit_ids), **own}

    @classmethod
    def of(cls, kept: object) -> "Participants | None":
        """Read them back; None where none were kept."""
        if kept is None:
            return None
        stored = cast("Json", kept)
        unit_ids = frozenset(cast("list[str]", stored["unit_ids"]))
        return cls(str(stored["division_code"]), unit_ids, cast("str | None", stored.get("drill_id")))


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill. It stands from `starts_at` until `ends_at`, or until somebody ended it."""

    id: str
    name: str
    participants: Participants
    recipients: tuple[DrillRecipient, ...]
    starts_at: datetime
    ends_at: datetime
    announced_by: str
    announced_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def division_code(self) -> str:
        """Give the division for which it is announced."""
        return self.participants.division_code

    def is_over(self, now: datetime) -> bool:
        """Say whether it was ended or its time has passed."""
        return self.ended_at is not None or self.ends_at <= now

    def stands(self, now: datetime) -> bool:
        """Say whether it is held now."""
        return self.starts_at <= now and not self.is_over(now)


@dataclass(frozen=True, slots=True)
class Drills:
    """Every drill that stands or will; never changes. `stamp` tells of which stored state, None when of none."""

    known: tuple[Drill, ...] = ()
    stamp: int | None = None

    def standing(self, chain: Sequence[str], now: datetime) -> Drill | None:
        """Give the drill that counts in a division, which is given with all that it lies in, the smallest first.

        Of several the one of the smallest area counts, then the one that started last.
        """
        return smallest((drill for drill in self.known if drill.stands(now)), chain)

    def find(self, drill_id: str, now: datetime) -> Drill | None:
        """Give a drill as long as it stands."""
        return next((drill for drill in self.known if drill.id == drill_id and drill.stands(now)), None)


def smallest(drills: Iterable[Drill], chain: Sequence[str]) -> Drill | None:
    """Give the drill that counts of several that are held at the same time."""
    found = [
        (chain.index(drill.division_code), -drill.starts_at.timestamp(), drill.id, drill)
        for drill in drills
        if drill.division_code in chain
    ]
    return min(found)[-1] if found else None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is to be held, where, by whom, from when until when. A start that has passed means now."""

    name: str
    participants: Participants
    recipients: tuple[DrillRecipient, ...]
    starts_at: datetime
    ends_at: datetime


def require_sense(said: Announcement, directory: Directory, *, channels: Iterable[str], now: datetime) -> None:
    """Refuse what names nothing: an unknown division, unit or channel, an end before the start.

    Raises:
        InvalidRequestError: with a pointer to every fault.
    """
    faults: list[Fault] = []
    division, known = said.participants.division_code, sorted(channels)
    if division not in directory.content.divisions:
        hint = did_you_mean(division, directory.content.divisions)
        faults.append(Fault("/division_code", "unknown_division", f"no such division{hint}"))
    strangers = sorted(said.participants.unit_ids - directory.units.keys())
    faults += [Fault("/unit_ids", "unknown_unit", f"no such unit: {unit_id}") for unit_id in strangers[:10]]
    faults += [
        Fault(f"/recipients/{at}/channel", "unknown_channel", f"channels of this installation: {', '.join(known)}")
        for at, one in enumerate(said.recipients)
        if one.channel is not None and one.channel not in known
    ]
    if said.ends_at <= max(said.starts_at, now):
        faults.append(Fault("/ends_at", "ends_before_start", "a drill ends after its start, and not in the past"))
    if faults:
        raise InvalidRequestError(tuple(faults))


def drill_view(drill: Drill, directory: Directory) -> Json:
    """Shape a drill: as answers and events show it to the desk."""
    division = directory.content.divisions.get(drill.division_code)
    return {
        "id": drill.id,
        "name": drill.name,
        "division": {
            "code": drill.division_code,
            "name": division.name if division else None,
            "name_en": division.name_en if division else None,
        },
        "units": [unit_view(unit_id, directory) for unit_id in sorted(drill.participants.unit_ids)],
        "recipients": [recipient.data() for recipient in drill.recipients],
        "starts_at": instant(drill.starts_at),
        "ends_at": instant(drill.ends_at),
        "announced_by": drill.announced_by,
        "announced_at": instant(drill.announced_at),
        "ended_at": instant_or_none(drill.ended_at),
        "ended_by": drill.ended_by,
    }
