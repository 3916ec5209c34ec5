"""Writes frames to a socket at once, encoded once for everybody who gets them.

What the web server offers takes one frame, from one task, through three layers, and encodes it anew for every socket:
five thousand consoles that hear of one change are five thousand tasks. Here a frame's bytes go to the transport, which
writes what a turn of the event loop has brought together. A socket that does not keep up is left to the slow way.
"""

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

from dispatch.telemetry import SOCKETS_LOG

EXTENSION: Final = "dispatch.direct"
"""Under this name the application finds the way among the extensions of its connection, if its server offers it."""
Write = Callable[[Iterable[str]], bool]


@lru_cache(maxsize=256)
def encoded(text: str) -> bytes:
    """Encode a text frame of a server (RFC 6455: final, not masked); a change's frames are asked for again at once."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class DirectProtocol(WebSocketsSansIOProtocol):
    """The web server's own protocol, which also offers the direct way.

    That a socket opened or closed is no news, as little as that a request was answered: two lines for each of a
    thousand consoles that come back would cost a tenth of having them back.
    """

    def handle_connect(self, event: Request) -> None:
        """Offer it with everything else that the application is told of the connection."""
        self.logger = self.conn.logger = _LOGGER
        super().handle_connect(event)
        if self.response.status_code == _SWITCHING:
            extensions = self.scope.setdefault("extensions", {}) or {}
            extensions[EXTENSION] = self.write_now  # type: ignore[assignment]

    def write_now(self, texts: Iterable[str]) -> bool:
        """Write text frames. False, and nothing is written, while the socket is not open or does not keep up."""
        ready = self.handshake_complete and self.conn.state is State.OPEN and not self.close_sent
        if not ready or self.disconnected or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(b"".join(map(encoded, texts)))
        return True


_SWITCHING: Final = 101
_LOGGER: Final = logging.getLogger(SOCKETS_LOG)
