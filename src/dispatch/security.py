"""Who is this, what may they see and do. Shared by HTTP and websocket; asked again when something is published.

Secrets are random (256 bit) and stored as SHA-256; passwords as Argon2id.
"""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dispatch.domain.actor import Actor
from dispatch.domain.directory import Directory
from dispatch.domain.disclosure import may_read_details
from dispatch.domain.errors import ForbiddenError, NotFoundError, RateLimitedError, UnauthenticatedError
from dispatch.domain.rows import IncidentRow, LinkData
from dispatch.domain.unit import Unit
from dispatch.storage.access import Holder, find_holders
from dispatch.storage.database import Database
from dispatch.storage.together import Together

Permission = Literal["report", "listen", "work", "direct", "set_modes", "drill", "administer", "press", "note_receipts"]
KEY_PREFIX: Final = "dsp_"
SESSION_COOKIE: Final = "dispatch_session"
BELIEVED_FOR_S: Final = 1.0
"""A credential is looked up again after this long: a revocation is felt within a second."""
MOST_BELIEVED: Final = 50_000

_DESK: Final[frozenset[Permission]] = frozenset({"report", "listen", "direct", "work"})
_PERMISSIONS: Final[dict[str, frozenset[Permission]]] = {
    "integrator": frozenset({"report", "listen"}),
    "device": frozenset({"press", "listen"}),
    "console": frozenset({"work", "listen"}),
    "wall": frozenset({"listen"}),
    "gateway": frozenset({"note_receipts"}),
    "responder": frozenset({"work", "listen"}),
    "operator": _DESK,
    "shift_leader": _DESK | {"set_modes", "drill"},
    "admin": _DESK | {"set_modes", "drill", "administer"},
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `secret_hash` names the credential, so that it can be asked about again."""

    kind: str
    id: str
    name: str
    role: str | None
    unit_id: str | None
    device_id: str | None
    division_codes: tuple[str, ...]
    secret_hash: bytes
    is_session: bool

    @property
    def identity(self) -> tuple[str | None, ...]:
        """Name who this is and acts for, apart from the area: a page that was opened for it shows nothing else."""
        return self.kind, self.id, self.role, self.unit_id, self.device_id

    @property
    def actor(self) -> Actor:
        """Name the principal for audit and timeline."""
        return Actor(self.role or self.kind, self.id, self.name)

    @property
    def is_desk(self) -> bool:
        """Say whether this is somebody of the command centre."""
        return self.kind == "person" and self.role in {"operator", "shift_leader", "admin"}

    @property
    def is_wall(self) -> bool:
        """Say whether this is a screen that must not show personal data."""
        return self.kind == "wall" or self.role == "wall"

    def may(self, permission: Permission) -> bool:
        """Say whether the principal holds a permission."""
        return permission in _PERMISSIONS.get(self.role or self.kind, frozenset())

    def require(self, permission: Permission) -> None:
        """Refuse unless the permission is held.

        Raises:
            ForbiddenError: it is not.
        """
        if not self.may(permission):
            raise ForbiddenError(f"a {self.role or self.kind} may not {permission}")

    def covers(self, division_code: str | None) -> bool:
        """Say whether a division lies in the principal's area."""
        return division_code is not None and any(division_code.startswith(code) for code in self.division_codes)

    def is_touched_by(self, division_code: str, directory: Directory) -> bool:
        """Say whether what holds for a division holds in a part of the principal's area: a desk's, or a unit's own."""
        if self.unit_id is None:
            return self.covers(division_code) or any(
                division_code in directory.chain(code) for code in self.division_codes
            )
        unit, around = directory.units.get(self.unit_id), directory.chain(division_code)
        own = () if unit is None else (unit.division_code, *unit.jurisdiction)
        return any(code in around or division_code in directory.chain(code) for code in own)

    def may_see(self, incident: IncidentRow) -> bool:
        """Say whether the principal may know of an incident."""
        if self.is_desk or self.is_wall:
            return self.covers(incident["division_code"])
        if self.unit_id is not None:
            return self.unit_id in incident["unit_ids"]
        if self.device_id is not None:
            return incident["device_id"] == self.device_id
        return self.kind == "integrator" and incident["source_id"] == self.id

    def sees_link(self, link: LinkData) -> bool:
        """Say whether the principal may know that another incident may be the same event: the desk in its area."""
        return self.is_desk and self.covers(link["division_code"])

    def require_sight(self, incident: IncidentRow) -> None:
        """Refuse an incident outside the principal's scope as if it did not exist.

        Raises:
            NotFoundError: outside the scope.
        """
        if not self.may_see(incident):
            raise NotFoundError("no such incident", facts={"incident_id": incident["id"]})

    def reads_details(self, incident: IncidentRow, unit: Unit | None) -> bool:
        """Say whether description and caller may be shown to the principal; an integrator reads what it sent."""
        sent = self.kind == "integrator" and incident["source_id"] == self.id
        return sent or self.reads_words(incident, unit)

    def reads_words(self, incident: IncidentRow, unit: Unit | None) -> bool:
        """Say whether what anybody wrote about the incident may be shown to the principal."""
        if self.is_desk:
            return True
        if unit is None:
            return False
        return may_read_details(incident, unit_id=unit.id, kind_is_sensitive=unit.sensitive)


def new_secret() -> str:
    """Make a fresh key."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> bytes:
    """Hash a key or a session token; the entropy is the secret's own, so one round is enough."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


class Authenticator:
    """Finds out who holds a credential, believing an answer for a second."""

    def __init__(self, database: Database) -> None:
        """Start with nothing believed."""
        self._database = database
        self._look_ups: Together[bytes, list[Holder]] = Together(self._find)
        self._believed: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    async def by_key(self, secret: str) -> Principal:
        """Tell who holds an API key.

        Raises:
            UnauthenticatedError: unknown, expired or revoked.
        """
        return await self._holder_of(hash_secret(secret), is_session=False)

    async def by_session(self, secret: str) -> Principal:
        """Tell whose session this is.

        Raises:
            UnauthenticatedError: unknown or ended.
        """
        return await self._holder_of(hash_secret(secret), is_session=True)

    async def again(self, principals: Iterable[Principal]) -> dict[bytes, Principal]:
        """Give principals as they are now, by `secret_hash`; who has ended is left out.

        Believes nothing that was known; one statement, however many they are.
        """
        asked = {principal.secret_hash: principal.is_session for principal in principals}
        async with self._database.connection() as connection:
            holders = await find_holders(connection, list(asked))
        fresh = {who.token_hash: _principal(who) for who in holders if asked[who.token_hash] == who.is_session}
        for secret_hash in asked:
            if secret_hash in fresh:
                self._believe(fresh[secret_hash])
            else:
                self.forget(secret_hash)
        return fresh

    def forget(self, secret_hash: bytes) -> None:
        """Stop believing a credential at once."""
        self._believed.pop(secret_hash, None)

    async def _holder_of(self, secret_hash: bytes, *, is_session: bool) -> Principal:
        known = self._believed.get(secret_hash)
        if known is not None and time.monotonic() - known[0] < BELIEVED_FOR_S and known[1].is_session == is_session:
            return known[1]
        return await self._look_up(secret_hash, is_session=is_session)

    async def _look_up(self, secret_hash: bytes, *, is_session: bool) -> Principal:
        holders = await self._look_ups.ask(secret_hash)
        holder = next((holder for holder in holders if holder.is_session == is_session), None)
        if holder is None:
            self.forget(secret_hash)
            raise UnauthenticatedError("this key or session is unknown, expired or revoked")
        return self._believe(_principal(holder))

    async def _find(self, secret_hashes: list[bytes]) -> list[list[Holder]]:
        async with self._database.connection() as connection:
            holders = await find_holders(connection, secret_hashes)
        of: dict[bytes, list[Holder]] = {}
        for holder in holders:
            of.setdefault(holder.token_hash, []).append(holder)
        return [of.get(secret_hash, []) for secret_hash in secret_hashes]

    def _believe(self, principal: Principal) -> Principal:
        self._believed[principal.secret_hash] = (time.monotonic(), principal)
        while len(self._believed) > MOST_BELIEVED:
            self._believed.popitem(last=False)
        return principal


def _principal(holder: Holder) -> Principal:
    return Principal(
        kind=holder.kind,
        id=holder.id,
        name=holder.name,
        role=holder.role,
        unit_id=holder.unit_id,
        device_id=holder.device_id,
        division_codes=holder.division_codes,
        secret_hash=holder.token_hash,
        is_session=holder.is_session,
    )


_HASHER: Final = PasswordHasher()
_CHECKING: Final = ThreadPoolExecutor(2, "password")
"""Not the threads that rules are read and names looked up in: a check takes a core for a moment, and 64 MiB."""


@cache
def _decoy() -> str:
    return _HASHER.hash("nobody's password")


def hash_password(password: str) -> str:
    """Hash a password with Argon2id (RFC 9106 low-memory profile of argon2-cffi)."""
    return _HASHER.hash(password)


async def password_matches(password: str, stored: str | None) -> bool:
    """Check a password beside the event loop; a login that does not exist costs the same time."""

    def check() -> bool:
        try:
            _HASHER.verify(stored or _decoy(), password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    return await asyncio.get_running_loop().run_in_executor(_CHECKING, check)


def address_group(host: str | None) -> str:
    """Name the address that guesses are counted by: an IPv6 customer has a whole /64 of them."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return host or "-"
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))


class LoginGuard:
    """Slows guessing: after five wrong tries for a login from one address within five minutes the next must wait.

    A stranger's guesses do not lock out who asks from another address, unless those from everywhere are a hundred.
    """

    def __init__(self, *, tries: int = 5, tries_from_everywhere: int = 100, window_s: float = 300.0) -> None:
        """Start with no wrong tries."""
        self._tries = tries
        self._tries_from_everywhere = tries_from_everywhere
        self._window_s = window_s
        self._wrong: OrderedDict[str, list[tuple[float, str]]] = OrderedDict()

    def require_patience(self, login: str, address: str) -> None:
        """Refuse a login that was tried too often, from this address or from everywhere.

        Raises:
            RateLimitedError: facts say how many seconds to wait.
        """
        now = time.monotonic()
        lately = [entry for entry in self._wrong.get(login, ()) if now - entry[0] < self._window_s]
        own = [at for at, whence in lately if whence == address]
        for wrong, tries in ((own, self._tries), ([at for at, _ in lately], self._tries_from_everywhere)):
            if len(wrong) >= tries:
                wait = max(1, round(self._window_s - (now - wrong[-tries])))
                raise RateLimitedError("too many wrong passwords; wait", facts={"retry_after_s": wait})

    def note_wrong(self, login: str, address: str) -> None:
        """Count a wrong try; those too old to count are forgotten."""
        now = time.monotonic()
        lately = [entry for entry in self._wrong.pop(login, ()) if now - entry[0] < self._window_s]
        self._wrong[login] = [*lately, (now, address)]
        while len(self._wrong) > MOST_BELIEVED:
            self._wrong.popitem(last=False)

    def note_right(self, login: str, address: str) -> None:
        """Forget the wrong tries for a login from this address; a stranger's still count against the stranger."""
        left = [entry for entry in self._wrong.pop(login, ()) if entry[1] != address]
        if left:
            self._wrong[login] = left
