"""What a process knows is read anew while it goes on learning: what it learnt meanwhile is not overwritten."""

from dispatch.operations.context import Knowledge
from dispatch.storage.database import Database
from dispatch.storage.drills import load_drills
from dispatch.storage.modes import load_modes


async def reread_modes(database: Database, knowledge: Knowledge) -> None:
    """Read all modes anew; again while one was learnt meanwhile: what was read may not hold it yet."""
    while True:
        known = knowledge.modes
        async with database.snapshot() as connection:
            fresh = await load_modes(connection)
        if knowledge.modes is known:
            knowledge.modes = fresh
            return


async def reread_drills(database: Database, knowledge: Knowledge) -> None:
    """Read all drills anew; again while somebody else did so meanwhile: what was read may be older than theirs."""
    while True:
        known = knowledge.drills
        async with database.connection() as connection:
            fresh = await load_drills(connection)
        if knowledge.drills is known:
            knowledge.drills = fresh
            return
