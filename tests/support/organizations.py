"""Multitenant organisations from few words, and what tenants see of them."""

from __future__ import annotations

from typing import Any

from comity.core.ids import TenantId, new_id
from comity.db.transaction import Transaction
from comity.events import feed
from comity.events.model import ChangeKind, Entry
from comity.partners import organization as joining
from comity.tenancy.organizations import service
from comity.tenancy.organizations.model import Member, Membership, Role
from tests.support.world import Org


async def form(org: Org, name: str = "Alder, Birch and Cedar", **options: Any) -> Membership:
    """The tenant forms an organisation."""
    async with org.db.tenant(org.id) as tx:
        return await joining.form_organization(tx, org.operator, name=name, **options)


async def add(owner: Org, other: Org, role: Role = Role.MEMBER) -> Member:
    """An owner lists a tenant."""
    async with owner.db.tenant(owner.id) as tx:
        return await service.add_tenant(tx, owner.operator, other.id, role=role)


async def join(org: Org, inviter: Org, **options: Any) -> Membership:
    """A listed tenant joins."""
    async with org.db.tenant(org.id) as tx:
        return await joining.join_organization(tx, org.operator, inviter=inviter.id, **options)


async def unite(owner: Org, *others: Org, **options: Any) -> None:
    """The owner forms an organisation that all the others are in."""
    await form(owner, **options)
    for other in others:
        await add(owner, other)
        await join(other, owner, **options)


async def leave(org: Org) -> None:
    async with org.db.tenant(org.id) as tx:
        await service.leave_organization(tx, org.operator)


async def remove(owner: Org, other: Org) -> None:
    async with owner.db.tenant(owner.id) as tx:
        await service.remove_tenant(tx, owner.operator, other.id)


async def change_role(owner: Org, other: Org, role: Role) -> Member:
    async with owner.db.tenant(owner.id) as tx:
        return await service.change_role(tx, owner.operator, other.id, role=role)


async def membership(org: Org) -> Membership:
    """The organisation that the tenant is active in."""
    async with org.db.tenant(org.id) as tx:
        found = await service.load_membership(tx)
    assert found is not None
    return found


async def is_in_none(org: Org) -> bool:
    """Is the tenant active in no organisation?"""
    async with org.db.tenant(org.id) as tx:
        return await service.load_membership(tx) is None


async def members(org: Org) -> dict[TenantId, Member]:
    """The whole list as an administrator of the tenant sees it."""
    async with org.db.tenant(org.id) as tx:
        return {each.tenant_id: each for each in await service.list_members(tx, org.operator)}


async def entries(org: Org, kind: ChangeKind) -> list[Entry]:
    """The tenant's feed entries of that kind, in order."""
    async with org.db.tenant(org.id) as tx:
        return [each for each in await feed.read(tx, after=0) if each.kind is kind]


async def fill(owner: Org, count: int) -> None:
    """More active tenants, none of which lives here: rows only, written as the owner may write them."""
    async with owner.db.tenant(owner.id) as tx:
        await tx.execute(
            """insert into organization_member
                 (organization_id, tenant_id, display_name, role, state, added_by, added_at, joined_at, version)
               select s.organization_id, n.id, 'Tenant', 'member', 'active', s.tenant_id, %(at)s, %(at)s, 1
               from organization_seat s, unnest(%(ids)s::uuid[]) n (id)
               where s.tenant_id = %(tenant_id)s""",
            at=tx.now,
            ids=[new_id() for _ in range(count)],
        )


async def count_rows(tx: Transaction, table: str) -> int:
    """How many rows of an organisation table the transaction's tenant sees at all."""
    statements = {
        "organization": "select count(*) from organization",
        "organization_member": "select count(*) from organization_member",
        "organization_seat": "select count(*) from organization_seat",
    }
    row = await tx.row(statements[table])
    assert row is not None
    return int(row[0])
