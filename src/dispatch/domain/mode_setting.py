"""Setting a mode: what may be set, and how a mode is shown and read back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from dispatch.domain.condition_fields import FIELDS
from dispatch.domain.directory import Directory
from dispatch.domain.errors import Fault, InvalidRequestError, WrongStateError
from dispatch.domain.mode import NORMAL, Mode, ModeField
from dispatch.domain.rows import instant, parse_instant
from dispatch.domain.suggest import did_you_mean, nearest_names
from dispatch.domain.trigger import instant_or_none
from dispatch.domain.wire import Json


@dataclass(frozen=True, slots=True)
class ModeSetting:
    """What is to hold for a division, and why. A start that has passed means now."""

    division_code: str
    field: ModeField
    value: str
    starts_at: datetime
    ends_at: datetime | None
    reason: str


def require_meaning(setting: ModeSetting, directory: Directory, now: datetime) -> None:
    """Refuse what names nothing: an unknown division or value, an end before its start.

    Raises:
        InvalidRequestError: with a pointer to every fault; facts name the nearest known divisions.
    """
    faults: list[Fault] = []
    nearest: tuple[str, ...] = ()
    if setting.division_code not in directory.content.divisions:
        nearest = nearest_names(setting.division_code, directory.content.divisions)
        hint = did_you_mean(setting.division_code, directory.content.divisions)
        faults.append(Fault("/division_code", "unknown_division", f"no such division{hint}"))
    scale = FIELDS[setting.field].values
    if scale and setting.value not in scale:
        faults.append(Fault("/value", "unknown_value", f"{setting.field}: {', '.join(scale)}"))
    if setting.ends_at is not None and setting.ends_at <= max(setting.starts_at, now):
        faults.append(Fault("/ends_at", "ends_before_start", "a mode ends after its start, and not in the past"))
    if faults:
        raise InvalidRequestError(tuple(faults), facts={"nearest": list(nearest)} if nearest else None)


def require_effect(setting: ModeSetting, known: Iterable[Mode], directory: Directory) -> None:
    """Refuse `normal` where a higher response mode of the same division would go on counting.

    Raises:
        WrongStateError: facts hold the mode that stands in the way.
    """
    if setting.field != "response_mode" or setting.value != NORMAL:
        return
    for mode in known:
        same = mode.division_code == setting.division_code and mode.field == setting.field and mode.value != NORMAL
        if same and _overlap(setting, mode):
            raise WrongStateError(
                f"response mode {mode.value} counts before normal: end it instead of setting normal beside it",
                facts={"current": mode_view(mode, directory), "verb": "set", "allowed": ["end"]},
            )


def _overlap(setting: ModeSetting, mode: Mode) -> bool:
    begins_in_time = setting.ends_at is None or mode.starts_at < setting.ends_at
    return begins_in_time and (mode.ends_at is None or setting.starts_at < mode.ends_at)


def mode_view(mode: Mode, directory: Directory) -> Json:
    """Shape a mode: as answers, snapshots and events show it."""
    division = directory.content.divisions.get(mode.division_code)
    return {
        "id": mode.id,
        "division": {
            "code": mode.division_code,
            "name": division.name if division else None,
            "name_en": division.name_en if division else None,
        },
        "field": mode.field,
        "value": mode.value,
        "starts_at": instant(mode.starts_at),
        "ends_at": instant_or_none(mode.ends_at),
        "reason": mode.reason,
        "set_by": mode.set_by,
        "set_at": instant(mode.set_at),
        "ended_at": instant_or_none(mode.ended_at),
        "ended_by": mode.ended_by,
        "end_reason": mode.end_reason,
    }


def mode_of(view: Json) -> Mode:
    """Read a mode back from its shape."""

    def at(name: str) -> datetime | None:
        text = view[name]
        return parse_instant(text) if isinstance(text, str) else None

    def text(name: str) -> str | None:
        return cast("str | None", view[name])

    starts_at, set_at = at("starts_at"), at("set_at")
    if starts_at is None or set_at is None:
        message = "a mode has a start and an instant at which it was set"
        raise ValueError(message)
    return Mode(
        id=str(view["id"]),
        division_code=str(cast("Json", view["division"])["code"]),
        field=cast("ModeField", view["field"]),
        value=str(view["value"]),
        starts_at=starts_at,
        ends_at=at("ends_at"),
        reason=str(view["reason"]),
        set_by=str(view["set_by"]),
        set_at=set_at,
        ended_at=at("ended_at"),
        ended_by=text("ended_by"),
        end_reason=text("end_reason"),
    )
