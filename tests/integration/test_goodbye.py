"""A process that stops sends nobody away without a word, and not everybody back in the same instant."""

import asyncio
import json

from websockets.asyncio.client import connect

from tests.support.city import FOUR, City, Console


async def test_each_console_is_told_its_own_moment_to_come_back(city: City) -> None:
    consoles = [await city.unit_console(code) for code in FOUR for _ in range(5)]
    await city.process.sockets.say_goodbye()
    moments = []
    for console in consoles:
        assert await console.until_closed() == (4000, "going_away")
        goodbye = console.frames[-1]
        assert (goodbye["type"], goodbye["reason"]) == ("goodbye", "going_away")
        moments.append(goodbye["reconnect_after_ms"])
    assert sorted(moments) == [2 * at for at in range(20)], "a thousand come back over two seconds"


async def test_whoever_comes_while_the_process_stops_is_sent_on(city: City) -> None:
    await city.process.sockets.say_goodbye()
    async with connect(city.base_url.replace("http", "ws", 1) + "/api/v1/live", subprotocols=["dispatch.v1"]) as raw:
        late = Console(raw)
        assert await late.until_closed() == (4000, "going_away")
        assert late.frames == [{"type": "goodbye", "reason": "going_away", "reconnect_after_ms": 500}]


async def test_whoever_has_not_said_hello_yet_is_told_too(city: City) -> None:
    async with connect(city.base_url.replace("http", "ws", 1) + "/api/v1/live", subprotocols=["dispatch.v1"]) as raw:
        early = Console(raw)
        async with asyncio.timeout(10):
            while not city.process.sockets._arriving:
                await asyncio.sleep(0.01)
        await city.process.sockets.say_goodbye()
        assert await early.until_closed() == (4000, "going_away")
        assert json.dumps(early.frames).count("goodbye") == 1
