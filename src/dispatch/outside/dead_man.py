"""The dead man's switch: somebody outside expects a sign of life, and raises the alarm when it stays away.

Invariant: the sign is given for a complete audit that found nothing, never otherwise; see `jobs/auditor`.
"""

import ssl

TIMEOUT_S = 3.0


class SignLostError(Exception):
    """Nobody took the sign of life."""


class DeadMan:
    """Asks for one address, within a bounded time, over a connection of its own."""

    def __init__(self, url: str) -> None:
        """Keep the address; what TLS needs is read once."""
        import httpx  # noqa: PLC0415 - loaded only where an address is set

        self._url = url
        self._httpx = httpx
        self._tls = ssl.create_default_context()

    async def sign(self) -> None:
        """Give the sign once; a sign that is lost is not given again: the next audit gives its own.

        Raises:
            SignLostError: no answer in time, or another than 2xx. The address may hold a secret and is not named.
        """
        try:
            async with self._httpx.AsyncClient(timeout=TIMEOUT_S, verify=self._tls) as client:
                answer = await client.get(self._url)
        except (self._httpx.HTTPError, self._httpx.InvalidURL) as error:
            raise SignLostError(type(error).__name__) from error
        if not answer.is_success:
            raise SignLostError(f"answered {answer.status_code}")
