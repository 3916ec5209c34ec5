"""What a writing statement takes and gives: the idempotency record in, the committed change out."""

from dataclasses import dataclass


class ClaimLostError(Exception):
    """An exclusive unit was taken by another incident: decide again without it."""


class TwinError(Exception):
    """The same idempotency key was committed first: answer from its change."""


class PaperTakenError(Exception):
    """An incident was entered under the same paper number before."""


@dataclass(frozen=True, slots=True)
class Once:
    """The idempotency record of a request: whose key, which key, of what body (SHA-256)."""

    scope: str
    key: str
    body_hash: bytes

    @property
    def name(self) -> tuple[str, str]:
        """Name the key: of two requests with the same name one has an effect."""
        return self.scope, self.key

    def parameter(self) -> list[str]:
        """Give scope, key and hash as one array parameter."""
        return [self.scope, self.key, self.body_hash.hex()]


@dataclass(frozen=True, slots=True)
class Place:
    """A committed change's identity and its place in commit order."""

    seq: int
    xid: int
    id: str


@dataclass(frozen=True, slots=True)
class Written:
    """A committed change: its place in commit order, its identity, its text, perhaps all assignments as text."""

    seq: int
    xid: int
    id: str
    change: str
    assignments: str | None = None

    @property
    def place(self) -> Place:
        """Give the place in commit order."""
        return Place(self.seq, self.xid, self.id)
