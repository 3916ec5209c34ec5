"""A walk through the API that remembers what it asked and what was answered."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx

Json: TypeAlias = Any
LONGEST_LIST = 2
FOUR = 4
API = "/api/v1"


@dataclass
class Tour:
    """One walk through everything, and what was seen."""

    demo: dict[str, Any]
    client: httpx.AsyncClient
    http: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def ask(self, method: str, path: str, *, key: str | None = None, body: Json = None, **ids: str) -> Json:
        """Make a request and keep it with its answer, the first of each status."""
        headers = {"Origin": self.demo["base_url"]} | ({"Authorization": f"Bearer {key}"} if key else {})
        answer = await self.client.request(method, path.format(**ids), headers=headers, json=body)
        seen = self.http.setdefault(f"{method} {path.partition('?')[0]}", {})
        said = answer.json() if answer.content else None
        if answer.is_success and body is not None:
            seen.setdefault("request", body)
        if said is not None:
            seen.setdefault(str(answer.status_code), shorten(said))
        return said

    async def show(self, path: str, body: Json, *, key: str | None = None) -> None:
        """Post what is refused here, because it names what no tour can know: its body is an example all the same."""
        await self.ask("POST", path, key=key, body=body)
        self.http[f"POST {path}"].setdefault("request", body)

    def key(self, number: int) -> str:
        """Give the key of one of the story's four consoles."""
        return str(self.demo["consoles"][number]["token"])


def shorten(value: Json) -> Json:
    """Cut long lists and maps; an example shows shapes."""
    if isinstance(value, dict):
        entries = list(value.items())
        codes = len(entries) > LONGEST_LIST and all(isinstance(entry, dict) and "zh" in entry for _, entry in entries)
        return {name: shorten(entry) for name, entry in (entries[:LONGEST_LIST] if codes else entries)}
    if isinstance(value, list):
        longest = FOUR if value and isinstance(value[0], str) else LONGEST_LIST
        return [shorten(entry) for entry in value[:longest]]
    return value
