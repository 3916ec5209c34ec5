"""Two plain channels: an SMS or voice gateway by webhook, and a file that stands in for one in trials."""

import asyncio
import json
from pathlib import Path

from dispatch.outside.channel import Message, PermanentChannelError, TemporaryChannelError

TIMEOUT_S = 5.0


class WebhookChannel:
    """Hands messages to a gateway by POST: `{"id", "to", "text"}`; answers may carry an `id`."""

    def __init__(self, url: str, name: str = "sms") -> None:
        """Keep the gateway's address."""
        import httpx  # noqa: PLC0415 - loaded only where a gateway is set

        self.name = name
        self._url = url
        self._httpx = httpx
        self._client: httpx.AsyncClient | None = None

    async def send(self, message: Message) -> str | None:
        """Send one message; 5 s at most."""
        if self._client is None:
            self._client = self._httpx.AsyncClient(timeout=TIMEOUT_S)
        body = {"id": message.id, "to": message.to, "text": f"{message.title} {message.text}"}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._client.post(self._url, json=body)
        except (self._httpx.HTTPError, TimeoutError) as error:
            raise TemporaryChannelError(type(error).__name__) from error
        codes = self._httpx.codes
        if answer.status_code in {codes.TOO_MANY_REQUESTS, codes.REQUEST_TIMEOUT} or answer.is_server_error:
            raise TemporaryChannelError(f"gateway answered {answer.status_code}")
        if not answer.is_success:
            raise PermanentChannelError(f"gateway answered {answer.status_code}")
        try:
            said = answer.json()
        except ValueError:
            return None
        return str(said["id"])[:200] if isinstance(said, dict) and "id" in said else None


class FileChannel:
    """Appends messages to a file, one JSON line each: a trial's stand-in for a gateway, which says so by its name."""

    name = "file"

    def __init__(self, path: Path) -> None:
        """Keep the file's path."""
        self._path = path

    async def send(self, message: Message) -> str | None:
        """Append one message."""
        body = {"id": message.id, "to": message.to, "text": f"{message.title} {message.text}"}
        line = json.dumps(body, ensure_ascii=False) + "\n"
        try:
            await asyncio.to_thread(self._append, line)
        except OSError as error:
            raise TemporaryChannelError(str(error)) from error
        return None

    def _append(self, line: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)
