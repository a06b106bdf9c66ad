"""A process that does one deed of sync and says whenever it begins a transaction; it may kill itself on the way.

python -m tests.soak.actor DATA DATABASE TENANT DEED ID [COUNT]
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from uuid import UUID

from comity.core.caller import Caller
from comity.core.clock import BusinessClock
from comity.core.errors import Unavailable
from comity.core.ids import CauseId, JobId, PlanId, TenantId
from comity.db.database import Database
from comity.db.embedded import Lease, attach
from comity.sync import plans
from comity.sync.controlling import stop
from comity.sync.drain import Phase, Progress, drain
from tests.soak.drainer import DURABLE, UNAVAILABLE, address_of, renewing

CAUSE: Final = CauseId(UUID(int=2))
PAGE: Final = 40
STOPPED: Final = "stopped"
"""Said once a stop is acknowledged."""


async def apply(db: Database, tenant: TenantId, plan: UUID) -> None:
    """Apply a plan, such as that of an undo."""
    await plans.apply(db, _operator(tenant), PlanId(plan), page_size=PAGE)


async def run(db: Database, tenant: TenantId, _: UUID) -> None:
    """Drain."""
    await drain(db, tenant, cause=CAUSE, page_size=PAGE)


async def run_and_stop(db: Database, tenant: TenantId, job: UUID) -> None:
    """Drain, and stop the job when some of it is done."""
    stopping: list[asyncio.Task[None]] = []

    async def halt() -> None:
        async with db.tenant(tenant) as tx:
            await stop(tx, _operator(tenant), JobId(job))
        print(STOPPED, flush=True)

    def watch(progress: Progress) -> None:
        if progress.phase is Phase.APPLIED and not stopping:
            stopping.append(asyncio.create_task(halt()))

    await drain(db, tenant, cause=CAUSE, page_size=PAGE, watch=watch)
    await asyncio.gather(*stopping)


DEEDS: Final[dict[str, Callable[[Database, TenantId, UUID], Awaitable[None]]]] = {
    "undo": apply, "restore": run, "stop": run_and_stop,
}  # fmt: skip


def count_transactions(db: Database, tell: Callable[[int], None]) -> None:
    """Call `tell` with the number of each transaction when it begins."""
    begun = 0

    def count(_: object) -> None:
        nonlocal begun
        begun += 1
        tell(begun)

    db.on_begin.append(count)


def _operator(tenant: TenantId) -> Caller:
    return Caller.operator("tester", tenant_id=tenant)


async def main(lease: Lease, database: str, tenant: TenantId, deed: str, about: UUID, count: int) -> None:
    """Do the deed, and die when the `count`-th transaction has begun."""

    def tell(begun: int) -> None:
        print(begun, flush=True)
        if begun == count:
            os.kill(os.getpid(), signal.SIGKILL)

    address = address_of(lease, database)
    async with Database(address, clock=BusinessClock(), size=6, renew=renewing(lease, database)) as db:
        count_transactions(db, tell)
        await DEEDS[deed](db, tenant, about)


if __name__ == "__main__":
    data, database, tenant, deed, about, count = (*sys.argv[1:], "0")[:6]
    with attach(Path(data), settings=DURABLE) as lease:
        try:
            asyncio.run(main(lease, database, TenantId(UUID(tenant)), deed, UUID(about), int(count)))
        except Unavailable as fault:
            print(fault, file=sys.stderr)
            sys.exit(UNAVAILABLE)
