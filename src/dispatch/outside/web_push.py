"""Web push (RFC 8030): a message to a browser through the push service that the browser has chosen.

The push service learns when, how urgent and how long, never what. No redirect is followed, no answer is read beyond a
little, no private address is called.
"""

import asyncio
import hashlib
import json
import secrets
import ssl
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import httpcore
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from dispatch.domain.push import PushTarget, endpoint_fault, to_base64url
from dispatch.outside.channel import Message, PermanentChannelError, TemporaryChannelError
from dispatch.outside.push_addresses import AddressRefusedError, JudgedNetwork
from dispatch.outside.push_seal import TOKEN_LIVES, point_of, read_vapid_key, seal, vapid_token

TIMEOUT_S: Final = 8.0
MOST_CONNECTIONS: Final = 100
MOST_TOKENS: Final = 200
MOST_READ: Final = 4096
URGENCY: Final = {"critical": "high", "urgent": "high", "normal": "normal", "routine": "low"}
"""RFC 8030, 5.3: `high` wakes a device that saves its battery."""
TTL_S: Final = {"critical": 1800, "urgent": 3600, "normal": 4 * 3600, "routine": 24 * 3600}
"""How long the push service keeps a message for a device that is away; later it is no news, others were sent."""
_LONGEST_ID: Final = 300
_TOLD: Final = ("id", "title", "text", "urgency", "tag", "url", "receipt")


class GoneError(PermanentChannelError):
    """The browser has ended this subscription, or never had it: forget it."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str | None


@cache
def _trusted() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


class WebPush:
    """The channel `web_push`: seals, signs and posts."""

    name = "web_push"

    def __init__(self, key: str, *, subject: str, now: Callable[[], datetime], private: bool = False) -> None:
        """Take the private VAPID key and whom a push service may write to.

        Raises:
            ValueError: the key is none.
        """
        self._key = read_vapid_key(key)
        self._subject = subject
        self._now = now
        self.private = private
        self.public_key = to_base64url(point_of(self._key.public_key()))
        self._tokens: OrderedDict[str, tuple[datetime, str]] = OrderedDict()
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def send(self, message: Message) -> str | None:
        """Send to one browser, in 8 s at most; gives what the push service calls the message.

        Raises:
            GoneError: the subscription has ended.
            TemporaryChannelError: no answer, or: later.
            PermanentChannelError: refused, or nothing that is called from here.
        """
        try:
            target = PushTarget.read(message.to)
            sealed = self._sealed(message, target)
        except ValueError as error:
            raise PermanentChannelError(str(error)) from None
        if (wrong := endpoint_fault(target.endpoint, private=self.private)) is not None:
            raise PermanentChannelError(wrong)
        return _judge(await self._post(target.endpoint, self._headers(message, target.endpoint), sealed))

    async def close(self) -> None:
        """Close what is connected."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    def _sealed(self, message: Message, target: PushTarget) -> bytes:
        told = {name: getattr(message, name) for name in _TOLD}
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        return seal(text, target, key=generate_private_key(SECP256R1()), salt=secrets.token_bytes(16))

    def _headers(self, message: Message, endpoint: str) -> dict[bytes | str, bytes | str]:
        parts = urlsplit(endpoint)
        token = self._token(f"{parts.scheme}://{parts.netloc}")
        return {
            "Host": parts.netloc,
            "Authorization": f"vapid t={token}, k={self.public_key}",
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(TTL_S.get(message.urgency, TTL_S["normal"])),
            "Urgency": URGENCY.get(message.urgency, "normal"),
            # At most 32 characters (RFC 8030, 5.4), and none of the push service's business.
            "Topic": to_base64url(hashlib.sha256(message.tag.encode()).digest())[:32],
        }

    def _token(self, audience: str) -> str:
        """Give the signed token for a push service; one is used for half of its life."""
        now, known = self._now(), self._tokens.get(audience)
        if known is not None and abs(now - known[0]) < TOKEN_LIVES / 2:
            return known[1]
        token = vapid_token(self._key, audience=audience, subject=self._subject, now=now)
        self._tokens.pop(audience, None)
        self._tokens[audience] = (now, token)
        while len(self._tokens) > MOST_TOKENS:
            self._tokens.popitem(last=False)
        return token

    async def _post(self, endpoint: str, headers: dict[bytes | str, bytes | str], sealed: bytes) -> _Answer:
        if self._pool is None:
            network = JudgedNetwork(private=self.private)
            self._pool = httpcore.AsyncConnectionPool(
                _trusted(), max_connections=MOST_CONNECTIONS, keepalive_expiry=30, network_backend=network
            )
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._pool.stream("POST", endpoint, headers=headers, content=sealed) as response,
            ):
                read = 0
                async for part in response.aiter_stream():  # read to its end, its connection can be used again
                    read += len(part)
                    if read > MOST_READ:
                        break
                found = [value for name, value in response.headers if name.lower() == b"location"]
                return _Answer(response.status, found[0].decode(errors="replace") if found else None)
        except AddressRefusedError as error:
            raise PermanentChannelError(str(error)) from None
        except (TimeoutError, httpcore.TimeoutException) as error:
            raise TemporaryChannelError(f"no answer within {TIMEOUT_S:.0f} s") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
            raise TemporaryChannelError(f"{type(error).__name__}: {error}"[:200]) from error


def _judge(answer: _Answer) -> str | None:
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None if answer.location is None else answer.location[:_LONGEST_ID]
    said = f"the push service answered {status}"
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise GoneError(said)
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}:
        raise TemporaryChannelError(said)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TemporaryChannelError(said)
    raise PermanentChannelError(said)
