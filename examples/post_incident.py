"""An integrator posts an incident. Run beside `make run`: `.venv/bin/python examples/post_incident.py`.

A try that got no answer is repeated with the same `Idempotency-Key`: it has no second effect.
"""

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import httpx

REPORT = {
    "incident_type": "psychiatric.disturbance",
    "place_kind": "hospital",
    "location": {"longitude": 112.964, "latitude": 27.875, "crs": "WGS84", "accuracy_m": 30},
    "division_code": "430304005",
    "description": "疑似精神障碍患者损坏病房设施",
    "tags": ["property_damage"],
    "exercise": "exercise",
    "source_reference": "HIS-7",
}
TRIES = 5


def post(client: httpx.Client, report: Mapping[str, object]) -> httpx.Response:
    """Post until there is an answer; the same key on every try."""
    key = str(uuid4())
    for attempt in range(TRIES):
        try:
            answer = client.post("/api/v1/incidents", json=report, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            wait = 2.0**attempt
        else:
            if answer.status_code not in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS}:
                return answer
            wait = float(answer.headers.get("Retry-After", "2"))
        time.sleep(wait)
    raise SystemExit(f"no answer after {TRIES} tries; post again later with Idempotency-Key {key}")


def main() -> None:
    """Post one incident and show who was sent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=Path(".data/demo/demo.json"), help="demo.json of the running demo")
    demo = json.loads(parser.parse_args().demo.read_text(encoding="utf-8"))
    headers = {"Authorization": f"Bearer {demo['integrator_key']}"}
    with httpx.Client(base_url=demo["base_url"], headers=headers, timeout=10) as client:
        answer = post(client, REPORT)
    if answer.is_error:
        problem = answer.json()
        raise SystemExit(f"{problem['status']} {problem['code']}: {problem['detail']}")
    incident = answer.json()["incident"]
    print(incident["number"], incident["status"])
    for assignment in incident["assignments"]:
        print(f"  {assignment['role']:<8}{assignment['unit']['code']:<18}{assignment['unit']['name']}")
    for shortfall in incident["shortfalls"]:
        print(f"  nobody  {shortfall['unit_kind']}: {shortfall['reason']}")


if __name__ == "__main__":
    main()
