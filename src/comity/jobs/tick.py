"""Once a second, and whenever something changed: what is due goes into the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from comity.core.clock import Clock
from comity.core.errors import ComityError
from comity.core.logs import get_logger
from comity.events.hints import Hints
from comity.jobs.due import CLAIM_MAX, DueRows
from comity.jobs.queue import Queue

log = get_logger()

TICK_S = 1.0
PATIENCE_S = 1.0
"""How often a starving order is looked for."""


class Tick:
    """Moves orders from due rows to the queue.

    `refresh` is called before each look: the process re-reads the business clock's offset there.
    """

    def __init__(
        self,
        due: DueRows,
        queue: Queue,
        hints: Hints,
        kinds: Sequence[str],
        *,
        machine: Clock,
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        self._due = due
        self._queue = queue
        self._hints = hints
        self._kinds = kinds
        self._machine = machine
        self._refresh = refresh

    async def run(self) -> None:
        """Look until cancelled; a database that is away is waited for."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_on_hints())
            tasks.create_task(self._look_for_the_starving())

    async def look(self, *, patient: bool = False) -> float:
        """Put everything in line that is due; return for how many seconds nothing will be."""
        await self._refresh()
        while True:
            claimed, following = await self._due.claim(self._kinds, patient=patient)
            for each in claimed:
                if each.lost:
                    log.warning("order-lost", order=each.order.name, cause=each.cause)
                    await self._queue.forget(each.order)
                await self._queue.defer(each.order)
            if len(claimed) < CLAIM_MAX:
                break
        if following is None:
            return TICK_S
        return min(TICK_S, max(0.0, (following - self._machine.now()).total_seconds()))

    async def _look_on_hints(self) -> None:
        while True:
            await self._hints.wait(at_most_s=await self._try_to_look(patient=False))

    async def _look_for_the_starving(self) -> None:
        while True:
            await asyncio.sleep(PATIENCE_S)
            await self._try_to_look(patient=True)

    async def _try_to_look(self, *, patient: bool) -> float:
        try:
            return await self.look(patient=patient)
        except ComityError as fault:
            log.warning("tick-failed", code=fault.code, fault=str(fault))
            return TICK_S
