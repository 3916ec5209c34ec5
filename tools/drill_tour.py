"""The part of the walk that holds drills and tests communication."""

from tour import API, Tour


async def hold_drill(tour: Tour) -> None:
    """Announce a drill, list, end it."""
    participants = [console["unit_id"] for console in tour.demo["consoles"][:2]]
    drill = {
        "name": "秋季联合演练",
        "division_code": "430304",
        "unit_ids": participants,
        "recipients": [{"name": "导调组", "address": "0731-55500099"}],
        "ends_at": "2099-01-01T00:00:00Z",
    }
    made = await tour.ask("POST", API + "/drills", body=drill)
    await tour.ask("GET", API + "/drills")
    await tour.ask("POST", API + "/drills/{drill_id}/end", body={}, drill_id=made["id"])
