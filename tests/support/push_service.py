"""A push service and the browser behind it: takes messages over HTTP on loopback, opens and keeps them."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _hmac(key: bytes, value: bytes) -> bytes:
    mac = HMAC(key, SHA256())
    mac.update(value)
    return mac.finalize()


@dataclass
class Browser:
    """The receiving side, written from RFC 8291 and 8188 with HMAC alone, not with the sender's code."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self, endpoint: str) -> dict[str, Any]:
        return {"endpoint": endpoint, "keys": {"p256dh": b64(self.point), "auth": b64(self.auth)}}

    def target(self, endpoint: str) -> str:
        return json.dumps({"endpoint": endpoint, "p256dh": b64(self.point), "auth": b64(self.auth)})

    def open(self, sealed: bytes) -> bytes:
        salt, size, length = sealed[:16], int.from_bytes(sealed[16:20], "big"), sealed[20]
        sender, body = sealed[21 : 21 + length], sealed[21 + length :]
        assert len(body) <= size <= 4096
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        secret = _hmac(_hmac(self.auth, shared), b"WebPush: info\x00" + self.point + sender + b"\x01")
        both = _hmac(salt, secret)
        key = _hmac(both, b"Content-Encoding: aes128gcm\x00\x01")[:16]
        nonce = _hmac(both, b"Content-Encoding: nonce\x00\x01")[:12]
        text, delimiter, padding = AESGCM(key).decrypt(nonce, body, None).rpartition(b"\x02")
        assert delimiter
        assert not padding.strip(b"\x00")
        return text


def claims_of(token: str, public_key: str) -> dict[str, Any]:
    """Check a VAPID token's signature and give its claims."""
    head, body, signature = token.split(".")
    assert json.loads(unb64(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = unb64(signature)
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(public_key))
    signed = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    point.verify(signed, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
    return dict(json.loads(unb64(body)))


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """Answers as it is told to: a status, a raw answer, or nothing at all."""

    port: int
    status: int = 201
    raw: bytes | None = None
    silent: bool = False
    received: list[Received] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _lines: dict[Any, asyncio.StreamWriter] = field(default_factory=dict)

    def endpoint(self, name: str = "one", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/push/{name}"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._lines[task] = writer
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._answer(reader, writer)
        writer.transport.abort()
        del self._lines[task]

    async def end(self) -> None:
        """Hang up on everybody."""
        for writer in self._lines.values():
            writer.transport.abort()
        while self._lines:
            await asyncio.sleep(0)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        async with self._news:
            self.received.append(Received(headers, body))
            self._news.notify_all()
        if self.silent:
            await reader.read()
            return
        usual = f"HTTP/1.1 {self.status} X\r\nLocation: /message/7\r\nContent-Length: 0\r\n\r\n".encode()
        writer.write(self.raw or usual)
        await writer.drain()

    async def until(self, count: int) -> list[Received]:
        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(lambda: len(self.received) >= count)
        return self.received


@contextlib.asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """Run a push service until the block ends."""
    service = PushService(0)
    server = await asyncio.start_server(service.take, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()
        await service.end()
