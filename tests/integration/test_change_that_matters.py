"""A weapon, another address, a raised level: every unit is alarmed again and must acknowledge what it did not know."""

from typing import Any

import pytest

from dispatch.domain.presence import GRACE
from dispatch.outside.channel import PermanentChannelError
from tests.integration.test_who_has_it import Recording, ladder, sending_by, sent, told
from tests.support.city import COMMUNITY, HEALTH, JUSTICE, POLICE, City

RAISED = {"reason": "回访得知"}
WEAPON = {"tags": ["weapon"], **RAISED}


class Nobody:
    """No console is open anywhere."""

    grace = GRACE

    def is_there(self, _unit_id: str, _now: object) -> bool:
        return False


async def started(city: City) -> dict[str, Any]:
    incident = (await city.press()).json()["incident"]
    for code in (POLICE, JUSTICE):
        assert (await city.act(code, incident, "acknowledge")).status_code == 200
    return dict(incident)


async def of(city: City, incident: dict[str, Any], code: str) -> dict[str, Any]:
    view = await city.incident(incident["id"])
    return next(a for a in view["assignments"] if a["unit"]["code"] == code)


@pytest.mark.parametrize(
    ("verb", "body", "changed"),
    [
        ("raise", {"tags": ["weapon"], **RAISED}, ["tag:weapon"]),
        ("raise", {"severity": "II", "urgency": "critical", **RAISED}, ["severity", "urgency"]),
        ("relocate", {"address": "演示路8号后门", "division_code": "430304005003", **RAISED}, ["address"]),
    ],
)
async def test_everybody_is_alarmed_again_and_owes_a_new_word(
    city: City, verb: str, body: dict[str, Any], changed: list[str]
) -> None:
    police = await city.unit_console(POLICE)
    incident = await started(city)
    answer = await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["revision"] == 2
    alerted = await police.event("assignment.alerted")
    assert (alerted["facts"]["changed"], alerted["facts"]["revision"]) == (changed, 2)
    row = await of(city, incident, POLICE)
    assert (row["status"], row["acknowledged_revision"], row["min_ack_revision"]) == ("acknowledged", 1, 2)
    assert row["change_by"] is not None
    confirmed = await city.act(POLICE, incident, "acknowledge", incident_revision=2)
    assert confirmed.status_code == 200
    assert (confirmed.json()["acknowledged_revision"], confirmed.json()["change_by"]) == (2, None)
    await police.event("assignment.confirmed")
    again = await city.act(POLICE, incident, "acknowledge", incident_revision=2)
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


async def test_a_resolved_incident_whose_units_must_answer_again_is_at_work_again(city: City) -> None:
    incident = (await city.press()).json()["incident"]
    await city.work_through(POLICE, incident)
    desk = await city.person()
    told_aside = await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json={"tags": ["loud"], **RAISED})
    assert told_aside.json()["status"] == "resolved", "nobody has anything more to do than before"
    raised = await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json=WEAPON)
    assert (raised.status_code, raised.json()["status"]) == (200, "in_progress")
    for code in (JUSTICE, HEALTH, COMMUNITY):
        for verb in ("acknowledge", "arrive", "complete"):
            assert (await city.act(code, incident, verb)).status_code == 200
    assert (await city.incident(incident["id"]))["status"] == "closed", "it closes with the last of the plan as ever"


async def test_what_does_not_matter_alarms_nobody(city: City) -> None:
    incident = await started(city)
    desk = await city.person()
    for body in ({"tags": ["property_damage"], **RAISED}, {"severity": "NONE", **RAISED}):
        answer = await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json=body)
        assert answer.json()["revision"] == 1, answer.text
    assert "assignment.alerted" not in [event for event, _ in await told(city, incident, POLICE)]


async def test_an_acknowledgement_of_what_was_known_before_is_not_one_of_the_weapon(city: City) -> None:
    incident = await started(city)
    desk = await city.person()
    await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json={"tags": ["weapon"], **RAISED})
    late = await city.act(HEALTH, incident, "acknowledge", incident_revision=1)
    assert (late.json()["status"], late.json()["acknowledged_revision"]) == ("acknowledged", 1)
    assert late.json()["change_by"] is not None
    now = await city.act(COMMUNITY, incident, "acknowledge")
    assert (now.json()["acknowledged_revision"], now.json()["change_by"]) == (2, None)


async def test_a_unit_under_way_that_does_not_answer_the_change_is_urged_then_shown_to_the_leader(city: City) -> None:
    leader = await city.console(client=await city.person("leader"))
    incident = await started(city)
    await city.act(POLICE, incident, "depart")
    desk = await city.person()
    await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json={"tags": ["weapon"], **RAISED})
    await city.forward(31)
    row = await of(city, incident, POLICE)
    assert row["status"] == "en_route", "nobody looks less on the way because the situation has changed"
    assert "change_urge" in row["steps_done"]
    await city.forward(31)
    overdue = await leader.until(
        lambda c: [e for e in c.named("assignment.overdue") if e["facts"]["missed"] == "change_by"]
    )
    assert overdue[0]["assignment"]["unit"]["code"] == POLICE
    assert (await city.act(POLICE, incident, "acknowledge", incident_revision=2)).json()["change_by"] is None
    await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json={"tags": ["fire"], **RAISED})
    assert "change_urge" not in (await of(city, incident, POLICE))["steps_done"], "each change is urged for itself"


async def test_who_found_the_danger_need_not_be_told_of_it(city: City) -> None:
    incident = await started(city)
    for verb in ("depart", "arrive"):
        await city.act(POLICE, incident, verb)
    found = await city.unit(POLICE).post(f"/api/v1/incidents/{incident['id']}/finding", json={"tags": ["weapon"]})
    assert found.status_code == 200, found.text
    police, justice = await of(city, incident, POLICE), await of(city, incident, JUSTICE)
    assert (police["acknowledged_revision"], police["change_by"]) == (2, None)
    assert (justice["acknowledged_revision"], justice["min_ack_revision"]) == (1, 2)


async def test_a_joining_call_that_makes_it_worse_is_a_change_that_matters(city: City) -> None:
    crash = {"incident_type": "traffic.accident"}
    incident = await city.report(**crash)
    await city.report(**crash, tags=["fire"])
    view = await city.incident(incident["id"])
    assert (view["call_count"], view["revision"]) == (2, 2)


async def test_whoever_has_no_console_open_is_reached_on_the_other_channels_of_the_change(city: City) -> None:
    sms = Recording("sms")
    loop = sending_by(city, sms)
    incident = await started(city)
    city.process.context.presence = Nobody()  # type: ignore[assignment]
    await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/raise", json={"tags": ["weapon"], **RAISED})
    await sent(loop)
    police = await city.open_assignment(POLICE, incident)
    said = [message for message in sms.got if message.tag == police]
    assert len(said) == 1
    assert "情况有变" in said[0].text
    assert "weapon" not in said[0].text


async def test_a_new_address_moves_the_incident_and_nobody_is_sent_away(city: City) -> None:
    incident = await started(city)
    before = {a["id"] for a in (await city.incident(incident["id"]))["assignments"]}
    body = {"location": {"longitude": 112.9, "latitude": 27.85, "crs": "WGS84"}, "reason": "报警人改口"}
    answer = await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/relocate", json=body)
    moved = answer.json()
    assert answer.status_code == 200, answer.text
    assert moved["place"] is None
    assert moved["location"]["wgs84"] == {"longitude": 112.9, "latitude": 27.85}
    assert before <= {a["id"] for a in moved["assignments"]}
    nowhere = await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/relocate", json={"reason": "x"})
    assert nowhere.status_code == 422
    unknown = {"place_id": incident["id"], "reason": "x"}
    refused = await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/relocate", json=unknown)
    assert refused.json()["errors"][0]["code"] == "unknown_place"


async def test_news_of_a_text_message_refuses_no_decision_of_the_desk(city: City) -> None:
    loop = sending_by(city, Recording("sms"))
    incident = await started(city)
    seen = (await city.incident(incident["id"]))["version"]
    await city.act(HEALTH, incident, "receipt", state="delivered")
    await city.forward(16)
    await sent(loop)
    desk = await city.person()
    assert (await city.incident(incident["id"]))["version"] > seen
    body = {"severity": "III", "expected_version": seen, **RAISED}
    assert (await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json=body)).status_code == 200
    body = {"severity": "II", "expected_version": seen, **RAISED}
    assert (await desk.post(f"/api/v1/incidents/{incident['id']}/raise", json=body)).status_code == 409


async def worsened(city: City, incident: dict[str, Any]) -> None:
    answer = await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/raise", json=WEAPON)
    assert answer.status_code == 200, answer.text


async def about_the_change(city: City, incident: dict[str, Any], code: str) -> list[tuple[str, str]]:
    view = await city.incident(incident["id"])
    return [
        (line["channel"], line["state"])
        for line in view["deliveries"]
        if line["unit"]["code"] == code and line["reason"] == "changed"
    ]


async def overdue(city: City, incident: dict[str, Any], code: str) -> bool:
    return ("assignment.overdue", "change_by") in [
        (event, facts.get("missed")) for event, facts in await told(city, incident, code)
    ]


async def test_a_change_of_which_nobody_can_be_told_is_at_the_desk_at_once(city: City) -> None:
    sending_by(city)
    incident = await started(city)
    city.process.context.presence = Nobody()  # type: ignore[assignment]
    leader = await city.console(client=await city.person("leader"))
    await worsened(city, incident)
    event = await leader.event("assignment.overdue")
    assert (event["facts"]["missed"], event["facts"]["attention"]) == ("change_by", "shift_leader")
    assert await overdue(city, incident, POLICE)
    assert await about_the_change(city, incident, POLICE) == [("none", "failed_permanent")]


async def test_a_silent_unit_that_cannot_be_told_of_a_change_any_more_is_replaced_at_once(city: City) -> None:
    loop = sending_by(city, Recording("sms"))
    incident = await started(city)
    city.process.context.presence = Nobody()  # type: ignore[assignment]
    await city.forward(16)
    await sent(loop)
    city.process.context.paging_channels = ()
    await worsened(city, incident)
    await city.forward(0.1)
    assert "assignment.escalated" in [event for event, _ in await told(city, incident, HEALTH)]


async def test_a_change_that_is_not_acknowledged_is_sent_on_the_next_channels_in_turn(city: City) -> None:
    push, sms = Recording("push"), Recording("sms")
    loop = sending_by(city, push, sms)
    await ladder(city)
    incident = await started(city)
    await worsened(city, incident)
    assert await about_the_change(city, incident, POLICE) == [], "its console is open and rings"
    await city.forward(31)
    await sent(loop)
    assert await about_the_change(city, incident, POLICE) == [("push", "sent")]
    usual = sorted(await about_the_change(city, incident, JUSTICE))
    assert usual == [("push", "sent"), ("sms", "sent")], "without a ladder all at once"
    await city.forward(10)
    await sent(loop)
    assert await about_the_change(city, incident, POLICE) == [("push", "sent"), ("sms", "sent")]
    assert not await overdue(city, incident, POLICE)
    await city.forward(30)
    assert await overdue(city, incident, POLICE)
    assert len(await about_the_change(city, incident, POLICE)) == 2, "each channel once for each change"


async def test_a_change_that_was_acknowledged_is_not_sent_anywhere(city: City) -> None:
    loop = sending_by(city, Recording("sms"))
    incident = await started(city)
    await worsened(city, incident)
    await city.act(POLICE, incident, "acknowledge", incident_revision=2)
    await city.forward(31)
    await sent(loop)
    assert await about_the_change(city, incident, POLICE) == []


async def test_where_every_channel_refuses_a_change_it_is_at_the_desk_at_once(city: City) -> None:
    loop = sending_by(city, Recording("sms", fails=PermanentChannelError("unknown number")))
    incident = await started(city)
    city.process.context.presence = Nobody()  # type: ignore[assignment]
    await worsened(city, incident)
    assert not await overdue(city, incident, POLICE)
    await sent(loop)
    await city.forward(0.1)
    assert await overdue(city, incident, POLICE)


async def test_each_change_asks_every_channel_anew(city: City) -> None:
    loop = sending_by(city, Recording("sms"))
    incident = await started(city)
    city.process.context.presence = Nobody()  # type: ignore[assignment]
    await worsened(city, incident)
    await city.forward(31)
    await sent(loop)
    assert await about_the_change(city, incident, POLICE) == [("sms", "sent")], "not twice about one change"
    body = {"tags": ["fire"], **RAISED}
    await (await city.person()).post(f"/api/v1/incidents/{incident['id']}/raise", json=body)
    await sent(loop)
    assert await about_the_change(city, incident, POLICE) == [("sms", "sent")] * 2
