"""One fault under load, from the first call to the verdict."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic

from tests.chaos.faults import Fault
from tests.chaos.scene import Scene, scene
from tests.support.template import Template

CALM_S, AFTER_S, ACCEPTED_WITHIN_S = 2.0, 3.0, 60.0


@dataclass
class Verdict:
    """What became of one scene."""

    fault: str
    calls: int = 0
    lost: int = 0
    twice: int = 0
    longest_silence_s: float = 0.0
    recovery_s: float = 0.0
    breaches: list[str] = field(default_factory=list)


async def play(fault: Fault, made: Template, seed: int, *, calm_s: float = CALM_S, after_s: float = AFTER_S) -> Verdict:
    """Calls come in, the fault happens and passes, calls go on; then everything is asked."""
    async with scene(
        made, f"{seed}:{fault.name}", standby=fault.standby, per_s=fault.per_s, connections=fault.connections
    ) as stage:
        stage.callers.start()
        await _until_all_listen(stage)
        await asyncio.sleep(calm_s)
        await fault.act(stage)
        healed = monotonic()
        await _until_accepted_after(stage, healed)
        await asyncio.sleep(after_s)
        await stage.callers.stop()
        return await judge(fault, stage, healed)


async def _until_all_listen(stage: Scene) -> None:
    """Whoever comes only during the fault has nothing to lose by it: the scene would prove nothing."""
    async with asyncio.timeout(ACCEPTED_WITHIN_S):
        while not all(screen.shown.resumed for screen in stage.screens):
            await asyncio.sleep(0.05)


async def _until_accepted_after(stage: Scene, healed: float) -> None:
    async with asyncio.timeout(ACCEPTED_WITHIN_S):
        while not any(call.answered_at > healed for call in stage.callers.answered):
            await asyncio.sleep(0.05)


async def judge(fault: Fault, stage: Scene, healed: float) -> Verdict:
    history = await stage.until_seen(fault.felt)
    unseen = await stage.unseen(history)
    answered = stage.callers.answered
    forgotten = [call.key for call in answered if call.call_id not in history.calls]
    again = [
        f"{screen.shown.unit} was alarmed {len(events)} times by {assignment}"
        for screen in stage.screens
        for assignment, events in screen.shown.issued.items()
        if len(events) > 1
    ]
    untold = [f"{screen.shown.unit} lost its line untold: {screen.shown.closings}" for screen in stage.screens]
    return Verdict(
        fault.name,
        calls=len(answered),
        lost=len(forgotten) + len(unseen),
        twice=len(again),
        longest_silence_s=max(screen.shown.longest_silence_s for screen in stage.screens),
        recovery_s=_recovery_s(stage, healed),
        breaches=[
            *([] if fault.felt(stage, history) else ["the fault was not felt: this scene proves nothing"]),
            *history.breaches,
            *(f"an answered call is not there: {key}" for key in forgotten),
            *unseen,
            *again,
            *stage.callers.refused,
            *(line for screen in stage.screens for line in screen.refused),
            *(line for line, screen in zip(untold, stage.screens, strict=True) if fault.tells and _untold(screen)),
        ],
    )


def _untold(screen: object) -> bool:
    return any(code != 4000 or not said for code, _, said in screen.shown.closings)  # type: ignore[attr-defined]


def _recovery_s(stage: Scene, healed: float) -> float:
    """From the end of the fault until a call was accepted and every console had heard something again."""
    accepted = min(call.answered_at for call in stage.callers.answered if call.answered_at > healed)
    heard = [min((at for at in screen.shown.heard_at if at > healed), default=accepted) for screen in stage.screens]
    return max(accepted, *heard) - healed
