"""/livez, /readyz, /metrics: for whoever runs the installation, without a token and without a tenant's name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

import msgspec
from starlette.responses import Response

from comity.core.errors import ComityError, Unavailable
from comity.core.logs import get_logger
from comity.db.health import Figures, check_database, load_figures
from comity.web.asking import Ask
from comity.web.errors import NotReady
from comity.web.metrics import CONTENT_TYPE, Metrics
from comity.web.routing import Door, Route

CHECK_SECONDS_MAX: Final = 3.0
FIGURES_FRESH_S: Final = 10.0
"""Scrapers come every 15 s; whoever comes more often gets the same figures again."""

log = get_logger()


class Probes:
    """The probes of one process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._figures: Figures | None = None
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    def routes(self) -> tuple[Route, ...]:
        """Where they are."""
        return (
            Route("GET", "/livez", self.live, Door.PROBES),
            Route("GET", "/readyz", self.ready, Door.PROBES),
            Route("GET", "/metrics", self.figures, Door.PROBES),
        )

    async def live(self, ask: Ask) -> Response:
        """The process answers; nothing else is asked."""
        return _json({"status": "live"})

    async def ready(self, ask: Ask) -> Response:
        """Every part that requests need is in order.

        Raises:
            NotReady: names those that are not.
        """
        checks = {"database": _database(ask), **{name: check() for name, check in ask.services.checks.items()}}
        results = dict(zip(checks, await asyncio.gather(*map(_in_time, checks.values())), strict=True))
        faulty = [name for name, fine in results.items() if not fine]
        if faulty:
            raise NotReady(faulty=faulty)
        return _json({"status": "ready", "checks": dict.fromkeys(results, "ok")})

    async def figures(self, ask: Ask) -> Response:
        """The process's and the database's figures; the former also when the database is away."""
        text = self._metrics.text(
            in_work=ask.gate.in_work, pool=ask.services.db.waiting(), figures=await self._database_figures(ask)
        )
        return Response(text, headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})

    async def _database_figures(self, ask: Ask) -> Figures | None:
        async with self._reading:
            now = ask.services.machine.monotonic_s()
            if self._read_at is None or now - self._read_at >= FIGURES_FRESH_S:
                try:
                    self._figures = await load_figures(ask.services.db, ask.services.machine)
                except Unavailable as fault:
                    log.warning("figures-missing", fault=fault.code)
                    self._figures = None
                self._read_at = now
            return self._figures


async def _database(ask: Ask) -> bool:
    await check_database(ask.services.db)
    return True


async def _in_time(check: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            return await check
    except (ComityError, TimeoutError) as fault:
        log.warning("not-ready", fault=getattr(fault, "code", "timeout"))
        return False


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json", headers={"cache-control": "no-store"})
