"""What is said over the socket beside events: hello, welcome, snapshot, receipt, heartbeat."""

from typing import Annotated, Literal

from pydantic import UUID7, BaseModel, ConfigDict, Field, TypeAdapter


class Hello(BaseModel):
    """The first message of a client: who, and from where on."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["hello"]
    cursor: Annotated[str, Field(max_length=100)] | None = None
    token: Annotated[str, Field(max_length=200)] | None = None


class Receipt(BaseModel):
    """A console has rendered an assignment, or somebody has looked at it."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["receipt"]
    assignment_id: UUID7
    state: Literal["delivered", "seen"]


class Welcome(BaseModel):
    """The server's first message."""

    type: Literal["welcome"] = "welcome"
    server_time: str
    heartbeat_s: float = 5
    resume: Literal["snapshot", "replayed", "reset"]
    scope: dict[str, object]


class Snapshot(BaseModel):
    """Everything open in the client's scope."""

    type: Literal["snapshot"] = "snapshot"
    cursor: str
    incidents: list[dict[str, object]]
    units: list[dict[str, object]]
    modes: list[dict[str, object]]
    drills: list[dict[str, object]]
    alarms: list[dict[str, object]]


class EventFrame(BaseModel):
    """Something happened."""

    type: Literal["event"] = "event"
    event_id: str
    cursor: str
    event: str
    occurred_at: str
    facts: dict[str, object]
    incident: dict[str, object] | None = None
    assignment: dict[str, object] | None = None
    unit: dict[str, object] | None = None


class Heartbeat(BaseModel):
    """A sign of life with the server's time."""

    type: Literal["heartbeat"] = "heartbeat"
    server_time: str
    cursor: str


class Goodbye(BaseModel):
    """The server's last message when it sends everybody away: its close code follows. Come back after so long.

    A client that does not know it waits a moment of its own choice, as after any other close.
    """

    type: Literal["goodbye"] = "goodbye"
    reason: Literal["going_away", "epoch_changed"]
    reconnect_after_ms: int


HELLO: TypeAdapter[Hello] = TypeAdapter(Hello)
RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)
