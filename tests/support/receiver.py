"""A small HTTP server of a test: keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec


@dataclass(frozen=True)
class Received:
    """One request: method, target, headers in lower case, body."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


Answering = Callable[[Received], tuple[int, str, bytes]]


def accepting(_: Received) -> tuple[int, str, bytes]:
    """202 and nothing."""
    return 202, "text/plain", b""


@dataclass
class Receiver:
    """`answering` may be exchanged at any time; it gives status, media type and body."""

    port: int = 0
    scheme: str = "http"
    answering: Answering = accepting
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Received(method, target, headers, body)
            self.received.append(request)
            status, media_type, answer = self.answering(request)
            writer.write(
                f"HTTP/1.1 {status} Said\r\ncontent-type: {media_type}\r\ncontent-length: {len(answer)}\r\n"
                f"connection: close\r\n\r\n".encode()
                + answer
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the caller has hung up: that is what a test wanted
        finally:
            writer.close()


@asynccontextmanager
async def receiving(answering: Answering = accepting, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver on the loopback."""
    receiver = Receiver(answering=answering, scheme="https" if tls else "http")
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        receiver.port = server.sockets[0].getsockname()[1]
        yield receiver
