"""How far readers of the change feeds are behind, over all tenants: numbers, and no tenant's name or id."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from comity.core.ids import TenantId
from comity.db.transaction import Transaction

TENANTS_MAX: Final = 2000
"""Tenants looked at in one reading; beyond, the figure is that of the first ones by name."""

_TENANTS: Final = "select tenant_id from tenant_list('', %(nowhere)s, %(at_most)s) where kind = 'business'"

_LAG: Final = """
select r.consumer, greatest(c.position - r.position, 0)
from feed_counter c
join feed_cursor r on r.tenant_id = c.tenant_id
where c.tenant_id = %(tenant_id)s
union all
select 'sync', greatest(c.position - min(j.watermark), 0)
from feed_counter c
join sync_job j on j.tenant_id = c.tenant_id
where c.tenant_id = %(tenant_id)s and j.state = 'Active' and j.watermark is not null
group by c.position
"""
# A sync job keeps its position with itself: it moves in the transaction that proves what was applied.


async def read_feed_lag(tx: Transaction) -> dict[str, int]:
    """For each consumer the number of entries it has yet to read, in the tenant where most wait for it."""
    worst: dict[str, int] = {}
    for (tenant_id,) in await tx.rows(_TENANTS, nowhere=UUID(int=0), at_most=TENANTS_MAX):
        async with tx.become(TenantId(tenant_id)):
            for consumer, behind in await tx.rows(_LAG):
                worst[consumer] = max(int(behind), worst.get(consumer, 0))
    return worst
