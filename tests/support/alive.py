"""Somebody outside who expects signs of life: a real HTTP server on the loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest


@dataclass
class Outside:
    """Somebody outside who expects signs of life."""

    url: str
    signs: int = 0
    answer: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    hangs: bool = False


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    told = Outside("")

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError):  # a caller may give up
            await reader.readuntil(b"\r\n\r\n")
            told.signs += 1
            if told.hangs:
                await reader.read()
            else:
                writer.write(told.answer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/alive"
    async with server:
        yield told
