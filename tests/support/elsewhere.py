"""Somebody else, in another process as it were: acts at once, while whoever asks stands still."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from comity.core.clock import Clock
from comity.db.database import Address, Database

AT_MOST_S = 30.0
"""He waits for a lock that whoever stands still will not give him: that is a fault of the test."""


class Elsewhere:
    """A thread with an event loop and a database of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, db: Database) -> None:
        self._loop = loop
        self.db = db

    def do(self, act: Callable[[], Awaitable[Any]]) -> Any:
        """Have something done there, and wait without letting anything happen here."""

        async def acting() -> Any:
            return await act()

        return asyncio.run_coroutine_threadsafe(acting(), self._loop).result(AT_MOST_S)


@contextmanager
def elsewhere(url: str, clock: Clock) -> Iterator[Elsewhere]:
    """Somebody else, for a while."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    somebody = Elsewhere(loop, Database(Address(url, url), clock=clock, size=2))
    somebody.do(somebody.db.__aenter__)
    try:
        yield somebody
    finally:
        somebody.do(lambda: somebody.db.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
