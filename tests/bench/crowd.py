"""What many consoles at once cost: a change that all of them hear of, and all of them coming back."""

import asyncio
import statistics

from tests.bench.load import OK, Bench, Figures, now
from tests.bench.wire import Socket, connect

ROUNDS = 10
LONGEST_S = 60.0
EVENTS = 5
"""An incident and its four assignments: what a wall hears of one report."""


class Wall:
    """A screen that shows everything: it counts what it hears and reads none of it, or the client would be measured."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd, self.heard = crowd, 0

    def hear(self, text: bytes) -> None:
        if b'"type":"event"' in text[:200]:
            self.heard += 1
            if self.heard == EVENTS:
                self.crowd.one_has_heard()


class Crowd:
    """Thousands of walls on one server."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.walls = bench, [Wall(self) for _ in range(bench.arguments.connections)]
        self.missing, self.all_heard = 0, asyncio.Event()

    async def gather(self) -> None:
        for first in range(0, len(self.walls), 50):
            await asyncio.gather(*(self._join(wall) for wall in self.walls[first : first + 50]))
        await asyncio.sleep(2)

    async def _join(self, wall: Wall) -> None:
        path, headers = self.bench.dialect.wall()
        socket = Socket((path, self.bench.port), headers, wall.hear)
        await connect(socket, self.bench.port)
        socket.send(b'{"type":"hello","cursor":null}')

    def one_has_heard(self) -> None:
        self.missing -= 1
        if not self.missing:
            self.all_heard.set()

    async def tell(self) -> float:
        """Report one call; the seconds until the last wall has heard of all that follows from it."""
        self.all_heard.clear()
        self.missing = len(self.walls)
        for wall in self.walls:
            wall.heard = 0
        began = now()
        report = await self.bench.send(began)
        if report.status not in OK:
            raise SystemExit(f"a report was answered {report.status}")
        await asyncio.wait_for(self.all_heard.wait(), LONGEST_S)
        return now() - began


async def broadcast(bench: Bench) -> Figures:
    """Send reports one by one, each heard by every wall."""
    crowd = Crowd(bench)
    await crowd.gather()
    await crowd.tell()
    cpu, took = bench.server.cpu_s(), []
    for _ in range(ROUNDS):
        took.append(await crowd.tell())
        await asyncio.sleep(0.3)
    spent = (bench.server.cpu_s() - cpu) / ROUNDS
    return {
        "consoles": len(crowd.walls),
        "last_ms": round(statistics.median(took) * 1e3, 1),
        "cpu_ms": round(spent * 1e3),
    }


async def recover(bench: Bench) -> Figures:
    """Kill the server with everybody connected, start it at once; how long until all are served again."""
    count = bench.arguments.connections
    await bench.gather(count)
    await asyncio.sleep(2)
    began = now()
    bench.server.kill()
    bench.server.start()
    await asyncio.to_thread(bench.server.wait)
    listening = now()
    while now() - began < LONGEST_S and not all(console.joined_at > began for console in bench.consoles):
        await asyncio.sleep(0.01)
    back = [console.joined_at - began for console in bench.consoles if console.joined_at > began]
    return {
        "consoles": count,
        "back": len(back),
        "listening_ms": round((listening - began) * 1e3),
        "all_live_ms": round(max(back, default=LONGEST_S) * 1e3),
    }
