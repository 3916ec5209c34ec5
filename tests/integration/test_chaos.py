"""The short form of `make chaos`: a few faults under load, judged like all the others."""

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.play import play
from tests.support.template import Template

SHORT = ("server killed", "rolling restart", "standby promoted")
SEED = 20261123


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.name in SHORT], ids=lambda fault: fault.name)
async def test_a_fault_under_load_loses_no_call_and_alarms_nobody_twice(city_on_disk: Template, fault) -> None:
    verdict = await play(fault, city_on_disk, SEED, calm_s=1.0, after_s=1.0)
    assert verdict.breaches == []
    assert (verdict.lost, verdict.twice) == (0, 0)
    assert verdict.calls > 10
