"""What the client says to which server: the contract (this product and the floor), Socket.IO, and Django Channels."""

import json
from typing import Any, NamedTuple, Protocol


class Heard(NamedTuple):
    """What a frame meant: the console is served now; these references were shown, perhaps again; this is the answer."""

    served: bool = False
    references: tuple[str, ...] = ()
    again: bool = False
    answer: bytes | None = None


class Session:
    """What a console remembers over reconnects."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.state: dict[str, Any] = {}
        self.applied: set[str] = set()
        self.urged: dict[str, str] = {}


class Dialect(Protocol):
    """How one kind of server is spoken to."""

    path: str
    greets: bool
    """Whether the server says when a console is served; a console of one that does not is served once connected."""

    def live(self, console: int) -> tuple[str, str]:
        """Give path and headers of a console's websocket."""

    def wall(self) -> tuple[str, str]:
        """Give path and headers of a websocket that hears of everything."""

    def hello(self, session: Session) -> bytes | None:
        """Give what a console says first, if it speaks first."""

    def hear(self, console: int, session: Session, text: bytes) -> Heard:
        """Read a frame."""

    def report(self, number: int, reference: str) -> tuple[bytes, str]:
        """Give body and headers of a POST."""


class Contract:
    """The product's own contract; the floor speaks enough of it."""

    path = "/api/v1/incidents"
    greets = True

    def __init__(self, world: dict[str, Any], reports: str) -> None:
        self._world = world
        self._reports = world[reports]

    def live(self, console: int) -> tuple[str, str]:
        token = self._world["consoles"][console % len(self._world["consoles"])]["token"]
        return "/api/v1/live", f"Authorization: Bearer {token}\r\nSec-WebSocket-Protocol: dispatch.v1\r\n"

    def wall(self) -> tuple[str, str]:
        token = self._world["wall_key"]
        return "/api/v1/live", f"Authorization: Bearer {token}\r\nSec-WebSocket-Protocol: dispatch.v1\r\n"

    def hello(self, session: Session) -> bytes:
        return json.dumps({"type": "hello", "cursor": session.cursor}).encode()

    def hear(self, console: int, session: Session, text: bytes) -> Heard:
        frame = json.loads(text)
        kind = frame["type"]
        session.cursor = frame.get("cursor") or session.cursor
        if kind == "snapshot":
            return Heard(references=tuple(incident["source_reference"] for incident in frame["incidents"]), again=True)
        if kind != "event" or frame["event_id"] in session.applied:
            return Heard(served=kind == "welcome")
        session.applied.add(frame["event_id"])
        if frame["event"] == "assignment.urged":
            session.urged[frame["assignment"]["id"]] = frame["assignment"]["urge_by"]
        issued = frame["event"] == "assignment.issued"
        return Heard(references=(frame["incident"]["source_reference"],)) if issued else Heard()

    def report(self, number: int, reference: str) -> tuple[bytes, str]:
        body = self._reports[number % len(self._reports)] | {"source_reference": reference}
        headers = f"Authorization: Bearer {self._world['integrator_key']}\r\nIdempotency-Key: {reference}\r\n"
        return json.dumps(body).encode(), headers


PEERS_PATH = "/api/incidents"
PEERS_TOKEN = "bench-token"


def _told_to_a_peer(reference: str) -> tuple[bytes, str]:
    where = {"address": "412 Elm St, Springfield", "lat": 44.95, "lng": -93.09}
    body = {"ref": reference, "kind": "structure_fire", "severity": 3, **where}
    return json.dumps(body).encode(), f"Authorization: Bearer {PEERS_TOKEN}\r\n"


class SocketIo:
    """Engine.IO 4 with Socket.IO packets, and the JSON of the peer's own API."""

    path = PEERS_PATH
    greets = True

    def live(self, console: int) -> tuple[str, str]:
        return "/socket.io/?EIO=4&transport=websocket", ""

    def wall(self) -> tuple[str, str]:
        raise SystemExit("this server has no walls")

    def hello(self, session: Session) -> None:
        return None

    def hear(self, console: int, session: Session, text: bytes) -> Heard:
        if text[:1] == b"0":
            auth = {"token": PEERS_TOKEN, "unit": console + 1, **session.state}
            return Heard(answer=b"40" + json.dumps(auth).encode())
        if text[:1] == b"2":
            return Heard(answer=b"3")
        if text[:2] == b"40":
            session.state["pid"] = json.loads(text[2:]).get("pid")
            return Heard(served=True)
        if text[:2] != b"42":
            return Heard()
        _, message, *offset = json.loads(text[2:])
        if offset:
            session.state["offset"] = offset[0]
        return Heard(references=(message["ref"],))

    def report(self, number: int, reference: str) -> tuple[bytes, str]:
        return _told_to_a_peer(reference)


class DjangoChannels:
    """One group per unit. Says nothing when a console is served, and nothing again to one that comes back."""

    path = PEERS_PATH
    greets = False
    units = 160

    def live(self, console: int) -> tuple[str, str]:
        return f"/ws/unit/{console % self.units + 1}/?token={PEERS_TOKEN}", "Origin: http://127.0.0.1\r\n"

    def wall(self) -> tuple[str, str]:
        raise SystemExit("this server has no walls")

    def hello(self, session: Session) -> None:
        return None

    def hear(self, console: int, session: Session, text: bytes) -> Heard:
        frame = json.loads(text)
        return Heard(references=(frame["ref"],)) if frame["type"] == "assignment" else Heard()

    def report(self, number: int, reference: str) -> tuple[bytes, str]:
        return _told_to_a_peer(reference)
