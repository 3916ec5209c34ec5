"""Connects to push services only: a name is looked up here, and the very address that was judged is connected to.

Race: a name that answers with a public address when it is judged and with a private one when it is called. There is no
second look-up between judging and connecting.
"""

import socket
from ipaddress import ip_address
from typing import Final

import httpcore

from dispatch.domain.push import Address, may_call
from dispatch.outside.worker import BusyError, Worker

LOOK_UP_WITHIN_S: Final = 3.0
CONNECT_WITHIN_S: Final = 2.0
MOST_TRIED: Final = 4


class AddressRefusedError(Exception):
    """The name stands for addresses that are not called from here."""


class JudgedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that may be called, and to no others."""

    def __init__(self, *, private: bool) -> None:
        """Say whether private addresses may be called."""
        self._private = private
        self._network = httpcore.AnyIOBackend()
        self._look_ups = Worker("push-names", threads=4)

    async def connect_tcp(  # the parameters are httpcore's
        self, host: str, port: int, *_further: object, **named: object
    ) -> httpcore.AsyncNetworkStream:
        """Look a name up and connect to one of its addresses.

        Raises:
            AddressRefusedError: it has none that may be called.
            httpcore.ConnectError: the name is not known, or nobody answers.
        """
        named["timeout"] = CONNECT_WITHIN_S
        failed: Exception = httpcore.ConnectError("no address")
        for address in await self._addresses(host, port):
            try:
                return await self._network.connect_tcp(str(address), port, **named)  # type: ignore[arg-type]
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[Address]:
        def look_up() -> list[Address]:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))

        try:
            known = await self._look_ups.run(look_up, within_s=LOOK_UP_WITHIN_S)
        except (OSError, UnicodeError, BusyError) as error:  # TimeoutError is an OSError
            raise httpcore.ConnectError(f"{host} could not be looked up") from error
        judged = [address for address in known if may_call(address, private=self._private)]
        if not judged:
            raise AddressRefusedError(f"{host} is at a private address")
        return judged[:MOST_TRIED]
