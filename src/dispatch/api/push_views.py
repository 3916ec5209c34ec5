"""Shapes of answers about web push, for the documentation and the generated types."""

from typing import Literal

from dispatch.api.view_basics import View


class PushKey(View):
    """The public key to subscribe with: `applicationServerKey`, base64url."""

    public_key: str


class PushSubscriptionView(View):
    """A browser that is told of its unit's tasks. `push_service` is the host that its messages go through.

    `gone`: the push service has lost this one; `unsubscribe()` in the browser, subscribe and send it anew.
    """

    id: str
    unit_id: str
    push_service: str
    gone: bool
    created_at: str
    renewed_at: str
    last_sent_at: str | None


class PushTried(View):
    """What became of a test message: `sent` is what the push service said, the screen must show the rest."""

    outcome: Literal["sent", "later", "refused", "gone"]
    detail: str | None
    tried_at: str
