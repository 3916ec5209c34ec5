"""The judge of the chaos suite is not blind: each kind of breach, done by hand in the database, is named."""

import pytest

from tests.support.city import JUSTICE, POLICE, City
from tests.support.history import read_history

ONE_TASK = "(SELECT min(id::text)::uuid FROM assignment)"
BREACHES = {
    "without a timer": "DELETE FROM timer WHERE kind = 'assignment' AND subject_id = {one}",
    "a timer of nothing": "UPDATE assignment SET ended_at = now() WHERE id = {one}",
    "without its audit row": "DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)",
    "or the other way": "DELETE FROM outbox WHERE seq = (SELECT max(seq) FROM outbox)",
    "without decision": "DELETE FROM decision",
    "written twice": "UPDATE incident SET source_reference = 'same', source_id = NULL",
    "skips a version": "DELETE FROM outbox WHERE change::json->'incident'->>'version' = '2'",
    "told was": "UPDATE assignment SET status = 'on_scene', version = version + 1",
    "went from": 'UPDATE outbox SET change = replace(change, \'"status":"acknowledged"\', \'"status":"completed"\')',
    "told nobody": 'UPDATE outbox SET change = replace(change, \'"steps_done":[]\', \'"steps_done":["escalate"]\')',
    "issued 2 times": "UPDATE outbox SET change = replace(change, 'assignment.acknowledged', 'assignment.issued')",
}


@pytest.mark.parametrize("breach", BREACHES)
async def test_the_judge_names_what_must_not_be(city: City, breach: str) -> None:
    for reference in ("one", "two"):
        incident = await city.report(source_reference=reference)
        assert (await city.act(POLICE, incident, "acknowledge")).status_code == 200
        assert (await city.act(POLICE, incident, "depart")).status_code == 200
    assert (await read_history(city.sql)).breaches == []
    await city.sql.execute(BREACHES[breach].replace("{one}", ONE_TASK))
    found = (await read_history(city.sql)).breaches
    assert any(breach in line for line in found), found


async def test_a_unit_that_was_only_urged_is_not_taken_for_one_that_got_help(city: City) -> None:
    """Whoever was nudged may still sit before a blank screen: only an escalation says that nobody waits for it."""
    incident = (await city.press()).json()["incident"]
    police = await city.open_assignment(POLICE, incident)
    await city.act(JUSTICE, incident, "acknowledge")
    await city.forward(31)
    history = await read_history(city.sql)
    assert police in history.paged
    assert police in history.urged
    assert history.escalated == set()
    await city.forward(30)
    history = await read_history(city.sql)
    assert history.breaches == []
    assert police in history.escalated
    assert await city.open_assignment(JUSTICE, incident) not in history.paged | history.urged | history.escalated
