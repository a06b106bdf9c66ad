"""Organisation membership: the seats that a multitenant organisation keeps in other tenants.

The acting tenant holds an active seat itself, and reaches exactly one row per tenant: that
organisation's seat. What follows from a change there (audit, feed, partner settings) is written by
the caller's own function, as that tenant, for as long as the function runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from comity.core.errors import NotFound
from comity.core.ids import OrganizationId, TenantId
from comity.db.transaction import Transaction

Act = Callable[[Transaction, OrganizationId], Awaitable[None]]
"""Does something as another tenant; gets the id that this tenant knows the organisation by."""

_SEATED = """
select true from organization_seat
where tenant_id = %(tenant_id)s and organization_id = %(organization_id)s and state = 'active'
"""
_GIVE = """
insert into organization_seat (tenant_id, organization_id, local_id, state, invited_by)
values (%(tenant_id)s, %(organization_id)s, %(local_id)s, 'pending', %(invited_by)s)
"""
_TAKE_AWAY = """
delete from organization_seat where tenant_id = %(tenant_id)s and organization_id = %(organization_id)s
"""
_LOCAL_ID = """
select local_id from organization_seat where tenant_id = %(tenant_id)s and organization_id = %(organization_id)s
"""


async def give_seat(
    tx: Transaction, organization_id: OrganizationId, tenant_id: TenantId, *, local_id: OrganizationId
) -> None:
    """Give another tenant a pending seat; the acting tenant stands as its inviter.

    Raises:
        NotFound: the acting tenant holds no active seat there.
    """
    await _check_seated(tx, organization_id)
    inviter = tx.tenant_id
    async with tx.become(tenant_id):
        await tx.execute(_GIVE, organization_id=organization_id, local_id=local_id, invited_by=inviter)


async def take_seat_away(tx: Transaction, organization_id: OrganizationId, tenant_id: TenantId) -> None:
    """Take another tenant's seat: it sees nothing of the organisation from here on.

    Raises:
        NotFound: the acting tenant holds no active seat there.
    """
    await _check_seated(tx, organization_id)
    async with tx.become(tenant_id):
        await tx.execute(_TAKE_AWAY, organization_id=organization_id)


async def at_each_seat(tx: Transaction, organization_id: OrganizationId, tenants: Iterable[TenantId], act: Act) -> None:
    """Run `act` as each of `tenants` that holds a seat, in id order, the acting tenant excepted.

    Raises:
        NotFound: the acting tenant holds no active seat there.
    """
    await _check_seated(tx, organization_id)
    for tenant_id in sorted(set(tenants) - {tx.tenant_id}):
        async with tx.become(tenant_id):
            row = await tx.row(_LOCAL_ID, organization_id=organization_id)
            if row is not None:
                await act(tx, OrganizationId(row[0]))


async def _check_seated(tx: Transaction, organization_id: OrganizationId) -> None:
    if await tx.row(_SEATED, organization_id=organization_id) is None:
        raise NotFound(organization=str(organization_id))
