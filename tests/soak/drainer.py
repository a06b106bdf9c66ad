"""A process that drains one tenant and says where it is, line by line; it may kill itself on the way.

Having said that it is finished, it waits until its input ends.

python -m tests.soak.drainer DATA DATABASE TENANT [PHASE COUNT]
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg import conninfo

from comity.core.clock import BusinessClock
from comity.core.errors import Unavailable
from comity.core.ids import CauseId, TenantId
from comity.db.database import Address, Database
from comity.db.embedded import Lease, attach
from comity.sync.drain import Phase, Progress, drain

DURABLE: Final = {"shared_buffers": "64MB", "max_connections": "40"}
"""Flushed as by default; small, since several such servers run at once."""
PAGE_SIZE: Final = 500
CAUSE: Final = CauseId(UUID(int=1))
"""What stands in for a manual start; the same in each drain, so that runs can be compared."""
UNAVAILABLE: Final = 3
"""Exit status when the database went away."""


async def main(lease: Lease, database: str, tenant: TenantId, phase: str, count: int) -> None:
    """Drain, and die on entering `phase` for the `count`-th time."""
    reached: Counter[str] = Counter()

    def watch(progress: Progress) -> None:
        print(progress.phase.value, flush=True)
        reached[progress.phase.value] += 1
        if reached[phase] == count:
            os.kill(os.getpid(), signal.SIGKILL)
        if progress.phase is Phase.FINISHED:
            sys.stdin.read()

    address = address_of(lease, database)
    async with Database(address, clock=BusinessClock(), size=6, renew=renewing(lease, database)) as db:
        await drain(db, tenant, cause=CAUSE, watch=watch, page_size=PAGE_SIZE)


def address_of(lease: Lease, database: str) -> Address:
    url = conninfo.make_conninfo(lease.connection.dsn, dbname=database)
    return Address(url, url)


def renewing(lease: Lease, database: str) -> Callable[[], Awaitable[Address]]:
    """As the application does: the server runs, or is started again."""

    async def renew() -> Address:
        await asyncio.to_thread(lease.again)
        return address_of(lease, database)

    return renew


if __name__ == "__main__":
    data, database, tenant, phase, count = (*sys.argv[1:], "", "1")[:5]
    with attach(Path(data), settings=DURABLE) as lease:
        try:
            asyncio.run(main(lease, database, TenantId(UUID(tenant)), phase, int(count)))
        except Unavailable as fault:
            print(fault, file=sys.stderr)
            sys.exit(UNAVAILABLE)
