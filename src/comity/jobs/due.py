"""Due rows: what is to be done, promised for a while to whoever does it.

An order is *pending* (it has a time), *queued* (promised, waiting for a worker), *at work* (taken by a run),
or *resting* (nothing to do; the row only keeps the spacing). A wake-up that comes while it is at work makes
it pending again, so nothing is missed: a run reads what there is to do after it took the order.

Times of orders are the business clock's, promises and spacing the machine clock's (design §4.10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString
from uuid import UUID

from comity.core.clock import Clock
from comity.core.ids import PERSONAL_REALM, CauseId, TenantId, new_id
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Row, Transaction
from comity.jobs.model import Order, Task

Q: Final = Queries("comity.jobs")

LEASE: Final = timedelta(seconds=15)
"""How long an order stays with a worker that says nothing; a crash costs at most this much time."""
STARVING: Final = timedelta(seconds=1)
"""Overdue for so long, an order is waited for even while its tenant is being written to."""
CLAIM_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Claimed:
    """An order promised to us; `lost` if its last worker never finished."""

    order: Order
    cause: CauseId | None
    lost: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order as it stands: when it is due, whether somebody has it, how often it failed in a row."""

    order: Order
    due_at: datetime | None
    leased_until: datetime | None
    attempts: int


async def put(tx: Transaction, order: Order, *, at: datetime | None = None) -> None:
    """Make an order due with this transaction's commit, at once or `at`; never later than it is already.

    The order's row is locked until the commit: call it late, as feed observers do.
    """
    await tx.execute(Q.put, kind=order.kind, of_tenant=order.tenant_id, key=order.key, at=at or tx.now, cause=tx.cause)


class DueRows:
    """Due rows as a worker sees them; every method is a short transaction of its own."""

    def __init__(self, db: Database, *, machine: Clock, lease: timedelta = LEASE) -> None:
        self._db = db
        self._machine = machine
        self.lease = lease

    async def claim(
        self, kinds: Sequence[str], *, at_most: int = CLAIM_MAX, patient: bool = False
    ) -> tuple[list[Claimed], datetime | None]:
        """Promise what is due to ourselves; also say when (machine clock) the next spacing ends.

        Orders whose rows are locked by a writer are left for the next time. `patient` waits for the most
        overdue of them, so that a tenant that is written to without a pause is not forgotten.
        """
        machine = self._machine.now()

        async def work(tx: Transaction) -> tuple[list[Claimed], datetime | None]:
            rows = await tx.all(
                _claimed,
                Q.claim,
                kinds=list(kinds),
                at=tx.now,
                machine=machine,
                lease_until=machine + self.lease,
                starving_since=tx.now - STARVING if patient else None,
                at_most=at_most,
            )
            following = await tx.row(Q.next_start, kinds=list(kinds), at=tx.now, machine=machine)
            return rows, following[0] if following else None

        return await self._db.run(PERSONAL_REALM, work)

    async def take(self, order: Order) -> Task | None:
        """Begin the work; None if the promise is gone or somebody else is at it."""
        run, machine = new_id(), self._machine.now()
        row = await self._row(Q.take, order, run=run, machine=machine, lease_until=machine + self.lease)
        return Task(order, run, row[0], row[1]) if row else None

    async def renew(self, task: Task) -> bool:
        """Say that we are still at it; False if it has become somebody else's."""
        row = await self._row(Q.renew, task.order, run=task.run, lease_until=self._machine.now() + self.lease)
        return bool(row and row[0])

    async def finish(
        self,
        task: Task,
        *,
        again_at: datetime | None = None,
        not_before: datetime | None = None,
        failed: bool = False,
    ) -> None:
        """Give the order back: done, or due again `again_at` (business clock); no run begins before
        `not_before` (machine clock). Without effect if it has become somebody else's.
        """
        await self._row(Q.finish, task.order, run=task.run, again_at=again_at, earliest=not_before, failed=failed)

    async def waiting(self, kind: str) -> list[Waiting]:
        """All orders of a kind, the most urgent first."""
        async with self._db.tenant(PERSONAL_REALM) as tx:
            return await tx.all(_waiting, Q.waiting, kind=kind)

    async def _row(self, query: LiteralString, order: Order, **parameters: object) -> Row | None:
        async def work(tx: Transaction) -> Row | None:
            return await tx.row(query, kind=order.kind, of_tenant=order.tenant_id, key=order.key, **parameters)

        return await self._db.run(PERSONAL_REALM, work)


def _claimed(kind: str, tenant: UUID, key: UUID, cause: UUID | None, lost: bool) -> Claimed:
    return Claimed(Order(kind, TenantId(tenant), key), CauseId(cause) if cause else None, lost)


def _waiting(
    kind: str, tenant: UUID, key: UUID, due_at: datetime | None, leased_until: datetime | None, attempts: int
) -> Waiting:
    return Waiting(Order(kind, TenantId(tenant), key), due_at, leased_until, attempts)
