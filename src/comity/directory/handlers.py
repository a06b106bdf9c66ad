"""Background work of the directory: what is over on the business clock goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM, TenantId, UserId
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.directory import service, store
from comity.events import feed
from comity.jobs.model import Task, Work
from comity.tenancy.model import Tenant, TenantKind
from comity.tenancy.service import list_tenants

SWEEP: Final = "sweep"
"""The kind of the sweeper's order; its tenant is the realm of personal accounts, which always exists."""
SWEPT_EVERY: Final = timedelta(hours=1)
PURGED_PER_TRANSACTION: Final = 1000
FEED_RETENTION: Final = timedelta(days=30)
"""Readers whose position is older start over (design §4.5)."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep of one tenant removed."""

    purged: int
    """Users who left the recycle bin for good."""
    feed_floor: int
    """The feed's entries up to here are gone; 0 if none were old enough."""


async def sweep(db: Database, tenant_id: TenantId, caller: Caller) -> Swept:
    """Purge users whose time in the recycle bin is over, and cut the feed; repeat as often as you like.

    Raises:
        PermissionMissing.
    """
    purged = 0
    while batch := await db.run(tenant_id, lambda tx: _purge_expired(tx, caller)):
        purged += len(batch)
    async with db.tenant(tenant_id) as tx:
        floor = await feed.trim(tx, before=tx.now - FEED_RETENTION)
    return Swept(purged, floor)


def offered(db: Database) -> Work:
    """The sweep as background work: one standing order for the installation, all tenants in turn, every hour."""

    async def handle(task: Task) -> datetime:
        caller = Caller.system("sweeper", tenant_id=PERSONAL_REALM, cause=task.cause)
        after: Tenant | None = None
        while page := await list_tenants(db, caller, after=after):
            for tenant in page:
                if tenant.kind is TenantKind.BUSINESS:
                    await sweep(db, tenant.id, caller.in_tenant(tenant.id))
            after = page[-1]
        return db.clock.now() + SWEPT_EVERY

    return Work(kind=SWEEP, handler=handle)


async def _purge_expired(tx: Transaction, caller: Caller) -> list[UserId]:
    before = tx.now - await store.load_retention(tx)
    expired = await store.list_expired(tx, before=before, at_most=PURGED_PER_TRANSACTION)
    return await service.purge_users(tx, caller, expired) if expired else []
