"""Rules on the command line: out into a file, compared, back in as a draft, published by another, taken back."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dispatch.cli import main
from dispatch.cli.words import whoever
from dispatch.demo.city import bundle
from dispatch.domain import ruleset_check
from dispatch.domain.lint import Finding
from tests.support.city import City

Told = tuple[int, str, str]
Command = Callable[..., Awaitable[Told]]
RULES: dict[str, Any] = bundle()["ruleset"]


@pytest.fixture
def rules(
    city_database: tuple[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `dispatch rules`: exit code, output, errors. No service need be running."""
    monkeypatch.setenv("DATABASE_URL", city_database[0])

    async def run(*arguments: str) -> Told:
        capsys.readouterr()
        code = await asyncio.to_thread(main, ("rules", *arguments))
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
async def changed(rules: Command, tmp_path: Path) -> Path:
    """The rules in force as a file, with one word changed."""
    path = tmp_path / "rules.yaml"
    assert (await rules("export", "--output", str(path)))[0] == 0
    path.write_text(path.read_text(encoding="utf-8").replace("en: Noise by day", "en: Noise"), encoding="utf-8")
    return path


async def test_the_rules_in_force_go_out_as_yaml(rules: Command) -> None:
    code, text, _ = await rules("export")
    assert code == 0
    assert yaml.safe_load(text)["name"] == RULES["name"]
    assert (await rules("export", "1"))[1] == text
    code, _, said = await rules("export", "99")
    assert (code, "no such ruleset" in said) == (1, True)
    with pytest.raises(SystemExit, match="2"):
        await rules("export", "rules.yaml")


async def test_a_file_becomes_a_draft_that_somebody_else_publishes(rules: Command, changed: Path) -> None:
    code, told, _ = await rules("import", str(changed), "--note", "shorter", "--as", "admin", "--json")
    draft = json.loads(told)
    assert (code, draft["status"], draft["note"], draft["created_by"]) == (0, "draft", "shorter", "演示管理员")
    version = str(draft["version"])
    code, _, said = await rules("publish", version, "--reason", "x", "--as", "admin")
    assert (code, "a second person must" in said) == (1, True)
    code, told, _ = await rules("publish", version, "--reason", "looked at", "--as", "admin2")
    assert (code, told) == (0, f"version {version} is in force\n")
    code, told, _ = await rules("list", "--json")
    assert [(entry["version"], entry["in_force"], entry["reason"]) for entry in json.loads(told)] == [
        (int(version), True, "looked at"),
        (1, False, "loaded with the directory"),
    ]
    code, told, _ = await rules("rollback", "--reason", "sirens", "--as", "admin", "--json")
    assert (code, json.loads(told)["restored"]) == (0, 1)
    code, _, said = await rules("rollback", version, "--reason", "sirens", "--as", "admin")
    assert (code, "is in force, not" in said) == (1, True)
    assert "in force" in (await rules("list"))[1].splitlines()[0]


async def test_an_import_without_a_name_says_so_and_prints_what_lint_finds(
    rules: Command, changed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Finding("error", "cycle", "/rules/1", "noise.complaint", "成环", "a cycle")
    monkeypatch.setattr(ruleset_check, "lint", lambda *_: (found,))
    code, told, _ = await rules("import", str(changed))
    assert code == 1
    assert told.splitlines()[0] == "draft 2, made from 1"
    assert "a cycle (cycle)" in told
    assert told.splitlines()[-1] == "1 errors, 0 warnings, 0 notes"
    assert json.loads((await rules("list", "--json"))[1])[0]["created_by"] == whoever().name
    assert (await rules("lint", "2"))[0] == 1
    assert json.loads((await rules("lint", "--json"))[1])["counts"]["error"] == 1


async def test_versions_and_files_are_compared_in_both_languages(rules: Command, changed: Path) -> None:
    code, told, _ = await rules("diff", "1", str(changed))
    assert code == 1
    assert told.splitlines() == ["~ noise.complaint  Noise", "    name, English: Noise by day → Noise"]
    assert "名称 · 英文" in (await rules("diff", "1", str(changed), "--language", "zh"))[1]
    code, told, _ = await rules("diff", str(changed), str(changed), "--json")
    assert (code, json.loads(told)["same"]) == (0, True)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("rules.yaml", "rules: [\n", "line 2, column 1"),
        ("rules.yaml", "a: &a [1]\na: 2\n", "stands here a second time"),
        ("rules.json", '{"rules": [}', "line 1, column"),
        ("rules.yaml", "name: {zh: a, en: b}\nrules: []\n", "/rules: the list is empty"),
    ],
)
async def test_a_file_that_is_no_ruleset_is_refused_with_its_place(
    rules: Command, tmp_path: Path, name: str, text: str, words: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    code, told, said = await rules("import", str(path))
    assert (code, told) == (1, "")
    assert words in said
    assert json.loads((await rules("list", "--json"))[1])[1:] == []


async def test_lint_of_an_unreadable_file_lists_all_of_it(rules: Command, changed: Path) -> None:
    text = changed.read_text(encoding="utf-8").replace("unit_kind: urban_mgmt", "unit_kind: urban_mgnt")
    changed.write_text(text, encoding="utf-8")
    code, told, _ = await rules("lint", str(changed), "--json")
    (finding,) = json.loads(told)["findings"][:1]
    assert (code, finding["rule"], finding["code"]) == (1, "noise.complaint", "unknown_unit_kind")
    assert "did you mean urban_mgmt" in finding["detail"]["en"]
    assert (await rules("lint"))[0] == 0


async def test_only_an_administrator_acts_and_only_for_a_reason(rules: Command, changed: Path) -> None:
    await rules("import", str(changed))
    code, _, said = await rules("publish", "2", "--reason", "x", "--as", "desk1")
    assert (code, "an admin is needed" in said) == (1, True)
    code, _, said = await rules("publish", "2", "--reason", "x", "--as", "nobody")
    assert (code, "nobody may log in as 'nobody'" in said) == (1, True)
    for arguments in (("publish", "2", "--as", "admin"), ("rollback", "--reason", "x"), ("publish",), ("nothing",)):
        with pytest.raises(SystemExit, match="2"):
            await rules(*arguments)
    with pytest.raises(SystemExit, match="2"):
        await rules("publish", "2", "--reason", "x", "--as", "admin", "--effective-at", "2026-11-23T00:00:00")


async def test_what_is_published_on_the_command_line_counts_in_a_running_process(
    city: City, rules: Command, changed: Path
) -> None:
    await rules("import", str(changed), "--as", "admin")
    assert (await rules("publish", "2", "--reason", "x", "--as", "admin2"))[0] == 0
    async with asyncio.timeout(20):
        while city.process.context.knowledge.ruleset.version != 2:
            await asyncio.sleep(0.02)
