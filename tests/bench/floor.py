"""The floor: what "stored durably, then shown on four consoles" costs when nothing else is done.

One route, one statement, four frames. No rules, no permissions, no checks, no idempotency, no timers, no audit, nothing
after a reconnect. What the product costs above this is the price of being a dispatch system.

    FLOOR_DATABASE=postgresql://… FLOOR_WORLD=world.json python -m tests.bench.floor --port 8801
"""

import argparse
import contextlib
import itertools
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

TABLES = """
CREATE TABLE IF NOT EXISTS bare_incident (id uuid PRIMARY KEY, body jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS bare_assignment (id uuid PRIMARY KEY, incident_id uuid NOT NULL REFERENCES bare_incident,
  unit integer NOT NULL, state text NOT NULL, acknowledge_by timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS bare_assignment_open ON bare_assignment (unit) WHERE state <> 'completed';
CREATE TABLE IF NOT EXISTS bare_outbox (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL,
  frame jsonb NOT NULL);
"""
STORE = """
WITH i AS (INSERT INTO bare_incident (id, body) VALUES ($1, $2)),
 a AS (INSERT INTO bare_assignment SELECT id, $1, unit, 'issued', now() + interval '60 s'
   FROM unnest($3::uuid[], $4::int[]) AS given (id, unit))
INSERT INTO bare_outbox (topic, frame) SELECT * FROM unnest($5::text[], $6::jsonb[])
"""


class Floor:
    """All there is: a pool, and which socket belongs to which unit."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.unit_of = {f"Bearer {console['token']}": unit for unit, console in enumerate(world["consoles"])}
        self.districts = itertools.cycle(range(0, len(self.unit_of), 4))
        self.sockets: dict[int, WebSocket] = {}
        self.wall = f"Bearer {world['wall_key']}"
        self.walls: set[WebSocket] = set()
        self.pool: asyncpg.Pool | None = None

    async def report(self, request: Request) -> Response:
        text = await request.body()
        body, first, incident = orjson.loads(text), next(self.districts), str(uuid4())
        units, assignments = range(first, first + 4), [str(uuid4()) for _ in range(4)]
        frames = [self._frame(assignment, {"id": incident, **body}) for assignment in assignments]
        stored, topics = text.decode(), ["incident", *(f"unit.{unit}" for unit in units)]
        await self.pool.execute(STORE, incident, stored, assignments, list(units), topics, [stored, *frames])
        for unit, frame in zip(units, frames, strict=True):
            if unit in self.sockets:
                await self.sockets[unit].send_text(frame)
        for wall in list(self.walls):
            for frame in (self._frame(incident, body), *frames):
                await wall.send_text(frame)
        return Response(orjson.dumps({"incident": {"id": incident}}), 201, media_type="application/json")

    @staticmethod
    def _frame(assignment: str, incident: dict[str, object]) -> str:
        told = {"type": "event", "event_id": assignment, "cursor": "0", "event": "assignment.issued"}
        return orjson.dumps(
            told | {"incident": incident, "assignment": {"id": assignment, "status": "issued"}}
        ).decode()

    async def live(self, socket: WebSocket) -> None:
        who = socket.headers["authorization"]
        await socket.accept("dispatch.v1")
        await socket.receive_text()
        await socket.send_text('{"type":"welcome"}')
        if who == self.wall:
            self.walls.add(socket)
        unit = self.unit_of.get(who, -1)
        self.sockets[unit] = socket
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.receive_text()
        self.walls.discard(socket)
        if self.sockets.get(unit) is socket:
            del self.sockets[unit]

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["FLOOR_DATABASE"], min_size=10, max_size=10) as self.pool:
            await self.pool.execute(TABLES)
            yield


def main() -> None:
    """Serve with the same web server and settings as the product."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    floor = Floor(json.loads(Path(os.environ["FLOOR_WORLD"]).read_text()))
    routes = [Route("/api/v1/incidents", floor.report, methods=["POST"]), WebSocketRoute("/api/v1/live", floor.live)]
    uvicorn.run(
        Starlette(routes=routes, lifespan=floor.lifespan),
        port=parser.parse_args().port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_keep_alive=75,
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
