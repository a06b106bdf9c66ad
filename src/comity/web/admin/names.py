"""Names for ids that pages show."""

from __future__ import annotations

from collections.abc import Iterable

from comity.core.ids import TenantId
from comity.db.transaction import Transaction
from comity.tenancy.model import TenantUnknown
from comity.tenancy.service import get_tenant


async def tenant_names(tx: Transaction, ids: Iterable[TenantId]) -> dict[object, str]:
    """What tenants are called; one outside the installation goes by its id."""
    names: dict[object, str] = {}
    for each in sorted(set(ids)):
        try:
            names[each] = (await get_tenant(tx, each)).name
        except TenantUnknown:
            names[each] = str(each)
    return names
