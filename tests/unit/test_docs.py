"""What the documents say is there: every link, setting, close code, event, metric, test and verb that they name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from prometheus_client import Counter, Gauge, Histogram

from dispatch import telemetry
from dispatch.api.errors import STATUS
from dispatch.cli import _parser
from dispatch.domain.errors import DispatchError
from dispatch.domain.events import EventName
from dispatch.live.closing import ALL
from dispatch.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def links(page: Path) -> Iterator[str]:
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from (link for link in LINK.findall(prose) if "://" not in link and not link.startswith("mailto:"))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_every_setting_is_in_the_table() -> None:
    page = text_of("docs/operations.md")
    names = {f"DISPATCH_{name.upper()}" for name in Settings.model_fields} | {"DATABASE_URL"}
    assert {name for name in names if f"`{name}`" not in page} == set()
    assert set(re.findall(r"`(DISPATCH_[A-Z_]+)`", page)) <= names


def test_the_usual_value_of_every_setting_is_the_one_in_the_table() -> None:
    rows = re.findall(r"^\| `DISPATCH_([A-Z_]+)` \| ([^|]+) \|", text_of("docs/operations.md"), flags=re.MULTILINE)
    for name, said in rows:
        usual = Settings.model_fields[name.lower()].default
        text = str(usual).lower() if isinstance(usual, bool) else str(usual).removesuffix(".0")
        assert said.split(" (")[0] == (f"`{text}`" if text else "–"), name


def test_every_close_code_is_explained_and_no_other() -> None:
    rows = re.findall(r"^\| (4\d{3}) \| `(\w+)` \|", text_of("docs/api.md"), flags=re.MULTILINE)
    assert rows == [(str(closing.code), closing.name) for closing in ALL]


def test_every_event_is_listed_and_no_other() -> None:
    section = text_of("docs/api.md").partition("## Events")[2].partition("Working examples")[0]
    said: set[str] = set()
    for noun, verbs in re.findall(r"`(\w+)\.`\s([^·]+)", re.sub(r"\([^)]*\)", "", section)):
        said |= {f"{noun}.{verb}" for verb in re.findall(r"\w+", verbs)}
    assert said == set(get_args(EventName))


def test_every_refusal_is_in_the_table_with_its_status() -> None:
    rows = dict(re.findall(r"^\| (\d{3}) \| (.+?) \|", text_of("docs/api.md"), flags=re.MULTILINE))
    missing = {
        error.code: status
        for error, status in STATUS.items()
        if error is not DispatchError and f"`{error.code}`" not in rows.get(str(status), "")
    }
    assert missing == {}


def test_every_metric_is_explained() -> None:
    page = text_of("docs/operations.md")
    kinds = (Counter, Gauge, Histogram)
    names = {metric._name for metric in vars(telemetry).values() if isinstance(metric, kinds)}
    assert {name for name in names if f"`{name}" not in page} == set()


def test_every_verb_of_the_command_line_in_the_documents_exists() -> None:
    verbs = next(action.choices for action in _parser()._actions if action.dest == "verb")
    for page in ("README.md", "README.zh-CN.md", "docs/operations.md", "docs/api.md"):
        said = set(re.findall(r"(?:^|`|&& )dispatch ([a-z-]+)", text_of(page), flags=re.MULTILINE))
        assert said <= set(verbs), page


def test_every_test_that_a_document_names_exists() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    for page in (ROOT / "ARCHITECTURE.md", *ROOT.glob("docs/adr/*.md")):
        named = set(re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8")))
        assert {name for name in named if f"def {name}(" not in tests} == set(), page.name


def test_every_module_that_a_document_names_exists() -> None:
    for page in (ROOT / "ARCHITECTURE.md", *ROOT.glob("docs/adr/*.md")):
        said = page.read_text(encoding="utf-8")
        for name in re.findall(r"`((?:domain|storage|operations|api|live|jobs|outside)/\w+)(?:\.\w+)*`", said):
            found = ROOT / "src/dispatch" / name
            assert found.is_dir() or found.with_suffix(".py").is_file(), f"{page.name}: {name}"


def test_the_two_languages_of_the_readme_name_the_same_commands() -> None:
    english, chinese = (
        set(re.findall(r"^(make \w+)", text_of(f"README{end}.md"), re.MULTILINE)) for end in ("", ".zh-CN")
    )
    assert english == chinese == {"make run", "make test"}


def test_the_live_protocol_is_valid_asyncapi() -> None:
    document = json.loads(text_of("docs/asyncapi.json"))
    assert document["asyncapi"].startswith("3.")
    for message in document["components"]["messages"].values():
        assert message["payload"]["$ref"].startswith("#/components/schemas/")
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_consoles_know_every_close_code_and_whether_to_come_back() -> None:
    table = text_of("console/src/wire/live.ts")
    known = dict(re.findall(r'(4\d{3}): \{ name: "(\w+)", reconnect: "\w+" \}', table))
    returning = set(re.findall(r'(4\d{3}): \{ name: "\w+", reconnect: "(?:yes|later)" \}', table))
    for closing in ALL:
        assert known.get(str(closing.code)) == closing.name
        assert (str(closing.code) in returning) == closing.reconnect, closing.name
