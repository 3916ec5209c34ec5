"""A console listens. Run beside `make run`: `.venv/bin/python examples/listen.py`.

Connects as the first unit of the demo (`--unit CODE` for another one), keeps the cursor, reconnects with it unless the
close code says not to, drops events that it has seen, and answers every assignment with a receipt.
"""

import argparse
import asyncio
import json
from collections import deque
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

DO_NOT_RECONNECT = {4001, 4002, 4003, 4006}
REMEMBERED = 5_000


class Console:
    """What a console remembers between two connections: the cursor and the last event ids."""

    def __init__(self, token: str) -> None:
        """Start without a cursor: the first answer is a snapshot."""
        self._token = token
        self._cursor: str | None = None
        self._seen: deque[str] = deque(maxlen=REMEMBERED)

    async def serve(self, socket: ClientConnection) -> None:
        """Say hello, then show what comes until the socket closes."""
        await socket.send(json.dumps({"type": "hello", "cursor": self._cursor, "token": self._token}))
        async for text in socket:
            frame = json.loads(text)
            self._cursor = frame.get("cursor") or self._cursor
            match frame["type"]:
                case "welcome":
                    print(f"connected: {frame['resume']}")
                case "snapshot":
                    for incident in frame["incidents"]:
                        print(f"  open: {incident['number']} {incident['incident_type']} {incident['status']}")
                case "event" if frame["event_id"] not in self._seen:
                    self._seen.append(frame["event_id"])
                    await self._show(socket, frame)

    async def _show(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        incident, assignment = frame.get("incident") or {}, frame.get("assignment") or {}
        print(
            f"{frame['occurred_at']}  {frame['event']:<26}{incident.get('number', '')} {assignment.get('status', '')}"
        )
        if frame["event"] == "assignment.issued":
            receipt = {"type": "receipt", "assignment_id": assignment["id"], "state": "delivered"}
            await socket.send(json.dumps(receipt))


async def listen(address: str, console: Console) -> None:
    """Stay connected until the server says that there is no point."""
    while True:
        try:
            async with connect(address, subprotocols=[Subprotocol("dispatch.v1")]) as socket:
                await console.serve(socket)
        except ConnectionClosed as closed:
            print(f"closed: {closed.rcvd or 'connection lost'}")
            if closed.rcvd is not None and closed.rcvd.code in DO_NOT_RECONNECT:
                return
        except OSError as lost:
            print(f"lost: {lost}")
        await asyncio.sleep(1)


def main() -> None:
    """Listen as one unit until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=Path(".data/demo/demo.json"), help="demo.json of the running demo")
    parser.add_argument("--unit", help="unit code; the first console of the demo if absent")
    arguments = parser.parse_args()
    demo = json.loads(arguments.demo.read_text(encoding="utf-8"))
    console = next((c for c in demo["consoles"] if arguments.unit in {None, c["unit"]}), None)
    if console is None:
        raise SystemExit(f"{arguments.unit} has no console in the demo")
    print(f"{console['unit']} {console['name']}")
    try:
        asyncio.run(listen(demo["base_url"].replace("http", "ws", 1) + "/api/v1/live", Console(console["token"])))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
