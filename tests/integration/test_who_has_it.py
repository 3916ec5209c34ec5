"""Who has it: channels in turn, presence, nobody to reach, fair storms, and what was acknowledged and lost."""

import asyncio
import json
from typing import Any

import pytest

from dispatch.jobs.delivery import DeliveryLoop
from dispatch.operations.watch_acknowledged import watch_acknowledged
from dispatch.outside.channel import Message, PermanentChannelError, TemporaryChannelError
from tests.support.city import COMMUNITY, FOUR, HEALTH, JUSTICE, POLICE, City, running


class Recording:
    """A channel that keeps what it is given; it answers what it is told to."""

    def __init__(self, name: str, *, fails: Exception | None = None, hangs: bool = False) -> None:
        self.name = name
        self.got: list[Message] = []
        self.fails = fails
        self.hangs = hangs

    async def send(self, message: Message) -> str | None:
        self.got.append(message)
        if self.hangs:
            await asyncio.sleep(3600)
        if self.fails:
            raise self.fails
        return f"{self.name}-{len(self.got)}"


def sending_by(city: City, *channels: Recording) -> DeliveryLoop:
    """Take the place of the service's own delivery loop, so that a test says when something is sent."""
    next(task for task in city.process.tasks if task.get_name() == "delivery").cancel()
    city.process.context.paging_channels = tuple(channel.name for channel in channels)
    return DeliveryLoop(city.process.context, channels)


async def sent(loop: DeliveryLoop) -> None:
    await loop.once()
    await loop.settle()


async def ladder(city: City, **row: Any) -> None:
    values = {"code": "test", "agency": "police", "channels": ["push", "sms"], "next_channel_s": 10} | row
    await city.sql.execute(
        "INSERT INTO ladder SELECT * FROM json_populate_record(NULL::ladder, $1::json)",
        json.dumps(
            {"limits": {}, "escalate": ["next_unit", "superior", "shift_leader"], "steps": {}, "silent_s": 180} | values
        ),
    )
    await city.sql.execute("UPDATE directory_version SET version = version + 1")
    known = city.process.context.knowledge
    async with asyncio.timeout(20):
        while all(one.code != "test" for one in known.directory.content.ladders.all):
            await asyncio.sleep(0.05)


async def told(city: City, incident: dict[str, Any], code: str) -> list[tuple[str, dict[str, Any]]]:
    mine = await city.open_assignment(code, incident)
    rows = await city.sql.fetch("SELECT events FROM audit WHERE incident_id = $1 ORDER BY seq", incident["id"])
    return [(e["event"], e["facts"]) for row in rows for e in json.loads(row["events"]) if e["assignment_id"] == mine]


async def lines_of(city: City, incident: dict[str, Any], code: str) -> list[dict[str, Any]]:
    view = await city.incident(incident["id"])
    return [line for line in view["deliveries"] if line["unit"] and line["unit"]["code"] == code]


async def test_the_next_channel_is_asked_only_while_no_receipt_has_come(city: City) -> None:
    push, sms = Recording("push"), Recording("sms")
    loop = sending_by(city, push, sms)
    await ladder(city)
    incident = (await city.press()).json()["incident"]
    await city.forward(16)
    await sent(loop)
    others = len(sms.got)
    assert len(push.got) == others + 1, "police: push first; the others have no ladder: all at once"
    assert [line["channel"] for line in await lines_of(city, incident, POLICE)] == ["console", "push"]
    await city.forward(10)
    await sent(loop)
    lines = await lines_of(city, incident, POLICE)
    assert [(line["channel"], line["state"], line["attempt"]) for line in lines] == [
        ("console", "sent", 1),
        ("push", "sent", 1),
        ("sms", "sent", 1),
    ]
    assert lines[1]["provider_id"]
    assert lines[1]["sent_at"]
    assert lines[1]["recipient"].startswith("0731")


async def test_a_receipt_keeps_the_next_channel_silent(city: City) -> None:
    push, sms = Recording("push"), Recording("sms")
    loop = sending_by(city, push, sms)
    await ladder(city)
    incident = (await city.press()).json()["incident"]
    await city.forward(16)
    await city.act(POLICE, incident, "receipt", state="delivered")
    await city.forward(11)
    await sent(loop)
    lines = await lines_of(city, incident, POLICE)
    assert [(line["channel"], line["state"]) for line in lines] == [("console", "delivered"), ("push", "sent")]


async def test_a_channel_that_refuses_hands_over_to_the_next_at_once(city: City) -> None:
    push, sms = Recording("push", fails=PermanentChannelError("gone")), Recording("sms")
    loop = sending_by(city, push, sms)
    await ladder(city)
    incident = (await city.press()).json()["incident"]
    await city.forward(16)
    await sent(loop)
    await city.forward(0.1)
    await sent(loop)
    lines = await lines_of(city, incident, POLICE)
    assert [(line["channel"], line["state"]) for line in lines[1:]] == [("push", "failed_permanent"), ("sms", "sent")]


async def test_only_temporary_failures_are_tried_again_each_try_a_line(city: City) -> None:
    later = Recording("sms", fails=TemporaryChannelError("later"))
    loop = sending_by(city, later)
    incident = (await city.press()).json()["incident"]
    await city.forward(16)
    for _ in range(5):
        await sent(loop)
        await city.sql.execute("UPDATE delivery_attempt SET next_at = now() WHERE state = 'queued'")
    lines = [line for line in await lines_of(city, incident, POLICE) if line["channel"] == "sms"]
    assert [(line["attempt"], line["state"]) for line in lines] == [(n, "failed_temporary") for n in (1, 2, 3, 4)]
    assert len({line["message_id"] for line in lines}) == 1


async def test_a_channel_that_hangs_delays_no_other(city: City) -> None:
    stuck, sms = Recording("stuck", hangs=True), Recording("sms")
    loop = sending_by(city, stuck, sms)
    await city.press()
    await city.forward(16)
    await loop.once()
    async with asyncio.timeout(10):
        while len(sms.got) < len(FOUR):
            await asyncio.sleep(0.01)
    for lane in loop._lanes:
        for task in lane._under_way:
            task.cancel()


async def test_three_hundred_alarms_from_one_place_do_not_delay_the_first_message_of_another(city: City) -> None:
    sms = Recording("sms")
    loop = sending_by(city, sms)
    incident = (await city.press()).json()["incident"]
    await city.sql.execute(
        "INSERT INTO delivery_attempt (id, message_id, incident_id, channel, recipient, body, state, next_at, urgency, "
        "source) SELECT gen_random_uuid(), gen_random_uuid(), $1, 'sms', 'storm', "
        '\'{"number": "n", "urgency": "urgent", "role": "lead"}\', \'queued\', now() - interval \'1 s\', 1, $2 '
        "FROM generate_series(1, 300)",
        incident["id"],
        "the site of the storm",
    )
    await city.sql.execute(
        "INSERT INTO delivery_attempt (id, message_id, incident_id, channel, recipient, body, state, next_at, urgency, "
        "source) VALUES (gen_random_uuid(), gen_random_uuid(), $1, 'sms', 'elsewhere', "
        '\'{"number": "n", "urgency": "urgent", "role": "lead"}\', \'queued\', now(), 1, \'elsewhere\')',
        incident["id"],
    )
    await sent(loop)
    assert "elsewhere" in [message.to for message in sms.got[:20]], "the first that are sent at once"


async def test_critical_messages_find_places_free_however_many_others_wait(city: City) -> None:
    stuck = Recording("sms", hangs=True)
    loop = sending_by(city, stuck)
    incident = (await city.press()).json()["incident"]
    await city.sql.execute(
        "INSERT INTO delivery_attempt (id, message_id, incident_id, channel, recipient, body, state, next_at, urgency, "
        "source) SELECT gen_random_uuid(), gen_random_uuid(), $1, 'sms', n::text, "
        '\'{"number": "n", "urgency": "urgent", "role": "lead"}\', \'queued\', now(), '
        "CASE WHEN n > 60 THEN 0 ELSE 2 END, n::text FROM generate_series(1, 90) n",
        incident["id"],
    )
    await loop.once()
    async with asyncio.timeout(10):
        while len(stuck.got) < 30 + 20:
            await asyncio.sleep(0.01)
    assert len([message for message in stuck.got if int(message.to) > 60]) == 30
    for lane in loop._lanes:
        for task in lane._under_way:
            task.cancel()


async def test_a_unit_without_a_console_is_reached_another_way_at_once(city_database: tuple) -> None:
    async with running(*city_database, presence=True, presence_grace_s=0.0) as city:
        sms = Recording("sms")
        loop = sending_by(city, sms)
        await city.unit_console(POLICE)
        incident = (await city.press()).json()["incident"]
        await city.forward(0.1)
        await sent(loop)
        assert [line["channel"] for line in await lines_of(city, incident, POLICE)] == ["console"]
        for code in (JUSTICE, HEALTH, COMMUNITY):
            lines = await lines_of(city, incident, code)
            assert [(line["channel"], line["reason"]) for line in lines] == [
                ("console", "issued"),
                ("sms", "no_console"),
            ]


async def test_where_nobody_can_be_reached_the_next_unit_is_sent_at_once(city_database: tuple) -> None:
    async with running(*city_database, presence=True, presence_grace_s=0.0) as city:
        desk = await city.console(client=await city.person("leader"))
        incident = (await city.press()).json()["incident"]
        await city.forward(0.1)
        escalated = await desk.event("assignment.escalated")
        assert escalated["facts"]["missed"] == "deliver_by"
        view = await city.incident(incident["id"])
        assert any(a["backup_for"] for a in view["assignments"])
        assert [line["channel"] for line in await lines_of(city, incident, POLICE)] == ["console", "none"]


async def test_a_console_on_another_process_counts_as_there(city_database: tuple) -> None:
    async with (
        running(*city_database, presence=True, presence_grace_s=0.0) as here,
        running(*city_database, presence=True, presence_grace_s=0.0) as there,
    ):
        await there.unit_console(POLICE)
        context, police = here.process.context, here.unit_id(POLICE)
        async with asyncio.timeout(20):
            while not context.is_there(police):
                await asyncio.sleep(0.05)
        for console in there.consoles:
            await console.leave()
        there.consoles.clear()
        async with asyncio.timeout(20):
            while context.is_there(police):
                await asyncio.sleep(0.05)


async def test_whoever_is_off_duty_is_never_paged_and_its_task_goes_back_to_the_desk(city: City) -> None:
    sms = Recording("sms")
    loop = sending_by(city, sms)
    desk = await city.console(client=await city.person())
    incident = (await city.press()).json()["incident"]
    assert (await city.act(POLICE, incident, "acknowledge")).status_code == 200
    await city.unit(POLICE).post(f"/api/v1/units/{city.unit_id(POLICE)}/status", json={"status": "off_duty"})
    assert await watch_acknowledged(city.process.context) == 1
    event = await desk.event("assignment.reopened")
    assert event["facts"]["reason"] == "went_off_duty"
    view = await city.incident(incident["id"])
    assert [gap["reason"] for gap in view["shortfalls"]] == ["went_off_duty"]
    assert await watch_acknowledged(city.process.context) == 0, "once is enough"
    await city.forward(120)
    await sent(loop)
    assert city.unit_id(POLICE) not in {m.tag for m in sms.got}
    assert [line for line in await lines_of(city, incident, POLICE) if line["channel"] == "sms"] == []


async def test_a_unit_that_moves_after_all_is_counted_again(city: City) -> None:
    await ladder(city, steps={"depart_overdue": "reopen"}, channels=[])
    incident = (await city.press()).json()["incident"]
    for code in FOUR:
        await city.act(code, incident, "acknowledge")
    await city.forward(200)
    view = await city.incident(incident["id"])
    assert [gap["reason"] for gap in view["shortfalls"]] == ["not_moving"]
    assert (await city.act(POLICE, incident, "depart")).status_code == 200
    await city.forward(61)
    assert (await city.incident(incident["id"]))["shortfalls"] == []


async def test_a_unit_whose_console_is_gone_for_long_after_its_word_is_taken_back(city_database: tuple) -> None:
    async with running(*city_database, presence=True) as city:
        console = await city.unit_console(POLICE)
        incident = (await city.press()).json()["incident"]
        await city.act(POLICE, incident, "acknowledge")
        async with asyncio.timeout(20):
            while city.unit_id(POLICE) not in city.process.presence.sightings:
                await asyncio.sleep(0.05)
        await console.leave()
        city.consoles.clear()
        async with asyncio.timeout(20):
            while any(s.gone_at is None for s in city.process.presence.sightings[city.unit_id(POLICE)].values()):
                await asyncio.sleep(0.05)
        city.offset += type(city.offset)(seconds=170)
        assert await watch_acknowledged(city.process.context) == 0
        city.offset += type(city.offset)(seconds=60)
        await watch_acknowledged(city.process.context)
        assert ("assignment.reopened", "gone_silent") in [
            (event, facts.get("reason")) for event, facts in await told(city, incident, POLICE)
        ]


@pytest.mark.parametrize("agency", ["police", None])
async def test_a_ladder_sets_its_own_limits(city: City, agency: str | None) -> None:
    await ladder(city, agency=agency, channels=[], limits={"urge_s": 5, "acknowledge_s": 9})
    incident = (await city.press()).json()["incident"]
    await city.forward(10)
    names = [event for event, _ in await told(city, incident, POLICE)]
    assert names.count("assignment.urged") == 1
    assert names.count("assignment.escalated") == 1
    others = [event for event, _ in await told(city, incident, JUSTICE)]
    assert ("assignment.escalated" in others) is (agency is None)


async def test_a_ladder_says_who_is_told_of_silence(city: City) -> None:
    await ladder(city, channels=[], escalate=["shift_leader"])
    leader = await city.console(client=await city.person("leader"))
    incident = (await city.press()).json()["incident"]
    for code in (JUSTICE, HEALTH, COMMUNITY):
        await city.act(code, incident, "acknowledge")
    await city.forward(61)
    facts = (await leader.event("assignment.escalated"))["facts"]
    assert (facts["added"], facts["superior"], facts["attention"]) == (None, None, "shift_leader")
    view = await city.incident(incident["id"])
    assert [gap["reason"] for gap in view["shortfalls"]] == ["no_answer"]
