"""The part of the walk that drafts, tries, publishes and rolls back rules."""

import asyncio

from tour import API, Tour

MOST_LOOKS = 100
RULES = {
    "name": {"zh": "示例规则", "en": "Example"},
    "rules": [
        {
            "id": "noise.complaint.night",
            "name": {"zh": "夜间噪声扰民", "en": "Noise at night"},
            "priority": 500,
            "when": {
                "all": [
                    {"field": "incident_type", "op": "eq", "value": "noise.complaint"},
                    {"field": "hour", "op": "ge", "value": 22},
                ]
            },
            "require": [
                {"unit_kind": "police_station", "role": "lead"},
                {"unit_kind": "community_committee", "role": "notify", "mandatory": False},
            ],
        },
        {
            "id": "catch-all",
            "name": {"zh": "指挥中心受理", "en": "The command centre takes it"},
            "priority": 0,
            "catch_all": True,
            "require": [{"unit_kind": "city_command_center", "role": "lead"}],
        },
    ],
}
NOISE = {"incident_type": "noise.complaint", "division_code": "430304005003"}


async def log_in(tour: Tour, number: int) -> None:
    """Log in as one of the administrators."""
    login = [login for login in tour.demo["logins"] if login["role"] == "admin"][number]
    await tour.ask("POST", API + "/sessions", body={"login": login["name"], "password": login["password"]})


async def rule(tour: Tour) -> None:
    """Draft, compare, publish by the other administrator, roll back."""
    drafted, one = API + "/rulesets", API + "/rulesets/{version}"
    await log_in(tour, 0)
    draft = str((await tour.ask("POST", drafted, body=RULES))["version"])
    changed = RULES | {"name": {"zh": "示例规则", "en": "Another example"}}
    await tour.ask("PUT", one, body=changed, version=draft)
    for path in ("", "/history", "/diff"):
        await tour.ask("GET", one + path, version=draft)
    await tour.ask("POST", f"{one}/lint", body={}, version=draft)
    await tour.ask("POST", f"{one}/publish", body={"reason": "自己发布"}, version=draft)
    await log_in(tour, 1)
    reason = {"reason": "已复核", "effective_at": None, "expected_version": 1}
    await tour.ask("POST", f"{one}/publish", body=reason, version=draft)
    await tour.ask("POST", f"{one}/rollback", body={"reason": "派警错误，紧急回退"}, version=draft)
    other = str((await tour.ask("POST", drafted, body=RULES))["version"])
    await tour.ask("POST", f"{one}/simulate", body={"call": NOISE, "at": "2026-11-23T23:30:00"}, version=other)
    await back_test(tour, other)
    await tour.ask("POST", f"{one}/discard", body={"reason": "不再需要"}, version=other)


async def back_test(tour: Tour, version: str) -> None:
    """Back-test a draft on what the tour has reported."""
    ruleset, one = API + "/rulesets/{version}", API + "/rulesets/backtests/{backtest_id}"
    begun = await tour.ask("POST", f"{ruleset}/backtest", body={"days": 7}, version=version)
    ids = {"backtest_id": begun["id"]}
    for _ in range(MOST_LOOKS):
        await asyncio.sleep(0.2)
        if (await tour.ask("GET", one, **ids))["state"] not in {"waiting", "running"}:
            break
    await tour.ask("GET", one + "/rows", **ids)
    await tour.ask("POST", one + "/cancel", body={}, **ids)
