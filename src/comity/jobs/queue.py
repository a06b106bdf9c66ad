"""The queue: where orders wait for a worker, across processes. A port with one implementation for now.

The queue may forget and may repeat: due rows know what is owed, and handlers are safe to run twice. It
promises only that one order never runs twice at the same time, and waits in line at most once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from comity.jobs.model import Order

Do = Callable[[Order], Awaitable[None]]


class Queue(Protocol):
    """Carries orders from whoever defers them to whoever serves."""

    async def defer(self, order: Order) -> None:
        """Put an order in line, unless it waits there already.

        Raises:
            QueueUnavailable.
        """
        ...

    async def forget(self, order: Order) -> None:
        """Whoever had begun this order is gone: let it run again.

        Raises:
            QueueUnavailable.
        """
        ...

    async def serve(self, do: Do, *, concurrency: int, stop: asyncio.Event, drain_s: float) -> None:
        """Do what comes, at most `concurrency` orders at a time, until `stop`; survives lost connections.

        Then nothing new begins, and what runs has `drain_s` seconds before it is cancelled. `do` does not
        raise.
        """
        ...
