"""A browser's push subscription: where its messages go and what they are sealed with. What cannot be one is refused.

The endpoint comes from a browser and this service will post to it. Invariant: nothing but a public https address,
unless the installation says that its push service is a private one. A name is judged again when it is called.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from dispatch.domain.errors import Fault

Address: TypeAlias = IPv4Address | IPv6Address
LONGEST_ENDPOINT: Final = 2000
AUTH_BYTES: Final = 16
KEY_BYTES: Final = 65
VAPID_KEY_BYTES: Final = 32
_UNCOMPRESSED: Final = 4
_NAT64: Final = ip_network("64:ff9b::/96")
_LOCAL_NAMES: Final = (".localhost", ".local", ".internal")


@dataclass(frozen=True, slots=True)
class PushTarget:
    """What a browser hands out: the endpoint, its public key (P-256) and a shared secret, both in base64url."""

    endpoint: str
    p256dh: str
    auth: str

    def text(self) -> str:
        """Write it as the ledger keeps it."""
        return json.dumps({"endpoint": self.endpoint, "p256dh": self.p256dh, "auth": self.auth})

    @classmethod
    def read(cls, text: str) -> "PushTarget":
        """Read it back.

        Raises:
            ValueError: it is none.
        """
        found = json.loads(text)
        if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in cls.__slots__):
            message = "not a push subscription"
            raise ValueError(message)
        return cls(found["endpoint"], found["p256dh"], found["auth"])


def from_base64url(text: str) -> bytes:
    """Read base64url with or without its padding.

    Raises:
        ValueError: it is none.
    """
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        message = "not base64url"
        raise ValueError(message) from None


def to_base64url(value: bytes) -> str:
    """Write base64url without padding, as JOSE and push services do."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def target_faults(target: PushTarget, *, private: bool) -> tuple[Fault, ...]:
    """Say what is wrong with a subscription; `private` allows private addresses, and http on this machine."""
    faults = []
    if (wrong := endpoint_fault(target.endpoint, private=private)) is not None:
        faults.append(Fault("/endpoint", "endpoint_refused", wrong))
    key = _bytes_or_none(target.p256dh)
    if key is None or len(key) != KEY_BYTES or key[0] != _UNCOMPRESSED:
        faults.append(Fault("/keys/p256dh", "invalid_key", "an uncompressed P-256 point, 65 bytes in base64url"))
    secret = _bytes_or_none(target.auth)
    if secret is None or len(secret) != AUTH_BYTES:
        faults.append(Fault("/keys/auth", "invalid_key", "16 bytes in base64url"))
    return tuple(faults)


def endpoint_fault(endpoint: str, *, private: bool) -> str | None:
    """Say why an endpoint will not be called."""
    parts = _split(endpoint)
    if parts is None or not parts.hostname or parts.username is not None or parts.fragment:
        return "an endpoint is an https URL of a push service"
    literal = _address(parts.hostname)
    on_this_machine = parts.hostname == "localhost" or (literal is not None and literal.is_loopback)
    if parts.scheme == "http" and private and on_this_machine:
        return None
    if parts.scheme != "https":
        return "an endpoint is an https URL of a push service"
    local_name = "." not in parts.hostname if literal is None else False
    if not private and (local_name or parts.hostname.endswith(_LOCAL_NAMES)):
        return "the endpoint names a private host"
    if literal is not None and not may_call(literal, private=private):
        return "the endpoint is a private address"
    return None


def may_call(address: Address, *, private: bool) -> bool:
    """Say whether a push service may be called at an address.

    Addresses that stand for IPv4 ones are judged by these. Link-local ones never: there lie the metadata of clouds.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return may_call(address.ipv4_mapped, private=private)
        if address in _NAT64:
            return may_call(IPv4Address(int(address) & 0xFFFF_FFFF), private=private)
        if address.sixtofour is not None or address.teredo is not None:
            return False
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    return address.is_global or (private and (address.is_private or address.is_loopback))


def _split(endpoint: str) -> SplitResult | None:
    """Split a URL; None for what no browser writes: spaces, control characters, other alphabets, an odd port."""
    if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        return None
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        return None
    return None if "\\" in endpoint else parts


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _bytes_or_none(text: str) -> bytes | None:
    try:
        return from_base64url(text)
    except ValueError:
        return None
