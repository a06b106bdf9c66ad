"""What is over on the business clock goes: log, receipts and runs after 30 days, plans after 7, escrow after 28.

Every step repeats without harm and takes a bounded number of rows, so that no transaction is long.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString
from uuid import UUID

from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM, TenantId
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.jobs.mail import store as mail
from comity.jobs.model import Task, Work
from comity.sync.escrow import store as escrow
from comity.sync.escrow.decide import LIFE as ESCROW_LIFE
from comity.sync.orders import SWEEP
from comity.sync.planned import PLAN_LIFE
from comity.tenancy.model import Tenant, TenantKind
from comity.tenancy.service import list_tenants

Q: Final = Queries("comity.sync", "retention.sql")

KEPT: Final = timedelta(days=30)
"""How long log, receipts and runs stay; so long a run can be undone."""
SWEPT_EVERY: Final = timedelta(hours=1)
ROWS_MAX: Final = 5000
"""Rows per transaction."""
PLANS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """How much of what a sweep of one tenant removed."""

    log: int
    receipts: int
    plans: int
    runs: int
    escrow: int
    mails: int


async def sweep(db: Database, caller: Caller) -> Swept:
    """Remove what is over in the caller's tenant; repeat as often as you like.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    tenant_id = caller.tenant_id
    before = db.clock.now() - KEPT
    log = await _drop_by_plan(db, tenant_id, Q.logged_plans, Q.drop_log, before)
    receipts = await _drop_by_plan(db, tenant_id, Q.receipt_plans, Q.drop_receipts, before)
    plans = await _drop_plans(db, tenant_id, before)

    async def rest(tx: Transaction) -> tuple[int, int, int]:
        return (
            await tx.execute(Q.drop_runs, before=tx.now - KEPT),
            await escrow.expire(tx, before=tx.now - ESCROW_LIFE),
            await mail.expire(tx, before=tx.now - KEPT),
        )

    return Swept(log, receipts, plans, *await db.run(tenant_id, rest))


def offered(db: Database) -> Work:
    """The sweep as background work: one standing order for the installation, all tenants in turn, every hour."""

    async def handle(task: Task) -> datetime:
        caller = Caller.system("sweeper", tenant_id=PERSONAL_REALM, cause=task.cause)
        after: Tenant | None = None
        while page := await list_tenants(db, caller, after=after):
            for tenant in page:
                if tenant.kind is TenantKind.BUSINESS:
                    await sweep(db, caller.in_tenant(tenant.id))
            after = page[-1]
        return db.clock.now() + SWEPT_EVERY

    return Work(kind=SWEEP, handler=handle)


async def _drop_by_plan(
    db: Database, tenant_id: TenantId, find: LiteralString, drop: LiteralString, before: datetime
) -> int:
    """Remove rows of old plans, plan by plan; return how many."""
    removed = 0
    while plans := await db.run(tenant_id, _finding(find, before)):
        for plan_id in plans:
            removed += await _drop_all(db, tenant_id, drop, plan_id)
    return removed


async def _drop_plans(db: Database, tenant_id: TenantId, before: datetime) -> int:
    """Remove plans that are over, with their items; return how many."""
    removed = 0
    while plans := await db.run(tenant_id, _finding(Q.over_plans, before)):
        for plan_id in plans:
            await _drop_all(db, tenant_id, Q.drop_steps, plan_id)
            removed += await db.run(tenant_id, _dropping(Q.drop_plan, plan_id))
    return removed


async def _drop_all(db: Database, tenant_id: TenantId, drop: LiteralString, plan_id: UUID) -> int:
    removed = 0
    while count := await db.run(tenant_id, _dropping(drop, plan_id)):
        removed += count
        if count < ROWS_MAX:
            break
    return removed


def _finding(find: LiteralString, before: datetime) -> Callable[[Transaction], Awaitable[list[UUID]]]:
    async def work(tx: Transaction) -> list[UUID]:
        unapplied = before + KEPT - PLAN_LIFE
        rows = await tx.rows(find, before=before, unapplied_before=unapplied, at_most=PLANS_MAX)
        return [row[0] for row in rows]

    return work


def _dropping(drop: LiteralString, plan_id: UUID) -> Callable[[Transaction], Awaitable[int]]:
    async def work(tx: Transaction) -> int:
        return await tx.execute(drop, plan_id=plan_id, at_most=ROWS_MAX)

    return work
