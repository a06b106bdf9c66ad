"""Hints between processes: "this tenant changed", nothing more.

A hint may be lost; readers also compare cursors every second, so a lost one costs latency, never
truth. One coalesced NOTIFY per process after commit, never inside a business transaction: it
would serialise all commits (design D5). The transport is a port with one implementation for now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final, Protocol
from uuid import UUID

from comity.core.errors import Unavailable
from comity.core.ids import TenantId
from comity.core.logs import get_logger
from comity.db.database import Database

log = get_logger()

CHANNEL: Final = "comity_hint"
TENANTS_PER_HINT_MAX: Final = 200
"""A NOTIFY carries at most 8,000 bytes; a UUID takes 37 of them."""
EVERYBODY: Final = "*"
AGAIN_S: Final = 0.5
"""Between two attempts to connect."""


class Hints(Protocol):
    """Carries hints to whoever listens; may lose them."""

    def mark(self, tenant_id: TenantId) -> None:
        """Something of this tenant was committed."""
        ...

    async def wait(self, *, at_most_s: float) -> frozenset[TenantId] | None:
        """Tenants that changed since the last call, empty after `at_most_s`; None: look at everybody."""
        ...


class PostgresHints:
    """LISTEN and NOTIFY on a direct connection.

    `run()` is the background task that sends and receives; without it (a short command), `flush()`
    sends what was marked.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._marked: set[TenantId] = set()
        self._to_send = asyncio.Event()
        self._heard: set[TenantId] = set()
        self._everybody = False
        self._arrived = asyncio.Event()

    def mark(self, tenant_id: TenantId) -> None:
        """Something of this tenant was committed: tell the others soon, and ourselves at once."""
        self._marked.add(tenant_id)
        self._heard.add(tenant_id)
        self._to_send.set()
        self._arrived.set()

    async def wait(self, *, at_most_s: float) -> frozenset[TenantId] | None:
        """Tenants that changed; empty after `at_most_s` seconds; None: hints were lost, look at everybody."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._arrived.wait()
        self._arrived.clear()
        heard, self._heard = self._heard, set()
        everybody, self._everybody = self._everybody, False
        return None if everybody else frozenset(heard)

    async def flush(self) -> None:
        """Send what was marked, in one NOTIFY."""
        marked, self._marked = self._marked, set()
        self._to_send.clear()
        if marked:
            async with self._db.direct() as connection:
                await connection.execute("select pg_notify(%s, %s)", (CHANNEL, _payload(marked)))

    async def run(self) -> None:
        """Send and receive until cancelled; a broken connection is opened again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._persist(self._send))
            tasks.create_task(self._persist(self._receive))

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Unavailable as fault:
                log.warning("hints-interrupted", code=fault.code)
                await asyncio.sleep(AGAIN_S)

    async def _send(self) -> None:
        async with self._db.direct() as connection:
            while True:
                await self._to_send.wait()
                self._to_send.clear()
                marked, self._marked = self._marked, set()
                await connection.execute("select pg_notify(%s, %s)", (CHANNEL, _payload(marked)))

    async def _receive(self) -> None:
        async with self._db.direct() as connection:
            await connection.execute("listen comity_hint")
            self._everybody = True  # whatever happened while nobody listened
            self._arrived.set()
            async for notice in connection.notifies():
                self._hear(notice.payload)

    def _hear(self, payload: str) -> None:
        if payload == EVERYBODY:
            self._everybody = True
        else:
            self._heard.update(TenantId(UUID(each)) for each in payload.split(",") if each)
        self._arrived.set()


def _payload(tenants: Iterable[TenantId]) -> str:
    tenants = sorted(tenants)
    return ",".join(map(str, tenants)) if len(tenants) <= TENANTS_PER_HINT_MAX else EVERYBODY
