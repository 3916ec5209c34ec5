"""The demo city's units, made from the templates in `data/units.yaml`.

Invariant: every unit but the city command centre has a superior, and the chain ends there: village → township
platform → county hub → city command centre.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from dispatch.demo.divisions import CITY, Divisions, is_village
from dispatch.demo.files import Row
from dispatch.demo.layout import Phones, Position, beside

COMMAND_CENTRE = "XT-CMD"


@dataclass(slots=True)
class UnitMaker:
    """Turns templates into units. One maker makes one city; its order of work decides numbers and phones."""

    divisions: Divisions
    kinds: dict[str, Row]
    phones: Phones
    shifts: dict[str, list[Row]] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    turns: defaultdict[Position, int] = field(default_factory=lambda: defaultdict(int))

    def make(self, templates: dict[str, list[Row]], places: list[Row]) -> list[Row]:
        """Make all units: city, counties, townships, villages, the guards of places, the posts of response modes."""
        units = [unit for template in templates["city"] for unit in self._in_division(template, CITY)]
        for level in ("county", "township"):
            for division in self.divisions.of_level(level):
                for template in templates[level]:
                    units += self._in_division(template, division["code"])
        for division in self.divisions.of_level("village"):
            level = "village" if is_village(division["code"]) else "community"
            for template in templates[level]:
                units += self._in_division(template, division["code"])
        units += self._guards(templates["place"], places)
        for template in templates["posts"]:
            for code in template["only"]:
                units += self._in_division(template, code)
        return units

    def _in_division(self, template: Row, division_code: str) -> Iterator[Row]:
        if "only" in template and division_code not in template["only"]:
            return
        words = self.divisions.words(division_code)
        count = template.get("count", 1)
        for n in range(1, count + 1):
            base = self._base(template, division_code, (n, count))
            names = {key: template[key].format(n=n, **words) for key in ("name", "name_en")}
            unit = self._unit(template, division_code, names, base)
            if "shift" in template:
                unit["schedule"] = self.shifts[template["shift"]]
            if "on_call" in template or "shift" in template:
                holder = template.get("on_call", names["name"] + "值班手机(演示)")
                unit["on_call"] = {"name": holder.format(**words), "phone": self.phones.next()}
            yield unit

    def _base(self, template: Row, division_code: str, number: tuple[int, int]) -> tuple[str, Position]:
        """Give the division beside whose point a unit stands; a county's further crews are spread over its area."""
        n, count = number
        at = template.get("at")
        stands = at.get(division_code) if isinstance(at, dict) else at
        if stands is None and n > 1:
            townships = self.divisions.children[division_code]
            stands = townships[(n - 1) * len(townships) // count]
        stands = stands or division_code
        return stands, self.divisions.point(stands)

    def _unit(self, template: Row, division_code: str, names: dict[str, str], base: tuple[str, Position]) -> Row:
        kind = self.kinds[template["kind"]]
        stands, centre = base
        self.turns[centre] += 1
        longitude, latitude = beside(centre, self.turns[centre], level=self.divisions.by_code[stands]["level"])
        code, number = self._code(kind["abbreviation"], division_code)
        return {
            "code": code,
            "kind": kind["code"],
            "agency": kind["agency"],
            **names,
            "division_code": division_code,
            "longitude": longitude,
            "latitude": latitude,
            "phone": self.phones.next(),
            "rank": template.get("rank", number - 1),
            "superior": self._superior(kind["code"], division_code),
            "capabilities": list(template.get("capabilities", ())),
            "jurisdiction": self._jurisdiction(template, division_code),
            "schedule": None,
            "on_call": None,
            "modes": list(template.get("modes", ())),
        }

    def _code(self, abbreviation: str, division_code: str) -> tuple[str, int]:
        """Give a code and its number: `430304-EMS`, `430304-EMS2`; for the city `XT-CMD`, `XT-PSY`, `XT-PSY2`."""
        stem = f"{'XT' if division_code == CITY else division_code}-{abbreviation}"
        self.made[stem] += 1
        number = self.made[stem]
        return (stem if number == 1 else f"{stem}{number}"), number

    def _jurisdiction(self, template: Row, division_code: str) -> list[str]:
        if template.get("jurisdiction") == "township":
            return [division_code, division_code[:9]]
        return [division_code]

    def _superior(self, kind: str, division_code: str) -> str | None:
        level = self.divisions.by_code[division_code]["level"]
        if level == "village":
            return f"{division_code[:9]}-PLT"
        if level == "township" or (level == "county" and kind != "county_hub"):
            return f"{division_code[:6]}-HUB"
        return None if kind == "city_command_center" else COMMAND_CENTRE

    def _guards(self, templates: list[Row], places: list[Row]) -> Iterator[Row]:
        for template in templates:
            kind = self.kinds[template["kind"]]
            for place in places:
                if place["kind"] != template["place_kind"]:
                    continue
                names = {
                    "name": template["name"].format(place=place["name"]),
                    "name_en": template["name_en"].format(place_en=place["name_en"]),
                }
                home = (place["division_code"], (place["longitude"], place["latitude"]))
                unit = self._unit(template, place["division_code"], names, home)
                yield unit | {
                    "code": f"{place['code']}-{kind['abbreviation']}",
                    "rank": 0,
                    "longitude": place["longitude"],
                    "latitude": place["latitude"],
                    "jurisdiction": [place["division_code"], place["division_code"][:9]],
                }
