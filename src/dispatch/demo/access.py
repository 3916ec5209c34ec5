"""Keys and logins of the demo: an integrator, every device, the consoles of one sub-district and its neighbours."""

from dataclasses import dataclass
from typing import Any, Final

from dispatch.security import hash_password, hash_secret, new_secret
from dispatch.storage.access import NewKey, NewPerson
from dispatch.storage.bundle import identity

STAGE: Final = "430304005"
"""The sub-district of the demo hospital: 下摄司街道."""
FIRST: Final = ("430304005-PCS", "430304005-JUD", "430304005-HLT", "430304005003-COM")
"""The four units of the one-key story, in the order in which the consoles are shown."""
BUTTON: Final = "XT-H6-GUARD"
PASSWORD: Final = "demo-only"  # noqa: S105 - printed at every start, on purpose
_KINDS: Final = {
    "police_station",
    "judicial_office",
    "health_office",
    "community_committee",
    "township_platform",
    "hospital_security",
    "city_command_center",
    "special_police",
    "ems_120",
    "fire_rescue",
}


@dataclass(frozen=True, slots=True)
class Access:
    """What is stored (hashed) and what is shown (once, in demo.json)."""

    keys: list[NewKey]
    people: list[NewPerson]
    demo: dict[str, Any]


def make_access(city: dict[str, Any], base_url: str) -> Access:
    """Make fresh keys for the demo."""
    keys: list[NewKey] = []

    def key(kind: str, name: str, **holder: str) -> str:
        secret = new_secret()
        key_id = identity("key", f"{kind}:{name}")
        keys.append(NewKey(key_id, hash_secret(secret), name, kind, division_codes=("4303",), **holder))  # type: ignore[arg-type]
        return secret

    units = [unit for unit in city["units"] if _shown(unit)]
    units.sort(key=lambda unit: (FIRST.index(unit["code"]) if unit["code"] in FIRST else len(FIRST), unit["code"]))
    consoles = [
        {
            "unit": unit["code"],
            "unit_id": identity("unit", unit["code"]),
            "kind": unit["kind"],
            "name": unit["name"],
            "name_en": unit["name_en"],
            "token": key("console", unit["code"], unit_id=identity("unit", unit["code"])),
        }
        for unit in units
    ]
    places = {place["code"]: place for place in city["places"]}
    devices = [
        {
            "id": identity("device", device["code"]),
            "code": device["code"],
            "name": device["name"],
            "name_en": device["name_en"],
            "place": places[device["place"]]["name"],
            "place_en": places[device["place"]]["name_en"],
            "token": key("device", device["code"], device_id=identity("device", device["code"])),
        }
        for device in sorted(city["devices"], key=lambda device: (device["code"] != BUTTON, device["code"]))
    ]
    demo = {
        "base_url": base_url,
        "integrator_key": key("integrator", "demo-integrator"),
        "wall_key": key("wall", "demo-wall"),
        "device": devices[0],
        "devices": devices,
        "consoles": consoles,
        "logins": [
            {"name": person["login"], "shown_name": person["name"], "role": person["role"], "password": PASSWORD}
            for person in city["people"]
        ],
    }
    return Access(keys, _people(city), demo)


def _shown(unit: dict[str, Any]) -> bool:
    if unit["code"] in FIRST:
        return True
    near = unit["division_code"].startswith(("430304", "430302"))
    return unit["kind"] in _KINDS and (near or unit["division_code"] == "430300")


def _people(city: dict[str, Any]) -> list[NewPerson]:
    hashed = hash_password(PASSWORD)
    return [
        NewPerson(
            id=identity("person", person["login"]),
            login=person["login"],
            name=person["name"],
            role=person["role"],
            unit_id=identity("unit", person["unit"]) if person["unit"] else None,
            division_codes=tuple(person["division_codes"]),
            password_hash=hashed,
        )
        for person in city["people"]
    ]


def start_page(demo: dict[str, Any]) -> dict[str, object]:
    """Give what the start page shows: the first consoles, every device, the logins."""
    return {
        "consoles": [
            {
                "unit": {"code": c["unit"], "name": c["name"], "name_en": c["name_en"], "kind": c["kind"]},
                "key": c["token"],
            }
            for c in demo["consoles"]
        ],
        "devices": [
            {"id": d["id"], "name": d["name"], "name_en": d["name_en"], "key": d["token"], "place": d["place"]}
            for d in demo["devices"]
        ],
        "logins": demo["logins"],
    }
