"""Who listens in this process, and handing each change to those whom it concerns.

Invariants: scope is checked at every publish, not only when somebody subscribes; every queue is bounded; a slow
reader is dropped by name and never slows another.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain
from typing import cast

from dispatch.domain.communication import BUTTON, CONSOLE
from dispatch.domain.rows import ChangeRow
from dispatch.live.frames import Frames
from dispatch.security import Principal
from dispatch.telemetry import SOCKETS

MOST_WAITING = 512
"""Frames that may wait for one socket."""


class Subscriber:
    """One socket's place in the hub: frames wait here until they are written.

    While `held` is a list, frames are collected: the snapshot that goes first is still being read.
    """

    __slots__ = ("_drain", "held", "overflowed", "principal", "waiting")

    def __init__(self, principal: Principal, drain: Callable[["Subscriber"], None]) -> None:
        """Start by holding: nothing is sent before the snapshot."""
        self.principal = principal
        self.waiting: list[str] = []
        self.held: list[tuple[int, int, list[str]]] | None = []
        self.overflowed = False
        self._drain = drain

    def offer(self, xid: int, seq: int, frames: Iterable[str]) -> None:
        """Queue frames of a change; who holds too many is dropped when its snapshot has gone, and holds none."""
        if self.held is None:
            self.push(frames)
        elif self.overflowed or len(self.held) >= MOST_WAITING:
            self.overflowed = True
            self.held.clear()
        else:
            self.held.append((xid, seq, list(frames)))

    def push(self, frames: Iterable[str]) -> None:
        """Queue frames and see that somebody writes them."""
        self.waiting.extend(frames)
        if not self.waiting:
            return
        if len(self.waiting) > MOST_WAITING:
            self.overflowed = True
        self._drain(self)

    def release(self, is_known: Callable[[int, int], bool]) -> None:
        """Stop holding: what came meanwhile follows, without what the snapshot already tells."""
        held, self.held = self.held or [], None
        if self.overflowed:
            self._drain(self)
            return
        self.push(frame for xid, seq, frames in held if not is_known(xid, seq) for frame in frames)


class Hub:
    """The subscribers of this process, by what they may hear of."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_unit: defaultdict[str, set[Subscriber]] = defaultdict(set)
        self._by_device: defaultdict[str, set[Subscriber]] = defaultdict(set)
        self._by_source: defaultdict[str, set[Subscriber]] = defaultdict(set)
        self._desks: set[Subscriber] = set()
        self.subscribers: set[Subscriber] = set()

    def add(self, subscriber: Subscriber) -> None:
        """Begin to serve a subscriber."""
        self._place(subscriber).add(subscriber)
        self.subscribers.add(subscriber)
        SOCKETS.labels(_scope(subscriber.principal)).inc()

    def remove(self, subscriber: Subscriber) -> None:
        """Stop serving a subscriber; twice is harmless."""
        if subscriber in self.subscribers:
            self.subscribers.discard(subscriber)
            self._place(subscriber).discard(subscriber)
            SOCKETS.labels(_scope(subscriber.principal)).dec()

    def live_units(self) -> set[str]:
        """List the units that have a live console in this process."""
        return {unit_id for unit_id, consoles in self._by_unit.items() if consoles}

    def listeners(self, unit_id: str) -> int:
        """Count the live consoles of a unit in this process."""
        return len(self._by_unit.get(unit_id, ()))

    def _place(self, subscriber: Subscriber) -> set[Subscriber]:
        who = subscriber.principal
        if who.is_desk or who.is_wall:
            return self._desks
        if who.unit_id is not None:
            return self._by_unit[who.unit_id]
        if who.device_id is not None:
            return self._by_device[who.device_id]
        return self._by_source[who.id]

    def publish(self, *, xid: int, seq: int, frames: Frames) -> None:
        """Hand a change to everybody whom it concerns."""
        for subscriber, texts in self._concerned(frames):
            subscriber.offer(xid, seq, texts)

    def _concerned(self, frames: Frames) -> Iterable[tuple[Subscriber, Iterable[str]]]:
        incident = frames.change["incident"]
        if incident is None:
            yield from self._unit_news(frames)
            return
        for unit_id in incident["unit_ids"]:
            for subscriber in self._by_unit.get(unit_id, ()):
                yield subscriber, frames.for_unit(unit_id)
        for subscriber in self._by_device.get(incident["device_id"] or "", ()):
            yield subscriber, frames.for_screen()
        for subscriber in self._by_source.get(incident["source_id"] or "", ()):
            yield subscriber, frames.for_sender()
        for subscriber in self._desks:
            if subscriber.principal.may_see(incident):
                who = subscriber.principal
                yield subscriber, frames.for_screen() if who.is_wall else frames.for_desk(who.sees_link)

    def _unit_news(self, frames: Frames) -> Iterable[tuple[Subscriber, Iterable[str]]]:
        unit = frames.change["unit"]
        if unit is None:
            yield from self._plain_news(frames)
            return
        for subscriber in self._by_unit.get(str(unit["id"]), ()):
            yield subscriber, frames.for_unit(str(unit["id"]))
        for subscriber in self._desks:
            if subscriber.principal.covers(str(unit["division_code"])):
                yield subscriber, frames.for_desk()

    def _plain_news(self, frames: Frames) -> Iterable[tuple[Subscriber, Iterable[str]]]:
        """Hand on what concerns neither an incident nor a unit: a mode, a drill, a test of communication, a device."""
        if _tells_of(frames, "mode."):
            yield from self._mode_news(frames)
        elif _tells_of(frames, "test."):
            yield from self._test_news(frames)
        elif _is_desks_own(frames):
            for subscriber in self._desks:
                if _hears_at_desk(subscriber.principal, frames):
                    yield subscriber, frames.for_desk()
        else:
            yield from self._device_news(frames)

    def _test_news(self, frames: Frames) -> Iterable[tuple[Subscriber, Iterable[str]]]:
        for subscriber in chain(self._desks, *self._by_unit.values(), *self._by_device.values()):
            if _hears_of_test(subscriber.principal, frames):
                yield subscriber, frames.for_desk()

    def _mode_news(self, frames: Frames) -> Iterable[tuple[Subscriber, Iterable[str]]]:
        for subscriber in chain(self._desks, *self._by_unit.values()):
            if _hears_of_mode(subscriber.principal, frames):
                yield subscriber, frames.for_desk()

    def _device_news(self, frames: Frames) -> Iterable[tuple[Subscriber, Iterable[str]]]:
        facts = _device_facts(frames)
        for subscriber in self._by_device.get(str(facts.get("device_id")), ()):
            yield subscriber, frames.for_screen()
        for subscriber in self._desks:
            if subscriber.principal.is_desk and subscriber.principal.covers(str(facts.get("division_code"))):
                yield subscriber, frames.for_desk()


def _tells_of(frames: Frames, noun: str) -> bool:
    return any(event["event"].startswith(noun) for event in frames.change["events"])


def _is_desks_own(frames: Frames) -> bool:
    return _tells_of(frames, "audit.") or _tells_of(frames, "drill.")


def _hears_at_desk(principal: Principal, frames: Frames) -> bool:
    """Say whether a desk hears of what is for desks alone: every one of an alarm, those that it touches of a drill."""
    drill = cast("dict[str, dict[str, str]] | None", frames.change["events"][0]["facts"].get("drill"))
    return principal.is_desk and (drill is None or principal.is_touched_by(drill["division"]["code"], frames.directory))


def _hears_of_test(principal: Principal, frames: Frames) -> bool:
    """Say whether a test of communication is news to somebody: who is called hears of the call, a desk of the end too.

    One change tells everybody who is called, thousands of them: whom is asked of the directory, not written into it.
    """
    event, directory = frames.change["events"][0], frames.directory
    division, channels = str(event["facts"]["division_code"]), cast("list[str]", event["facts"].get("channels", []))
    if principal.is_desk:
        return principal.is_touched_by(division, directory)
    if principal.unit_id is not None:
        unit = directory.units.get(principal.unit_id) if CONSOLE in channels else None
        return unit is not None and division in directory.chain(unit.division_code)
    device = directory.content.devices.get(principal.device_id or "") if BUTTON in channels else None
    return device is not None and division in directory.chain(directory.content.places[device.place_id].division_code)


def _hears_of_mode(principal: Principal, frames: Frames) -> bool:
    """Say whether a mode is news to somebody: units whose area it touches hear of changes, a desk of reminders too."""
    event = frames.change["events"][0]
    division = cast("dict[str, dict[str, str]]", event["facts"]["mode"])["division"]
    listens = principal.is_desk or (principal.unit_id is not None and event["event"] == "mode.changed")
    return listens and principal.is_touched_by(division["code"], frames.directory)


def _device_facts(frames: Frames) -> dict[str, object]:
    return frames.change["events"][0]["facts"] if frames.change["events"] else {}


def texts_for(principal: Principal, frames: Frames) -> list[str]:
    """Give the frames of a change that a principal may see: what `publish` would have offered, for a resume."""
    incident = frames.change["incident"]
    if incident is None:
        return list(frames.for_desk()) if _is_concerned(principal, frames) else []
    if not principal.may_see(incident):
        return []
    if principal.is_wall or principal.device_id is not None:
        return list(frames.for_screen())
    if principal.unit_id is not None:
        return list(frames.for_unit(principal.unit_id))
    return list(frames.for_desk(principal.sees_link) if principal.is_desk else frames.for_sender())


def _is_concerned(principal: Principal, frames: Frames) -> bool:
    unit = frames.change["unit"]
    if unit is None and _tells_of(frames, "mode."):
        return _hears_of_mode(principal, frames)
    if unit is None and _is_desks_own(frames):
        return _hears_at_desk(principal, frames)
    if unit is None and _tells_of(frames, "test."):
        return _hears_of_test(principal, frames)
    if unit is None:
        facts = _device_facts(frames)
        return principal.device_id == facts.get("device_id", "") or (
            principal.is_desk and principal.covers(str(facts.get("division_code")))
        )
    watches = principal.is_desk or principal.is_wall
    return principal.unit_id == unit["id"] or (watches and principal.covers(str(unit["division_code"])))


def _scope(principal: Principal) -> str:
    return principal.role or principal.kind


Closer = Callable[[Subscriber], Awaitable[None]]
ChangeListener = Callable[[ChangeRow], None]
