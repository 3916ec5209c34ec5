"""The direct way to a socket says what the web server's own way would have said, byte for byte."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Opcode
from websockets.protocol import CLIENT, Protocol, State

from dispatch.live.direct import encoded


@given(
    st.lists(st.text() | st.integers(100, 70_000).map(lambda size: "火" * (size // 3) + "x" * (size % 3)), max_size=4)
)
def test_frames_written_together_are_read_as_the_texts_they_were(texts: list[str]) -> None:
    client = Protocol(CLIENT, state=State.OPEN)
    client.receive_data(b"".join(map(encoded, texts)))
    heard = [frame for frame in client.events_received() if frame.opcode is Opcode.TEXT]
    assert client.parser_exc is None
    assert [bytes(frame.data).decode() for frame in heard] == texts
    assert all(frame.fin for frame in heard)
