"""Every channel that an installation has set, in the order in which a ladder without its own would ask them."""

from pathlib import Path

from dispatch.domain.ladder import CHANNELS
from dispatch.outside.apprise_channel import ChannelSettingError, read_names, read_setting
from dispatch.outside.channel import Channel
from dispatch.outside.gateway import FileChannel, WebhookChannel


def channel_names(apprise: str) -> frozenset[str]:
    """Give every name that a channel may have here, whether it is set or not: the usual ones and those of `apprise`.

    Raises:
        ChannelSettingError: the setting cannot be read.
    """
    return frozenset({*CHANNELS, *read_names(apprise)})


def open_channels(webhook: str, file: str, apprise: str, web_push: Channel | None) -> list[Channel]:
    """Make the channels: web push, the SMS gateway at `webhook`, what `apprise` names, the `file` of a trial.

    Raises:
        ChannelSettingError: a setting names a channel that cannot work, or two have one name.
    """
    channels: list[Channel] = [] if web_push is None else [web_push]
    if webhook:
        channels.append(WebhookChannel(webhook))
    channels += read_setting(apprise)
    if file:
        channels.append(FileChannel(Path(file)))
    names = [channel.name for channel in channels]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ChannelSettingError(f"two channels have the name {', '.join(sorted(twice))}")
    return channels
