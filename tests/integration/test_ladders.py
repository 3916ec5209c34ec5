"""A ladder that names a channel wrongly or one that nobody has set up must not leave a silent unit unreached."""

from datetime import UTC, datetime

import pytest

from dispatch.demo.city import bundle
from dispatch.domain.errors import InvalidRequestError
from dispatch.operations.check_installation import Surroundings, check_installation
from dispatch.operations.load_directory import load_directory_bundle
from tests.integration.test_who_has_it import Recording, ladder, lines_of, sending_by, sent
from tests.support.city import POLICE, City

CODE = {"code": "night", "agency": "police", "urgency": "normal"}


async def test_a_misspelt_channel_is_refused_when_it_is_loaded_not_found_out_in_the_night(city: City) -> None:
    misspelt = bundle() | {"ladders": [CODE | {"channels": ["web_push", "smss"]}]}
    with pytest.raises(InvalidRequestError) as refused:
        await load_directory_bundle(city.process.database, misspelt, published_by="test")
    assert [fault.pointer for fault in refused.value.faults] == ["/ladders/night/channels/1"]
    assert "sms" in refused.value.faults[0].detail
    assert await city.sql.fetchval("SELECT count(*) FROM ladder WHERE code = 'night'") == 0


async def test_a_ladder_of_channels_that_are_not_set_up_asks_every_channel_there_is(city: City) -> None:
    mail, sms = Recording("mail"), Recording("sms")
    loop = sending_by(city, mail, sms)
    await ladder(city, channels=["voice", "wecom"])
    incident = (await city.press()).json()["incident"]
    await city.forward(16)
    await sent(loop)
    lines = await lines_of(city, incident, POLICE)
    assert sorted((line["channel"], line["state"]) for line in lines) == [
        ("console", "sent"),
        ("mail", "sent"),
        ("sms", "sent"),
    ]


@pytest.mark.parametrize(
    ("channels", "fine"), [(["sms"], True), (["sms", "wecom"], True), (["wecom"], False), (["pigeon", "sms"], False)]
)
async def test_check_warns_of_ladders_that_cannot_be_followed(city: City, channels: list[str], fine: bool) -> None:
    await ladder(city, channels=channels)
    known = frozenset({"web_push", "sms", "file", "wecom"})
    around = Surroundings(datetime.now(UTC), ("sms",), 2099, known_channels=known)
    finding = next(one for one in await check_installation(city.url, around) if one.name == "ladders")
    assert finding.ok == fine
    assert fine or ("test" in finding.detail and channels[0] in finding.detail)


async def test_a_check_beside_the_demo_does_not_claim_that_the_service_itself_has_no_channel(city: City) -> None:
    around = Surroundings(wall_clock=datetime.now(UTC), channels=(), calendar_until=2099)
    finding = next(one for one in await check_installation(city.url, around) if one.name == "paging channels")
    assert not finding.ok
    assert "this shell's environment" in finding.detail
    assert "the demo has a file channel" in finding.detail
