"""Paging: reaching people whose console is silent, through a gateway for SMS or voice, or into a file for trials.

A page never carries personal data: a lock screen is public.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

TIMEOUT_S = 5.0


class TemporaryPagingError(Exception):
    """The gateway did not answer or said: later."""


class PermanentPagingError(Exception):
    """The gateway refused: trying again does not help."""


@dataclass(frozen=True, slots=True)
class Page:
    """One message to one number. `id` is the attempt's own: a gateway may drop repeats by it."""

    id: str
    to: str
    text: str


class Pager(Protocol):
    """A way to reach people."""

    @property
    def channel(self) -> str:
        """Name the channel as the ledger does."""

    async def send(self, page: Page) -> str | None:
        """Send; give the provider's id if it has one.

        Raises:
            TemporaryPagingError: try again later.
            PermanentPagingError: never try this one again.
        """


class WebhookPager:
    """Hands pages to an SMS or voice gateway by POST: `{"id", "to", "text"}`; answers may carry an `id`."""

    channel = "sms"

    def __init__(self, url: str) -> None:
        """Keep the gateway's address."""
        import httpx  # noqa: PLC0415 - loaded only where a gateway is set

        self._url = url
        self._httpx = httpx

    async def send(self, page: Page) -> str | None:
        """Send one page; 5 s at most."""
        try:
            async with self._httpx.AsyncClient(timeout=TIMEOUT_S) as client:
                answer = await client.post(self._url, json={"id": page.id, "to": page.to, "text": page.text})
        except self._httpx.HTTPError as error:
            raise TemporaryPagingError(type(error).__name__) from error
        if (
            answer.status_code == self._httpx.codes.TOO_MANY_REQUESTS
            or answer.status_code >= self._httpx.codes.INTERNAL_SERVER_ERROR
        ):
            raise TemporaryPagingError(f"gateway answered {answer.status_code}")
        if answer.status_code >= self._httpx.codes.BAD_REQUEST:
            raise PermanentPagingError(f"gateway answered {answer.status_code}")
        try:
            said = answer.json()
        except ValueError:
            return None
        return str(said["id"]) if isinstance(said, dict) and "id" in said else None


class FilePager:
    """Appends pages to a file, one JSON line each: the trial's stand-in for a gateway, and it says so by its name."""

    channel = "file"

    def __init__(self, path: Path) -> None:
        """Keep the file's path."""
        self._path = path

    async def send(self, page: Page) -> str | None:
        """Append one page."""
        line = json.dumps({"id": page.id, "to": page.to, "text": page.text}, ensure_ascii=False) + "\n"
        try:
            await asyncio.to_thread(self._append, line)
        except OSError as error:
            raise TemporaryPagingError(str(error)) from error
        return None

    def _append(self, line: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)


def page_text(*, number: str, urgency: str, role: str) -> str:
    """Word a page: number and urgency, nothing about persons or places."""
    level = {"critical": "特急", "urgent": "紧急", "normal": "一般", "routine": "常规"}.get(urgency, urgency)
    what = {"lead": "主办", "support": "协办", "notify": "知悉"}.get(role, role)
    return (
        f"[派警] {level}警情 {number}({what}),控制台未签收,请立即登录处置。New {urgency} incident, open your console."
    )
