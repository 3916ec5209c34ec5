"""A process that stops sends nobody away without a word, and not everybody back in the same instant."""

import asyncio
import json
import signal
from datetime import timedelta

import asyncpg
from websockets.asyncio.client import connect

from dispatch.demo.access import Access
from dispatch.domain.presence import Presence
from tests.support.city import FOUR, City, Console, running


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


async def test_a_crowd_is_back_before_its_units_count_as_gone(city: City) -> None:
    city.process.context.presence = Presence(city.process.context.now(), grace=timedelta(milliseconds=30))
    consoles = [await city.unit_console(code) for code in FOUR for _ in range(5)]
    await city.process.sockets.say_goodbye()
    for console in consoles:
        await console.until_closed()
    assert max(console.frames[-1]["reconnect_after_ms"] for console in consoles) == 19


async def test_a_balancer_hears_of_a_stop_before_any_socket_is_sent_away(city_database: tuple[str, Access]) -> None:
    async with running(*city_database, drain_s=3600.0) as city:
        console, client = await city.unit_console(FOUR[0]), city.client()
        assert (await client.get("/readyz")).status_code == 200
        city.server.handle_exit(signal.SIGTERM, None)
        async with asyncio.timeout(30):
            while (answer := await client.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.01)
        assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
        assert [name for name, well in answer.json()["checks"].items() if not well] == ["staying"]
        assert (await city.client().get("/healthz")).status_code == 200, "it still answers, and new callers too"
        late = await city.unit_console(FOUR[1])
        incident = await city.report()
        for one in (console, late):
            assert (await one.event("assignment.issued"))["incident"]["id"] == incident["id"]
        city.server.handle_exit(signal.SIGTERM, None)  # somebody does not want to wait
        for one in (console, late):
            assert await one.until_closed() == (4000, "going_away")
            assert one.frames[-1]["type"] == "goodbye"


async def test_somebody_at_a_terminal_does_not_wait_for_a_balancer(city_database: tuple[str, Access]) -> None:
    async with running(*city_database, drain_s=3600.0) as city:
        console = await city.unit_console(FOUR[0])
        city.server.handle_exit(signal.SIGINT, None)
        assert await console.until_closed() == (4000, "going_away")


async def test_a_message_under_way_is_not_lost_when_its_process_stops(city_database: tuple[str, Access]) -> None:
    asked, stopping = asyncio.Event(), asyncio.Event()

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await stopping.wait()
        await asyncio.sleep(0.5)  # long enough for a process that does not wait to have closed its database
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(gateway, "127.0.0.1") as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms"
        async with running(*city_database, paging_webhook=address) as city:
            await city.press()
            await city.forward(16)
            await asked.wait()
            stopping.set()
        sql = await asyncpg.connect(city.url)
        states = {row["state"] for row in await sql.fetch("SELECT state FROM delivery_attempt WHERE channel = 'sms'")}
        await sql.close()
    assert "sent" in states
    assert "sending" not in states, "nobody knows whether it was sent, and it is not sent again"
