"""An administrator tries rules on the command line: what comes out, in which language, with which exit code."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import yaml
from arro3.io import read_parquet

from dispatch.api import tables
from dispatch.cli import main
from dispatch.cli.rules.text import progress_line, table
from dispatch.demo.city import bundle
from tests.support.city import HEALTH, JUSTICE, POLICE, City
from tests.support.rules import RULE, draft, past

Told = tuple[int, str, str]
Command = Callable[..., Awaitable[Told]]
NIGHT_CALL = (
    *("--type", RULE, "--place-kind", "hospital", "--division", "430304005003"),
    *("--tag", "property_damage", "--at", "2026-11-23T02:17", "--all-free"),
)


@pytest.fixture
def rules(city: City, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `dispatch rules` beside the service: exit code, output, errors."""
    monkeypatch.setenv("DATABASE_URL", city.url)

    async def run(*arguments: str) -> Told:
        capsys.readouterr()
        code = await asyncio.to_thread(main, ("rules", *arguments))
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


async def test_a_call_is_tried_on_a_draft_and_the_difference_is_the_exit_code(city: City, rules: Command) -> None:
    version = str(await draft(city))
    code, told, _ = await rules("simulate", version, *NIGHT_CALL)
    assert code == 1
    assert f"lead: {POLICE}" in told
    assert f"→ {HEALTH}" in told
    assert "new gap: Township governance centre (support) × 1, there is no such unit" in told
    code, told, _ = await rules("simulate", version, *NIGHT_CALL, "--lang", "zh")
    assert code == 1
    assert "与生效版本相比 (1):" in told
    assert "假定: 假定所有单位空闲并在驻地" in told
    code, told, _ = await rules("simulate", *NIGHT_CALL)
    assert (code, "no difference" in told) == (0, True)


async def test_a_file_is_tried_before_it_is_anywhere(city: City, rules: Command, tmp_path: Path) -> None:
    incident = await city.report()
    body = bundle()["ruleset"]
    same = tmp_path / "same.yaml"
    same.write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    code, told, _ = await rules("simulate", str(same), "--incident", incident["number"], "--json")
    assert (code, json.loads(told)["difference"]["differs"]) == (0, False)
    body["rules"] = [rule for rule in body["rules"] if rule["id"] != RULE]
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump({"ruleset": body}, allow_unicode=True), encoding="utf-8")
    code, told, _ = await rules("simulate", str(other), "--incident", incident["id"])
    assert code == 1
    assert f"- {JUSTICE}" in told
    assert "the rules of the file" in told
    broken = tmp_path / "broken.yaml"
    broken.write_text("rules: [", encoding="utf-8")
    assert (await rules("simulate", str(broken), *NIGHT_CALL))[0] == 2
    broken.write_text("name: {zh: x, en: x}\nrules: []\n", encoding="utf-8")
    code, _, said = await rules("backtest", str(broken))
    assert (code, said.startswith("refused: /rules")) == (2, True)
    assert (await rules("simulate", str(tmp_path / "none.yaml"), *NIGHT_CALL))[0] == 2


async def test_what_is_not_known_is_refused_by_name_and_not_taken_for_a_difference(rules: Command) -> None:
    code, _, said = await rules("simulate", "--type", "psychiatric.disturbanc", "--division", "430304005003")
    assert code == 2
    assert "did you mean psychiatric.disturbance" in said
    assert (await rules("simulate", "99", *NIGHT_CALL))[0] == 2
    assert (await rules("simulate", "--incident", "430304-20000101-000001"))[0] == 2
    assert (await rules("explain", "430304-20000101-000001"))[0] == 1
    with pytest.raises(SystemExit) as usage:
        await rules("simulate", "--at", "tonight", "--type", RULE)
    assert usage.value.code == 2
    with pytest.raises(SystemExit):
        await rules("simulate")


async def test_an_incident_is_explained_by_its_number_in_both_languages(city: City, rules: Command) -> None:
    incident = await city.report()
    code, told, _ = await rules("explain", incident["number"], "--unit", "430302001-PCS")
    assert code == 0
    assert RULE in told
    assert POLICE in told
    assert "Unit 430302001-PCS" in told
    assert "answers for another area" in told
    code, told, _ = await rules("explain", incident["id"], "--lang", "zh")
    assert "主办：派出所 1 个；必须" in told
    code, told, _ = await rules("explain", incident["number"], "--json")
    assert json.loads(told)["matched"][-1]["rule"] == RULE


async def test_the_past_is_tried_with_files_to_take_away_and_no_bar_in_a_log(
    city: City, rules: Command, tmp_path: Path
) -> None:
    await past(city, 6)
    as_csv, as_parquet = tmp_path / "rows.csv", tmp_path / "rows.parquet"
    version = str(await draft(city))
    code, told, said = await rules(
        "backtest", version, "--days", "7", "--csv", str(as_csv), "--parquet", str(as_parquet)
    )
    assert (code, said) == (1, "")
    assert "changed leads" in told
    assert f"lead: {POLICE} → {HEALTH}" in told
    written = list(csv.DictReader(io.StringIO(as_csv.read_text(encoding="utf-8-sig"))))
    table_read = read_parquet(as_parquet).read_all()
    assert [row["number"] for row in written] == [value.as_py() for value in table_read["number"]]
    code, told, _ = await rules("backtest", "1", "--json")
    assert (code, json.loads(told)["summary"]["differing"], json.loads(told)["done"]) == (0, 0, 6)
    code, told, _ = await rules("backtest", version, "--lang", "zh", "--type", "noise", "--division", "430304")
    assert code == 0
    assert "主办改变" in told


async def test_a_bar_is_drawn_where_somebody_watches(
    city: City, rules: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    await past(city, 2)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, _, said = await rules("backtest", "1")
    assert "ETA" in said or "0/" in said
    assert progress_line(1234, 2468, 12.3) == f"[{'#' * 12}{'.' * 12}]  50%  1234/2468  ETA 12 s"
    assert list(table([["甲", "x"], ["abc", "y"]])) == ["甲   x", "abc  y"]
    assert list(table([])) == []


async def test_without_parquet_it_is_refused_before_an_hour_is_spent(
    city: City, rules: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(tables, "import_module", missing)
    code, told, said = await rules("backtest", "1", "--parquet", str(tmp_path / "rows.parquet"))
    assert (code, told) == (2, "")
    assert "dispatch-loop[parquet]" in said
