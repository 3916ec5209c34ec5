"""A way to reach people outside the live console: what is said, and how a gateway refuses.

A message never carries personal data: a lock screen is public.
"""

from dataclasses import dataclass
from typing import Protocol


class TemporaryChannelError(Exception):
    """The gateway did not answer or said: later."""


class PermanentChannelError(Exception):
    """The gateway refused: trying again does not help."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one recipient. `id` is the attempt's own: a gateway may drop repeats by it.

    `to` is a phone number, an Apprise URL's target or a push subscription (JSON text); `tag` is the assignment's id: a
    later message replaces the earlier one on a screen; `url` is relative, "/unit#assignment=<id>".
    """

    id: str
    to: str
    title: str
    text: str
    urgency: str
    tag: str
    url: str


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str:
        """Name the channel as the ledger does."""

    async def send(self, message: Message) -> str | None:
        """Send; give the provider's id if it has one.

        Raises:
            TemporaryChannelError: try again later.
            PermanentChannelError: never try this one again.
        """
