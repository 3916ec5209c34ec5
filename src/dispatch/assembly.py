"""One process of the service, put together: database, knowledge, relay, hub, channels and loops; stopped in order.

With app, cli and demo the only place that reads settings, draws randomness and looks at the clock.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from dispatch.domain.alerting import DANGER_TAGS
from dispatch.domain.errors import DatabaseUnavailableError, DispatchError
from dispatch.domain.ids import uuid7
from dispatch.domain.presence import Presence
from dispatch.jobs.auditor import SIGN_WITHIN_S, Auditor
from dispatch.jobs.auditor import WITHIN_S as AUDIT_WITHIN_S
from dispatch.jobs.communication import CommunicationLoop
from dispatch.jobs.delivery import DeliveryLoop
from dispatch.jobs.lint import MOST_S as MOST_LINT_S
from dispatch.jobs.lint import LintLoop
from dispatch.jobs.loop import Loop, every, on_the_beat
from dispatch.jobs.presence import Here, PresenceLoop
from dispatch.jobs.snapshot_kit import EVERY_S as KIT_EVERY_S
from dispatch.jobs.snapshot_kit import WITHIN_S as KIT_WITHIN_S
from dispatch.jobs.snapshot_kit import KitLoop
from dispatch.jobs.timers import TimerLoop
from dispatch.jobs.upkeep import (
    CalendarLoop,
    LinkLoop,
    ModeLoop,
    PruneLoop,
    RefreshLoop,
    SealLoop,
    StatesLoop,
    WatchLoop,
)
from dispatch.live.hub import Hub
from dispatch.live.relay import Relay
from dispatch.live.socket import HEARTBEAT_S, LiveSockets
from dispatch.operations.audit_now import Ground
from dispatch.operations.backtest_ruleset import Backtests
from dispatch.operations.context import Context, commit_seen
from dispatch.operations.gather_kit import Ground as KitGround
from dispatch.operations.refresh_knowledge import begin_epoch, load_knowledge
from dispatch.outside import calendar
from dispatch.outside.channels import open_channels
from dispatch.outside.dead_man import DeadMan
from dispatch.outside.kit_directory import KitDirectory
from dispatch.outside.push_seal import new_vapid_key
from dispatch.outside.web_push import WebPush
from dispatch.security import Authenticator
from dispatch.settings import Settings
from dispatch.storage.clock import DatabaseClock
from dispatch.storage.database import Connection, Database
from dispatch.storage.doorbell import Doorbell
from dispatch.storage.epoch import ensure_epoch
from dispatch.storage.presence import Sign, beat
from dispatch.storage.push import ensure_push_key
from dispatch.storage.schema import WANTED, current_revision
from dispatch.storage.written import Written

RELAY_HEALTHY_WITHIN_S: Final = 5.0


_RANDOM_BYTES: Final = 10
_random = bytearray()


def new_id() -> UUID:
    """Draw a fresh UUIDv7. Randomness comes 256 ids at a time: one call to the kernel costs as much as ten ids."""
    if not _random:
        _random.extend(os.urandom(256 * _RANDOM_BYTES))
    drawn = int.from_bytes(_random[-_RANDOM_BYTES:])
    del _random[-_RANDOM_BYTES:]
    return uuid7(time.time_ns() // 1_000_000, drawn)


class NotMigratedError(DispatchError):
    """The schema is older or newer than this code needs."""

    code = "not_migrated"
    title = "The database needs `dispatch migrate`"


@dataclass(slots=True)
class Process:
    """Everything that lives as long as the process."""

    settings: Settings
    database: Database
    context: Context
    clock: DatabaseClock
    hub: Hub
    relay: Relay
    sockets: LiveSockets
    authenticator: Authenticator
    presence: Presence
    id: str
    name: str
    web_push: WebPush | None = None
    kit: KitLoop | None = None
    delivery: DeliveryLoop | None = None
    is_stopping: bool = False
    backtests: Backtests = field(default_factory=Backtests)
    loops: list[Loop] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def readiness(self) -> dict[str, bool]:
        """Check database, migrations and every loop, and that it is not about to go."""
        try:
            found = await current_revision(self.settings.database_url)
        except DatabaseUnavailableError:
            checks = {"database": False, "migrations": False}
        else:
            checks = {"database": True, "migrations": found == WANTED}
        checks |= {loop.name: loop.is_healthy for loop in self.loops}
        return checks | {"staying": not self.is_stopping}

    def begin(self) -> None:
        """Start the loops."""
        self.tasks = [asyncio.create_task(loop.run(), name=loop.name) for loop in self.loops]
        doorbell = Doorbell(self.database.servers, self.relay.wake)
        self.relay.ring = doorbell.ring
        self.tasks.append(asyncio.create_task(doorbell.run(), name="doorbell"))

    async def end(self) -> None:
        """Say goodbye, let end what is being sent, stop the loops, close the database."""
        await self.sockets.say_goodbye()
        await self.backtests.close()
        if self.delivery is not None:
            await self.delivery.rest()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.web_push is not None:
            await self.web_push.close()
        if self.kit is not None:
            await self.kit.forget()
        await self.database.close()


async def _web_push(settings: Settings, connection: Connection, now: Callable[[], datetime]) -> WebPush | None:
    if not settings.web_push:
        return None
    key = settings.vapid_key or await ensure_push_key(connection, new_vapid_key)
    return WebPush(key, subject=settings.vapid_subject, now=now, private=settings.web_push_private)


async def build(settings: Settings) -> Process:
    """Open the database and build the process around it.

    Raises:
        DatabaseUnavailableError: no database.
        NotMigratedError: the schema is not the one this code needs.
    """
    database = Database(settings.database_url, pool_size=settings.pool_size)
    await database.open()
    found = await current_revision(settings.database_url)
    if found != WANTED:
        await database.close()
        raise NotMigratedError(f"the schema is at {found}, this version needs {WANTED}: run `dispatch migrate`")
    clock = DatabaseClock()
    async with database.connection() as connection:
        await clock.follow(connection)
        epoch = await ensure_epoch(connection, new_id(), lineage=database.lineage)
        await beat(connection, sign := Sign(str(new_id()), f"{socket.gethostname()}:{settings.port}"))
        web_push = await _web_push(settings, connection, clock.now)
    knowledge, position = await load_knowledge(database)
    channels = open_channels(settings.paging_webhook, settings.paging_file, settings.apprise, web_push)
    hub = Hub()
    relay = Relay(database, hub, knowledge, epoch=epoch)
    relay.start_at(position)
    grace = timedelta(seconds=settings.presence_grace_s)
    presence = Presence(clock.now(), lambda unit_id: hub.listeners(unit_id) > 0, grace)
    context = Context(
        database=database,
        knowledge=knowledge,
        new_id=new_id,
        now=clock.now,
        publish=relay.committed,
        timezone=ZoneInfo(settings.timezone),
        paging_channels=tuple(channel.name for channel in channels),
        danger_tags=DANGER_TAGS | {tag.strip() for tag in settings.danger_tags.split(",") if tag.strip()},
        presence=presence,
        day_kind=calendar.day_kind,
    )
    authenticator = Authenticator(database)
    sockets = LiveSockets(context, relay, hub, authenticator)
    process = Process(
        *(settings, database, context, clock, hub, relay, sockets, authenticator, presence),
        id=sign.process_id,
        name=sign.name,
        web_push=web_push,
    )
    relay.begin_epoch, relay.on_epoch = partial(begin_epoch, context), sockets.start_over
    process.kit, process.delivery = _kit(process), DeliveryLoop(context, channels)
    process.loops = _loops(process, process.delivery)
    return process


def _kit(process: Process) -> KitLoop | None:
    settings, context = process.settings, process.context
    if not settings.kit_dir:
        return None
    ground = KitGround(context.database, context.knowledge, context.now, context.timezone, process.name)
    return KitLoop(ground, KitDirectory(Path(settings.kit_dir).absolute(), copies=settings.kit_copies))


def _loops(process: Process, delivery: DeliveryLoop) -> list[Loop]:
    timers = TimerLoop(process.context)
    refresh = RefreshLoop(process.database, process.context.knowledge, process.clock)
    states = StatesLoop(process.database, process.context.knowledge)
    links = LinkLoop(process.context)
    upkeep = PruneLoop(process.database, process.settings.keep_changes_hours * 3600)
    watch, seal = WatchLoop(process.context), SealLoop(process.context)
    lint = LintLoop(process.context)
    tests = CommunicationLoop(process.context)
    modes, days = ModeLoop(process.context), CalendarLoop(process.context, calendar.last_year)
    auditor = auditor_for(process.settings, process.context)
    looks, pause = process.relay.look, process.relay.pause
    relay = Loop("relay", looks, pause, deadline_s=30, healthy_within_s=RELAY_HEALTHY_WITHIN_S)
    presence = PresenceLoop(process.database, process.presence, _here(process, relay))
    # No calls are turned away because a kit cannot be written: it is healthy whatever becomes of it.
    kit = process.kit and Loop("kit", process.kit.once, every(KIT_EVERY_S), KIT_WITHIN_S, healthy_within_s=float("inf"))
    return [
        *([kit] if kit else []),
        relay,
        Loop("timers", timers.once, timers.pause, deadline_s=60),
        Loop("delivery", delivery.once, every(0.25), deadline_s=60),
        Loop("presence", presence.once, every(1), deadline_s=30, healthy_within_s=30),
        Loop("watch", watch.once, every(5), deadline_s=60, healthy_within_s=60),
        Loop("refresh", refresh.once, every(0.5), deadline_s=60),
        Loop("links", links.once, every(1), deadline_s=60),
        Loop("states", states.once, every(30), deadline_s=60, healthy_within_s=180, rests_first=True),
        Loop("heartbeat", process.sockets.beat, on_the_beat(HEARTBEAT_S), deadline_s=30, healthy_within_s=30),
        Loop("credentials", process.sockets.recheck, on_the_beat(HEARTBEAT_S), deadline_s=30, healthy_within_s=30),
        # A trail that is not sealed turns no call away: the auditor says so.
        Loop("seal", seal.once, every(1), deadline_s=60, healthy_within_s=float("inf")),
        Loop("lint", lint.once, every(2), deadline_s=MOST_LINT_S, healthy_within_s=2 * MOST_LINT_S),
        Loop("modes", modes.once, every(15), deadline_s=30, healthy_within_s=90),
        Loop("communication", tests.once, every(1), deadline_s=60, healthy_within_s=60),
        Loop("calendar", days.once, every(3600), deadline_s=30, healthy_within_s=3 * 3600),
        Loop(
            "audit",
            auditor.once,
            on_the_beat(process.settings.audit_every_s),
            deadline_s=AUDIT_WITHIN_S + SIGN_WITHIN_S + 5,
            healthy_within_s=60 + 4 * process.settings.audit_every_s,
        ),
        Loop("prune", upkeep.once, every(600), deadline_s=300, healthy_within_s=3600),
    ]


def _here(process: Process, relay: Loop) -> Here:
    def sign() -> Sign:
        return Sign(process.id, process.name, time.monotonic() - relay.succeeded_at, process.relay.watermark)

    return Here(sign, process.hub.live_units, lambda: process.relay.epoch)


def auditor_for(settings: Settings, context: Context) -> Auditor:
    """Build the auditor of a server: it tells the own sockets at once."""
    dead_man = DeadMan(settings.dead_man_url) if settings.dead_man_url else None

    def publish(written: Written) -> None:
        commit_seen(context, written)

    return Auditor(Ground(context.database, context.new_id, publish), dead_man)
