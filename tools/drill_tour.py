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


async def test_communication(tour: Tour) -> None:
    """Start a test, answer it from a console, read its report, schedule one and switch it off."""
    tests, schedules = API + "/communication-tests", API + "/communication-schedules"
    wanted = {"name": "早班通信测试", "division_code": "430304", "channels": ["console", "button"], "window_s": 60}
    made = await tour.ask("POST", tests, body=wanted)
    for state in ("delivered", "answered"):
        answer = {"state": state}
        await tour.ask("POST", tests + "/{test_id}/answer", key=tour.key(0), body=answer, test_id=made["id"])
    await tour.ask("GET", tests)
    await tour.ask("GET", tests + "/{test_id}", test_id=made["id"])
    again = await tour.ask("POST", schedules, body=wanted | {"weekdays": [1, 2, 3, 4, 5], "at": "08:30"})
    await tour.ask("GET", schedules)
    await tour.ask("PATCH", schedules + "/{schedule_id}", body={"enabled": False}, schedule_id=again["id"])
