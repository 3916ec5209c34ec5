"""The relay: visible is delivered, once; a cursor claims only what lies below the watermark."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.rows import ChangeRow
from dispatch.live.frames import Frames
from dispatch.live.hub import Hub
from dispatch.live.relay import Relay
from dispatch.operations.context import Knowledge
from dispatch.operations.refresh_knowledge import Begun
from dispatch.storage.changes import Position
from dispatch.storage.database import Database
from dispatch.storage.servers import Lineage
from dispatch.storage.written import Place
from tests.support.world import FOUR, directory, opened, rule, ruleset


@dataclass
class Outbox:
    """What `read_changes` asks: an outbox in memory, with the xmin that the next look sees."""

    xmin: int = 100
    rows: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[int, set[int]]] = field(default_factory=list)
    lineage: Lineage | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Outbox"]:
        yield self

    def write(self, seq: int, xid: int) -> Place:
        change = orjson.dumps(opened()).decode()
        self.rows.append({"seq": seq, "xid": str(xid), "id": f"change-{seq}", "change": change, "age_s": 0.0})
        return Place(seq, xid, f"change-{seq}")

    async def fetch(
        self, _sql: str, since: str, delivered: Collection[int], limit: int, timeout: float
    ) -> list[dict[str, Any]]:
        self.asked.append((int(since), set(delivered)))
        found = [row for row in self.rows if int(row["xid"]) >= int(since) and row["seq"] not in set(delivered)]
        found = sorted(found, key=lambda row: (int(row["xid"]), row["seq"]))[:limit]
        return [row | {"xmin": str(self.xmin)} for row in found] or [{"seq": None, "xmin": str(self.xmin)}]


class Heard(Hub):
    def __init__(self) -> None:
        super().__init__()
        self.seqs: list[int] = []
        self.cursors: list[str] = []

    def publish(self, *, xid: int, seq: int, frames: Frames) -> None:
        super().publish(xid=xid, seq=seq, frames=frames)
        self.seqs.append(seq)
        self.cursors.append(frames.cursor)


def started(outbox: Outbox) -> tuple[Relay, Heard]:
    hub = Heard()
    knowledge = Knowledge(directory(FOUR), ruleset(rule()))
    relay = Relay(cast("Database", outbox), hub, knowledge, epoch="abc")
    relay.start_at(Position(outbox.xmin))
    return relay, hub


def change() -> ChangeRow:
    return opened()


async def test_what_others_wrote_is_delivered_once_in_commit_order() -> None:
    outbox = Outbox()
    relay, hub = started(outbox)
    outbox.write(2, 105)
    outbox.write(1, 107)
    await relay.look()
    await relay.look()
    assert hub.seqs == [2, 1]


async def test_an_own_commit_is_delivered_at_once_and_not_again_by_the_pass() -> None:
    outbox = Outbox()
    relay, hub = started(outbox)
    relay.committed(outbox.write(1, 101), change())
    assert hub.seqs == [1]
    await relay.look()
    relay.committed(Place(1, 101, "change-1"), change())
    assert hub.seqs == [1]


async def test_a_pass_that_was_quicker_than_the_own_commit_delivers_alone() -> None:
    outbox = Outbox()
    relay, hub = started(outbox)
    place = outbox.write(1, 101)
    await relay.look()
    relay.committed(place, change())
    outbox.xmin = 200
    await relay.look()
    relay.committed(place, change())
    assert hub.seqs == [1]


async def test_a_transaction_that_stays_open_holds_the_cursor_but_nobody_s_frames() -> None:
    outbox = Outbox(xmin=100)
    relay, hub = started(outbox)
    outbox.write(1, 150)
    await relay.look()
    assert hub.seqs == [1]
    assert relay.cursor == "abc.100"
    outbox.write(2, 100)  # the transaction that stayed open has committed at last
    outbox.xmin = 151
    await relay.look()
    assert hub.seqs == [1, 2]
    assert relay.cursor == "abc.151"


async def test_what_lies_below_the_watermark_is_forgotten_and_never_asked_again() -> None:
    outbox = Outbox()
    relay, _ = started(outbox)
    for seq in range(1, 6):
        relay.committed(outbox.write(seq, 100 + seq), change())
    outbox.xmin = 104
    await relay.look()
    await relay.look()
    assert outbox.asked[-1] == (104, {4, 5})


async def test_transaction_ids_that_go_back_begin_an_epoch_instead_of_silence() -> None:
    outbox = Outbox(xmin=100)
    relay, hub = started(outbox)
    outbox.xmin = 90
    begun = epochs_of(relay, Begun("def", Position(90, {7: 91})))
    outbox.write(7, 91)
    outbox.write(8, 92)
    await relay.look()
    await relay.look()
    assert begun == ["abc"], "the epoch that has proven wrong is named"
    assert (relay.epoch, relay.watermark, hub.seqs) == ("def", 90, [8])


async def test_another_history_begins_an_epoch_and_a_failed_beginning_is_made_up() -> None:
    outbox = Outbox(xmin=100)
    relay, _ = started(outbox)
    begun = epochs_of(relay, Begun("def", Position(60)))
    outbox.lineage, outbox.xmin = Lineage("a", 2), 60
    sent_away: list[str] = []

    async def failing() -> None:
        sent_away.append(relay.epoch)
        if len(sent_away) == 1:
            raise TimeoutError

    relay.on_epoch = failing
    with pytest.raises(TimeoutError):
        await relay.look()
    await relay.look()
    await relay.look()
    assert begun == [None, None]
    assert sent_away == ["def", "def"]


def epochs_of(relay: Relay, begun: Begun) -> list[str | None]:
    disbelieved: list[str | None] = []

    async def begin(epoch: str | None) -> Begun:
        disbelieved.append(epoch)
        return begun

    relay.begin_epoch = begin
    return disbelieved


async def test_many_changes_come_in_pages_and_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.live.relay.PAGE", 3)
    outbox = Outbox()
    relay, hub = started(outbox)
    for seq in range(1, 9):
        outbox.write(seq, 100 + seq)
    outbox.xmin = 200
    await relay.look()
    assert hub.seqs == list(range(1, 9))
    assert relay.watermark == 200


async def test_a_frame_claims_only_what_was_delivered_before_it() -> None:
    outbox = Outbox()
    relay, hub = started(outbox)
    relay.committed(outbox.write(1, 105), change())
    assert hub.cursors == ["abc.100"]


async def test_the_load_of_a_unit_is_learnt_once_though_delivered_twice() -> None:
    outbox = Outbox()
    relay, _ = started(outbox)
    relay.committed(outbox.write(1, 101), change())
    await relay.look()
    assert relay._knowledge.states.of("police").load == 1


@pytest.mark.expects_error_log
async def test_a_change_that_cannot_be_shown_does_not_undo_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    relay, hub = started(Outbox())
    rung: list[bool] = []
    relay.ring = lambda: rung.append(True)
    monkeypatch.setattr(hub, "publish", lambda **_: 1 / 0)
    relay.committed(Place(1, 101, "change-1"), change())
    assert rung == [True]


async def test_a_bell_ends_the_pause() -> None:
    relay, _ = started(Outbox())
    relay.wake()
    await relay.pause()


@pytest.mark.parametrize(
    ("cursor", "position"),
    [
        ("abc.0", 0),
        ("abc.99", 99),
        ("abc.100", 100),
        ("abc.101", None),
        ("other.5", None),
        ("abc", None),
        ("abc.", None),
        (".5", None),
        ("", None),
        (None, None),
        ("abc.-5", None),
        ("abc.5.5", None),
        ("abc.५", None),
        ("abc.²", None),
        ("abc." + "9" * 4_400, None),
        ("abc. 5", None),
    ],
)
def test_a_cursor_is_believed_only_when_it_is_ours_and_of_the_past(cursor: str | None, position: int | None) -> None:
    assert started(Outbox())[0].read_cursor(cursor) == position


@given(st.text() | st.text("abc.0123456789", max_size=30))
def test_no_text_in_place_of_a_cursor_is_an_error(text: str) -> None:
    position = started(Outbox())[0].read_cursor(text)
    assert position is None or 0 <= position <= 100
