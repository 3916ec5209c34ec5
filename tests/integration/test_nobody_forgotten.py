"""Harms that fresh eyes found: a timer that fails for ever, an alarm that clears itself, a storm at a slow gateway."""

from typing import Any

import pytest

from dispatch.domain.presence import GRACE
from dispatch.domain.rows import AssignmentRow
from dispatch.operations import reinforce
from dispatch.operations import watch_acknowledged as module
from dispatch.operations.edit import Edit
from dispatch.operations.watch_acknowledged import watch_acknowledged
from dispatch.storage.delivery import Wanted, claim_attempts
from dispatch.storage.work import list_acknowledged
from tests.integration.test_back_entry import ago, enter, record, worked
from tests.integration.test_who_has_it import Recording, ladder, sending_by
from tests.support.city import FOUR, POLICE, City

QUEUED = """
INSERT INTO delivery_attempt (id, message_id, incident_id, channel, recipient, body, state, next_at, urgency, source)
SELECT gen_random_uuid(), gen_random_uuid(), $1, 'sms', $2, '{}', 'queued', clock_timestamp() - interval '1 s', 1, $2
FROM generate_series(1, $3::int)
"""


async def acknowledged(city: City) -> dict[str, Any]:
    incident = (await city.press()).json()["incident"]
    for code in FOUR:
        assert (await city.act(code, incident, "acknowledge")).status_code == 200
    return dict(incident)


async def duty(city: City, code: str, status: str) -> None:
    await city.unit(code).post(f"/api/v1/units/{city.unit_id(code)}/status", json={"status": status})


async def gaps(city: City, incident: dict[str, Any]) -> list[str]:
    return [gap["reason"] for gap in (await city.incident(incident["id"]))["shortfalls"]]


async def test_a_lead_that_does_not_depart_gets_help_and_its_timers_go_on(city: City) -> None:
    await ladder(city, steps={"depart_overdue": "escalate"}, channels=[])
    incident = await acknowledged(city)
    await city.forward(200)
    view = await city.incident(incident["id"])
    lead = next(a for a in view["assignments"] if a["role"] == "lead")
    assert lead["unit"]["code"] == POLICE
    assert "depart_overdue" in lead["steps_done"]
    assert [a["role"] for a in view["assignments"] if a["backup_for"] == lead["id"]] == ["support"]


async def test_the_gap_of_a_unit_that_went_off_duty_on_its_way_does_not_close_by_itself(city: City) -> None:
    incident = await acknowledged(city)
    await city.act(POLICE, incident, "depart")
    await duty(city, POLICE, "off_duty")
    await watch_acknowledged(city.process.context)
    assert await gaps(city, incident) == ["went_off_duty"]
    await city.forward(61)
    assert await gaps(city, incident) == ["went_off_duty"]
    await duty(city, POLICE, "available")
    await city.forward(61)
    assert await gaps(city, incident) == []
    await duty(city, POLICE, "off_duty")
    await watch_acknowledged(city.process.context)
    assert await gaps(city, incident) == ["went_off_duty"], "what was lost once may be lost again"


@pytest.mark.expects_error_log
async def test_an_incident_that_cannot_be_worked_on_hides_no_other_whose_unit_is_gone(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    incidents = [await acknowledged(city), await city.report()]
    await city.act(POLICE, incidents[1], "acknowledge")
    async with city.process.database.connection() as connection:
        spoilt = (await list_acknowledged(connection))[0].incident_id

    def take_back(edit: Edit, row: AssignmentRow, reason: str) -> None:
        if edit.incident["id"] == spoilt:
            raise ZeroDivisionError
        reinforce.take_back(edit, row, reason)

    monkeypatch.setattr(module, "take_back", take_back)
    await duty(city, POLICE, "off_duty")
    await watch_acknowledged(city.process.context)
    (other,) = (incident for incident in incidents if incident["id"] != spoilt)
    assert await gaps(city, other) == ["went_off_duty"]


async def test_a_unit_entered_from_paper_can_confirm_what_changed(city: City) -> None:
    desk = await city.person()
    unit = worked(city, POLICE, completed_at=None, on_scene_at=None, feedback=None)
    incident = (await enter(desk, record(city, ended_at=None, units=[unit]))).json()["incident"]
    body = {"tags": ["weapon"], "reason": "seen"}
    assert (await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json=body)).status_code == 200
    confirmed = await city.act(POLICE, incident, "acknowledge", incident_revision=2)
    assert (confirmed.status_code, confirmed.json()["change_by"]) == (200, None)


async def test_an_exercise_entered_from_paper_takes_no_crew(city: City) -> None:
    crew = await city.sql.fetchval(
        "SELECT u.id::text FROM unit u JOIN unit_kind k ON k.code = u.kind WHERE k.exclusive LIMIT 1"
    )
    unit = {"unit_id": crew, "role": "lead", "issued_at": ago(100), "acknowledged_at": ago(99)}
    answer = await enter(await city.person(), record(city, ended_at=None, units=[unit], exercise="exercise"))
    assert answer.status_code == 201, answer.text
    assert await city.sql.fetchval("SELECT committed_to FROM unit_state WHERE unit_id = $1", crew) is None


async def test_at_a_slow_gateway_another_places_first_message_does_not_wait_for_the_storm(city: City) -> None:
    sending_by(city, Recording("sms"))
    incident = (await city.press()).json()["incident"]
    await city.sql.execute(QUEUED, incident["id"], "storm", 30)
    order: list[str] = []
    async with city.process.database.connection() as connection:
        for number in range(12):
            if number == 3:
                await city.sql.execute(QUEUED, incident["id"], "elsewhere", 1)
            order += [attempt.recipient for attempt in await claim_attempts(connection, Wanted("sms", 1, 3, 1))]
    assert order.index("elsewhere") == 3, "the next place that is free is its own"


async def test_a_message_about_a_change_is_not_sent_after_it_was_confirmed(city: City) -> None:
    loop = sending_by(city, sms := Recording("sms"))
    incident = await acknowledged(city)

    class Nobody:
        grace = GRACE

        def is_there(self, _unit_id: str, _now: object) -> bool:
            return False

    city.process.context.presence = Nobody()  # type: ignore[assignment]
    body = {"tags": ["weapon"], "reason": "seen"}
    await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/raise", json=body)
    await city.act(POLICE, incident, "acknowledge", incident_revision=2)
    await loop.once()
    await loop.settle()
    assert await city.open_assignment(POLICE, incident) not in {message.tag for message in sms.got}
    assert sms.got, "the others have not confirmed"
