"""What goes into the kit for the hours without the service, as of one instant. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from dispatch.domain.incident import EXERCISES
from dispatch.domain.kit import Kit, Surroundings, kit_incident, kit_units
from dispatch.domain.seal import noted
from dispatch.operations.context import Knowledge
from dispatch.storage.database import Database
from dispatch.storage.sealing import last_seal
from dispatch.storage.work import Filter, Work, count_open, list_work

MOST_INCIDENTS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Ground:
    """What it is gathered from; `made_by` names the process; what is made by hand is not `renewed`."""

    database: Database
    knowledge: Knowledge
    now: Callable[[], datetime]
    timezone: tzinfo
    made_by: str
    renewed: bool = True


async def gather_kit(ground: Ground) -> Kit:
    """Gather all open incidents and all units, what is real before what is not, and then the newest incident first.

    Raises:
        DatabaseUnavailableError: nothing could be read.
    """
    async with ground.database.snapshot() as connection:
        now = ground.now()
        works: list[Work] = []
        for exercise in EXERCISES:
            left = MOST_INCIDENTS - len(works)
            works += await list_work(connection, Filter(open_only=True, exercise=exercise, limit=left))
        left_out = await count_open(connection) - len(works)
        sealed = await last_seal(connection)
    knowledge = ground.knowledge
    around = Surroundings(
        directory=knowledge.directory,
        states=knowledge.states,
        local=now.astimezone(ground.timezone),
        responses=dict(knowledge.modes.responses(now)),
    )
    incidents = tuple(kit_incident(work.incident, work.assignments, around) for work in works)
    units, left_out = kit_units(incidents, around), max(0, left_out)
    return Kit(around.local, ground.made_by, incidents, units, left_out, ground.renewed, noted(sealed))
