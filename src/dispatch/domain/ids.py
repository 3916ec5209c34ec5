"""Identities: time-ordered UUIDs and the numbers that people read aloud.

Never draws randomness or time itself: both come from the composition root.
"""

from collections.abc import Callable
from uuid import UUID

NewId = Callable[[], UUID]
"""Gives a fresh UUIDv7 at each call."""


def uuid7(unix_ms: int, random_bits: int) -> UUID:
    """Build a UUIDv7 (RFC 9562 §5.7) from milliseconds since 1970 and at least 74 random bits."""
    rand_a = (random_bits >> 62) & 0xFFF
    rand_b = random_bits & ((1 << 62) - 1)
    value = (unix_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b
    return UUID(int=value)


def number_prefix(division_code: str, local_date: str) -> str:
    """Give what stands before the serial in an incident's number: county code and local date `YYYYMMDD`.

    `430304-20261123-` : six digits of the division, so that every incident of a county is counted in one row.
    """
    return f"{division_code[:6].ljust(6, '0')}-{local_date}-"
