"""The web process's server: uvicorn over a socket that listens already, until it is told to stop.

Run it inside uvloop: `asyncio.Runner(loop_factory=loop_factory)`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from math import ceil
from typing import Final

import uvicorn
import uvloop
from starlette.types import ASGIApp

from comity.core.listening import BACKLOG, Listener
from comity.core.settings import Settings
from comity.web.protocol import BoundedProtocol

KEEP_ALIVE_S: Final = 75
"""Longer than the 60 s after which common proxies give up a connection, so that they do it first."""

loop_factory = uvloop.new_event_loop


async def run(
    asgi: ASGIApp,
    settings: Settings,
    listener: Listener,
    *,
    stop: asyncio.Event,
    protocol: type[BoundedProtocol] = BoundedProtocol,
) -> None:
    """Serve until `stop` is set; then refuse new connections, and give those in work `drain_s` to finish."""
    server = _Server(
        uvicorn.Config(
            asgi,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # Who asks, and under which name, is taken from nobody's header: see COMITY_ORIGIN.
            proxy_headers=False,
            backlog=BACKLOG,
            ssl_certfile=settings.tls_certificate_file,
            ssl_keyfile=settings.tls_key_file,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=ceil(settings.drain_s),
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener.socket]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
        listener.socket.close()


class _Server(uvicorn.Server):
    """Without handlers for signals of its own: whoever supervises the process says when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
