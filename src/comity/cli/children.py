"""A child's end of the line to its supervisor: it says when it is ready, and notices when to stop."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import Final

READY: Final = b"R"
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Lifeline:
    """While entered, SIGTERM, SIGINT and the supervisor's end set `stop`; a second signal changes nothing.

    `descriptor` is the socket that a supervisor shares with us; None if there is no supervisor.
    """

    def __init__(self, descriptor: int | None) -> None:
        self.stop = asyncio.Event()
        self._descriptor = descriptor

    async def __aenter__(self) -> Lifeline:
        loop = asyncio.get_running_loop()
        for each in _SIGNALS:
            loop.add_signal_handler(each, self.stop.set)
        if self._descriptor is not None:
            os.set_blocking(self._descriptor, False)
            loop.add_reader(self._descriptor, self._hear)
        return self

    async def __aexit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
        if self._descriptor is not None:
            loop.remove_reader(self._descriptor)

    def ready(self) -> None:
        """Tell the supervisor that we do our work now."""
        if self._descriptor is not None:
            with suppress(BrokenPipeError):  # it is gone: `stop` is set any moment
                os.write(self._descriptor, READY)

    def _hear(self) -> None:
        """The supervisor never writes: when there is something to read, it is the end."""
        assert self._descriptor is not None
        with suppress(BlockingIOError):
            if not os.read(self._descriptor, 1):
                asyncio.get_running_loop().remove_reader(self._descriptor)
                self.stop.set()
