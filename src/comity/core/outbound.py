"""HTTP to addresses that somebody else named: webhooks, upstream sign-in services (design §7).

A name is resolved once and connected to at that address, so that nobody can answer with another one a
moment later. Addresses of this machine and of its networks are refused; a lab may allow the loopback.
Redirects are not followed: they would name an address that nobody looked at.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from comity.core.answers import AddressRefused, Answer, AnswerMissing

if TYPE_CHECKING:
    from comity.core.settings import Settings

ANSWER_BYTES_MAX: Final = 256 * 1024
"""More of an answer is not read."""
URL_LENGTH_MAX: Final = 2048
_HOST: Final = re.compile(r"^(?:[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+)$")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Outbound:
    """Calls the outside; `loopback` allows this machine, and plain HTTP to it, `ca_file` is trusted as well."""

    def __init__(self, *, loopback: bool = False, ca_file: Path | None = None) -> None:
        self._loopback = loopback
        self._ca_file = ca_file
        self._trust: ssl.SSLContext | None = None

    @classmethod
    def over(cls, settings: Settings) -> Outbound:
        """As the installation's settings allow."""
        return cls(loopback=settings.outbound_loopback, ca_file=settings.outbound_ca_file)

    async def get(self, url: str, *, timeout_s: float, headers: Mapping[str, str] | None = None) -> Answer:
        """Read something.

        Raises:
            AddressRefused, AnswerMissing.
        """
        return await self._call("GET", url, b"", dict(headers or {}), timeout_s)

    async def post(
        self, url: str, body: bytes, *, media_type: str, timeout_s: float, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send something.

        Raises:
            AddressRefused, AnswerMissing.
        """
        return await self._call("POST", url, body, {**(headers or {}), "content-type": media_type}, timeout_s)

    def check(self, url: str) -> None:
        """Is that an address to call, as far as one can see without asking for its name?

        Raises:
            AddressRefused.
        """
        self._read(url)

    async def _call(self, method: str, url: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Answer:
        target = self._read(url)
        try:
            async with asyncio.timeout(timeout_s):
                address = await self._resolve(target)
                # Host and certificate are those of the name; the connection goes to the address we looked at.
                host = target.netloc.decode("ascii")
                transport = httpx.AsyncHTTPTransport(verify=self._context(), trust_env=False)
                async with (
                    httpx.AsyncClient(transport=transport, trust_env=False, timeout=timeout_s) as client,
                    client.stream(
                        method,
                        target.copy_with(host=str(address)),
                        content=body,
                        headers={**headers, "host": host},
                        extensions={"sni_hostname": _name(target)},
                    ) as response,
                ):
                    return Answer(response.status_code, _media_type(response), await _body(response))
        except (TimeoutError, httpx.HTTPError, OSError) as fault:
            raise AnswerMissing(host=target.host, detail=type(fault).__name__) from fault

    def _read(self, url: str) -> httpx.URL:
        if len(url) > URL_LENGTH_MAX:
            raise AddressRefused(url=f"{url[:80]}…")
        try:
            target = httpx.URL(url)
        except (httpx.InvalidURL, UnicodeError) as fault:
            raise AddressRefused(url=url) from fault
        schemes = {"https", "http"} if self._loopback else {"https"}
        if target.scheme not in schemes or not _HOST.match(_name(target)) or target.userinfo or target.fragment:
            raise AddressRefused(url=url)
        if (literal := _literal(_name(target))) is not None:
            self._admit(target, [literal])
        return target

    async def _resolve(self, target: httpx.URL) -> IPAddress:
        if (literal := _literal(_name(target))) is not None:
            return self._admit(target, [literal])
        port = target.port or (443 if target.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(_name(target), port, type=socket.SOCK_STREAM)
        return self._admit(target, [ipaddress.ip_address(entry[4][0]) for entry in found])

    def _admit(self, target: httpx.URL, addresses: list[IPAddress]) -> IPAddress:
        """The first address, if all of them may be called: a name that also leads inside is not trusted at all."""
        for each in addresses:
            at_home = self._loopback and each.is_loopback
            if not at_home and (not is_public(each) or target.scheme != "https"):
                raise AddressRefused(url=str(target))
        return addresses[0]

    def _context(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = ssl.create_default_context()
            if self._ca_file is not None:
                self._trust.load_verify_locations(self._ca_file)
        return self._trust


def is_public(address: IPAddress) -> bool:
    """Does it lie on the internet, also when it is looked at through its IPv6 wrapping?"""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(wrapped)
    return address.is_global and not address.is_multicast


def _name(target: httpx.URL) -> str:
    """The host as it is asked for: without brackets, international names in ASCII."""
    return target.raw_host.decode("ascii")


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


async def _body(response: httpx.Response) -> bytes:
    arrived = bytearray()
    async for chunk in response.aiter_bytes():
        arrived += chunk
        if len(arrived) > ANSWER_BYTES_MAX:
            return bytes(arrived[:ANSWER_BYTES_MAX])
    return bytes(arrived)
