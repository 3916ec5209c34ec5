"""The audit trail is sealed behind the commits: whoever rewrites it is found out, whoever is slow is not left out."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.cli import main
from dispatch.cli.verify import seal_text
from dispatch.demo.access import Access
from dispatch.domain.seal import NOTHING, Kept, Seal, Span, merkle_root
from dispatch.operations.seal_audit import seal_audit
from dispatch.operations.verify_audit import Verified, verify_audit
from dispatch.storage.sealing import find_seal, list_entries, stream_entries, stream_seals
from tests.integration.test_backup import dispatch, spare
from tests.support.audits import SHORT, auditor_of, stop_loop, until_found
from tests.support.audits import found as found_by
from tests.support.city import City, running

__all__ = ["dispatch", "spare"]
Told = tuple[int, str, str]
Command = Callable[..., Awaitable[Told]]


async def seal(city: City) -> Seal | None:
    """Seal now; the service's own loop may be faster."""
    return await seal_audit(city.process.database, city.process.context.now)


async def verified(city: City) -> Verified:
    return await verify_audit(city.process.database)


async def all_sealed(city: City) -> Verified:
    async with asyncio.timeout(30):
        while (found := await verified(city)).unsealed:
            await asyncio.sleep(0.05)
    return found


def codes(found: Verified) -> list[tuple[str, int]]:
    return [(fault.code, fault.number) for fault in found.faults]


async def rows_under(city: City, number: int) -> list[int]:
    async with city.process.database.connection() as connection:
        kept = await find_seal(connection, number)
        assert kept is not None
        return [entry.seq for entry in await list_entries(connection, kept.seal.span, None)]


async def test_what_is_done_is_sealed_by_itself_and_agrees(city: City) -> None:
    for _ in range(3):
        await city.report()
    found = await all_sealed(city)
    assert found.is_whole
    assert found.rows == await city.sql.fetchval("SELECT count(*) FROM audit") > 0


async def test_an_act_that_commits_late_is_sealed_all_the_same_and_nothing_is_sealed_around_it(city: City) -> None:
    await all_sealed(city)
    async with city.sql.acquire() as slow:
        late = slow.transaction()
        await late.start()
        await slow.execute("INSERT INTO audit (actor, events) VALUES ('{}', '[]')")
        await city.report()
        assert await seal(city) is None
        assert (await verified(city)).unsealed == 1  # the report; the other is not there for anybody
        await late.commit()
    found = await all_sealed(city)
    assert found.is_whole
    assert found.rows == await city.sql.fetchval("SELECT count(*) FROM audit")


@pytest.mark.parametrize(
    "forgery",
    [
        """UPDATE audit SET actor = '{"kind":"person","name":"somebody else"}' WHERE seq = $1""",
        "UPDATE audit SET recorded_at = recorded_at - interval '1 microsecond' WHERE seq = $1",
        "UPDATE audit SET events = '[]' WHERE seq = $1",
        "DELETE FROM audit WHERE seq = $1",
        "INSERT INTO audit (xid, actor, events) SELECT xid, actor, events FROM audit WHERE seq = $1",
        "UPDATE audit SET xid = (xid::text::bigint + 1000000)::text::xid8 WHERE seq = $1",
    ],
)
async def test_whoever_rewrites_what_was_done_is_found_out_with_the_place(city: City, forgery: str) -> None:
    await city.report()
    found = await all_sealed(city)
    assert found.last is not None
    (seq, *_) = rows = await rows_under(city, found.last.seal.number)
    await city.sql.execute(forgery, seq)
    (fault,) = (await verified(city)).faults
    assert (fault.code, fault.number) == ("rows_changed", found.last.seal.number)
    assert fault.rows is None or rows[0] <= fault.rows[0] <= fault.rows[1]


async def test_a_seal_that_is_changed_or_gone_is_found_out(city: City) -> None:
    for _ in range(3):
        await city.report()
        await all_sealed(city)
    last = (await verified(city)).seals
    assert last >= 3
    kept = await city.sql.fetchrow("DELETE FROM audit_seal WHERE number = 2 RETURNING root, seal")
    assert ("seal_missing", 2) in codes(await verified(city))
    await city.sql.execute("UPDATE audit_seal SET root = $1 WHERE number = 1", kept["root"])
    assert ("seal_changed", 1) in codes(await verified(city))


async def made_anew(city: City) -> None:
    """Do what an administrator of the database could: rewrite a row and make every seal after it anew."""
    await city.sql.execute("UPDATE audit SET events = '[]' WHERE seq = (SELECT min(seq) FROM audit)")
    async with city.process.database.transaction("forge") as connection:
        before: Kept | None = None
        for kept in [one async for one in stream_seals(connection, 0)]:
            leaves = [entry.leaf() for entry in await list_entries(connection, kept.seal.span, None)]
            old, previous = kept.seal, NOTHING if before is None else before.value
            new = Seal(old.number, old.span, old.rows, merkle_root(leaves), previous, old.sealed_at)
            await connection.execute(
                "UPDATE audit_seal SET root = $2, previous = $3, seal = $4 WHERE number = $1",
                *(new.number, new.root, new.previous, new.value()),
            )
            before = Kept(new, new.value())


async def test_a_whole_chain_made_anew_is_found_out_by_one_seal_that_was_noted(city: City, dispatch: Command) -> None:
    await city.report()
    found = await all_sealed(city)
    assert found.last is not None
    noted = seal_text(found.last)
    await city.report()
    await all_sealed(city)
    for digits in (noted, noted[: noted.index(":") + 17]):  # 16 digits are what is on paper
        code, told, _ = await dispatch(city.url, "verify", "--noted", digits)
        assert (code, "is whole" in told) == (0, True)
    await made_anew(city)
    assert (await verified(city)).is_whole
    code, told, _ = await dispatch(city.url, "verify", "--noted", noted)
    assert (code, "not the one that was noted" in told) == (1, True)


async def test_processes_that_seal_at_once_make_one_chain(city: City, city_database: tuple[str, Access]) -> None:
    async with running(*city_database) as other:
        for _ in range(4):
            await asyncio.gather(city.report(), other.report(), *(seal(one) for one in (city, other) * 3))
        found = await all_sealed(city)
    assert found.is_whole
    assert found.rows == await city.sql.fetchval("SELECT count(*) FROM audit")


async def test_a_restored_trail_goes_on_under_the_seals_that_it_brought(
    city: City, city_database: tuple[str, Access], dispatch: Command, tmp_path: Path, spare: str
) -> None:
    await city.report()
    found = await all_sealed(city)
    assert found.last is not None
    noted, archive = seal_text(found.last), str(tmp_path / "city.dump")
    # One that nobody has sealed yet, from a server whose transactions are far ahead of the next one's.
    far = "INSERT INTO audit (xid, actor, events) VALUES ('9000000000000', '{}', '[]')"
    await city.sql.execute(far)
    assert (await dispatch(city.url, "backup", archive))[0] == 0
    assert (await dispatch(spare, "restore", archive))[0] == 0
    async with running(spare, city_database[1]) as restored:
        await restored.report()
        after = await all_sealed(restored)
        assert after.is_whole
        assert after.rows == await restored.sql.fetchval("SELECT count(*) FROM audit")
        code, told, _ = await dispatch(spare, "verify", "--noted", noted)
        assert (code, "is whole" in told) == (0, True)
    await city.sql.execute("DELETE FROM audit WHERE xid = '9000000000000'")


async def test_what_piled_up_while_nobody_sealed_is_sealed_in_steps(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.storage.sealing.MOST_ROWS", 4)
    one_transaction = "INSERT INTO audit (actor, events) SELECT '{}', '[]' FROM generate_series(1, $1)"
    for size in (1, 9, 1, 1, 1, 1, 1):
        await city.sql.execute(one_transaction, size)
    found = await all_sealed(city)
    assert found.is_whole
    counts = [row["row_count"] for row in await city.sql.fetch("SELECT row_count FROM audit_seal ORDER BY number")]
    assert max(counts) <= 10  # the transaction with which there are enough is not torn
    assert len(counts) > 1


async def test_transactions_are_counted_not_spelt_or_honest_rows_would_look_forged(city: City) -> None:
    numbers = [9 * 10**12, 10**13, 10**12]
    async with city.process.database.transaction("test") as connection:
        await connection.executemany(
            "INSERT INTO audit (xid, actor, events) VALUES ($1::text::xid8, '{}', '[]')", [(str(n),) for n in numbers]
        )
        found = [number async for number, _ in stream_entries(connection, Span(0, 10**12, None), None)]
        await connection.execute("DELETE FROM audit WHERE xid >= '1000000000000'")
    assert found == sorted(numbers)


async def test_nobody_is_let_in_or_shut_out_without_a_trace_or_with_their_secret(city: City, dispatch: Command) -> None:
    _, told, _ = await dispatch(city.url, "key", "add", "--name", "HIS", "--division", "430304")
    key = json.loads(told)
    await dispatch(city.url, "key", "revoke", key["id"])
    await dispatch(city.url, "key", "revoke", "00000000-0000-7000-8000-000000000000")
    _, told, _ = await dispatch(city.url, "user", "add", "newcomer", "--role", "operator")
    password = json.loads(told)["password"]
    await dispatch(city.url, "user", "revoke", "newcomer")
    rows = await city.sql.fetch("SELECT actor::text AS actor, events::text AS events FROM audit ORDER BY seq")
    events = [event for row in rows for event in json.loads(row["events"])]
    assert [event["event"] for event in events] == ["key.issued", "key.revoked", "person.added", "person.revoked"]
    assert events[0]["facts"]["division_codes"] == ["430304"]
    assert {json.loads(row["actor"])["kind"] for row in rows} == {"command_line"}
    assert not any(secret in row["events"] for row in rows for secret in (key["key"], password))
    await city.sql.execute("DELETE FROM person WHERE login = 'newcomer'")


@pytest.mark.expects_error_log
async def test_a_trail_that_nobody_seals_is_an_alarm_until_somebody_does(city: City) -> None:
    await all_sealed(city)
    await stop_loop(city, "seal")
    auditor = auditor_of(city, limits=replace(SHORT, seal_s=0.2))
    await city.report()
    assert await until_found(auditor, "audit_unsealed") == ()
    while await seal(city) is not None:
        pass
    assert "audit_unsealed" not in await found_by(auditor)


async def test_the_paper_kit_carries_a_seal_that_proves_later_what_stood_before(
    city: City, dispatch: Command, tmp_path: Path
) -> None:
    await city.report()
    await all_sealed(city)
    assert (await dispatch(city.url, "snapshot", str(tmp_path / "kit")))[0] == 0
    page = (tmp_path / "kit" / "current" / "open.html").read_text(encoding="utf-8")
    (noted,) = re.findall(r">(\d+:[0-9a-f]{16})<", page)
    assert (await dispatch(city.url, "verify", "--noted", noted))[0] == 0


async def test_the_command_says_what_is_not_sealed_and_when_it_cannot_tell(
    city: City, dispatch: Command, postgres_url: str
) -> None:
    await city.report()
    await all_sealed(city)
    code, told, _ = await dispatch(city.url, "verify", "--json")
    assert (code, '"result": "whole"' in told, '"unsealed": {"rows": 0' in told) == (0, True, True)
    code, _, said = await dispatch("postgresql://nobody@127.0.0.1:1/nothing", "verify")
    assert (code, "cannot tell" in said) == (2, True)
    code, _, said = await dispatch(postgres_url, "verify")  # a database of somebody else's
    assert (code, "dispatch migrate" in said) == (2, True)
    with pytest.raises(SystemExit) as refused:
        await asyncio.to_thread(main, ["verify", "--noted", "1:abc"])
    assert refused.value.code == 2
