"""Two administrators and an operator around one ruleset: what each of them asks the service."""

import asyncio
import copy
from typing import Any

import httpx

from dispatch.demo.city import bundle
from tests.support.city import City

RULES: dict[str, Any] = bundle()["ruleset"]
PATH = "/api/v1/rulesets"


def rules_with(count: int) -> dict[str, Any]:
    """The demo's rules with this many police stations for a noise at night: told apart by one number."""
    made = copy.deepcopy(RULES)
    rule = next(rule for rule in made["rules"] if rule["id"] == "psychiatric.disturbance")
    rule["require"][0]["count"] = count
    return made


class Hall:
    """Two administrators, and an operator who may read."""

    def __init__(self, city: City, first: httpx.AsyncClient, second: httpx.AsyncClient, desk: httpx.AsyncClient):
        self.city, self.first, self.second, self.desk = city, first, second, desk

    async def draft(self, count: int = 2, **query: Any) -> int:
        answer = await self.first.post(PATH, json=rules_with(count), params=query)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["version"])

    async def publish(self, version: int, **body: Any) -> httpx.Response:
        return await self.second.post(f"{PATH}/{version}/publish", json={"reason": "checked"} | body)

    async def published(self, count: int = 2) -> int:
        version = await self.draft(count)
        answer = await self.publish(version)
        assert answer.status_code == 200, answer.text
        return version

    async def rollback(self, version: int) -> httpx.Response:
        return await self.first.post(f"{PATH}/{version}/rollback", json={"reason": "nobody came"})

    async def entry(self, version: int) -> dict[str, Any]:
        return dict((await self.desk.get(f"{PATH}/{version}")).json())

    async def acts(self, version: int) -> list[tuple[str, str, str | None]]:
        items = (await self.desk.get(f"{PATH}/{version}/history")).json()["items"]
        return [(item["act"], item["actor"]["name"], item["reason"]) for item in items]


async def hall_of(city: City) -> Hall:
    return Hall(city, await city.person("admin"), await city.person("admin2"), await city.person("desk1"))


async def until_used(version: int, *cities: City) -> None:
    async with asyncio.timeout(20):
        while {city.process.context.knowledge.ruleset.version for city in cities} != {version}:
            await asyncio.sleep(0.02)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
