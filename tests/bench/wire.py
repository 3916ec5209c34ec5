"""The client's two ends of the wire: keep-alive POSTs and websockets, as thin as asyncio allows.

No client library: what the client costs is taken from the server's share of the machine.
"""

import asyncio
import base64
import os
import struct
from collections.abc import Callable

HOST = "127.0.0.1"
MOST_CONNECTIONS = 256
ANSWER_WITHIN_S = 20.0
Answer = tuple[int, bytes]


class _Exchange(asyncio.Protocol):
    """One keep-alive connection: a request, its answer, back to the pool."""

    def __init__(self, pool: "Posts") -> None:
        self.pool = pool
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[Answer] | None = None
        self._read = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._read[:end].lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._read) < end + 4 + size:
            return
        answer = int(head[9:12]), self._read[end + 4 : end + 4 + size]
        self._read = b""
        self.pool.idle.append(self)
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self.pool.idle:
            self.pool.idle.remove(self)
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(ConnectionError("the connection was lost"))


class Posts:
    """A pool of connections for POSTs to one server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[_Exchange] = []
        self._room = asyncio.Semaphore(MOST_CONNECTIONS)

    async def post(self, path: str, body: bytes, headers: str) -> Answer:
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\n{headers}Content-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        async with self._room:
            exchange = await self._connection()
            exchange.answer = asyncio.get_running_loop().create_future()
            exchange.transport.write(request)
            return await asyncio.wait_for(exchange.answer, ANSWER_WITHIN_S)

    async def _connection(self) -> _Exchange:
        while self.idle:
            exchange = self.idle.pop()
            if not exchange.transport.is_closing():
                return exchange
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(lambda: _Exchange(self), HOST, self.port))[1]


class Socket(asyncio.Protocol):
    """A websocket client for text frames (RFC 6455). `closed` is set when it is over."""

    def __init__(self, address: tuple[str, int], headers: str, on_text: Callable[[bytes], None]) -> None:
        self.closed = asyncio.Event()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self._path, self._port = address
        self._headers, self._on_text = headers, on_text
        self._read, self._upgraded = b"", False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"{self._headers}Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def send(self, text: bytes, opcode: int = 1) -> None:
        mask = os.urandom(4)
        size = len(text)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
        masked = bytes(byte ^ mask[place & 3] for place, byte in enumerate(text))
        self.transport.write(bytes([0x80 | opcode]) + length + mask + masked)

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._upgraded and not self._upgrade():
            return
        while (frame := self._frame()) is not None:
            opcode, text = frame
            if opcode == 1:
                self._on_text(text)
            elif opcode == 9:
                self.send(text, 10)
            elif opcode == 8:
                self.transport.close()

    def _upgrade(self) -> bool:
        head, separator, rest = self._read.partition(b"\r\n\r\n")
        if not separator:
            return False
        if b" 101 " not in head:
            self.transport.close()
            return False
        self._read, self._upgraded = rest, True
        if not self.opened.done():
            self.opened.set_result(None)
        return True

    def _frame(self) -> tuple[int, bytes] | None:
        read = self._read
        if len(read) < 2:
            return None
        opcode, size, start = read[0] & 15, read[1] & 127, 2
        if size == 126:
            start = 4
        elif size == 127:
            start = 10
        if len(read) < start:
            return None
        if start > 2:
            size = int.from_bytes(read[2:start], "big")
        if len(read) < start + size:
            return None
        self._read = read[start + size :]
        return opcode, read[start : start + size]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the server closed during the handshake"))
            self.opened.exception()
        self.closed.set()


async def connect(socket: Socket, port: int) -> None:
    await asyncio.get_running_loop().create_connection(lambda: socket, HOST, port)
    await asyncio.wait_for(socket.opened, 15)
