"""Ladders: what follows when a unit stays silent, as data per agency and urgency.

The console is always the first channel, at once. A ladder says which channels come after it, how long each is given,
which of the profile's limits are other ones for this agency, and what each missed limit brings.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, cast, get_args

from dispatch.domain.clock_profile import ClockProfile
from dispatch.domain.errors import Fault, InvalidRequestError
from dispatch.domain.suggest import did_you_mean

Action = Literal["page", "urge", "escalate", "supervise", "reopen", "finish", "remind"]
Target = Literal["next_unit", "superior", "shift_leader"]
TARGETS: Final[tuple[Target, ...]] = get_args(Target)
LIMITS: Final = ("deliver_s", "urge_s", "acknowledge_s", "depart_s", "feedback_s")
"""What a ladder may set otherwise than the clock profile; seconds after the assignment was issued."""
CHOOSABLE: Final[Mapping[str, tuple[Action, ...]]] = {
    "depart_overdue": ("urge", "supervise", "escalate", "reopen"),
    "arrive_overdue": ("urge", "supervise", "escalate", "reopen"),
    "feedback_overdue": ("urge", "supervise"),
    "close_overdue": ("urge", "supervise"),
}
"""The steps after the acknowledgement, and what a ladder may make of them."""
CHANNELS: Final = ("web_push", "sms", "file")
"""The channels that need no name of their own; an installation names further ones in DISPATCH_APPRISE."""
_KEYS: Final = ("code", "agency", "urgency", "channels", "next_channel_s", "limits", "escalate", "steps", "silent_s")
_MOST_S: Final = 90 * 86_400.0


@dataclass(frozen=True, slots=True)
class Ladder:
    """One ladder; without agency or urgency it is for all of them. Times in seconds.

    `channels` are asked one after the other, `next_channel_s` apart, until one of them or the console has delivered;
    empty: every channel that there is, all at once. `silent_s`: who has acknowledged, does not move and has no console
    left for so long is taken back to the desk.
    """

    code: str = "usual"
    agency: str | None = None
    urgency: str | None = None
    channels: tuple[str, ...] = ()
    next_channel_s: float = 15.0
    limits: Mapping[str, float] = field(default_factory=dict)
    escalate: tuple[Target, ...] = TARGETS
    steps: Mapping[str, Action] = field(default_factory=dict)
    silent_s: float = 180.0

    def clocks(self, profile: ClockProfile) -> ClockProfile:
        """Give a profile with this ladder's own limits."""
        return replace(profile, **self.limits) if self.limits else profile  # type: ignore[arg-type]


USUAL: Final = Ladder()


class Ladders:
    """The ladders of a directory: the one that says most about agency and urgency counts."""

    def __init__(self, ladders: Iterable[Ladder] = ()) -> None:
        """Index by what they are for."""
        self.all = tuple(ladders)
        self._by_scope = {(ladder.agency, ladder.urgency): ladder for ladder in self.all}

    def of(self, agency: str, urgency: str) -> Ladder:
        """Give the ladder for both, else the agency's, else the urgency's, else the one for all, else the usual one."""
        for scope in ((agency, urgency), (agency, None), (None, urgency), (None, None)):
            if ladder := self._by_scope.get(scope):
                return ladder
        return USUAL


def everybody(_unit_id: str) -> bool:
    """Count every unit's console as there."""
    return True


@dataclass(frozen=True, slots=True)
class Reach:
    """How units are reached in an incident of an urgency: by which ladders, and whether their consoles are there."""

    ladders: Ladders = field(default_factory=Ladders)
    urgency: str = "urgent"
    is_there: Callable[[str], bool] = everybody

    def ladder(self, agency: str) -> Ladder:
        """Give an agency's ladder."""
        return self.ladders.of(agency, self.urgency)


def parse_ladder(row: Mapping[str, object], pointer: str, *, channels: Collection[str] | None = None) -> Ladder:
    """Read a ladder from plain data.

    `channels` are all names that a channel may have here. Without them any will do: a stored ladder must be readable
    after the setting of a channel is gone.

    Raises:
        InvalidRequestError: a name that does not exist, or a time out of range; the pointer says where.
    """
    faults = [Fault(f"{pointer}/{key}", "unknown_field", f"no field {key!r}") for key in row if key not in _KEYS]
    limits = cast("Mapping[str, object]", row.get("limits") or {})
    steps = cast("Mapping[str, str]", row.get("steps") or {})
    escalate = cast("Iterable[str]", row.get("escalate", TARGETS))
    faults += [_unknown(f"{pointer}/limits/{name}", name, LIMITS) for name in limits if name not in LIMITS]
    faults += [_unknown(f"{pointer}/steps/{name}", name, CHOOSABLE) for name in steps if name not in CHOOSABLE]
    faults += [
        _unknown(f"{pointer}/steps/{name}", str(action), CHOOSABLE[name])
        for name, action in steps.items()
        if name in CHOOSABLE and action not in CHOOSABLE[name]
    ]
    faults += [_unknown(f"{pointer}/escalate", name, TARGETS) for name in escalate if name not in TARGETS]
    faults += _channel_faults(row.get("channels") or (), f"{pointer}/channels", channels)
    times = {f"limits/{name}": value for name, value in limits.items()}
    times |= {name: row[name] for name in ("next_channel_s", "silent_s") if name in row}
    faults += [_out_of_range(f"{pointer}/{name}") for name, value in times.items() if not _is_time(value)]
    if faults:
        raise InvalidRequestError(tuple(faults))
    return Ladder(
        code=str(row["code"]),
        agency=cast("str | None", row.get("agency")),
        urgency=cast("str | None", row.get("urgency")),
        channels=tuple(cast("Iterable[str]", row.get("channels") or ())),
        next_channel_s=float(cast("float", row.get("next_channel_s", USUAL.next_channel_s))),
        limits={name: float(cast("float", value)) for name, value in limits.items()},
        escalate=tuple(target for target in TARGETS if target in set(escalate)),
        steps=cast("Mapping[str, Action]", dict(steps)),
        silent_s=float(cast("float", row.get("silent_s", USUAL.silent_s))),
    )


def require_ladders(rows: Iterable[Mapping[str, object]], channels: Collection[str]) -> None:
    """Refuse ladders that are to be loaded and name what does not exist, channels too.

    Raises:
        InvalidRequestError: with a pointer to every fault of every ladder.
    """
    faults: list[Fault] = []
    for row in rows:
        try:
            parse_ladder(row, f"/ladders/{row.get('code')}", channels=channels)
        except InvalidRequestError as error:
            faults += error.faults
    if faults:
        raise InvalidRequestError(tuple(faults))


def ladder_warnings(ladders: Iterable[Ladder], *, known: Collection[str], there: Collection[str]) -> list[str]:
    """Say which ladders name channels that cannot be, or none that is there: then every channel is asked instead."""
    warnings = []
    for ladder in ladders:
        if wrong := [name for name in ladder.channels if name not in known]:
            warnings.append(f"{ladder.code} names no channel with {', '.join(wrong)} (known: {_listed(known)})")
        elif ladder.channels and not set(ladder.channels) & set(there):
            names = ", ".join(ladder.channels)
            warnings.append(f"{ladder.code} names only {names}, not set here: every channel is asked, all at once")
    return warnings


def _channel_faults(given: object, pointer: str, known: Collection[str] | None) -> list[Fault]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [Fault(pointer, "wrong_type", "a list of names of channels")]
    faults = []
    for at, name in enumerate(given):
        if name == "console":
            detail = "the console is always asked first: name what comes after it"
            faults.append(Fault(f"{pointer}/{at}", "unknown_name", detail))
        elif known is not None and name not in known:
            detail = f"no channel has the name {str(name)[:80]!r}{did_you_mean(str(name), known)}"
            faults.append(Fault(f"{pointer}/{at}", "unknown_name", f"{detail}; known here: {_listed(known)}"))
    return faults


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MOST_S


def _unknown(pointer: str, name: str, known: Iterable[str]) -> Fault:
    return Fault(pointer, "unknown_name", f"{name[:80]!r} is not known here{did_you_mean(name, known)}")


def _out_of_range(pointer: str) -> Fault:
    return Fault(pointer, "out_of_range", f"seconds, above 0 and at most {int(_MOST_S)}")
