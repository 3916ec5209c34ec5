"""The stage: two servers on one PostgreSQL behind a balancer, callers that retry, consoles that keep everything."""

import asyncio
import contextlib
import random
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from dispatch.demo.access import Access
from dispatch.operations.verify_audit import compare_trail
from dispatch.storage.servers import Servers
from tests.support.city import COMMUNITY, HEALTH, JUSTICE, POLICE
from tests.support.history import History, read_history
from tests.support.kill import Victim
from tests.support.load import Callers, Screen, missing
from tests.support.pair import Pair, pair
from tests.support.proxy import Proxy
from tests.support.template import Template

ACKNOWLEDGES = {POLICE: 0.5, JUSTICE: 0.0, HEALTH: 0.8, COMMUNITY: 0.2}
SEEN_WITHIN_S = 60.0


@dataclass
class Scene:
    """Everything a fault may touch."""

    pair: Pair
    access: Access
    rng: random.Random
    servers: list[Victim]
    proxy: Proxy
    callers: Callers
    screens: list[Screen] = field(default_factory=list)
    url: str = ""

    @property
    def keys(self) -> dict[str, str]:
        return {str(c["unit"]): str(c["token"]) for c in self.access.demo["consoles"]}

    def sit_down(self) -> None:
        """Put somebody before each of the four consoles."""
        for unit, share in ACKNOWLEDGES.items():
            rng = random.Random(self.rng.random())
            self.screens.append(Screen(self.proxy.base_url, unit, self.keys[unit], rng, acknowledges=share))

    async def history(self) -> History:
        connection = await Servers(self.url).connect()
        try:
            async with connection.transaction(isolation="repeatable_read"):
                history = await read_history(connection)
                trail = await compare_trail(connection)
                history.breaches += [f"the audit trail: {fault}" for fault in trail.faults]
                return history
        finally:
            await connection.close(timeout=5)

    async def unseen(self, history: History) -> list[str]:
        """List what a console should have shown and neither did nor was passed over for another way."""
        found = missing(self.callers.answered, self.screens, history.assignments)
        return [line for line in found if not any(escalated in line for escalated in history.escalated)]

    async def until_seen(self, felt: Callable[["Scene", History], bool]) -> History:
        """Wait until all consoles show what they should and have felt the fault, or until that is hopeless."""
        for _ in range(int(SEEN_WITHIN_S / 0.5)):
            history = await self.history()
            if felt(self, history) and not await self.unseen(history):
                break
            await asyncio.sleep(0.5)
        return await self.history()


@contextlib.asynccontextmanager
async def scene(made: Template, seed: str, *, standby: bool, per_s: float, connections: int) -> AsyncIterator[Scene]:
    """Set one scene up and strike it at the end, whatever happened."""
    rng = random.Random(seed)
    logs = Path(tempfile.mkdtemp(prefix="chaos-"))
    with pair(max_connections=connections) as couple:
        await asyncio.to_thread(couple.start_from, made.directory)
        if standby:
            await asyncio.to_thread(lambda: couple.start_standby(synchronous=True))
        servers = [Victim(couple.url, log=logs / f"server-{name}.log") for name in "ab"]
        try:
            for server in servers:
                await server.start()
            async with Proxy([server.port for server in servers]) as proxy:
                callers = Callers(proxy.base_url, made.access, random.Random(rng.random()), per_s=per_s)
                stage = Scene(couple, made.access, rng, servers, proxy, callers, url=couple.url)
                stage.sit_down()
                try:
                    yield stage
                finally:
                    await callers.close()
                    for screen in stage.screens:
                        await screen.stop()
        finally:
            for server in servers:
                with contextlib.suppress(ProcessLookupError, AssertionError):
                    server.signal(signal.SIGCONT)
                await server.end(signal.SIGKILL)
            shutil.rmtree(logs, ignore_errors=True)
