"""The faults, one function each: do harm, and take it away again."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import asyncpg
from websockets.asyncio.client import connect

from dispatch.storage.servers import Servers
from tests.chaos.scene import Scene
from tests.support.city import COMMUNITY
from tests.support.clock import shift_clock
from tests.support.disk import full_disk
from tests.support.history import History


async def server_killed(stage: Scene) -> None:
    """kill -9 of the process that holds all sockets; the other one takes over, a new one starts."""
    await stage.servers[0].end(signal.SIGKILL)
    await asyncio.sleep(1)
    await stage.servers[0].start()


async def worker_killed(stage: Scene) -> None:
    """kill -9 of the process that only fires timers and sends pages."""
    await stage.servers[1].end(signal.SIGKILL)
    await asyncio.sleep(1)
    await stage.servers[1].start()


async def killed_again_and_again(stage: Scene) -> None:
    """kill -9, in turn and once both together."""
    for turn in range(4):
        await stage.servers[turn % 2].end(signal.SIGKILL)
        await asyncio.sleep(stage.rng.uniform(0.0, 0.7))
        await stage.servers[turn % 2].start()
    await asyncio.gather(*(server.end(signal.SIGKILL) for server in stage.servers))
    await asyncio.gather(*(server.start() for server in stage.servers))


async def rolling_restart(stage: Scene) -> None:
    """SIGTERM to one after the other, each started again before the next."""
    for server in stage.servers:
        await server.end(signal.SIGTERM)
        await server.start()


async def database_stopped(stage: Scene) -> None:
    """Immediate stop, as a power cut, and start three seconds later."""
    await asyncio.to_thread(stage.pair.primary.stop, "immediate")
    await asyncio.sleep(3)
    await asyncio.to_thread(stage.pair.restart_primary)


async def standby_promoted(stage: Scene) -> None:
    """The primary is stopped at once and its synchronous standby promoted: nobody restarts anything."""
    await asyncio.to_thread(stage.pair.primary.stop, "immediate")
    await asyncio.to_thread(stage.pair.standby.promote)


async def primary_frozen(stage: Scene) -> None:
    """The primary only stops answering; its standby is promoted; the former one thaws, and is stopped a while later."""
    await asyncio.to_thread(stage.pair.primary.signal, signal.SIGSTOP)
    await asyncio.to_thread(stage.pair.standby.promote)
    await asyncio.sleep(10)
    await asyncio.to_thread(stage.pair.primary.signal, signal.SIGCONT)
    await asyncio.sleep(4)
    await asyncio.to_thread(stage.pair.primary.stop, "immediate")


async def relay_frozen(stage: Scene) -> None:
    """SIGSTOP of the process with the sockets for so long that pages give up, then it goes on as if nothing was."""
    stage.servers[0].signal(signal.SIGSTOP)
    stage.proxy.ports.reverse()
    await asyncio.sleep(12)
    stage.servers[0].signal(signal.SIGCONT)
    stage.proxy.ports.reverse()


async def network_cut(stage: Scene) -> None:
    """Every connection breaks, and for four seconds none comes up."""
    stage.proxy.refuse()
    await asyncio.sleep(4)
    stage.proxy.refuse(refusing=False)


async def network_slow(stage: Scene) -> None:
    """Every piece takes 0.4 s each way."""
    stage.proxy.delay_s = 0.4
    await asyncio.sleep(6)
    stage.proxy.delay_s = 0.0


async def half_open(stage: Scene) -> None:
    """All connections look alive and carry nothing."""
    stage.proxy.swallow()
    await asyncio.sleep(10)


async def slow_readers(stage: Scene) -> None:
    """Five consoles of a unit that say hello and read nothing, while the load goes on."""
    address = stage.proxy.base_url.replace("http", "ws", 1) + "/api/v1/live"
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(5):
            deaf = await stack.enter_async_context(
                connect(address, subprotocols=["dispatch.v1"], max_queue=1, close_timeout=0.1)  # type: ignore[list-item]
            )
            await deaf.send(json.dumps({"type": "hello", "token": stage.keys[COMMUNITY]}))
            deaf.transport.pause_reading()
            stack.callback(deaf.transport.abort)
        await asyncio.sleep(8)


async def connections_exhausted(stage: Scene) -> None:
    """Somebody else takes every connection that the database has, ours are ended."""
    greedy: list[asyncpg.Connection] = []
    ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'dispatch%'"
    first = await Servers(stage.url).connect()
    try:
        await first.execute(ours)
        until = asyncio.get_running_loop().time() + 5
        while asyncio.get_running_loop().time() < until:
            try:
                greedy.append(await asyncpg.connect(stage.url, target_session_attrs="read-write"))
            except (asyncpg.TooManyConnectionsError, OSError):
                await first.execute(ours)
                await asyncio.sleep(0.05)
    finally:
        for connection in [*greedy, first]:
            connection.terminate()


async def disk_full(stage: Scene) -> None:
    """No file of the database may grow any more."""
    with contextlib.ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, full_disk(stage.pair.primary))
        await asyncio.sleep(5)


async def clock_jumps(stage: Scene) -> None:
    """The database's clock is two minutes ahead, then back: everything is overdue at once, in both processes."""
    await shift_clock(stage.url, 120)
    await asyncio.sleep(6)
    await shift_clock(stage.url, 0)


async def timers_raced(stage: Scene) -> None:
    """Calls that nobody has acknowledged become overdue in one instant, and two processes want each of them."""
    for seconds in (31, 62, 93):
        await shift_clock(stage.url, seconds)
        await asyncio.sleep(3)


async def watermark_held(stage: Scene) -> None:
    """A transaction stays open for eight seconds, longer than consoles are away in the middle of it."""
    holder = await Servers(stage.url).connect()
    try:
        async with holder.transaction():
            await holder.execute("SELECT pg_current_xact_id()")
            await asyncio.sleep(3)
            stage.proxy.cut()
            await asyncio.sleep(5)
    finally:
        await holder.close(timeout=5)


async def restored(stage: Scene) -> None:
    """The servers are stopped, the database is dumped, dropped, and restored from the dump."""
    await asyncio.gather(*(server.end(signal.SIGKILL) for server in stage.servers))
    await asyncio.to_thread(stage.pair.restore_from_dump)
    await asyncio.gather(*(server.start() for server in stage.servers))


Felt = Callable[[Scene, History], bool]


def tried_again(stage: Scene, history: History) -> bool:
    del history
    return any(call.tries > 1 for call in stage.callers.answered)


def lines_lost(stage: Scene, history: History) -> bool:
    del history
    return all(screen.shown.closings for screen in stage.screens)


def resumed_in_between(stage: Scene, history: History) -> bool:
    del history
    return all("replayed" in screen.shown.resumed for screen in stage.screens)


def started_over(stage: Scene, history: History) -> bool:
    del history
    return all("reset" in screen.shown.resumed for screen in stage.screens)


def escalated(stage: Scene, history: History) -> bool:
    del stage
    return len(history.urged | history.escalated) > 5


def unnoticed(stage: Scene, history: History) -> bool:
    """What nobody outside need notice."""
    del stage, history
    return True


@dataclass(frozen=True)
class Fault:
    """A fault, and what its scene needs."""

    name: str
    act: Callable[[Scene], Awaitable[None]]
    felt: Felt = tried_again
    """How it shows that the fault really happened."""
    standby: bool = False
    connections: int = 100
    per_s: float = 12.0
    tells: bool = False
    """Every console must have been told before its line ended."""


FAULTS: Final = (
    Fault("server killed", server_killed, lines_lost),
    Fault("worker killed", worker_killed, unnoticed),
    Fault("killed again and again", killed_again_and_again, lines_lost),
    Fault("rolling restart", rolling_restart, lines_lost, tells=True),
    Fault("database stopped", database_stopped),
    Fault("standby promoted", standby_promoted, started_over, standby=True),
    Fault("primary frozen", primary_frozen, started_over, standby=True),
    Fault("relay frozen", relay_frozen, lines_lost),
    Fault("network cut", network_cut, lines_lost),
    Fault("network slow", network_slow, unnoticed),
    Fault("half-open sockets", half_open, lines_lost),
    Fault("slow readers", slow_readers, unnoticed, per_s=20.0),
    Fault("out of connections", connections_exhausted, connections=40),
    Fault("disk full", disk_full),
    Fault("clock jumps", clock_jumps, escalated),
    Fault("timers raced", timers_raced, escalated),
    Fault("watermark held", watermark_held, resumed_in_between),
    Fault("restored from a dump", restored, started_over),
)
