"""Channels: ways to reach people beside their console. Each is by itself: none knows of the others.

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

    `to` is a telephone number, an Apprise target or a push subscription as JSON text. `tag` is the assignment: a later
    message takes the earlier one's place on a screen. `url` leads to the task, relative to the service. `receipt` is a
    secret of the recipient's device, with which it says that it has the message: only where nobody else reads it.
    """

    id: str
    to: str
    title: str
    text: str
    urgency: str
    tag: str
    url: str
    receipt: str = ""


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
