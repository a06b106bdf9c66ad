"""HTTP/1.1 as uvicorn speaks it, with what it leaves open closed.

uvicorn waits for the headers of a request without end and collects them without bound, both ways to
hold a connection or memory for free; and it answers what it cannot parse in plain text, which
Graph's clients cannot read.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import ClassVar, Final
from uuid import uuid4

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from comity.core.clock import MachineClock
from comity.core.errors import ComityError
from comity.web.asking import HEADER_BYTES_MAX, HEADERS_MAX
from comity.web.errors import HeadersTooLarge, RequestUnreadable, Trace, envelope, shape_of

TARGET_BYTES_MAX: Final = 16 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    headers_seconds_max: ClassVar[float] = 15.0
    _refusal: ComityError | None = None
    _timer: TimerHandle | None = None
    _head_bytes = 0
    """Bytes of a head that is not whole yet; the parser shows a header only when it has all of it."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Somebody is there, and has to say soon what for."""
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._stop_timer()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops. Over TLS an idle client would be waited for to say goodbye, which it may never do."""
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.transport.get_extra_info("sslcontext") is not None:
            self.transport.abort()
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Bytes of a head or a body."""
        if self.transport.is_closing():
            return  # refused already, and still talking
        super().data_received(data)
        if self._timer is None:
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEADER_BYTES_MAX + TARGET_BYTES_MAX and not self.transport.is_closing():
            self._refusal = HeadersTooLarge(most=HEADER_BYTES_MAX)
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A request begins, the first or a further one."""
        super().on_message_begin()
        if self._timer is None:
            self._await_headers()

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        super().on_url(url)
        if len(self.url) > TARGET_BYTES_MAX:
            self._refuse(RequestUnreadable(detail="target"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        super().on_header(name, value)
        if len(self.headers) > HEADERS_MAX:
            self._refuse(HeadersTooLarge(most=HEADER_BYTES_MAX))

    def on_headers_complete(self) -> None:
        """The headers are whole."""
        self._stop_timer()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What cannot be parsed is answered in Graph's form, and the connection ends."""
        error = self._refusal or RequestUnreadable(detail=msg.strip().rstrip(".").lower())
        trace = Trace(str(uuid4()), None, MachineClock().now(), "en")
        status = HTTPStatus(shape_of(error).status)
        body = msgspec.json.encode(envelope(error, trace))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nrequest-id: {trace.request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _refuse(self, error: ComityError) -> None:
        self._refusal = error
        raise error  # stops the parser, which then calls send_400_response

    def _await_headers(self) -> None:
        self._timer = self.loop.call_later(self.headers_seconds_max, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
