"""The situations of `examples/situations`: read, brought into force as one ruleset, and played through the API."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from dispatch.documents.yaml_read import read_yaml
from tests.support.city import City
from tests.support.hall import PATH, Hall, hall_of, until_used

Json = dict[str, Any]
FOLDER = Path(__file__).parents[2] / "examples" / "situations"
NEEDED, FREE = {"title", "story", "rules", "cases"}, {"correlations", "accepted"}
STATE = {"waits", "takes_lead", "missing"}
OPENING = {"sent", "matched", "who", "acknowledge_s", "never"}
CASE = {"name", "at", "modes", "call", "steps"} | OPENING | STATE
CHANGE = {"comes", "leaves", "lead", "answer", "outcome", "linked", "follow"}
DOES = ("pass_s", "unit", "tags", "release", "call", "closes")
WORDS = {"rules", "cases", "at", "modes", "steps", *FREE, *OPENING, *STATE, *CHANGE, *DOES}
"""What a file says beside its rules; docs/rules.md explains each."""


def read_situations() -> dict[str, Json]:
    """Every situation by the name of its file."""
    found: dict[str, Json] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        situation = read_yaml(path.read_bytes())
        assert isinstance(situation, dict)
        found[path.stem] = situation
        _require_known(path.stem, situation)
    return found


def _require_known(name: str, situation: Json) -> None:
    """A misspelt key would be an expectation that nobody checks."""
    assert situation.keys() - FREE == NEEDED, name
    for case in situation["cases"]:
        assert case.keys() <= CASE, (name, case.keys() - CASE)
        for step in case.get("steps", ()):
            assert step.keys() <= {*DOES, *CHANGE, *OPENING, *STATE}, (name, step)
            assert len(step.keys() & {*DOES}) == 1, (name, step)


def rules_of(situations: dict[str, Json]) -> list[Json]:
    return [rule for situation in situations.values() for rule in situation["rules"]]


async def brought_into_force(city: City, situations: dict[str, Json]) -> Json:
    """Do what two administrators do: take the rules in force, add these, lint, publish. Gives what lint said."""
    hall = await hall_of(city)
    document = await in_force(hall)
    document["rules"] += rules_of(situations)
    added = [entry for situation in situations.values() for entry in situation.get("correlations", ())]
    # Of the entries for a type the first counts.
    document["correlations"] = [*added, *document.get("correlations", ())]
    drafted = await hall.first.post(PATH, json=document)
    assert drafted.status_code == 201, drafted.text
    version = int(drafted.json()["version"])
    linted = (await hall.desk.post(f"{PATH}/{version}/lint", json={})).json()
    answer = await hall.publish(version)
    assert answer.status_code == 200, answer.text
    await until_used(version, city)
    return dict(linted)


async def in_force(hall: Hall) -> Json:
    """The document of the rules in force, as an administrator exports it."""
    entries = (await hall.desk.get(PATH)).json()["items"]
    (version,) = (entry["version"] for entry in entries if entry["in_force"])
    document = read_yaml((await hall.desk.get(f"{PATH}/{version}?format=yaml")).content)
    assert isinstance(document, dict)
    return document


@dataclass
class Stage:
    """A city with the people who play: whoever calls, the desk, the shift leader."""

    city: City
    caller: httpx.AsyncClient
    desk: httpx.AsyncClient
    leader: httpx.AsyncClient

    @asynccontextmanager
    async def at(self, local: str, modes: list[Json]) -> Any:
        """Turn the clock to a local instant and set what stands then; afterwards everybody goes home."""
        context = self.city.process.context
        instant = datetime.fromisoformat(local).replace(tzinfo=context.timezone)
        self.city.offset += instant - context.now()
        try:
            for mode in modes:
                await self._act("/api/v1/modes", mode | {"reason": "演练"}, status=201)
            yield
        finally:
            await self._quiet()
            self.city.offset = timedelta()

    async def _quiet(self) -> None:
        for incident in (await self.desk.get("/api/v1/incidents?status=open&limit=200")).json()["items"]:
            await self._act(f"/api/v1/incidents/{incident['id']}/cancel", {})
        for mode in (await self.leader.get("/api/v1/modes")).json()["standing"]:
            await self._act(f"/api/v1/modes/{mode['id']}/end", {"reason": "演练结束"})

    async def _act(self, path: str, body: Json, *, status: int = 200) -> None:
        answer = await self.leader.post(path, json=body)
        assert answer.status_code == status, answer.text

    async def called(self, call: Json) -> Json:
        """Report a call; a place is named by its code."""
        places = self.city.process.context.knowledge.directory.content.places.values()
        ids = {place.code: place.id for place in places}
        body = {"place_id" if key == "place" else key: ids.get(str(value), value) for key, value in call.items()}
        answer = await self.caller.post("/api/v1/incidents", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def read(self, incident_id: str) -> Json:
        return dict((await self.desk.get(f"/api/v1/incidents/{incident_id}")).json())


async def stage_of(city: City) -> Stage:
    return Stage(city, city.integrator(), await city.person("desk1"), await city.person("leader"))


@dataclass
class Play:
    """One incident as it goes on; every difference from what the situation says is shown."""

    stage: Stage
    incident: Json
    state: Json = field(default_factory=dict)
    came: dict[str, int] = field(default_factory=dict)

    async def expect_opening(self, expected: Json) -> None:
        """Compare with who was to go at once, who is held back, who must not go."""
        self.state = {key: expected.get(key, {}) for key in STATE}
        same(_state(self.incident), self.state, "opening")
        found: defaultdict[str, list[str]] = defaultdict(list)
        for row in _open(self.incident):
            found[row["unit"]["kind"]].append(row["role"])
        same({kind: sorted(roles) for kind, roles in found.items()}, expected["sent"], "sent")
        assert [row["role"] for row in _open(self.incident)].count("lead") == 1
        for kind, codes in expected.get("who", {}).items():
            same(sorted(row["unit"]["code"] for row in self._of_kind(kind)), codes, "who")
        for kind, seconds in expected.get("acknowledge_s", {}).items():
            same({_seconds(row) for row in self._of_kind(kind)}, {seconds}, "acknowledge_s")
        for kind in expected.get("never", ()):
            await self._refuse(kind)

    async def expect_the_same_again(self) -> None:
        """Have the decision made again from what was stored."""
        again = await self.stage.desk.get(f"/api/v1/incidents/{self.incident['id']}/replay")
        assert again.json()["identical"], "byte for byte the same"

    async def _refuse(self, kind: str) -> None:
        units = self.stage.city.process.context.knowledge.directory.units.values()
        unit = next(unit for unit in units if unit.kind == kind)
        body = {"units": [{"unit_id": unit.id}]}
        answer = await self.stage.desk.post(f"/api/v1/incidents/{self.incident['id']}/dispatch", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "excluded_by_rule")

    async def step(self, step: Json) -> None:
        """Let one thing happen, then compare who came, who left, who leads and who still waits."""
        before = {row["id"]: row for row in _open(self.incident)}
        (does,) = step.keys() & {*DOES}
        await getattr(self, f"_{does}")(step[does], step)
        if step.get("follow"):
            await self.expect_opening(step)
            return
        await self.stage.city.forward(0)
        self.incident = await self.stage.read(self.incident["id"])
        now = {row["id"]: row for row in _open(self.incident)}
        comes: defaultdict[str, list[str]] = defaultdict(list)
        for row in (now[new] for new in now.keys() - before.keys()):
            comes[row["unit"]["kind"]].append(row["role"])
        leaves = Counter(before[old]["unit"]["kind"] for old in before.keys() - now.keys())
        same({kind: sorted(roles) for kind, roles in comes.items()}, step.get("comes", {}), f"comes {step}")
        same(leaves, step.get("leaves", {}), f"leaves {step}")
        self.state |= {key: step[key] for key in STATE & step.keys()}
        same(_state(self.incident), self.state, f"after {step}")
        if now:
            same(_lead_kind(now.values()), step.get("lead", _lead_kind(before.values())), f"lead {step}")

    async def _pass_s(self, seconds: int, step: Json) -> None:
        await self.stage.city.forward(seconds)

    async def _unit(self, told: Json, step: Json) -> None:
        row = self._of_kind(told["kind"])[told.get("number", 0)]
        words = {"decline": {"reason": "busy"}, "feedback": {"outcome": "handled"}}.get(told["does"], {})
        answer = await self.stage.desk.post(f"/api/v1/assignments/{row['id']}/{told['does']}", json=words)
        wanted = step.get("answer", {"status": 200})
        assert answer.status_code == wanted["status"], answer.text
        same(answer.json().get("code"), wanted.get("code"), f"answer {step}")

    async def _tags(self, tags: list[str], step: Json) -> None:
        await self._desk("raise", {"tags": tags, "reason": "现场报告"})

    async def _release(self, kind: str, step: Json) -> None:
        (number,) = (stage["requirement"] for stage in self.incident["stages"] if stage["unit_kind"] == kind)
        await self._desk("release", {"requirement": number})

    async def _closes(self, closes: bool, step: Json) -> None:
        await self._desk("close", {"disposition": "handled"})

    async def _call(self, call: Json, step: Json) -> None:
        answer = await self.stage.called(call)
        assert answer["call"]["outcome"] == step["outcome"]
        other = await self.stage.read(answer["incident"]["id"])
        assert (other["id"] == self.incident["id"]) == (step["outcome"] == "joined")
        linked = self.incident["id"] in {link["incident_id"] for link in other["links"]}
        assert linked == step.get("linked", False)
        if step.get("follow"):
            self.incident = other

    async def _desk(self, verb: str, body: Json) -> None:
        answer = await self.stage.desk.post(f"/api/v1/incidents/{self.incident['id']}/{verb}", json=body)
        assert answer.status_code == 200, answer.text

    def _of_kind(self, kind: str) -> list[Json]:
        """Every unit of a kind in the order in which it came, together by their place in the plan; who left too."""
        rows = self.incident["assignments"]
        for row in sorted(rows, key=lambda row: (row["slot"], row["unit"]["code"])):
            self.came.setdefault(row["id"], len(self.came))
        found = (row for row in rows if row["unit"]["kind"] == kind)
        return sorted(found, key=lambda row: self.came[row["id"]])


def same(seen: object, expected: object, where: str) -> None:
    """Pytest explains no assertion of a module like this one."""
    assert seen == expected, f"{where}: {seen} instead of {expected}"


def _open(incident: Json) -> list[Json]:
    return [row for row in incident["assignments"] if row["ended_at"] is None]


def _lead_kind(rows: Any) -> str | None:
    return next((row["unit"]["kind"] for row in rows if row["role"] == "lead"), None)


def _state(incident: Json) -> Json:
    missing: defaultdict[str, list[str]] = defaultdict(list)
    stages = incident["stages"] if incident["closed_at"] is None else []  # afterwards nobody comes any more
    for gap in incident["shortfalls"]:
        missing[gap["unit_kind"]].append(gap["reason"])
    return {
        "waits": {stage["unit_kind"]: stage["trigger"] for stage in stages if stage["action"] == "send"},
        "takes_lead": {stage["unit_kind"]: stage["trigger"] for stage in stages if stage["action"] == "lead"},
        "missing": dict(missing),
    }


def _seconds(row: Json) -> float:
    by, issued = (datetime.fromisoformat(row[name]) for name in ("acknowledge_by", "issued_at"))
    return (by - issued).total_seconds()


def matched(incident: Json) -> list[str]:
    return [entry["rule"] for entry in incident["decision"]["matched"]]


def cases(situations: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Every case with the name of its situation."""
    for name, situation in situations.items():
        for case in situation["cases"]:
            yield name, case
