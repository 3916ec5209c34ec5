"""The short form of `make chaos`: a few faults under load, judged like all the others."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.play import play
from tests.chaos.scene import Template, template

SHORT = ("server killed", "rolling restart", "standby promoted")
SEED = 20261123


@pytest.fixture(scope="module")
def made() -> Iterator[Template]:
    made = template()
    # In a thread: loading the city runs an event loop of its own.
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(made.__enter__).result()
        thread.submit(made.__exit__, None, None, None).result()


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.name in SHORT], ids=lambda fault: fault.name)
async def test_a_fault_under_load_loses_no_call_and_alarms_nobody_twice(made: Template, fault) -> None:
    verdict = await play(fault, made, SEED, calm_s=1.0, after_s=1.0)
    assert verdict.breaches == []
    assert (verdict.lost, verdict.twice) == (0, 0)
    assert verdict.calls > 10
