"""Web push for the consoles of units: the key to subscribe with, subscriptions, and a test of one's own."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import responses, schemas
from dispatch.api.answers import json_response, kept_answer
from dispatch.api.dependencies import Service, once_of, parse, principal_of, read_body, service_of, uuid_or_missing
from dispatch.api.openapi import IDEMPOTENT, body
from dispatch.domain.errors import ForbiddenError, InvalidRequestError, NotInstalledError
from dispatch.domain.push import PushTarget, target_faults
from dispatch.operations.subscribe_push import Subscribing, subscribe_push, unsubscribe_push
from dispatch.operations.try_push import Trial, Tried, try_push
from dispatch.outside.channel import Message, PermanentChannelError, TemporaryChannelError
from dispatch.outside.web_push import GoneError, WebPush
from dispatch.security import Principal

router: Final = APIRouter(prefix="/api/v1/push", tags=["push"])
TITLE: Final = "推送测试 · Push test"
TEXT: Final = "本机能收到推送。This device receives push messages."


async def _of_a_unit(request: Request) -> tuple[Service, Principal, str]:
    """Give the caller and its unit: consoles and responders are told of their tasks, nobody else.

    Raises:
        ForbiddenError: somebody without a unit.
    """
    principal = await principal_of(request)
    principal.require("work")
    if principal.unit_id is None:
        raise ForbiddenError("only a unit's console or responder is told by push")
    return service_of(request), principal, principal.unit_id


def _push_of(service: Service) -> WebPush:
    if service.push is None:
        raise NotInstalledError("web push is switched off here: DISPATCH_WEB_PUSH")
    return service.push


@router.get("/key", responses=responses.PUSH_KEY)
async def key(request: Request) -> Response:
    """Give the public key to subscribe a browser with; 501 where web push is switched off."""
    service, _, _ = await _of_a_unit(request)
    return json_response({"public_key": _push_of(service).public_key})


@router.post(
    "/subscriptions",
    status_code=201,
    responses=responses.PUSH_SUBSCRIBED,
    openapi_extra=body(schemas.PushSubscriptionBody, IDEMPOTENT),
)
async def subscribe(request: Request) -> Response:
    """Subscribe this browser to its unit's tasks, or renew it: send what `pushManager.subscribe` gave.

    It lasts as long as the key or session that asks. A browser belongs to the unit that subscribed it last.
    """
    raw = await read_body(request)
    service, principal, unit_id = await _of_a_unit(request)
    push, given = _push_of(service), parse(schemas.PushSubscriptionBody, raw)
    target = PushTarget(given.endpoint, given.keys.p256dh, given.keys.auth)
    if faults := target_faults(target, private=push.private):
        raise InvalidRequestError(faults)
    asked = Subscribing(
        unit_id=unit_id,
        holder_kind=principal.kind,
        holder_id=principal.id,
        token_hash=principal.secret_hash,
        target=target,
        once=once_of(request, principal, raw),
    )
    return kept_answer(await subscribe_push(service.context, asked), status=201)


@router.delete("/subscriptions/{subscription_id}", status_code=204, responses=responses.PUSH_UNSUBSCRIBED)
async def unsubscribe(request: Request, subscription_id: str) -> Response:
    """Unsubscribe a browser of your own unit."""
    service, _, unit_id = await _of_a_unit(request)
    known = uuid_or_missing(subscription_id, "subscription")
    await unsubscribe_push(service.context, known, unit_id=unit_id)
    return Response(status_code=204)


@router.post(
    "/subscriptions/{subscription_id}/test",
    responses=responses.PUSH_TRIED,
    openapi_extra=body(schemas.PushTest, IDEMPOTENT),
)
async def test(request: Request, subscription_id: str) -> Response:
    """Send a test message to a browser of your own unit, at once; the answer says what the push service said.

    One every ten seconds for each browser.
    """
    raw = await read_body(request)
    service, principal, unit_id = await _of_a_unit(request)
    push = _push_of(service)
    parse(schemas.PushTest, raw)
    known = uuid_or_missing(subscription_id, "subscription")
    message_id = str(service.context.new_id())

    async def send(target: PushTarget) -> Tried:
        message = Message(message_id, target.text(), TITLE, TEXT, "critical", "push-test", "/unit")
        try:
            await push.send(message)
        except GoneError as error:
            return Tried("gone", str(error))
        except PermanentChannelError as error:
            return Tried("refused", str(error))
        except TemporaryChannelError as error:
            return Tried("later", str(error))
        return Tried("sent")

    trial = Trial(known, unit_id, once_of(request, principal, raw))
    return kept_answer(await try_push(service.context, trial, send))
