"""One request as the doors see it: whose it is, in which language, and what it brought along."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

from starlette.requests import Request

from comity.core.errors import Invalid
from comity.db.transaction import as_uuid
from comity.web.errors import (
    BodyTooLarge,
    BodyTooSlow,
    HeadersTooLarge,
    HostUnreadable,
    OptionUnreadable,
    Trace,
)

if TYPE_CHECKING:
    from comity.web.gate import Gate
    from comity.web.services import Services

HEADERS_MAX: Final = 100
HEADER_BYTES_MAX: Final = 32 * 1024
BODY_BYTES_MAX: Final = 1024 * 1024
BODY_SECONDS_MAX: Final = 30.0
QUERY_BYTES_MAX: Final = 16 * 1024
FIELDS_MAX: Final = 100
_HOST: Final = re.compile(r"^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$")


@dataclass(slots=True)
class Ask:
    """A request on its way through a door."""

    request: Request
    services: Services
    gate: Gate
    id: UUID = field(default_factory=uuid4)
    """Ours: in the header `request-id` of every answer, in errors, audit and logs."""
    parameters: dict[str, str] = field(default_factory=dict)
    """What the path said."""

    def header(self, name: str) -> str | None:
        """A header's text, the first if there are several."""
        return self.request.headers.get(name)

    @property
    def client_request_id(self) -> str | None:
        """The client's own id for this request, echoed if it is a GUID."""
        given = self.header("client-request-id") or ""
        return given if len(given) == 36 and as_uuid(given) else None

    @property
    def language(self) -> str:
        """The language that the client puts first."""
        first = (self.header("accept-language") or "").split(",")[0]
        return first.split(";")[0].split("-")[0].strip().lower() or "en"

    @property
    def trace(self) -> Trace:
        """What an error says about this request."""
        return Trace(str(self.id), self.client_request_id, self.services.machine.now(), self.language)

    @property
    def origin(self) -> str:
        """Where people reach us: the installation's fixed address, or as this request names it.

        Raises:
            HostUnreadable.
        """
        if fixed := self.services.origin:
            return fixed
        host = self.header("host") or ""
        if not _HOST.match(host):
            raise HostUnreadable
        return f"{self.request.url.scheme}://{host}"

    def query(self) -> list[tuple[str, str]]:
        """The query's names and values, in order.

        Raises:
            OptionUnreadable.
        """
        raw: bytes = self.request.scope["query_string"]
        if len(raw) > QUERY_BYTES_MAX:
            raise OptionUnreadable(option="?")
        return decode_form(raw, OptionUnreadable(option="?"))

    def check_headers(self) -> None:
        """Headers are few and short.

        Raises:
            HeadersTooLarge.
        """
        headers: list[tuple[bytes, bytes]] = self.request.scope["headers"]
        if len(headers) > HEADERS_MAX or _size(headers) > HEADER_BYTES_MAX:
            raise HeadersTooLarge(most=HEADER_BYTES_MAX)

    async def body(self, *, most: int = BODY_BYTES_MAX) -> bytes:
        """The body, at most `most` bytes, within `BODY_SECONDS_MAX`.

        Raises:
            BodyTooLarge, BodyTooSlow.
        """
        announced = self.header("content-length") or "0"
        if announced.isdecimal() and int(announced) > most:
            raise BodyTooLarge(most=most)
        arrived = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                async for chunk in self.request.stream():
                    arrived += chunk
                    if len(arrived) > most:
                        raise BodyTooLarge(most=most)
        except TimeoutError as fault:
            raise BodyTooSlow(seconds=int(BODY_SECONDS_MAX)) from fault
        return bytes(arrived)


def decode_form(raw: bytes, refusal: Invalid) -> list[tuple[str, str]]:
    """Names and values of an application/x-www-form-urlencoded text; raises `refusal` if it cannot be read."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError as fault:
        raise refusal from fault
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise refusal
    return pairs


def _size(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)
