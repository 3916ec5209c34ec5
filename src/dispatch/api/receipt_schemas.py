"""What receipts of messages may contain, and what is answered."""

from typing import Literal
from uuid import UUID

from dispatch.api.schemas import Body, Code, Short
from dispatch.api.view_basics import View
from dispatch.domain.attempt import State


class PushReceipt(Body):
    """A push message is on the screen, or was touched. `token` is its `receipt`."""

    token: UUID
    state: Literal["delivered", "seen"]


class DeliveryReceipt(Body):
    """How a message ended. `provider_id` is your own id of it, or the `id` that you were sent. No personal data."""

    channel: Code
    provider_id: Short
    state: Literal["delivered", "failed"]
    error: Short | None = None


class ReceiptView(View):
    """In which state the message is now."""

    state: State
