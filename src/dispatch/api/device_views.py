"""Shapes of answers about one-key devices, for the documentation and the generated types."""

from typing import Literal

from dispatch.api.view_basics import View
from dispatch.api.views import IncidentView, PlaceView


class DevicePlace(PlaceView):
    """A device's place."""

    code: str
    division_code: str


class DeviceView(View):
    """A one-key device."""

    id: str
    code: str
    name: str
    name_en: str
    place: DevicePlace
    trigger_mode: Literal["press", "hold", "double"]
    hold_ms: int
    silent: bool
    choices: list[str]
    phone: str | None
    state: str


class DeviceStatus(View):
    """What the button may show."""

    device: DeviceView
    incident: IncidentView | None
    server_time: str


class DeviceState(View):
    """How the device is."""

    state: str
    server_time: str
