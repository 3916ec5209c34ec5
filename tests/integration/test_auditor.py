"""What is broken by hand is found: every desk hears of it once, and the dead man's switch falls silent."""

import asyncio
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from dispatch.demo.access import Access
from tests.support.alive import Outside, outside
from tests.support.audits import SHORT, auditor_of, code_of, found, stop_loop, until_found
from tests.support.city import HEALTH, POLICE, City, running

__all__ = ["outside"]
pytestmark = pytest.mark.expects_error_log


async def break_timer(city: City, incident: dict[str, Any]) -> None:
    await city.sql.execute("DELETE FROM timer WHERE subject_id = $1", await city.open_assignment(HEALTH, incident))


async def mend_timer(city: City, incident: dict[str, Any]) -> None:
    arm = "INSERT INTO timer VALUES ($1, 'assignment', 1, now() + interval '1 minute')"
    await city.sql.execute(arm, await city.open_assignment(HEALTH, incident))


async def break_lateness(city: City, incident: dict[str, Any]) -> None:
    await stop_loop(city, "timers")
    await city.sql.execute("UPDATE timer SET due_at = now() - interval '11 s' WHERE kind = 'assignment'")


async def mend_lateness(city: City, incident: dict[str, Any]) -> None:
    await city.sql.execute("UPDATE timer SET due_at = now() + interval '1 minute'")


async def break_ladder(city: City, incident: dict[str, Any]) -> None:
    """What fails for an incident is put off again and again: no timer is late, and yet nobody acts."""
    await city.sql.execute("UPDATE timer SET due_at = now() + interval '1 hour'")
    await city.sql.execute("UPDATE assignment SET acknowledge_by = now() - interval '31 s' WHERE role = 'lead'")


async def mend_ladder(city: City, incident: dict[str, Any]) -> None:
    await city.act(POLICE, incident, "acknowledge")


async def break_lead(city: City, incident: dict[str, Any]) -> None:
    lead = await city.open_assignment(POLICE, incident)
    await city.sql.execute("UPDATE assignment SET status = 'revoked', ended_at = now() WHERE id = $1", lead)
    await city.sql.execute("DELETE FROM timer WHERE subject_id = $1", lead)


async def mend_lead(city: City, incident: dict[str, Any]) -> None:
    body = {"units": [{"unit_id": city.unit_id("430302001-PCS"), "role": "lead"}]}
    desk = await city.person()
    assert (await desk.post(f"/api/v1/incidents/{incident['id']}/dispatch", json=body)).status_code == 200
    await city.sql.execute("UPDATE incident SET pending_slots = array_remove(pending_slots, 0::smallint)")


async def break_incident(city: City, incident: dict[str, Any]) -> None:
    await city.sql.execute("UPDATE assignment SET status = 'revoked', ended_at = now()")
    await city.sql.execute("DELETE FROM timer")
    await city.sql.execute("UPDATE incident SET pending_slots = '{}', opened_at = now() - interval '61 s'")


async def mend_incident(city: City, incident: dict[str, Any]) -> None:
    await city.sql.execute("UPDATE incident SET status = 'cancelled', closed_at = now()")


async def break_delivery(city: City, incident: dict[str, Any]) -> None:
    await stop_loop(city, "delivery")
    await city.sql.execute(
        "INSERT INTO delivery_attempt (id, message_id, incident_id, channel, recipient, body, state, next_at) "
        "SELECT gen_random_uuid(), gen_random_uuid(), $1, 'sms', '0731', '{}', 'queued', now() - interval '6 s' "
        "FROM generate_series(1, 40)",
        incident["id"],
    )


async def mend_delivery(city: City, incident: dict[str, Any]) -> None:
    await city.sql.execute("UPDATE delivery_attempt SET state = 'sent'")


async def break_kit(city: City, incident: dict[str, Any]) -> None:
    await city.sql.execute(
        "INSERT INTO kit (place, tried_at, written_at) VALUES ('x', now(), now() - interval '181 s')"
    )


async def mend_kit(city: City, incident: dict[str, Any]) -> None:
    await city.sql.execute("UPDATE kit SET written_at = now()")


@pytest.mark.parametrize(
    ("code", "spoil", "mend"),
    [
        ("assignment_without_timer", break_timer, mend_timer),
        ("timer_late", break_lateness, mend_lateness),
        ("silence_without_step", break_ladder, mend_ladder),
        ("place_without_anybody", break_lead, mend_lead),
        ("incident_without_anybody", break_incident, mend_incident),
        ("delivery_late", break_delivery, mend_delivery),
        ("kit_old", break_kit, mend_kit),
    ],
)
async def test_what_is_broken_alarms_every_desk_and_silences_the_dead_mans_switch(
    city: City, outside: Outside, code: str, spoil: Any, mend: Any
) -> None:
    auditor, incident = auditor_of(city, outside), await city.report()
    desk, other = await city.console(client=await city.person()), await city.console(client=await city.person("leader"))
    assert await found(auditor) == []
    assert outside.signs == 1
    await spoil(city, incident)
    for _ in range(3):
        assert await found(auditor) == [code]
    for console in (desk, other):
        assert code_of(await console.event("audit.alarmed")) == code
    late = await city.console(client=await city.person())
    snapshot = await late.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
    told = desk.named("audit.alarmed")[0]["facts"]["alarm"]
    assert snapshot["alarms"] == [told]
    assert told["words"]["zh"]
    assert told["cleared_at"] is None
    assert outside.signs == 1
    await mend(city, incident)
    assert await found(auditor) == []
    for console in (desk, other, late):
        frame = await console.event("audit.cleared")
        assert (frame["facts"]["alarm"]["id"], len(console.named("audit.alarmed")) <= 1) == (told["id"], True)
    assert outside.signs == 2


STEPS = [
    ("acknowledge", {}, "depart_by", "depart_overdue"),
    ("depart", {}, "arrive_by", "arrive_overdue"),
    ("arrive", {}, "change_by", "change_overdue"),
    ("receipt", {"state": "seen"}, "feedback_by", "feedback_overdue"),
    ("feedback", {"outcome": "handled", "text": ""}, "close_by", "close_overdue"),
]


async def test_a_unit_that_never_leaves_arrives_answers_or_packs_up_is_not_forgotten(city: City) -> None:
    """What fails is put off again and again: no timer is late, the task was acknowledged, and yet nobody acts."""
    auditor, incident = auditor_of(city), await city.report()
    await stop_loop(city, "timers")
    lead = await city.open_assignment(POLICE, incident)
    for verb, body, deadline, step in STEPS:
        assert (await city.act(POLICE, incident, verb, **body)).status_code == 200
        await city.sql.execute("UPDATE timer SET due_at = now() + interval '1 hour'")
        assert await found(auditor) == []
        await city.sql.execute(f"UPDATE assignment SET {deadline} = now() - interval '31 s' WHERE id = $1", lead)
        assert await until_found(auditor, "deadline_without_step") == (f"{incident['number']} {POLICE} {deadline}",)
        await city.sql.execute(
            "UPDATE assignment SET steps_done = array_append(steps_done, $2) WHERE id = $1", lead, step
        )
        assert await found(auditor) == []


async def test_a_task_that_has_ended_owes_nothing_any_more(city: City) -> None:
    incident = await city.report()
    await stop_loop(city, "timers")
    await city.work_through(POLICE, incident)
    past = ", ".join(f"{deadline} = now() - interval '1 hour'" for _, _, deadline, _ in STEPS)
    lead = await city.open_assignment(POLICE, incident)
    await city.sql.execute(f"UPDATE assignment SET {past} WHERE id = $1", lead)
    assert await found(auditor_of(city)) == []


async def test_a_unit_that_answers_late_is_no_failure_of_the_clocks(city: City) -> None:
    """What it owes next was due before it answered: the timer is late in the instant in which it is armed."""
    incident = await city.report()
    await stop_loop(city, "timers")
    await city.sql.execute("UPDATE assignment SET depart_by = now() - interval '1 hour' WHERE role = 'lead'")
    await city.act(POLICE, incident, "acknowledge")
    assert await found(auditor_of(city, limits=replace(SHORT, settle_s=30.0))) == []
    assert await found(auditor_of(city)) == ["deadline_without_step", "timer_late"]


async def test_a_transaction_that_stays_open_is_found_while_nothing_else_happens(city: City) -> None:
    auditor = auditor_of(city)
    connection = await asyncpg.connect(city.url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT pg_current_xact_id()")
        await asyncio.sleep(0.3)
        assert await found(auditor) == ["watermark_held"]
        await transaction.rollback()
        assert await found(auditor) == []
    finally:
        await connection.close()


async def test_consoles_that_are_no_desk_hear_nothing_of_it(city: City) -> None:
    incident = await city.report()
    desk = await city.console(client=await city.person())
    others = [
        await city.unit_console(POLICE),
        await city.console(city.device["token"]),
        await city.console(str(city.access.demo["wall_key"])),
        await city.console(city.integrator_key),
    ]
    await break_timer(city, incident)
    await auditor_of(city).once()
    await desk.event("audit.alarmed")
    await city.act(POLICE, incident, "acknowledge")
    await others[0].event("assignment.acknowledged")
    for console in others:
        snapshot = await console.until(lambda c: next((f for f in c.frames if f["type"] == "snapshot"), None))
        assert snapshot["alarms"] == []
        assert console.named("audit.alarmed") == []


async def test_a_desk_that_was_away_is_told_what_was_raised_and_cleared(city: City) -> None:
    incident, person = await city.report(), await city.person()
    desk = await city.console(client=person)
    await desk.until(lambda c: c.cursor)
    await desk.leave()
    auditor = auditor_of(city)
    await break_timer(city, incident)
    await auditor.once()
    await mend_timer(city, incident)
    await auditor.once()
    back = await city.console(client=person, cursor=desk.cursor)
    await back.event("audit.cleared")
    assert len(back.named("audit.alarmed")) == 1


async def test_two_processes_that_find_the_same_raise_one_alarm(
    city: City, city_database: tuple[str, Access], outside: Outside
) -> None:
    incident = await city.report()
    desk = await city.console(client=await city.person())
    async with running(*city_database) as other:
        far = await other.console(client=await other.person())
        await break_timer(city, incident)
        auditors = [auditor_of(one, outside) for one in (city, other) for _ in range(2)]
        for _ in range(3):
            passes = await asyncio.gather(*(auditor.once() for auditor in auditors))
            assert all(audited and audited.findings for audited in passes)
        assert await city.sql.fetchval("SELECT count(*) FROM audit_alarm") == 1
        for console in (desk, far):
            await console.event("audit.alarmed")
        await mend_timer(city, incident)
        await asyncio.gather(*(auditor.once() for auditor in auditors))
        for console in (desk, far):
            await console.event("audit.cleared")
            assert (len(console.named("audit.alarmed")), len(console.named("audit.cleared"))) == (1, 1)
        assert outside.signs == 4


async def test_twice_as_many_are_a_new_alarm_for_whoever_has_handled_the_first(city: City) -> None:
    incident = await city.report()
    desk, auditor = await city.console(client=await city.person()), auditor_of(city)
    await break_timer(city, incident)
    await auditor.once()
    await city.sql.execute("DELETE FROM timer")
    await auditor.once()
    again = await desk.event("audit.alarmed", 2)
    assert again["facts"]["alarm"]["count"] >= 2
    assert code_of(await desk.event("audit.cleared")) == "assignment_without_timer"


async def test_an_audit_that_cannot_be_made_is_counted_logged_and_silences_the_switch(
    city: City, outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    auditor = auditor_of(city, outside)
    await city.sql.execute("ALTER TABLE timer RENAME TO hidden")
    try:
        before = await _metric(city, 'dispatch_audit_passes_total{result="failed"}')
        assert await auditor.once() is None
        assert await _metric(city, 'dispatch_audit_passes_total{result="failed"}') == before + 1
        assert "nothing is known to be well" in caplog.text
    finally:
        await city.sql.execute("ALTER TABLE hidden RENAME TO timer")
    assert outside.signs == 0
    assert await found(auditor) == []
    assert outside.signs == 1


async def _metric(city: City, name: str) -> float:
    text = (await city.client().get("/metrics")).text
    return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)


@pytest.mark.parametrize("how", ["refuses", "hangs"])
async def test_a_sign_that_is_lost_is_counted_and_keeps_nobody(
    city: City, outside: Outside, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("dispatch.outside.dead_man.TIMEOUT_S", 0.2)
    outside.hangs = how == "hangs"
    outside.answer = b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    before = await _metric(city, 'dispatch_dead_man_signs_total{result="lost"}')
    assert await found(auditor_of(city, outside)) == []
    assert outside.signs == 1
    assert await _metric(city, 'dispatch_dead_man_signs_total{result="lost"}') == before + 1
    assert (await city.client().get("/readyz")).status_code == 200


async def test_the_loop_of_every_server_looks_by_itself(city_database: tuple[str, Access], outside: Outside) -> None:
    async with running(*city_database, audit_every_s=0.1, dead_man_url=outside.url) as city:
        desk = await city.console(client=await city.person())
        incident = await city.report()
        await _until(lambda: outside.signs > 2)
        await break_timer(city, incident)
        assert code_of(await desk.event("audit.alarmed")) == "assignment_without_timer"
        heard = outside.signs
        await asyncio.sleep(0.5)
        assert outside.signs <= heard + 1  # one may have been on its way
        await mend_timer(city, incident)
        await desk.event("audit.cleared")
        await _until(lambda: outside.signs > heard + 2)
        assert (await city.client().get("/readyz")).json()["checks"]["audit"] is True


async def _until(holds: Any) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.02)


async def test_without_any_server_alive_that_is_a_finding_too(city: City) -> None:
    while await city.sql.fetchval("SELECT count(*) FROM process") == 0:
        await asyncio.sleep(0.02)
    await stop_loop(city, "presence")
    await city.sql.execute("UPDATE process SET seen_at = now() - interval '21 s'")
    assert await found(auditor_of(city)) == ["servers_silent"]
    await city.sql.execute("UPDATE process SET seen_at = now()")
    assert await found(auditor_of(city)) == []
