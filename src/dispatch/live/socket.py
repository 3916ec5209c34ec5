"""One websocket from hello to close.

An idle socket holds one task that waits for messages; a writing task exists only while a socket does not keep up.
"""

import asyncio
import logging
import time
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import orjson
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from dispatch.domain.assignment import Verb
from dispatch.domain.errors import DispatchError, OriginRefusedError, UnauthenticatedError
from dispatch.domain.presence import GRACE
from dispatch.domain.rows import instant
from dispatch.live.closing import (
    BAD_MESSAGE,
    EPOCH_CHANGED,
    FLOOD,
    GOING_AWAY,
    HELLO_TIMEOUT,
    LATER_MS,
    SLOW_CONSUMER,
    Closing,
    closing_after,
    closing_for,
    returns_after_ms,
)
from dispatch.live.direct import EXTENSION, Write
from dispatch.live.hub import Hub, Subscriber
from dispatch.live.messages import HELLO, RECEIPT, Hello
from dispatch.live.relay import Relay
from dispatch.live.snapshot import Starts
from dispatch.operations.context import Context
from dispatch.operations.move_assignment import move_assignment
from dispatch.operations.moving import Request
from dispatch.security import SESSION_COOKIE, Authenticator, Principal
from dispatch.telemetry import SLOW_CONSUMERS

logger = logging.getLogger(__name__)
HEARTBEAT_S = 5.0
HELLO_WITHIN_S = 10.0
WRITE_WITHIN_S = 10.0
FAREWELL_WITHIN_S = 1.0
MOST_MESSAGES = 200
PER_S = 10.0
YIELD_EVERY = 200
SUBPROTOCOL = "dispatch.v1"


class LiveSockets:
    """All sockets of this process."""

    def __init__(self, context: Context, relay: Relay, hub: Hub, authenticator: Authenticator) -> None:
        """Keep what every socket needs."""
        self._context = context
        self._relay = relay
        self._hub = hub
        self._authenticator = authenticator
        self._starts = Starts(context, relay)
        self._arriving: set[WebSocket] = set()
        self._sockets: dict[Subscriber, WebSocket] = {}
        self._writers: dict[Subscriber, asyncio.Task[None]] = {}
        self._closing = False

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket until it closes."""
        offered = websocket.scope.get("subprotocols", ())
        await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        if self._closing:
            await _send_away(websocket, GOING_AWAY, LATER_MS)
            return
        self._arriving.add(websocket)
        try:
            subscriber = await self._admit(websocket)
        except DispatchError as error:
            await _close(websocket, closing_for(error))
            return
        except TimeoutError:
            await _close(websocket, HELLO_TIMEOUT)
            return
        except (ValidationError, ValueError, KeyError, RuntimeError):
            await _close(websocket, BAD_MESSAGE)
            return
        except WebSocketDisconnect:
            return
        finally:
            self._arriving.discard(websocket)
        try:
            await self._listen(websocket, subscriber)
        finally:
            self._leave(subscriber)

    async def _admit(self, websocket: WebSocket) -> Subscriber:
        async with asyncio.timeout(HELLO_WITHIN_S):
            hello = HELLO.validate_json(await websocket.receive_text())
        principal = await self._who(websocket, hello)
        principal.require("listen")
        subscriber = Subscriber(principal, self._drain)
        self._sockets[subscriber] = websocket
        self._hub.add(subscriber)
        try:
            start = await self._starts.begin(principal, hello.cursor)
            welcome = {
                "type": "welcome",
                "server_time": instant(self._context.now()),
                "heartbeat_s": HEARTBEAT_S,
                "resume": start.resume,
                "scope": scope_view(principal),
            }
            await websocket.send_text(orjson.dumps(welcome).decode())
            for frame in start.frames:
                await websocket.send_text(frame)
            subscriber.release(start.is_known)
        except BaseException:
            self._leave(subscriber)
            raise
        return subscriber

    async def _who(self, websocket: WebSocket, hello: Hello) -> Principal:
        headers = websocket.headers
        _require_same_origin(headers.get("origin"), headers.get("host"))
        if hello.token is not None:
            return await self._authenticator.by_key(hello.token)
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and secret:
            return await self._authenticator.by_key(secret)
        cookie = SimpleCookie(headers.get("cookie", "")).get(SESSION_COOKIE)
        if cookie is not None:
            return await self._authenticator.by_session(cookie.value)
        raise UnauthenticatedError("no key and no session")

    async def _listen(self, websocket: WebSocket, subscriber: Subscriber) -> None:
        allowance, since = float(MOST_MESSAGES), time.monotonic()
        while True:
            try:
                text = await websocket.receive_text()
            except (WebSocketDisconnect, RuntimeError):
                return
            except KeyError:  # a binary message
                await _close(websocket, BAD_MESSAGE)
                return
            now = time.monotonic()
            allowance, since = min(MOST_MESSAGES, allowance + (now - since) * PER_S) - 1, now
            if allowance < 0:
                await _close(websocket, FLOOD)
                return
            try:
                await self._receive(subscriber, text)
            except ValidationError:
                await _close(websocket, BAD_MESSAGE)
                return
            except DispatchError as error:
                logger.info("a receipt was refused", extra={"code": error.code})

    async def _receive(self, subscriber: Subscriber, text: str) -> None:
        receipt = RECEIPT.validate_json(text)
        principal = subscriber.principal
        if principal.unit_id is None:
            return
        verb: Verb = "deliver" if receipt.state == "delivered" else "see"
        request = Request(str(receipt.assignment_id), verb, principal.actor, principal.unit_id)
        await move_assignment(self._context, request)

    def _drain(self, subscriber: Subscriber) -> None:
        if subscriber in self._writers or subscriber not in self._sockets:
            return
        if not subscriber.overflowed and self._write_now(subscriber):
            return
        self._writers[subscriber] = asyncio.create_task(self._write(subscriber))

    def _write_now(self, subscriber: Subscriber) -> bool:
        """Write what waits past the layers between, where the server offers that and the socket keeps up."""
        write: Write | None = (self._sockets[subscriber].scope.get("extensions") or {}).get(EXTENSION)
        if write is None or not write(subscriber.waiting):
            return False
        subscriber.waiting.clear()
        return True

    async def _write(self, subscriber: Subscriber) -> None:
        websocket = self._sockets.get(subscriber)
        try:
            # Race: the socket may have left between the offer and this task's first step.
            while websocket is not None and subscriber.waiting and not subscriber.overflowed:
                frames, subscriber.waiting = subscriber.waiting, []
                async with asyncio.timeout(WRITE_WITHIN_S):
                    for frame in frames:
                        await websocket.send_text(frame)
            if subscriber.overflowed:
                await self._drop(subscriber, SLOW_CONSUMER)
        except TimeoutError:
            await self._drop(subscriber, SLOW_CONSUMER)
        except (RuntimeError, WebSocketDisconnect, OSError):
            self._leave(subscriber)
        finally:
            self._writers.pop(subscriber, None)

    async def _drop(self, subscriber: Subscriber, closing: Closing) -> None:
        websocket = self._sockets.get(subscriber)
        self._leave(subscriber)
        if closing is SLOW_CONSUMER:
            SLOW_CONSUMERS.inc()
            logger.warning("slow_consumer dropped", extra={"who": subscriber.principal.name})
        if websocket is not None:
            await _close(websocket, closing)

    def _leave(self, subscriber: Subscriber) -> None:
        self._hub.remove(subscriber)
        self._sockets.pop(subscriber, None)

    async def beat(self) -> None:
        """Send the heartbeat to everybody; it asks nobody, so that it comes also while the database is slow."""
        text = orjson.dumps(
            {"type": "heartbeat", "server_time": instant(self._context.now()), "cursor": self._relay.cursor}
        ).decode()
        for index, subscriber in enumerate(list(self._sockets)):
            if subscriber.held is None:
                subscriber.push((text,))
            if index % YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def recheck(self) -> None:
        """Ask again about every key and session. Who has ended or may hear of something else now is closed by name."""
        asked = list(self._sockets)
        fresh = await self._authenticator.again(subscriber.principal for subscriber in asked)
        closings = []
        for subscriber in asked:
            now = fresh.get(subscriber.principal.secret_hash)
            closing = closing_after(subscriber.principal, now)
            if closing is not None:
                closings.append(self._drop(subscriber, closing))
            elif now is not None:
                subscriber.principal = now
        await asyncio.gather(*closings)

    async def say_goodbye(self) -> None:
        """Tell every socket to reconnect elsewhere: the process stops. Who comes from now on is told the same."""
        self._closing = True
        await self._send_all_away(GOING_AWAY)

    async def start_over(self) -> None:
        """Have every console come back for a snapshot: what it shows may never have happened in this database."""
        await self._send_all_away(EPOCH_CHANGED)

    async def _send_all_away(self, closing: Closing) -> None:
        subscribers, leaving = list(self._sockets), {*self._sockets.values(), *self._arriving}
        for subscriber in subscribers:
            self._leave(subscriber)
        presence = self._context.presence
        grace = GRACE if presence is None else presence.grace
        moments = (returns_after_ms(at, len(leaving), grace) for at in range(len(leaving)))
        farewells = (_send_away(socket, closing, after_ms) for socket, after_ms in zip(leaving, moments, strict=True))
        await asyncio.gather(*farewells, return_exceptions=True)


def scope_view(principal: Principal) -> dict[str, object]:
    """Say what a principal will hear of."""
    return {
        "kind": principal.kind,
        "role": principal.role,
        "unit_id": principal.unit_id,
        "device_id": principal.device_id,
        "division_codes": list(principal.division_codes),
    }


def _require_same_origin(origin: str | None, host: str | None) -> None:
    if origin is not None and urlsplit(origin).netloc != host:
        raise OriginRefusedError("the page that opened this socket is of another site", facts={"origin": origin})


async def _send_away(websocket: WebSocket, closing: Closing, after_ms: int) -> None:
    """Say goodbye with the moment to come back, then close."""
    goodbye = {"type": "goodbye", "reason": closing.name, "reconnect_after_ms": after_ms}
    try:
        async with asyncio.timeout(FAREWELL_WITHIN_S):
            await websocket.send_text(orjson.dumps(goodbye).decode())
    except (RuntimeError, OSError, TimeoutError, WebSocketDisconnect):
        pass  # it does not read, or has gone: the close code is for the former
    await _close(websocket, closing)


async def _close(websocket: WebSocket, closing: Closing) -> None:
    if websocket.application_state is WebSocketState.CONNECTED:
        try:
            async with asyncio.timeout(1):
                await websocket.close(closing.code, closing.name)
        except (RuntimeError, OSError, TimeoutError, WebSocketDisconnect):
            return
