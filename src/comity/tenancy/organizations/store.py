"""Rows and nouns of multitenant organisations, as the transaction's tenant may see them."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from comity.core.ids import OrganizationId, TenantId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.tenancy.organizations.model import Invitation, Member, Membership, MemberState, Organization, Role

Q: Final = Queries("comity.tenancy.organizations")


async def lock_tenant(tx: Transaction) -> None:
    """Let nobody else create or join an organisation for this tenant meanwhile."""
    await tx.row(Q.lock_tenant)


async def load_membership(tx: Transaction) -> Membership | None:
    """The organisation that the tenant is active in."""
    rows = await tx.rows(Q.membership)
    if not rows:
        return None
    tenants = tuple(_member(*row[6:]) for row in rows)
    me = next(each for each in tenants if each.tenant_id == tx.tenant_id)
    return Membership(_organization(*rows[0][:6]), me, tenants)


async def load_invitations(tx: Transaction) -> list[Invitation]:
    """Where the tenant is pending, the newest first."""
    return await tx.all(_invitation, Q.invitations)


async def lock_organization(tx: Transaction) -> Organization | None:
    """The organisation that the tenant is active in; nobody else changes it meanwhile."""
    return await tx.one(_organization, Q.lock_organization, state=MemberState.ACTIVE.value, organization_id=None)


async def lock_invited(tx: Transaction, organization_id: OrganizationId) -> Organization | None:
    """An organisation that the tenant is pending in; nobody else changes it meanwhile."""
    return await tx.one(
        _organization, Q.lock_organization, state=MemberState.PENDING.value, organization_id=organization_id
    )


async def load_members(tx: Transaction, organization_id: OrganizationId) -> dict[TenantId, Member]:
    """The whole list in id order; empty without an active seat (a pending tenant: itself and its inviter)."""
    members = await tx.all(_member, Q.members, organization_id=organization_id)
    return {each.tenant_id: each for each in members}


async def add_organization(tx: Transaction, organization: Organization) -> None:
    """Save a new organisation, the tenant's own seat first."""
    await tx.execute(Q.found_seat, organization_id=organization.id, local_id=organization.local_id)
    await tx.execute(
        Q.add_organization,
        organization_id=organization.id,
        name=organization.name,
        description=organization.description,
        created_at=organization.created_at,
    )


async def save_organization(tx: Transaction, organization: Organization) -> None:
    """Save its name and description, and raise its version."""
    await tx.execute(
        Q.save_organization,
        organization_id=organization.id,
        name=organization.name,
        description=organization.description,
    )


async def drop_organization(tx: Transaction, organization_id: OrganizationId) -> None:
    """Delete it with all its members' records; seats go apart."""
    await tx.execute(Q.drop_organization, organization_id=organization_id)


async def take_seat(tx: Transaction, organization_id: OrganizationId) -> bool:
    """The tenant's pending seat becomes active; False: there is none (any more)."""
    return bool(await tx.execute(Q.take_seat, organization_id=organization_id))


async def leave_seat(tx: Transaction, organization_id: OrganizationId) -> None:
    """Give up the tenant's own seat: it sees nothing of the organisation from here on."""
    await tx.execute(Q.leave_seat, organization_id=organization_id)


async def save_member(tx: Transaction, organization_id: OrganizationId, member: Member) -> None:
    """Save a new or changed record."""
    await tx.execute(
        Q.save_member,
        organization_id=organization_id, member_id=member.tenant_id, display_name=member.display_name,
        role=member.role.value, desired_role=member.desired_role.value if member.desired_role else None,
        state=member.state.value, added_by=member.added_by, added_at=member.added_at, joined_at=member.joined_at,
    )  # fmt: skip


async def drop_member(tx: Transaction, organization_id: OrganizationId, tenant_id: TenantId) -> None:
    """Delete a record."""
    await tx.execute(Q.drop_member, organization_id=organization_id, member_id=tenant_id)


def _organization(
    id: UUID, local_id: UUID, name: str, description: str, created_at: datetime, version: int
) -> Organization:
    return Organization(
        id=OrganizationId(id), local_id=OrganizationId(local_id), name=name, description=description,
        created_at=created_at, version=version,
    )  # fmt: skip


def _member(
    tenant_id: UUID, display_name: str, role: str, desired_role: str | None, state: str, added_by: UUID,
    added_at: datetime, joined_at: datetime | None, version: int,
) -> Member:  # fmt: skip
    return Member(
        tenant_id=TenantId(tenant_id), display_name=display_name, role=Role(role),
        desired_role=Role(desired_role) if desired_role else None, state=MemberState(state),
        added_by=TenantId(added_by), added_at=added_at, joined_at=joined_at, version=version,
    )  # fmt: skip


def _invitation(
    organization_id: UUID,
    local_id: UUID,
    name: str,
    inviter: UUID,
    inviter_name: str | None,
    role: str,
    added_at: datetime,
) -> Invitation:
    return Invitation(
        organization_id=OrganizationId(organization_id), local_id=OrganizationId(local_id), organization_name=name,
        inviter=TenantId(inviter), inviter_name=inviter_name, role=Role(role), added_at=added_at,
    )  # fmt: skip
