"""What people search offers to events and jobs: when the index is behind, and how it catches up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.events.model import Change
from comity.jobs.due import put
from comity.jobs.model import Order, Task, Work
from comity.people.index.decide import concerns_index
from comity.people.index.service import catch_up
from comity.tenancy.model import Tenant, TenantKind
from comity.tenancy.service import list_tenants

INDEX: Final = "people-index"
SPACING: Final = timedelta(milliseconds=250)
"""Two catch-ups of one tenant lie at least so far apart, so that a drain into it is few of them."""


async def observe(tx: Transaction, changes: Sequence[Change]) -> None:
    """Make the index due if somebody's words changed; the transaction of the change writes nothing else for it."""
    if any(concerns_index(each) for each in changes):
        await put(tx, Order(INDEX, tx.tenant_id))


def offered(db: Database) -> Work:
    """Catching up as background work. The order of the personal realm, which has no index, means every tenant's:
    a worker that starts may know other rules than the one before.
    """

    async def handle(task: Task) -> datetime | None:
        if task.order.tenant_id == PERSONAL_REALM:
            await _make_all_due(db)
            return None
        return await catch_up(db, task.order.tenant_id)

    return Work(kind=INDEX, handler=handle, spacing=SPACING)


async def _make_all_due(db: Database) -> None:
    caller = Caller.system("people index", tenant_id=PERSONAL_REALM)
    after: Tenant | None = None
    while page := await list_tenants(db, caller, after=after):
        async with db.tenant(PERSONAL_REALM) as tx:
            for tenant in page:
                if tenant.kind is TenantKind.BUSINESS:
                    await put(tx, Order(INDEX, tenant.id))
        after = page[-1]
