"""The judge of the chaos suite is not blind: each kind of breach, done by hand in the database, is named."""

import pytest

from tests.support.city import POLICE, City
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
