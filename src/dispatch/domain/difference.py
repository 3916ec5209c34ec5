"""What two decisions about the same call differ in: who goes more, who no longer, the lead, the gaps, who waits.

Pure. Only what is felt counts: rules that match without sending anybody else make no difference.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from dispatch.domain.directory import Directory
from dispatch.domain.reasons import shortfall_sentence
from dispatch.domain.routing import Plan, Planned
from dispatch.domain.unit import Unit
from dispatch.domain.wire import Json, unit_view
from dispatch.domain.words import kind_words


@dataclass(frozen=True, slots=True)
class Sent:
    """A unit that goes, and as what."""

    unit: Unit
    role: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Something about a unit that goes both times: `role`, `mandatory`, `clocks` or `offer`."""

    unit: Unit
    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Lack:
    """Places of one kind and role that stay empty."""

    unit_kind: str
    role: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Held:
    """Units that wait: `send` to be sent, `lead` to take the lead."""

    action: str
    unit_kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes from one decision to the other."""

    joins: tuple[Sent, ...]
    leaves: tuple[Sent, ...]
    turns: tuple[Turn, ...]
    lead_before: Unit | None
    lead_after: Unit | None
    new_shortfalls: tuple[Lack, ...]
    ended_shortfalls: tuple[Lack, ...]
    newly_held_back: tuple[Held, ...]
    no_longer_held_back: tuple[Held, ...]

    @property
    def lead_changes(self) -> bool:
        """Say whether another unit leads, or none, or one where none did."""
        return (self.lead_before and self.lead_before.id) != (self.lead_after and self.lead_after.id)

    def __bool__(self) -> bool:
        """Say whether anything differs."""
        felt = (self.joins, self.leaves, self.turns, self.new_shortfalls, self.ended_shortfalls)
        return any(felt) or bool(self.newly_held_back or self.no_longer_held_back) or self.lead_changes


def difference_data(found: Difference, names: Directory) -> Json:
    """Give it as plain data, units and kinds with their names."""
    return {
        "differs": bool(found),
        "joins": [{"unit": unit_view(sent.unit.id, names), "role": sent.role} for sent in found.joins],
        "leaves": [{"unit": unit_view(sent.unit.id, names), "role": sent.role} for sent in found.leaves],
        "turns": [
            {"unit": unit_view(turn.unit.id, names), "what": turn.what, "before": turn.before, "after": turn.after}
            for turn in found.turns
        ],
        "lead_changes": found.lead_changes,
        "lead_before": None if found.lead_before is None else unit_view(found.lead_before.id, names),
        "lead_after": None if found.lead_after is None else unit_view(found.lead_after.id, names),
        "new_shortfalls": [_lack_data(lack, names) for lack in found.new_shortfalls],
        "ended_shortfalls": [_lack_data(lack, names) for lack in found.ended_shortfalls],
        "newly_held_back": [_held_data(held, names) for held in found.newly_held_back],
        "no_longer_held_back": [_held_data(held, names) for held in found.no_longer_held_back],
    }


def _lack_data(lack: Lack, names: Directory) -> Json:
    told = {"name": kind_words(lack.unit_kind, names), "sentence": shortfall_sentence(lack.reason)}
    return {**asdict(lack), **{key: asdict(words) for key, words in told.items()}}


def _held_data(held: Held, names: Directory) -> Json:
    return {**asdict(held), "name": asdict(kind_words(held.unit_kind, names))}


def compare(before: Plan, after: Plan) -> Difference:
    """Compare two decisions."""
    was, goes = _by_unit(before), _by_unit(after)
    return Difference(
        joins=_sent(goes, other=was),
        leaves=_sent(was, other=goes),
        turns=tuple(_turns((before, was), (after, goes))),
        lead_before=_lead(before),
        lead_after=_lead(after),
        new_shortfalls=_lacks(after, other=before),
        ended_shortfalls=_lacks(before, other=after),
        newly_held_back=_held(after, other=before),
        no_longer_held_back=_held(before, other=after),
    )


def _by_unit(plan: Plan) -> dict[str, Planned]:
    return {entry.unit.id: entry for entry in plan.planned}


def _sent(these: Mapping[str, Planned], *, other: Mapping[str, Planned]) -> tuple[Sent, ...]:
    return tuple(Sent(entry.unit, entry.role) for unit_id, entry in these.items() if unit_id not in other)


def _turns(before: tuple[Plan, dict[str, Planned]], after: tuple[Plan, dict[str, Planned]]) -> Iterator[Turn]:
    for unit_id, entry in after[1].items():
        known = before[1].get(unit_id)
        if known is None:
            continue
        was, becomes = _traits(before[0], known), _traits(after[0], entry)
        for what, value in becomes.items():
            if was[what] != value:
                yield Turn(entry.unit, what, was[what], value)


def _traits(plan: Plan, entry: Planned) -> dict[str, str | None]:
    return {
        "role": entry.role,
        "mandatory": "yes" if entry.mandatory else "no",
        "clocks": plan.requirements[entry.requirement].clocks,
        "offer": entry.offer,
    }


def _lead(plan: Plan) -> Unit | None:
    return next((entry.unit for entry in plan.planned if entry.role == "lead"), None)


def _lacks(plan: Plan, *, other: Plan) -> tuple[Lack, ...]:
    """Give what lacks in one and not, or less, in the other; why it lacks may differ."""
    more = _short(plan) - _short(other)
    reasons = {(gap.unit_kind, gap.role): str(gap.reason) for gap in plan.shortfalls}
    return tuple(Lack(kind, role, reasons[kind, role], count) for (kind, role), count in sorted(more.items()))


def _short(plan: Plan) -> Counter[tuple[str, str]]:
    return Counter((gap.unit_kind, gap.role) for gap in plan.shortfalls)


def _held(plan: Plan, *, other: Plan) -> tuple[Held, ...]:
    more = _waiting(plan) - _waiting(other)
    return tuple(Held(action, kind, count) for (action, kind), count in sorted(more.items()))


def _waiting(plan: Plan) -> Counter[tuple[str, str]]:
    waiting: Counter[tuple[str, str]] = Counter()
    for staged in plan.stages:
        waiting[staged.action, plan.requirements[staged.requirement].pool] += len(staged.slots) or 1
    return waiting
