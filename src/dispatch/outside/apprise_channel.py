"""Chat, mail, SMS and voice through Apprise: one channel per name that the installation gives, with threads of its own.

Apprise only says whether a message went; why not is read from its log. What it logs names recipients and goes nowhere
else: no log of ours holds a telephone number.
"""

import json
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol, cast
from urllib.parse import quote

from dispatch.outside.channel import Message, PermanentChannelError, TemporaryChannelError
from dispatch.outside.worker import BusyError, Worker

TIMEOUT_S: Final = 10.0
THREADS: Final = 4
"""Of each channel: a burst goes out four at a time, and three that hang leave one."""
CRITICAL_THREADS: Final = 8
"""Besides, for critical messages alone: ordinary ones that hang take none of them."""
RECIPIENT: Final = "{to}"
_EXAMPLE: Final = "8613800000000"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_TAKEN: Final = frozenset({"console", "file", "web_push"})
_STATUS: Final = re.compile(r"\berror=(\d{3})\b")
_COME_AGAIN: Final = frozenset({408, 425, 429})
_CLIENT_ERRORS: Final = range(400, 500)


class ChannelSettingError(ValueError):
    """The setting names a channel that cannot work; the words say which, never its URL: that holds secrets."""


class _Service(Protocol):
    """What Apprise makes of a URL."""

    def notify(self, **said: object) -> bool: ...


class AppriseChannel:
    """One channel: a message counts as sent when one of its URLs has taken it."""

    def __init__(self, name: str, templates: list[str]) -> None:
        """Check name and URLs; in each `{to}` stands for the recipient.

        Raises:
            ChannelSettingError: a name or URL that cannot work, or Apprise is not installed.
        """
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise ChannelSettingError(f"{name!r} cannot be the name of a channel: a-z, 0-9, _; not {sorted(_TAKEN)}")
        self.name = name
        self._templates = templates
        self._apprise = _apprise()
        self._ordinary = Worker(f"apprise-{name}", threads=THREADS)
        self._critical = Worker(f"apprise-{name}-critical", threads=CRITICAL_THREADS)
        for number, template in enumerate(templates, 1):
            if self._service(template, _EXAMPLE) is None:
                raise ChannelSettingError(f"channel {name!r}: Apprise does not understand URL {number}")

    async def send(self, message: Message) -> str | None:
        """Send, in 10 s at most. There is no provider's id.

        Raises:
            TemporaryChannelError: no answer, or: later. What took too long may arrive all the same.
            PermanentChannelError: refused.
        """
        worker = self._critical if message.urgency == "critical" else self._ordinary
        try:
            await worker.run(lambda: self._send(message), within_s=TIMEOUT_S)
        except TimeoutError:
            raise TemporaryChannelError(f"no answer within {TIMEOUT_S:.0f} s") from None
        except BusyError as error:
            raise TemporaryChannelError(str(error)) from None
        return None

    def _service(self, template: str, to: str) -> _Service | None:
        url = template.replace(RECIPIENT, quote(to, safe=""))
        asset = self._apprise.AppriseAsset(app_id="Dispatch")
        return cast("_Service | None", self._apprise.Apprise.instantiate(url, asset=asset))

    def _send(self, message: Message) -> None:
        """Send in the channel's own thread."""
        loud = message.urgency in {"critical", "urgent"}
        said: dict[str, object] = {
            "title": message.title,
            "body": message.text,
            "notify_type": self._apprise.NotifyType.WARNING if loud else self._apprise.NotifyType.INFO,
            "body_format": self._apprise.NotifyFormat.TEXT,
        }
        statuses: list[int | None] = []
        taken = False
        for template in self._templates:
            with _overheard() as answers:
                service = self._service(template, message.to)
                sent = service is not None and bool(service.notify(**said))
            taken = taken or sent
            statuses.append(None if service is not None and not answers else next(iter(answers), 400))
        if not taken:
            raise _failure(statuses)


def read_setting(text: str) -> list[AppriseChannel]:
    """Build the channels that DISPATCH_APPRISE names: JSON, or a file with it: {"name": "URL" or ["URL", …]}.

    Raises:
        ChannelSettingError: unreadable, or a channel that cannot work.
    """
    return [AppriseChannel(name, _urls(name, value)) for name, value in _named(text).items()]


def read_names(text: str) -> list[str]:
    """Give the names of the channels that DISPATCH_APPRISE names, without building any.

    Raises:
        ChannelSettingError: unreadable.
    """
    return list(_named(text))


def _named(text: str) -> dict[str, object]:
    if not text.strip():
        return {}
    try:
        found = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ChannelSettingError(
            f"DISPATCH_APPRISE is neither JSON nor a file with it: {type(error).__name__}"
        ) from None
    if not isinstance(found, Mapping):
        raise ChannelSettingError('DISPATCH_APPRISE: {"name": "URL"}')
    return {str(name): value for name, value in found.items()}


def _urls(name: str, value: object) -> list[str]:
    urls = [value] if isinstance(value, str) else value
    if not isinstance(urls, list) or not urls or not all(isinstance(url, str) and url for url in urls):
        raise ChannelSettingError(f"channel {name!r}: a URL, or a list of URLs")
    return urls


def _failure(statuses: list[int | None]) -> Exception:
    """Say why nobody took a message; an Apprise service that could not be made of this recipient counts as 400."""
    refused = [status for status in statuses if status in _CLIENT_ERRORS and status not in _COME_AGAIN]
    if len(refused) == len(statuses):
        return PermanentChannelError(f"the gateway answered {refused[0]}")
    answered = next((status for status in statuses if status is not None), None)
    return TemporaryChannelError("not taken" if answered is None else f"the gateway answered {answered}")


class _Overhearing(logging.Handler):
    """Picks the gateway's answers out of what this thread logs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.answers: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and (found := _STATUS.search(record.getMessage())) is not None:
            self.answers.append(int(found[1]))


@contextmanager
def _overheard() -> Iterator[list[int]]:
    logger, handler = logging.getLogger("apprise"), _Overhearing()
    logger.addHandler(handler)
    try:
        yield handler.answers
    finally:
        logger.removeHandler(handler)


@cache
def _apprise() -> ModuleType:
    """Load Apprise where a channel needs it: 0.3 s, and an extra that others need not have."""
    try:
        import apprise
    except ImportError:
        raise ChannelSettingError("DISPATCH_APPRISE needs the extra: pip install 'dispatch-loop[apprise]'") from None
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # below it tells of URLs
    return apprise
