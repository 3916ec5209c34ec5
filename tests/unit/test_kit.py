"""The kit is readable, printable and harmless whatever people wrote; its tables open in a spreadsheet as text."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.directory import States
from dispatch.domain.kit import Kit, Surroundings, kit_incident, kit_units
from dispatch.domain.kit_page import BLANKS, kit_page
from dispatch.domain.kit_tables import FORMULA, MARK, defused, kit_tables
from dispatch.domain.words import TAG_WORDS, Words
from tests.support.world import FOUR, NOW, directory, incident_of, opened

LOCAL = NOW.astimezone(timezone(timedelta(hours=8)))
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><style>body{display:none}</style>",
    "</td></tr></table><h1>撤销警情</h1>",
    "&lt;b&gt;",
    "\u202egnp.exe",
    "a\x00b\x07c",
    '=HYPERLINK("http://evil")',
    "<!--",
    "]]>",
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))


def kit(**words: str) -> Kit:
    change = opened()
    incident = incident_of(change)
    incident["description"] = words.get("description", "病房里有人砸东西")
    incident["address"] = words.get("address", "演示路6号")
    incident["caller"] = {"name": words.get("caller", "值班护士"), "phone": words.get("phone", "0731-55500001")}
    incident["tags"] = [words.get("tag", "injured")]
    around = Surroundings(directory(FOUR), States(), LOCAL, {})
    incidents = (kit_incident(incident, change["assignments"], around),)
    return Kit(LOCAL, "host:8000", incidents, kit_units(incidents, around))


class Page(HTMLParser):
    """Reads the page as a browser would: which elements there are, with which attributes, and what text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


PLAIN = Page(kit_page(kit(tag="x")))


def test_it_holds_no_script_and_fetches_nothing() -> None:
    page = kit_page(kit())
    assert "script" not in PLAIN.elements
    assert PLAIN.attributes.isdisjoint({"src", "href", "style"})
    assert not any(name.startswith("on") for name in PLAIN.attributes)
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in page
    assert "size: A4" in page


@given(texts, texts, texts, texts, texts)
def test_nothing_that_anybody_wrote_becomes_markup(a: str, b: str, c: str, d: str, e: str) -> None:
    page = Page(kit_page(kit(description=a or "x", address=b or "x", caller=c or "x", phone=d or "x", tag=e or "x")))
    assert page.elements == PLAIN.elements
    assert page.attributes == PLAIN.attributes


@pytest.mark.parametrize("text", HOSTILE)
def test_what_somebody_wrote_is_read_as_it_was_written(text: str) -> None:
    printable = "".join(c for c in text if c >= " ")
    assert printable in "".join(Page(kit_page(kit(description=text))).text)


def test_it_says_loudly_how_old_it_may_be_and_whom_to_call() -> None:
    said = "".join(PLAIN.text)
    assert "2026-11-23 10:17:00 (UTC+0800)" in said
    assert "older than 3 minutes" in said
    assert "0731-55500001" in said
    assert said.count("P-20261123-") == BLANKS
    assert "P-20261123-001" in said
    for name in FOUR:
        assert name.name in said


def test_a_drill_and_what_was_left_out_are_said() -> None:
    made = kit()
    drill = replace(made.incidents[0], exercise="exercise")
    page = kit_page(replace(made, incidents=(drill,), left_out=7))
    assert "演练 DRILL" in page
    assert "7 more incidents" in page
    assert "DRILL" not in kit_page(made)


def test_a_kit_written_by_hand_does_not_claim_to_be_renewed_nor_that_the_service_is_down() -> None:
    page = kit_page(replace(kit(), renewed=False))
    assert "60" not in page.split("</head>")[0].partition("<style>")[0]
    for claim in ("每 60 秒", "every 60 seconds", "the service is down"):
        assert claim in kit_page(kit())
        assert claim not in page
    assert "手工生成，不会自动更新" in page
    assert "made by hand" in page
    assert "it is not renewed" in page


def test_nobody_has_to_puzzle_over_a_code_or_a_word_broken_in_two() -> None:
    page = kit_page(kit(tag="weapon"))
    assert "有凶器" in page
    assert ">Weapon<" in page
    assert "1 open incident " in page
    assert '<span class="at">11-23</span> <span class="at">' in page
    (row,) = csv.DictReader(io.StringIO(kit_tables(kit(tag="weapon"))["incidents.csv"].removeprefix(MARK), newline=""))
    assert row["标签 tags"] == "有凶器 Weapon"


def test_the_kit_calls_tags_what_the_consoles_call_them() -> None:
    texts = (Path(__file__).parents[2] / "console/src/state/messages/tags.ts").read_text(encoding="utf-8")
    found = {code: Words(zh, en) for code, zh, en in re.findall(r'"tag\.(\w+)": \["([^"]+)", "([^"]+)"\]', texts)}
    assert found == TAG_WORDS


@given(texts)
def test_no_cell_is_a_formula_and_none_loses_its_text(text: str) -> None:
    assert not defused(text).startswith(FORMULA)
    table = kit_tables(kit(description=text, address=text))["incidents.csv"]
    rows = list(csv.reader(io.StringIO(table.removeprefix(MARK), newline="")))
    assert len(rows) == 2
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not any(cell.startswith(FORMULA) for row in rows for cell in row)
    assert rows[1][rows[0].index("情况 description")].endswith(text)


def test_the_tables_open_with_their_characters_whole() -> None:
    tables = kit_tables(kit())
    assert set(tables) == {"incidents.csv", "assignments.csv", "units.csv"}
    for text in tables.values():
        assert text.encode().startswith(b"\xef\xbb\xbf")
        assert "\r\n" in text
    assert tables["assignments.csv"].count("\r\n") == 1 + len(kit().incidents[0].tasks)


def test_units_say_what_they_are_busy_with() -> None:
    made = kit()
    busy = {unit.code: unit.busy_with for unit in made.units}
    assert busy["police"] == (made.incidents[0].number,)
    assert all(unit.duty == Words("在班", "on duty") for unit in made.units)
