"""The worker: takes orders out of the queue and has them done by whoever offered to.

It knows no handler by name; `app` registers what the rooms offer. Failures are logged once, here, and
tried again later and later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from comity.core.clock import Clock
from comity.core.errors import ComityError, Unavailable
from comity.core.logs import about, get_logger
from comity.events.hints import Hints
from comity.jobs.due import DueRows
from comity.jobs.model import Order, Task, Work
from comity.jobs.queue import Queue
from comity.jobs.tick import Tick

log = get_logger()

CONCURRENCY: Final = 4
"""Orders in work at once in one process."""
RENEWALS_PER_LEASE: Final = 3
BACKOFF_FIRST: Final = timedelta(seconds=1)
BACKOFF_MAX: Final = timedelta(minutes=5)


def backoff(attempt: int) -> timedelta:
    """How long to wait after the `attempt`-th failure in a row: 1 s, 2 s, 4 s … at most 5 minutes."""
    doublings = min(max(attempt, 1) - 1, 10)
    return min(BACKOFF_FIRST * (1 << doublings), BACKOFF_MAX)


class Worker:
    """Does what is due; one per process."""

    def __init__(
        self,
        due: DueRows,
        queue: Queue,
        hints: Hints,
        works: Iterable[Work],
        *,
        business: Clock,
        machine: Clock,
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        self._due = due
        self._queue = queue
        self._works = {each.kind: each for each in works}
        self._business = business
        self._machine = machine
        self.tick = Tick(due, queue, hints, list(self._works), machine=machine, refresh=refresh)

    async def run(self, *, stop: asyncio.Event, drain_s: float, concurrency: int = CONCURRENCY) -> None:
        """Work until `stop`; what is in work then has `drain_s` seconds to finish, or is given back."""
        ticking = asyncio.create_task(self.tick.run())
        serving = asyncio.create_task(self._queue.serve(self.do, concurrency=concurrency, stop=stop, drain_s=drain_s))
        try:
            await asyncio.wait({ticking, serving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.set()
            ticking.cancel()
            await asyncio.wait({ticking, serving})
        for task in (serving, ticking):
            if not task.cancelled():
                task.result()

    async def do(self, order: Order) -> None:
        """Carry out one order, once; raises nothing but cancellation."""
        work = self._works.get(order.kind)
        if work is None:
            return  # queued by another version; its due row stays for a worker that knows it
        try:
            task = await self._due.take(order)
        except ComityError as fault:
            log.warning("order-not-taken", order=order.name, fault=str(fault))  # its lease runs out
            return
        if task is not None:
            with about(order=order.name, cause=task.cause, run=task.run):
                await self._carry_out(work, task)

    async def _carry_out(self, work: Work, task: Task) -> None:
        """Run the handler while renewing the lease, and settle what came of it."""
        begun = self._machine.now()
        handling = asyncio.ensure_future(work.handler(task))
        renewing = asyncio.create_task(self._renew(task, handling))
        failed = False
        again_at: datetime | None
        not_before = begun + work.spacing if work.spacing else None
        try:
            again_at = await handling
        except asyncio.CancelledError:
            if renewing.done():
                return  # it has become somebody else's work
            await asyncio.shield(self._settle(task, again_at=self._business.now()))  # we stop: give it back
            raise
        except Exception as fault:
            failed, again_at = True, self._business.now()
            not_before = self._machine.now() + backoff(task.attempt)
            trace = None if isinstance(fault, Unavailable) else fault
            log.warning("work-failed", attempt=task.attempt, fault=str(fault), exc_info=trace)
        finally:
            renewing.cancel()
        await self._settle(task, again_at=again_at, not_before=not_before, failed=failed)

    async def _settle(
        self, task: Task, *, again_at: datetime | None, not_before: datetime | None = None, failed: bool = False
    ) -> None:
        """Give the order back; if that fails, its lease runs out and it is done once more."""
        try:
            await self._due.finish(task, again_at=again_at, not_before=not_before, failed=failed)
        except ComityError as fault:
            log.warning("work-not-settled", code=fault.code)

    async def _renew(self, task: Task, handling: asyncio.Future[Any]) -> None:
        """Keep the lease; stop the work if it was lost."""
        while True:
            await asyncio.sleep(self._due.lease.total_seconds() / RENEWALS_PER_LEASE)
            try:
                ours = await self._due.renew(task)
            except ComityError as fault:
                log.warning("lease-not-renewed", code=fault.code)
                continue
            if not ours:
                log.warning("lease-lost")
                handling.cancel()
                return
