"""The divisions of Xiangtan by their real codes and names, with schematic points."""

from collections import defaultdict
from dataclasses import dataclass, field

from dispatch.demo.files import Row, read_json
from dispatch.demo.layout import Position

CITY = "430300"

_TOWN_ENDINGS = ("街道", "镇", "乡")
_COMMITTEE_ENDINGS = ("居民委员会", "居委会", "村民委员会", "村委会")
_FIRST_VILLAGE = "200"


@dataclass(slots=True)
class Divisions:
    """All divisions with their children, in code order."""

    rows: list[Row]
    by_code: dict[str, Row] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Index by code and by parent."""
        for row in self.rows:
            self.by_code[row["code"]] = row
            if row["parent_code"] is not None:
                self.children[row["parent_code"]].append(row["code"])

    def of_level(self, level: str) -> list[Row]:
        """List the divisions of a level."""
        return [row for row in self.rows if row["level"] == level]

    def point(self, code: str) -> Position:
        """Give the schematic point of a division."""
        row = self.by_code[code]
        return row["longitude"], row["latitude"]

    def words(self, code: str) -> dict[str, str]:
        """Give the words for the names of units: `town`, `county`, `village`, `short` and their English."""
        row = self.by_code[code]
        level, name, name_en = row["level"], row["name"], row["name_en"]
        if level == "township":
            return {"town": without_ending(name, _TOWN_ENDINGS), "town_en": name_en.rsplit(" ", 1)[0]}
        if level == "county":
            return {"county": name, "county_en": name_en.removesuffix(" City")}
        if level == "village":
            short = without_ending(name, _COMMITTEE_ENDINGS)
            return {"village": committee_name(row), "village_en": name_en, "short": short}
        return {}


def load_divisions() -> Divisions:
    """Read the divisions."""
    return Divisions(read_json("divisions.json"))


def is_village(code: str) -> bool:
    """Say whether a village-level code is a villagers' committee: 200 and up; below are residents' committees."""
    return code[9:12] >= _FIRST_VILLAGE


def committee_name(row: Row) -> str:
    """Give the committee's name; one division in eight is listed by the bare name of community or village."""
    name: str = row["name"]
    if name.endswith(_COMMITTEE_ENDINGS):
        return name
    return name.removesuffix("村") + "村委会" if is_village(row["code"]) else name + "居委会"


def without_ending(name: str, endings: tuple[str, ...]) -> str:
    """Cut the first ending that fits, unless nothing would be left."""
    for ending in endings:
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending)
    return name
