"""Silence has consequences: urged at 30 s, escalated at 60 s, paged at 15 s where no console has shown the task."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dispatch.jobs.delivery import DeliveryLoop
from dispatch.operations.escalate_overdue import escalate_overdue
from dispatch.outside.gateway import WebhookChannel
from tests.support.city import COMMUNITY, FOUR, HEALTH, JUSTICE, POLICE, City, running


async def _all_but(city: City, silent: str, incident: dict) -> None:
    for code in FOUR:
        if code != silent:
            assert (await city.act(code, incident, "acknowledge")).status_code == 200


async def test_a_silent_lead_is_urged_at_thirty_seconds_and_no_sooner(city: City) -> None:
    console = await city.unit_console(POLICE)
    incident = (await city.press()).json()["incident"]
    await _all_but(city, POLICE, incident)
    await city.forward(29)
    assert console.named("assignment.urged") == []
    await city.forward(2)
    urged = await console.event("assignment.urged")
    assert urged["assignment"]["unit"]["code"] == POLICE
    await city.forward(20)
    assert len(console.named("assignment.urged")) == 1


async def test_at_sixty_seconds_the_next_station_its_superior_and_the_shift_leader_are_told(city: City) -> None:
    leader = await city.console(client=await city.person("leader"))
    incident = (await city.press()).json()["incident"]
    await _all_but(city, POLICE, incident)
    await city.forward(61)
    event = await leader.event("assignment.escalated")
    assert event["facts"]["attention"] == "shift_leader"
    view = await city.incident(incident["id"])
    backup = next(a for a in view["assignments"] if a["backup_for"])
    assert backup["unit"]["kind"] == "police_station"
    assert backup["unit"]["code"] != POLICE
    assert backup["role"] == "support"
    superior = city.process.context.knowledge.directory.unit_by_code[POLICE].superior_id
    assert any(a["unit"]["id"] == superior and a["role"] == "notify" for a in view["assignments"])
    assert [a["status"] for a in view["assignments"] if a["unit"]["code"] == POLICE] == ["issued"]


async def test_a_late_acknowledgement_of_the_lead_is_accepted_and_it_keeps_the_lead(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await city.forward(61)
    answer = await city.act(POLICE, incident, "acknowledge")
    assert answer.status_code == 200
    view = await city.incident(incident["id"])
    assert [a["unit"]["code"] for a in view["assignments"] if a["role"] == "lead"] == [POLICE]
    backup = next(a for a in view["assignments"] if a["backup_for"] and a["unit"]["kind"] == "police_station")
    assert (await city.act(backup["unit"]["code"], incident, "acknowledge")).status_code == 200
    leads = [a["unit"]["code"] for a in (await city.incident(incident["id"]))["assignments"] if a["role"] == "lead"]
    assert leads == [POLICE]


async def test_a_backup_that_answers_for_a_silent_lead_takes_the_lead_and_can_close(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await _all_but(city, POLICE, incident)
    await city.forward(61)
    view = await city.incident(incident["id"])
    backup = next(a["unit"]["code"] for a in view["assignments"] if a["backup_for"])
    await city.work_through(backup, incident)
    for code in (JUSTICE, HEALTH, COMMUNITY):
        for verb in ("arrive", "complete"):
            assert (await city.act(code, incident, verb)).status_code == 200
    view = await city.incident(incident["id"])
    assert [a["unit"]["code"] for a in view["assignments"] if a["role"] == "lead"] == [backup]
    assert view["status"] == "closed"
    late = await city.act(POLICE, incident, "acknowledge")
    assert (late.status_code, late.json()["current"]["status"]) == (409, "revoked"), "it was recalled at the end"


async def test_a_town_that_never_answers_ends_with_an_alarm_not_with_the_whole_city(city: City) -> None:
    desk = await city.console(client=await city.person())
    incident = (await city.press()).json()["incident"]
    await _all_but(city, POLICE, incident)
    for _ in range(8):
        await city.forward(65)
    view = await city.incident(incident["id"])
    assert len([a for a in view["assignments"] if a["backup_for"]]) == 2
    assert view["shortfalls"][0]["unit_kind"] == "police_station"
    await desk.event("shortfall.raised")
    assert (
        await city.sql.fetchval(
            "SELECT count(*) FROM assignment a WHERE ended_at IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM timer t WHERE t.subject_id = a.id)"
        )
        == 0
    )


async def _told(city: City, incident: dict) -> list[str]:
    rows = await city.sql.fetch("SELECT events FROM audit WHERE incident_id = $1", incident["id"])
    return [e["event"] for row in rows for e in json.loads(row["events"])]


async def test_two_processes_act_on_one_timer_once(city: City, city_database: tuple) -> None:
    incident = (await city.press()).json()["incident"]
    async with running(*city_database) as other:
        for each in (city, other):
            each.offset = type(each.offset)(seconds=61)
        await asyncio.gather(*(escalate_overdue(each.process.context) for each in (city, other) for _ in range(5)))
        async with asyncio.timeout(20):
            while (await _told(city, incident)).count("assignment.escalated") < 4:
                await city.forward(0.1)
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
    rows = await city.sql.fetch("SELECT events FROM audit WHERE incident_id = $1", incident["id"])
    events = [(e["event"], e["assignment_id"]) for row in rows for e in json.loads(row["events"])]
    for name in ("assignment.urged", "assignment.escalated"):
        told = [assignment for event, assignment in events if event == name]
        assert len(told) == len(set(told)) >= 4


@pytest.mark.parametrize("moment", range(6))
async def test_an_acknowledgement_and_an_expiry_in_the_same_instant_have_one_winner(city: City, moment: int) -> None:
    incident = (await city.press()).json()["incident"]
    await _all_but(city, POLICE, incident)
    await city.forward(31)
    city.offset += type(city.offset)(seconds=30)
    acknowledged, _ = await asyncio.gather(
        city.act(POLICE, incident, "acknowledge"), _soon(moment, escalate_overdue(city.process.context))
    )
    assert acknowledged.status_code == 200
    rows = await city.sql.fetch("SELECT events FROM audit WHERE incident_id = $1 ORDER BY seq", incident["id"])
    mine = acknowledged.json()["id"]
    names = [e["event"] for row in rows for e in json.loads(row["events"]) if e["assignment_id"] == mine]
    if "assignment.escalated" in names:
        assert names.index("assignment.escalated") < names.index("assignment.acknowledged")
    assert names.count("assignment.acknowledged") == 1


async def _soon(moment: int, work: object) -> None:
    await asyncio.sleep(moment * 0.002)
    await work  # type: ignore[misc]


async def test_a_lead_that_does_not_arrive_in_time_is_shown_to_the_shift_leader(city: City) -> None:
    desk = await city.console(client=await city.person("leader"))
    incident = (await city.press()).json()["incident"]
    for code in FOUR:
        await city.act(code, incident, "acknowledge")
    await city.forward(301)
    overdue = await desk.event("assignment.overdue")
    assert overdue["facts"]["missed"] == "arrive_by"
    view = await city.incident(incident["id"])
    assert "arrive_by" in next(a for a in view["assignments"] if a["role"] == "lead")["overdue"]


class _Gateway(BaseHTTPRequestHandler):
    got: list[dict] = []  # noqa: RUF012 - one server per test
    answers: list[int] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).got.append(body)
        self.send_response(type(self).answers.pop(0) if type(self).answers else 200)
        self.end_headers()
        self.wfile.write(b'{"id": "provider-1"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway():
    _Gateway.got, _Gateway.answers = [], []
    server = HTTPServer(("127.0.0.1", 0), _Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/sms"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_console_that_shows_nothing_is_replaced_by_a_text_message_after_fifteen_seconds(
    city_database: tuple, gateway: str, tmp_path: Path
) -> None:
    log = tmp_path / "pages.log"
    async with running(*city_database, paging_webhook=gateway, paging_file=str(log)) as city:
        online = {code: await city.unit_console(code) for code in (POLICE, JUSTICE, HEALTH)}
        incident = (await city.press()).json()["incident"]
        for console in online.values():
            issued = await console.event("assignment.issued")
            receipt = {"type": "receipt", "assignment_id": issued["assignment"]["id"], "state": "delivered"}
            await console.send(receipt)
            await console.event("assignment.delivered")
        while await city.sql.fetchval("SELECT count(*) FROM assignment WHERE delivered_at IS NULL") > 2:
            await asyncio.sleep(0.02)
        await city.forward(16)
        while len(_Gateway.got) < 2 or not log.exists():  # the community and the hospital's security
            await asyncio.sleep(0.05)
        assert len(_Gateway.got) == 2
        assert all("病" not in page["text"] and page["to"].startswith("0731") for page in _Gateway.got)
        await asyncio.sleep(0.5)
        view = await city.incident(incident["id"])
        pages = {(d["channel"], d["state"]) for d in view["deliveries"] if d["channel"] != "console"}
        assert pages == {("sms", "sent"), ("file", "sent")}
        back = await city.unit_console(COMMUNITY)
        snapshot = await back.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
        assert [i["id"] for i in snapshot["incidents"]] == [incident["id"]]
        await asyncio.sleep(0.4)
        assert back.named("assignment.issued") == []
        assert len(_Gateway.got) == 2


async def test_a_gateway_that_says_later_is_tried_again_and_one_that_refuses_is_not(city: City, gateway: str) -> None:
    _Gateway.answers = [503, 200, 400]
    next(task for task in city.process.tasks if task.get_name() == "delivery").cancel()
    loop = DeliveryLoop(city.process.context, [WebhookChannel(gateway)])
    city.process.context.paging_channels = ("later",)
    await city.press()
    await city.forward(16)
    await city.sql.execute("DELETE FROM delivery_attempt WHERE id NOT IN (SELECT id FROM delivery_attempt LIMIT 1)")
    await city.sql.execute("UPDATE delivery_attempt SET channel = 'sms'")

    async def states() -> list[str]:
        await loop.once()
        await loop.settle()
        rows = await city.sql.fetch("SELECT state FROM delivery_attempt ORDER BY attempt")
        await city.sql.execute("UPDATE delivery_attempt SET next_at = now() WHERE state = 'queued'")
        return [row["state"] for row in rows]

    assert await states() == ["failed_temporary", "queued"]
    assert await states() == ["failed_temporary", "sent"]
    await city.sql.execute("UPDATE delivery_attempt SET state = 'queued', next_at = now() WHERE attempt = 2")
    assert await states() == ["failed_temporary", "failed_permanent"]
    assert len(_Gateway.got) == 3


async def test_a_whole_town_that_stays_silent_stops_nobody_elses_clock(city: City) -> None:
    await city.press()
    for _ in range(5):
        await city.forward(65)
    other = await city.report(division_code="430304001")
    await city.forward(31)
    rows = await city.sql.fetch("SELECT events FROM audit WHERE incident_id = $1", other["id"])
    assert any(e["event"] == "assignment.urged" for row in rows for e in json.loads(row["events"]))
    assert (await city.client().get("/healthz/escalation")).json()["unarmed_assignments"] == 0


@pytest.mark.expects_error_log
async def test_an_incident_that_cannot_be_worked_on_holds_up_no_other(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dispatch.operations import escalate_overdue as module

    broken = (await city.press()).json()["incident"]
    good = await city.report(division_code="430304001")
    real = module._one_incident

    async def failing(context: object, incident_id: str, timers: list) -> list:
        if incident_id == broken["id"]:
            raise RuntimeError("poisoned")
        return await real(context, incident_id, timers)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_one_incident", failing)
    await city.forward(31)
    rows = await city.sql.fetch("SELECT events FROM audit WHERE incident_id = $1", good["id"])
    assert any(e["event"] == "assignment.urged" for row in rows for e in json.loads(row["events"]))
