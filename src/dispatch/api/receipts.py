"""Receipts of messages outside the consoles: by the browser that has one, by the gateway that sent one."""

import hashlib
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import receipt_schemas, responses
from dispatch.api.answers import kept_answer
from dispatch.api.dependencies import once_of, once_within, parse, principal_of, read_body, service_of
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.domain.actor import Actor
from dispatch.operations.note_receipt import Receipt, known_as, note_receipt, shown_by

router: Final = APIRouter(prefix="/api/v1", tags=["receipts"])
MOST_BYTES: Final = 4096
_BROWSER: Final = Actor("browser", None, "browser")


@router.post(
    "/push/receipts",
    responses=responses.RECEIPT,
    openapi_extra={**body(receipt_schemas.PushReceipt, IDEMPOTENT), "security": []},
)
async def push_receipt(request: Request) -> Response:
    """Say that this browser has shown a push message (`delivered`), or that somebody has touched it (`seen`).

    Nobody is asked who it is: the message's `receipt` is the proof. Saying it twice is harmless.
    """
    raw = await read_body(request, MOST_BYTES)
    given = parse(receipt_schemas.PushReceipt, raw)
    token = str(given.token)
    once = once_within(request, f"receipt:{hashlib.sha256(token.encode()).hexdigest()}", raw)
    receipt = Receipt(shown_by(token), given.state, _BROWSER, once=once)
    return kept_answer(await note_receipt(service_of(request).context, receipt))


@router.post(
    "/delivery-receipts",
    responses=responses.RECEIPT,
    openapi_extra=body(receipt_schemas.DeliveryReceipt, IDEMPOTENT),
)
async def delivery_receipt(request: Request) -> Response:
    """Report how a message ended that your gateway sent: with a key of kind `gateway`.

    The first end stands; the answer says in which state the message is. 404: ask again, its id may not be known yet.
    """
    principal = await principal_of(request)
    principal.require("note_receipts")
    raw = await read_body(request, MOST_BYTES)
    given = parse(receipt_schemas.DeliveryReceipt, raw)
    error = f"the gateway reported: {given.error or 'not delivered'}" if given.state == "failed" else None
    receipt = Receipt(
        find=known_as(given.channel, given.provider_id),
        report=given.state,
        actor=principal.actor,
        error=error,
        once=once_of(request, principal, raw),
    )
    return kept_answer(await note_receipt(service_of(request).context, receipt))
